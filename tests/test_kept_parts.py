"""What was found of a long computation is not lost where it is interrupted."""

import itertools

import numpy as np
import pytest

from freyvae import kept_parts
from freyvae.kept_parts import Part, keeping

COUNT, AT_ONCE = 23, 4


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Each part is kept as soon as it is found."""
    monkeypatch.setattr(kept_parts, "SECONDS_BETWEEN_SAVES", 0.0)


def squares(found, *, stop_at=COUNT):
    """Squares, and with each part the sum of those before; notes what is computed, and is interrupted at one."""

    def parts_from(first, before):
        total = np.array(0) if before is None else before.state
        for start in range(first, COUNT, AT_ONCE):
            if start >= stop_at:
                raise KeyboardInterrupt
            numbers = np.arange(start, min(start + AT_ONCE, COUNT))
            total = total + numbers.sum()
            found.append(start)
            yield Part({"number": numbers, "square": numbers**2}, total)

    return parts_from


def run(result, known_by="it", **choices):
    """What comes of it, what was computed for that, and what was said."""
    found, said = [], []
    with keeping(result, lambda: known_by, said.append) as kept:
        parts = list(kept.each(COUNT, squares(found, **choices)))
    columns = [np.concatenate([part.columns[name] for part in parts]) for name in ("number", "square")]
    assert parts[-1].state == sum(range(COUNT))
    return np.stack(columns), found, said


def interrupted(result, stop_at, known_by="it"):
    with pytest.raises(KeyboardInterrupt):
        run(result, known_by, stop_at=stop_at)


EXPECTED = np.stack([np.arange(COUNT), np.arange(COUNT) ** 2])


@pytest.mark.parametrize("stop_at", range(0, COUNT, AT_ONCE))
def test_it_goes_on_where_it_was_interrupted_and_leaves_nothing_behind(tmp_path, stop_at):
    interrupted(tmp_path / "x.npy", stop_at)
    columns, found, said = run(tmp_path / "x.npy")
    np.testing.assert_array_equal(columns, EXPECTED)
    assert found == list(range(stop_at, COUNT, AT_ONCE))
    assert said == ([f"going on after {stop_at} of {COUNT} images"] if stop_at else [])
    assert list(tmp_path.iterdir()) == []


def test_it_may_be_interrupted_again_and_again(tmp_path):
    for stop_at in (4, 12, 20):
        interrupted(tmp_path / "x.npy", stop_at)
    columns, found, _ = run(tmp_path / "x.npy")
    np.testing.assert_array_equal(columns, EXPECTED)
    assert found == [20]


def test_another_computation_begins_anew(tmp_path):
    interrupted(tmp_path / "x.npy", 12, known_by="another")
    columns, found, said = run(tmp_path / "x.npy")
    np.testing.assert_array_equal(columns, EXPECTED)
    assert found[0] == 0
    assert said == []


@pytest.mark.parametrize("damage", [lambda content: content[:100], lambda content: b"", lambda content: b"\0" * 999])
def test_from_a_damaged_file_on_it_is_computed_again(tmp_path, damage):
    interrupted(tmp_path / "x.npy", 16)
    path = sorted((tmp_path / "x.npy.parts").iterdir())[2]
    path.write_bytes(damage(path.read_bytes()))
    columns, found, _ = run(tmp_path / "x.npy")
    np.testing.assert_array_equal(columns, EXPECTED)
    assert found == [8, 12, 16, 20]


def test_what_is_quick_writes_nothing_and_asks_for_no_hash(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_parts, "SECONDS_BETWEEN_SAVES", 60.0)
    with pytest.raises(KeyboardInterrupt), keeping(tmp_path / "x.npy", pytest.fail, print) as kept:
        list(kept.each(COUNT, squares([], stop_at=12)))
    assert list(tmp_path.iterdir()) == []


def test_a_persons_own_files_in_that_folder_stay(tmp_path):
    own = tmp_path / "x.npy.parts" / "own.npz"
    own.parent.mkdir()
    own.write_bytes(b"own")
    interrupted(tmp_path / "x.npy", 8)
    run(tmp_path / "x.npy")
    assert own.read_bytes() == b"own"
    assert [path.name for path in own.parent.iterdir()] == ["own.npz"]


def test_some_parts_are_written_together(tmp_path, monkeypatch):
    times = itertools.count()
    monkeypatch.setattr(kept_parts.time, "monotonic", lambda: float(next(times)))
    monkeypatch.setattr(kept_parts, "SECONDS_BETWEEN_SAVES", 2.0)
    interrupted(tmp_path / "x.npy", 20)
    assert len(list((tmp_path / "x.npy.parts").iterdir())) == 3
    columns, found, _ = run(tmp_path / "x.npy")
    np.testing.assert_array_equal(columns, EXPECTED)
    assert found == [20]
