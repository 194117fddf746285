"""What does a person, or a program, hand over in place of what is asked for?"""

import decimal
import fractions
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from freyvae import VAE

RNG = np.random.default_rng(0)

# by how they are written; made anew for each case, for some can be used up
VALUES: dict[str, Callable[[], Any]] = {
    "None": lambda: None,
    "True": lambda: True,
    "False": lambda: False,
    "np.True_": lambda: np.True_,
    "-1": lambda: -1,
    "0": lambda: 0,
    "1": lambda: 1,
    "2": lambda: 2,
    "3": lambda: 3,
    "1000": lambda: 1000,
    "1.0": lambda: 1.0,
    "1.5": lambda: 1.5,
    "-0.5": lambda: -0.5,
    "0.3": lambda: 0.3,
    "1e308": lambda: 1e308,
    "1e-320": lambda: 1e-320,
    "nan": lambda: float("nan"),
    "inf": lambda: float("inf"),
    "1j": lambda: 1j,
    "np.int64(2)": lambda: np.int64(2),
    "np.uint8(2)": lambda: np.uint8(2),
    "np.float32(0.5)": lambda: np.float32(0.5),
    "np.array(2)": lambda: np.array(2),
    "np.array([2])": lambda: np.array([2]),
    "np.array([])": lambda: np.array([]),
    "np.array(['a'])": lambda: np.array(["a"]),
    "np.array([None, 1])": lambda: np.array([None, 1]),
    "Fraction(1, 2)": lambda: fractions.Fraction(1, 2),
    "Decimal(1)": lambda: decimal.Decimal(1),
    "''": lambda: "",
    "' '": lambda: " ",
    "'x'": lambda: "x",
    "'2'": lambda: "2",
    "'auto'": lambda: "auto",
    "'a\\0b'": lambda: "a\0b",
    "'\\ud800'": lambda: "\ud800",
    "'~nosuchuser/x.png'": lambda: "~nosuchuser/x.png",
    "'x' * 5000": lambda: "x" * 5000,
    "'no/such/place.npy'": lambda: "no/such/place.npy",
    "Path('nowhere')": lambda: Path("nowhere"),
    "Path('x.png')": lambda: Path("x.png"),
    "b'x'": lambda: b"x",
    "[]": list,
    "()": tuple,
    "{}": dict,
    "set()": set,
    "[1, 2]": lambda: [1, 2],
    "(0, 1)": lambda: (0, 1),
    "(1, 0)": lambda: (1, 0),
    "[1.5]": lambda: [1.5],
    "(0.1, 0.9)": lambda: (0.1, 0.9),
    "(nan, 1)": lambda: (float("nan"), 1),
    "['a', 'b']": lambda: ["a", "b"],
    "[None]": lambda: [None],
    "[[1, 2], [3]]": lambda: [[1, 2], [3]],
    "{'a': 1}": lambda: {"a": 1},
    "{1: [2]}": lambda: {1: [2]},
    "{'loss': 'x'}": lambda: {"loss": "x"},
    "{'name': [1]}": lambda: {"name": [1]},
    "{'name': 'bernoulli', 'x': 1}": lambda: {"name": "bernoulli", "x": 1},
    "range(3)": lambda: range(3),
    "iter([1])": lambda: iter([1]),
    "object()": object,
    "print": lambda: print,
    "lambda: 1": lambda: lambda: 1,
    "lambda x: 1": lambda: lambda x: 1,
    "int": lambda: int,
    "VAE": lambda: VAE,
    "slice(2)": lambda: slice(2),
    "Ellipsis": lambda: ...,
    "images": lambda: RNG.integers(0, 256, (4, 6, 5, 1), dtype=np.uint8),
    "images of none": lambda: np.zeros((0, 6, 5, 1), np.uint8),
    "images of another size": lambda: RNG.integers(0, 256, (4, 3, 3, 1), dtype=np.uint8),
    "images of colour": lambda: RNG.integers(0, 256, (4, 6, 5, 3), dtype=np.uint8),
    "images as floats": lambda: RNG.random((4, 6, 5)),
    "images with nan": lambda: np.full((4, 6, 5), np.nan),
    "images of complex": lambda: np.zeros((4, 6, 5), complex),
    "images of int64": lambda: RNG.integers(0, 256, (4, 6, 5)),
    "images of strings": lambda: np.full((4, 6, 5), "x"),
    "an image": lambda: RNG.integers(0, 256, (6, 5), dtype=np.uint8),
    "list of images": lambda: list(RNG.integers(0, 256, (4, 6, 5), dtype=np.uint8)),
    "codes": lambda: RNG.standard_normal((4, 2)),
    "codes with nan": lambda: np.full((4, 2), np.nan),
}

# right where a number of steps or of things is asked for, and more than can be waited for
HUGE: dict[str, Callable[[], Any]] = {
    "2**31": lambda: 2**31,
    "2**63": lambda: 2**63,
    "10**30": lambda: 10**30,
    "np.int64(2**40)": lambda: np.int64(2**40),
}
