"""A training step computed in shares of its batch, a thread for each.

XLA's CPU compiler has a convolution that computes on one core, at that core's full speed. Two programs at once, each
with half of the images, take about half of the time of one with all. The shares see the noise that the whole batch
would, so that the weights after the step are the same but for the order of sums.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import keras

from freyvae.cores import cores
from freyvae.engine.draws import share_of_batch
from freyvae.engine.keras_internals import add_to_metrics, apply_gradients, gradients_of_step, largest_output

# what a layer puts out for a share should stay in a core's cache. Measured on cores of 2 MiB each, 64 images a step:
# residual blocks of 128 KiB an image learn from 258 images a second in shares of 8, 202 of 16, 160 of 32; gated
# convolutions of 70 KiB from 269, 334 and 274
LARGEST_OUTPUT_BYTES = 3 * 2**19


def shares_of_step(model: keras.Model, size: int) -> int:
    """Into how many shares a step of `size` images is divided, on a CPU; 1 where it can't be.

    They are equal, as many for each core, and of as many images as a core's cache holds.

    A model says by `is_mean_over_images` that a step's loss is the mean of its images' own losses, and that nothing
    but `draw_for_images` makes it random.
    """
    if not getattr(model, "is_mean_over_images", False):
        return 1
    counts = [count for count in range(cores(), size + 1, cores()) if size % count == 0]
    bytes_of_image = 4 * largest_output(model)
    fitting = (count for count in counts if size // count * bytes_of_image <= LARGEST_OUTPUT_BYTES)
    return next(fitting, counts[-1] if counts else 1)


def step_in_shares(
    model: keras.Model, size: int, count: int, compiled: Callable[..., Any], arguments: tuple[Any, ...]
) -> Callable[..., Any]:
    """A training step: a function of (state, images, order, start), the state used up, to the state after it.

    Args:
        model: compiled.
        size: images in the step.
        count: of shares, which divides `size`.
        compiled: compiles a function ahead of time, for arguments of these shapes; `donated`: its first is used up.
        arguments: state, images, order and start, of such shapes.
    """
    import jax
    import jax.numpy as jnp

    state, *_, start = arguments
    rows = size // count

    def share(sums: Any, state: Any, images: Any, order: Any, start: Any, first: Any) -> Any:
        batch = images[jax.lax.dynamic_slice(order, (start + first,), (rows,))]
        with share_of_batch(first, size):
            gradients, metrics, non_trainable = gradients_of_step(model, state, batch)
        return jax.tree.map(jnp.add, sums, (gradients, metrics)), non_trainable

    def nothing_yet() -> Any:
        return jax.tree.map(jnp.zeros_like, (state[0], state[3]))

    def apply(state: Any, sums: Any, non_trainable: Any) -> Any:
        gradients, metrics = jax.tree.map(lambda *values: sum(values), *sums)
        mean = jax.tree.map(lambda values: values / count, gradients)
        trainable, optimizer = apply_gradients(model, state, mean)
        return trainable, non_trainable, optimizer, add_to_metrics(state[3], metrics)

    sums = jax.eval_shape(nothing_yet)
    run_share = compiled(share, sums, *arguments, start, donated=True)
    begin = compiled(nothing_yet)
    run_apply = compiled(apply, state, [sums] * cores(), state[1], donated=True)
    firsts = [start.dtype.type(number * rows) for number in range(count)]

    def step(state: Any, images: Any, order: Any, start: Any) -> Any:
        def run_some(core: int) -> Any:
            """Every share of a core, one after the other: their sums, and the other variables after the step."""
            sums, non_trainable = begin(), None
            for first in firsts[core :: cores()]:
                sums, non_trainable = run_share(sums, state, images, order, start, first)
            return jax.block_until_ready((sums, non_trainable))

        found = list(_threads().map(run_some, range(cores())))
        # these are the same after each share
        return run_apply(state, [sums for sums, _ in found], found[0][1])

    return step


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="freyvae-share")
