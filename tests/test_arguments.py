"""What an argument has to be, and what is said where it is not."""

import numpy as np
import pytest

from freyvae.arguments import number, one_of, truth, whole
from freyvae.errors import BadInput

ODD = [None, "3", "x", 1.5, float("nan"), True, np.True_, [], {}, object(), b"3", 1j, (3,), np.array([3])]


@pytest.mark.parametrize("value", [3, np.int64(3), np.uint8(3), np.array(3)])
def test_whole_numbers_of_any_library_are_taken(value):
    taken = whole("n", value, at_least=0, at_most=3)
    assert (type(taken), taken) == (int, 3)


@pytest.mark.parametrize("value", [*ODD, -1, 4])
def test_what_is_no_whole_number_in_range_is_one_line(value):
    with pytest.raises(BadInput, match=r"^n must be a whole number from 0 to 3, not ") as refusal:
        whole("n", value, at_least=0, at_most=3)
    assert "\n" not in str(refusal.value)


def test_numbers_of_any_library_are_taken():
    taken = [number("x", value) for value in (1, 1.0, np.float32(1), np.int8(1), np.array(1.0))]
    assert taken == [1.0] * 5
    assert {type(value) for value in taken} == {float}


@pytest.mark.parametrize("value", [None, "1", True, -1.0, float("inf"), float("nan"), [1.0], 1j])
def test_what_is_no_number_is_one_line(value):
    with pytest.raises(BadInput, match="x must be finite and not negative, not "):
        number("x", value)


def test_truth_values_and_words():
    assert truth("t", np.True_) is True
    with pytest.raises(BadInput, match="t must be True or False, not 1"):
        truth("t", 1)
    assert one_of("word", "a", ("a", "b")) == "a"
    with pytest.raises(BadInput, match="unknown word 'c': choose one of a, b"):
        one_of("word", "c", ("a", "b"))


def test_a_long_value_is_shortened():
    with pytest.raises(BadInput) as refusal:
        whole("n", "x\n" * 1000)
    assert len(str(refusal.value)) < 150
