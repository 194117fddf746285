"""The diagram of the network: its layers and their shapes."""

import html
import importlib.util
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from freyvae.errors import BadInput
from freyvae.files import as_path, write_whole
from freyvae.reporting.pictures.arguments import checked_model
from freyvae.reporting.pictures.picture import Picture
from freyvae.reporting.pictures.style import DPI, FAMILY, INK, QUIET, RULE, TEXT_POINTS, TITLE_POINTS

if TYPE_CHECKING:
    from freyvae.model import VAE


# of a network that is drawn whole
MOST_LAYERS = 20


def network(vae: "VAE", path: Path | str) -> Path:
    """The diagram of encoder and decoder with the shapes of their layers, written to `path` (.png, .svg or .pdf).

    Drawn by `keras.utils.model_to_dot`, as `keras.utils.plot_model` is, in our type.

    Raises:
        BadInput: pydot or Graphviz's `dot` is missing (the line says how to have them), or `path` can't be written.
    """
    vae, path = checked_model(vae), as_path("path", path)
    kind = path.suffix.lstrip(".").lower()
    if kind not in ("png", "svg", "pdf"):
        raise BadInput(f"the network diagram is written as .png, .svg or .pdf, not {path.name}")
    write_whole(path, network_diagram(vae, kind))
    return path


def network_diagram(vae: "VAE", kind: str) -> bytes:
    """What `network` writes: the content of a file of `kind` png, svg or pdf."""
    if importlib.util.find_spec("pydot") is None:
        raise BadInput('the network diagram needs pydot: pip install "freyvae[graph]"')
    if shutil.which("dot") is None:
        raise BadInput(
            "the network diagram needs Graphviz's program dot: apt install graphviz, brew install graphviz, "
            "or https://graphviz.org/download"
        )
    import pydot

    graph = pydot.Dot(
        "network",
        rankdir="TB",
        dpi=str(DPI),
        bgcolor="white",
        pad="0.18",
        nodesep="0.25",
        ranksep="0.22",
        fontname=FAMILY[0],
        fontsize=str(TITLE_POINTS),
        fontcolor=INK,
        labelloc="t",
        labeljust="l",
        label="<<b>Network</b>>",
    )
    graph.set_node_defaults(shape="box", style="filled", fillcolor="white", color=RULE, penwidth="0.8")
    graph.set_edge_defaults(color=QUIET, penwidth="0.8", arrowsize="0.5")
    is_deep = max(len(model.layers) for model in (vae.encoder, vae.decoder)) > MOST_LAYERS
    encoder, decoder = (_diagram(model) for model in (vae.encoder, vae.decoder))
    if is_deep:
        left_out = "layers without weights are left out where they neither join nor branch"
        small = f'<font point-size="{TEXT_POINTS}" color="{QUIET}">{left_out}</font>'
        graph.set("label", f'<<b>Network</b><br align="left"/>{small}<br align="left"/>>')
        for model, cluster in ((vae.encoder, encoder), (vae.decoder, decoder)):
            _leave_out_plain_layers(model, cluster)
    graph.add_subgraph(encoder)
    graph.add_subgraph(decoder)
    _text_node(graph, "draw", f"<i>z</i> drawn from the posterior: {vae.latent_dim} numbers")
    for tensor in vae.encoder.outputs:
        graph.add_edge(pydot.Edge(_producer(tensor), "draw"))
    for tensor in vae.decoder.inputs:
        # side by side where one above the other would be too long to look at
        graph.add_edge(pydot.Edge("draw", _producer(tensor), constraint="false" if is_deep else "true"))
    try:
        content: bytes = graph.create(format=kind)
    except (OSError, AssertionError, pydot.PydotException) as error:
        reason = (str(error).splitlines() or ["dot failed"])[0]
        raise BadInput(f"Graphviz could not draw the network diagram: {reason}") from error
    return content


