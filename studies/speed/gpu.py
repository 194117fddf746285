"""Training on a GPU, if JAX has one: the post's, and networks with convolutions on 64 x 64 in colour.

Each is compared with Keras's `fit` on JAX, and with PyTorch where the interpreter has it. A last table has what a step
costs at least on this GPU, by its operations and its bytes.
"""

from typing import Any

from studies.shared.markdown import markdown_table, number
from studies.shared.process import HERE, TORCH, run_child
from studies.speed import convolutions, peers
from studies.speed.peers import Contender
from studies.speed.workload import BATCH, TRAIN

QUICK = {"rounds": 1, "epochs": 2, "images": 4, "batch": 2, "enough": 0.01}
# prints the kind of the GPU, or an empty line
ASK = "import jax; print(jax.devices()[0].device_kind if jax.default_backend() == 'gpu' else '')"
PRECISIONS = ("float32", "bfloat16")


def run(
    rounds: int = 3, epochs: int = 100, images: int = 2048, batch: int = 128, enough: float = 2.0
) -> dict[str, Any]:
    """The contenders' rows, the cost of steps, and the GPU's name; without a GPU, the reason."""
    asked = run_child([HERE, "-c", ASK], gpu=True)
    device = asked.output.strip()
    if not device:
        return {"device": "", "reason": asked.failure or "no GPU"}
    torch = TORCH if TORCH.exists() else HERE
    contenders = [
        Contender("freyvae", HERE, "ours", "freyvae", gpu=True),
        Contender("Keras fit on JAX", HERE, "keras_fit", "keras", gpu=True),
        Contender("PyTorch loop", torch, "torch_loop", "torch", gpu=True),
        Contender("PyTorch loop, torch.compile", torch, "torch_loop", "torch", ("compile",), gpu=True),
    ]
    post = peers.take_turns(contenders, rounds, epochs)
    amounts = [str(images), str(batch), str(enough)]
    commands = {
        (f"`images`, {precision}", name): [HERE, "recipe_training", way, precision, *amounts]
        for precision in PRECISIONS
        for name, way in (("freyvae", "freyvae"), ("Keras fit on JAX", "keras"))
    } | {
        ("residual blocks, float32", name): [python, script, "residual", *way, *amounts, *options]
        for name, python, script, way, options in (
            ("freyvae", HERE, "convolutions_keras", ["scanned"], []),
            ("Keras fit on JAX", HERE, "convolutions_keras", ["keras"], []),
            ("PyTorch loop", torch, "convolutions_torch", [], []),
            ("PyTorch loop, torch.compile", torch, "convolutions_torch", [], ["compile"]),
        )
    }
    commands = {
        row: [python, "-m", f"studies.speed.contenders.{script}", *arguments]
        for row, (python, script, *arguments) in commands.items()
    }
    rows = convolutions.take_turns(commands, 1, gpu=True)
    ended = run_child([HERE, "-m", "studies.speed.contenders.roofline", str(batch)], gpu=True)
    costs = {"absent": ended.failure} if ended.failure else {"absent": "", **ended.said()}
    return {"device": device, **post, "networks": {"batch": batch, "rows": rows}, "costs": costs}


def table(found: dict[str, Any]) -> str:
    """Markdown: the GPU, a table as in `peers`, one as in `convolutions`, and what steps cost at least."""
    if not found["device"]:
        return f"{found['reason']}: skipped"
    tables = [found["device"], peers.table(found), convolutions.table(found["networks"]), roofline(found)]
    return "\n\n".join(table for table in tables if table)


def roofline(found: dict[str, Any]) -> str:
    """Markdown table: for each work the operations and bytes of a step, the larger of their times, and the step's."""
    costs = found["costs"]
    if costs["absent"]:
        return f"absent: {costs['absent']}"
    rates = costs["rates"]
    rows = []
    for name, step in costs["steps"].items():
        by_operations = step["operations"] / rates[step["precision"]]
        by_bytes = step["bytes"] / rates["bytes"]
        at_least, taken = max(by_operations, by_bytes), _seconds_of_step(found, name, step["batch"])
        cells = [number(step["operations"] / 1e9, 2), number(1e6 * by_operations, 1), number(step["bytes"] / 1e6, 1)]
        cells += [number(1e6 * by_bytes, 1), number(taken and 1e6 * taken, 0), number(taken and at_least / taken)]
        rows.append([name, *cells])
    heads = ["a step of", "operations, 10^9", "at this rate, us", "bytes, 10^6", "at this rate, us", "taken, us"]
    said = ", ".join(f"{rates[name] / 1e12:.0f} in {name}" for name in PRECISIONS)
    return (
        markdown_table([*heads, "at least / taken"], rows)
        + f"\n\nRates that this GPU reaches: {said} (10^12 operations a second, products of large matrices), and "
        f"{rates['bytes'] / 1e12:.2f} 10^12 bytes a second."
    )


def _seconds_of_step(found: dict[str, Any], name: str, batch: int) -> float | None:
    if name == "post":
        row, steps = found["contenders"][0], found["epochs"] * TRAIN / BATCH
        return None if row["absent"] else row["seconds"] / steps
    rows = found["networks"]["rows"]
    row = next(row for row in rows if row["network"] == name and row["name"] == "freyvae")
    return None if row["absent"] else batch / row["a_second"]
