"""Draws a video of a man's face from known factors.

The head is an ellipsoid and its features are painted on it, so turning the head moves, squeezes and shades them
together, as on a real one. Codes can then be compared with the pose and humour that each frame was drawn from.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from freyvae.arguments import whole
from freyvae.data.images import ImageSet
from freyvae.memory import check_fits

HEIGHT, WIDTH = 28, 20

_Array: TypeAlias = npt.NDArray[np.floating]

# RMS angle per frame of each factor's walk: humour changes within seconds, light over minutes, lids within frames.
_STEPS = {"pose": 0.055, "humour": 0.055, "blink": 0.11, "light": 0.025}
_SMOOTHING = 8  # frames over which a walk's velocity is averaged
_NOISE_GREY_LEVELS = 2.0
_FRAMES_AT_ONCE = 256  # keeps the layers of one batch in the processor's cache


def synthetic_faces(count: int = 1965, *, seed: int = 0) -> ImageSet:
    """Draw a video of a man's face, with its factors.

    Args:
        count: number of frames, at least 1.
        seed: non-negative. The same seed gives the same frames, and a longer video begins with the shorter one.

    Returns:
        An `ImageSet` named `synthetic-faces`: `images` uint8 (count, 28, 20, 1), and `factors`, each float64 (count,):
        `pose` in [-1, 1] (the head turns to the picture's left .. right), `humour` in [-1, 1] (sullen .. laughing),
        `blink` in [0, 1] (open .. shut), `light` in [-1, 1] (from the picture's left .. right).

    Raises:
        BadInput: `count` is below 1 or `seed` is below 0.

    Example:
        >>> import freyvae
        >>> faces = freyvae.synthetic_faces(10)
        >>> faces.images.shape, sorted(faces.factors)
        ((10, 28, 20, 1), ['blink', 'humour', 'light', 'pose'])
    """
    count, seed = whole("count", count, at_least=1), whole("seed", seed, at_least=0)
    # the frames, and the walks of the factors
    check_fits(count * (HEIGHT * WIDTH + 32 * len(_STEPS)), f"{count} synthetic faces", "draw fewer")
    walks = {name: _walk(count, step, seed, stream) for stream, (name, step) in enumerate(_STEPS.items(), start=1)}
    # Lids are open most of the time: only the crest of the walk shuts them.
    crest = np.clip((walks["blink"] - 0.6) / 0.35, 0.0, 1.0)
    factors = {**walks, "blink": crest * crest * (3.0 - 2.0 * crest)}
    noise = np.random.default_rng([seed, 0])
    images = np.empty((count, HEIGHT, WIDTH, 1), np.uint8)
    for start in range(0, count, _FRAMES_AT_ONCE):
        stop = min(start + _FRAMES_AT_ONCE, count)
        frames = _draw(**{name: values[start:stop] for name, values in factors.items()})
        frames += _NOISE_GREY_LEVELS * noise.standard_normal(frames.shape, dtype=np.float32)
        images[start:stop, :, :, 0] = np.clip(np.rint(frames), 8, 238)
    return ImageSet(images=images, name="synthetic-faces", is_video=True, factors=factors)


def _walk(count: int, step: float, seed: int, stream: int) -> npt.NDArray[np.float64]:
    """The sine of a smooth random walk round the circle: float64 (count,) in [-1, 1]."""
    rng = np.random.default_rng([seed, stream])
    start = rng.uniform(0.0, 2.0 * np.pi)
    # All kicks are drawn first and in order, so that a longer video begins with the shorter one.
    kicks = rng.standard_normal(count + _SMOOTHING - 1)
    velocity = np.convolve(kicks, np.full(_SMOOTHING, _SMOOTHING**-0.5), mode="valid")
    return np.sin(start + step * np.cumsum(velocity))


def _inside(distance: _Array, softness: float = 0.45) -> _Array:
    """Coverage of a pixel, 0 to 1, by a shape with its edge `distance` pixels away (negative inside)."""
    coverage: _Array = 0.5 - 0.5 * np.tanh(distance / (2.0 * np.float32(softness)))
    return coverage


def _spot(across: _Array, down: _Array, width: float, height: float) -> _Array:
    """A Gaussian spot with value 1 at its centre."""
    spot: _Array = np.exp(-0.5 * ((across / np.float32(width)) ** 2 + (down / np.float32(height)) ** 2))
    return spot


def _over(below: _Array, grey: _Array | float, coverage: _Array) -> _Array:
    return below + (grey - below) * coverage


def _draw(
    *,
    pose: npt.NDArray[np.float64],
    humour: npt.NDArray[np.float64],
    blink: npt.NDArray[np.float64],
    light: npt.NDArray[np.float64],
) -> _Array:
    """Draw frames in grey levels, float32 (frame, 28, 20), without noise. Lengths are in pixels; y grows downwards."""
    turn, mood, lids, lamp = (v.astype(np.float32)[:, None, None] for v in (pose, humour, blink, light))
    x = np.arange(WIDTH, dtype=np.float32)[None, None, :] - 9.5 - 0.9 * turn
    y = np.broadcast_to(np.arange(HEIGHT, dtype=np.float32)[None, :, None], (len(turn), HEIGHT, WIDTH))

    # The head: an ellipsoid seen from the front. A pixel on it has a normal (nx, ny, nz).
    half_width, half_height, middle = np.float32(9.3), np.float32(17.0), np.float32(10.5)
    nx, ny = x / half_width, (y - middle) / half_height
    jaw = 1.0 + 0.10 * np.clip(ny, 0.0, 1.0) ** 2
    radius = np.sqrt((nx * jaw) ** 2 + ny**2)
    nz = np.sqrt(np.clip(1.0 - radius**2, 0.0, 1.0))
    # The position of that pixel on the face: turn it back by the head's angle about the vertical.
    angle = np.float32(0.40) * turn
    u = half_width * (nx * np.cos(angle) - nz * np.sin(angle))

    picture = _background(x, y)
    skin = 128.0 + 90.0 * np.clip(nz * 0.75 - 0.5 * ny + 0.50 * lamp * nx, -0.4, 1.0)
    skin -= 12.0 * _spot(u, y - 24.0, 7.0, 4.0)  # a shaven jaw is darker than a forehead
    skin += 14.0 * _spot(np.abs(u) - 4.6, y - 14.0, 1.8, 2.0)  # cheekbones
    skin = _eyes(skin, u, y, turn=turn, mood=mood, lids=lids)
    skin = _nose(skin, u - 2.6 * np.sin(angle), y, lamp=lamp)
    skin = _mouth(skin, u, y, mood=mood)
    # Temples and hairline: the hair is painted on the head, so it comes forward on the side turned to the viewer.
    hairline = 1.0 + 9.5 * _inside(7.4 - np.abs(u), 0.35) - 0.05 * (u - 1.5) ** 2 * _inside(np.abs(u) - 5.0)
    skin = _over(skin, 52.0 + 10.0 * np.sin(1.9 * u + 0.4 * y), _inside(y - hairline, 0.5))
    return _over(picture, skin, _inside((radius - 1.0) * half_width))


def _background(x: _Array, y: _Array) -> _Array:
    """A pale wall, and the hair beside the head down to the ears."""
    wall = 205.0 + 0.6 * y + 0.0 * x
    return _over(wall, 48.0, _inside(np.maximum(np.abs(x) - 10.4, y - 9.5), 0.8))


def _eyes(skin: _Array, u: _Array, y: _Array, *, turn: _Array, mood: _Array, lids: _Array) -> _Array:
    side = np.abs(u) - 3.9
    # A sullen face draws the inner ends of the brows down; a laughing face lifts both and narrows the eyes.
    brow = 5.3 - 0.5 * mood + 0.06 * side**2 - 0.18 * side * (1.0 - mood)
    skin = skin - 34.0 * _spot(side, y - 7.4, 2.6, 1.8)  # sockets
    skin = _over(skin, 58.0, 0.9 * _inside(np.maximum(np.abs(y - brow) - 0.55, np.abs(side) - 2.7)))
    opening = (1.25 - 0.3 * np.clip(mood, 0.0, 1.0)) * (1.0 - lids)
    almond = opening * (1.0 - (side / 2.3) ** 2)
    white = _inside(np.abs(y - 8.4) - almond, 0.35) * (1.0 - lids)
    skin = _over(skin, 205.0, white)
    iris = np.sqrt((u - 3.9 * np.sign(u) - 0.5 * turn) ** 2 + (y - 8.3) ** 2)
    skin = _over(skin, 38.0, white * _inside(iris - 1.15, 0.3))
    # The lashes are on the upper lid: they come down as it shuts.
    lash = np.abs(y - 8.4 + np.clip(almond, 0.0, None) - 0.5 * lids) - 0.35
    skin = _over(skin, 62.0, 0.85 * _inside(np.maximum(lash, np.abs(side) - 2.2)))
    return skin - 16.0 * _spot(side, y - 10.6, 1.9, 0.7)  # bags


def _nose(skin: _Array, u: _Array, y: _Array, *, lamp: _Array) -> _Array:
    bridge = _inside(np.maximum(8.0 - y, y - 15.0), 1.0)
    flank = _spot(u - 1.7, 0.0 * y, 0.8, 1.0) * (0.6 - 0.6 * lamp) + _spot(u + 1.7, 0.0 * y, 0.8, 1.0) * (
        0.6 + 0.6 * lamp
    )
    skin = skin + bridge * (13.0 * _spot(u, 0.0 * y, 0.9, 1.0) - 17.0 * flank)
    skin = skin + 22.0 * _spot(u, y - 14.2, 1.0, 1.1) - 30.0 * _spot(u, y - 16.3, 2.2, 0.7)  # tip, and its shadow
    return _over(skin, 55.0, 0.85 * _spot(np.abs(u) - 1.35, y - 15.6, 0.65, 0.55))  # nostrils


def _mouth(skin: _Array, u: _Array, y: _Array, *, mood: _Array) -> _Array:
    glad = np.clip(mood, 0.0, 1.0)
    half = 3.5 + 1.1 * mood
    along = u / half
    bend = 1.5 * mood - 0.3
    middle = 20.7 + bend * (0.45 - along**2)
    ends = np.abs(u) - half
    # Folds from the nostrils round the corners of a laughing mouth.
    fold = np.abs(u) - (2.4 + 0.55 * (y - 15.0))
    skin = skin - 34.0 * glad * _spot(fold, y - 18.0, 0.6, 1.6)
    gap = (0.3 + 1.2 * glad**1.5) * np.clip(1.0 - along**2, 0.0, 1.0)
    lips = 0.6 * _spot(u, y - middle + 1.2, 2.4, 0.7) + _spot(u, y - middle - 1.5 - gap, 2.4, 0.8)
    skin = skin - 20.0 * lips
    open_mouth = _inside(np.maximum(np.abs(y - middle - 0.5 * gap) - 0.35 - gap, ends), 0.4)
    skin = _over(skin, 52.0, 0.92 * open_mouth)
    teeth = np.maximum(np.abs(y - middle - 0.2 * gap) - 0.9 * gap + 0.2, np.abs(u) - 0.75 * half)
    skin = _over(skin, 222.0, np.clip(2.0 * glad - 0.4, 0.0, 1.0) * _inside(teeth, 0.35))
    skin = skin - 24.0 * _spot(u, y - middle - 3.2, 2.4, 0.7)  # the hollow above the chin, then the chin
    return skin + 10.0 * _spot(u, y - 25.5, 2.2, 1.3)