def _diagram(model: Any) -> Any:
    """Keras's own diagram of a model, as a cluster, its boxes in our type."""
    import keras

    cluster = keras.utils.model_to_dot(model, show_shapes=True, expand_nested=True, subgraph=True)
    cluster.set("style", "rounded")
    cluster.set("color", RULE)
    cluster.set("margin", "14")
    cluster.set("fontname", FAMILY[0])
    cluster.set("fontsize", str(TEXT_POINTS))
    cluster.set("fontcolor", QUIET)
    for layer in flatten(model):
        for node in cluster.get_node(str(id(layer))):
            node.set("label", _label(layer))
            node.set("fontname", FAMILY[0])
            node.set("margin", "0.06,0.03")
    for edge in cluster.get_edges():
        edge.set("penwidth", "0.8")
    return cluster


def _leave_out_plain_layers(model: Any, cluster: Any) -> None:
    """Take layers without weights out of a diagram that have one input and one output, and join their neighbours."""
    import pydot

    for layer in model.layers:
        name = str(id(layer))
        into, out_of = (
            [edge for edge in cluster.get_edges() if end(edge) == name]
            for end in (pydot.Edge.get_destination, pydot.Edge.get_source)
        )
        if layer.weights or len(into) != 1 or len(out_of) != 1:
            continue
        cluster.del_node(name)
        for edge in (*into, *out_of):
            cluster.del_edge(edge.get_source(), edge.get_destination())
        cluster.add_edge(pydot.Edge(into[0].get_source(), out_of[0].get_destination(), penwidth="0.8"))


def _text_node(graph: Any, name: str, text: str) -> None:
    import pydot

    label = f'<<font point-size="{TEXT_POINTS}" color="{INK}">{text}</font>>'
    graph.add_node(pydot.Node(name, label=label, shape="plaintext", fontname=FAMILY[0], style=""))


def _label(layer: Any) -> str:
    """A layer's name, kind and activation, shapes and number of weights, as a Graphviz table."""
    kind = type(layer).__name__
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    if activation != "linear":
        kind += f", {activation}"
    shapes = _shape(layer.output)
    if kind == "InputLayer":
        kind = f"input, {getattr(layer, 'dtype', '')}".rstrip(", ")
    else:
        shapes = f"{_shape(layer.input)} → {shapes}"
    weights = f"{layer.count_params():,} weights" if getattr(layer, "weights", None) else " "
    rows = ((f"<b>{html.escape(layer.name)}</b>", shapes, INK), (html.escape(kind), weights, QUIET))
    cells = "".join(
        f'<tr><td align="left"><font point-size="{TEXT_POINTS}" color="{colour}">{left}</font></td>'
        f'<td align="right"><font point-size="{TEXT_POINTS}" color="{colour}">{right}</font></td></tr>'
        for left, right, colour in rows
    )
    return f'<<table border="0" cellborder="0" cellspacing="0" cellpadding="3">{cells}</table>>'


def _shape(tensors: Any) -> str:
    """(None, 28, 20, 1) -> '28 × 20 × 1'; several are joined."""
    if isinstance(tensors, dict):
        tensors = list(tensors.values())
    if isinstance(tensors, list | tuple):
        return ", ".join(_shape(tensor) for tensor in tensors)
    return " × ".join("?" if size is None else str(size) for size in tensors.shape[1:]) or "1"


def _producer(tensor: Any) -> str:
    """The name of the box that a symbolic tensor comes out of."""
    operation = tensor._keras_history.operation
    while hasattr(operation, "outputs") and hasattr(operation, "layers"):
        operation = operation.outputs[tensor._keras_history.tensor_index]._keras_history.operation
    return str(id(operation))


def flatten(model: Any) -> list[Any]:
    """The layers of a model in order, those of nested models in their place."""
    found: list[Any] = []
    for layer in getattr(model, "operations", model.layers):
        found.extend(flatten(layer) if hasattr(layer, "layers") else [layer])
    return found


PICTURES = (
    Picture(
        "network",
        "The layers of encoder and decoder, and the shapes of the arrays between them.",
        12,
        lambda run: network_diagram(run.vae, "png"),
        runs_model=False,
    ),
)
