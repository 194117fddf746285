"""Checks of arguments, and their errors."""

import numpy as np
import pytest

from freyvae.arguments import function, in_words, instance, mapping, number, one_of, several, text, truth, whole
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


@pytest.mark.parametrize("value", [None, "1", True, -1.0, float("inf"), float("nan"), [1.0], 1j, 10**400, np.array(1j)])
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


def test_texts_functions_objects_lists_and_dictionaries_are_told_apart():
    right = [(text, "a"), (function, print), (several, (1, 2)), (several, np.arange(2)), (mapping, {"a": 1})]
    for check, value in right:
        check("it", value)
    assert several("it", range(2)) == [0, 1]
    assert instance("it", 1, int) == 1
    wrong = [
        (text, [b"a", 1, None], "it must be a text, not "),
        (function, [1, "print"], "it must be a function, not "),
        (several, ["ab", b"ab", 1, {1, 2}, np.array(1), iter([1])], "it must be a list, not "),
        (mapping, [[], "a", None], "it must be a dictionary, not "),
    ]
    for check, values, message in wrong:
        for value in values:
            with pytest.raises(BadInput, match=message):
                check("it", value)
    with pytest.raises(BadInput, match="it must be a int, not 'x': int reads one"):
        instance("it", "x", int, hint="int reads one")


def test_an_array_is_called_what_it_is_of():
    assert in_words(np.zeros((2, 3), np.uint8)) == "an array of uint8 (2, 3)"
