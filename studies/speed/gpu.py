"""The post's training on a GPU, if JAX has one: freyvae compared with Keras's `fit`, after compilation."""

from typing import Any

from studies.shared.process import HERE, run_child
from studies.speed import peers
from studies.speed.peers import Contender, take_turns

QUICK = {"rounds": 1, "epochs": 2}
# prints the kind of the GPU, or an empty line
ASK = "import jax; print(jax.devices()[0].device_kind if jax.default_backend() == 'gpu' else '')"


def run(rounds: int = 3, epochs: int = 100) -> dict[str, Any]:
    """The contenders' rows and the GPU's name; without a GPU, the reason."""
    asked = run_child([HERE, "-c", ASK], gpu=True)
    device = asked.output.strip()
    if not device:
        return {"device": "", "reason": asked.failure or "no GPU"}
    contenders = [
        Contender("freyvae", HERE, "ours", "freyvae", gpu=True),
        Contender("Keras fit on JAX", HERE, "keras_fit", "keras", gpu=True),
    ]
    return {"device": device, **take_turns(contenders, rounds, epochs)}


def table(found: dict[str, Any]) -> str:
    """Markdown table as in `peers`, with the name of the GPU."""
    return f"{found['device']}\n\n{peers.table(found)}" if found["device"] else f"{found['reason']}: skipped"
