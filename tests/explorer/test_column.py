"""A column of a table of a run's images: words become groups of the page, numbers a score."""

import numpy as np
import pytest
from tests.explorer.conftest import make_squares

import freyvae
from freyvae.errors import BadInput
from freyvae.explorer.column import keep_column
from freyvae.explorer.groups import read_groups
from freyvae.explorer.page import bundle_of_run
from freyvae.explorer.scores import read_scores


@pytest.fixture(scope="module")
def squares_run(tmp_path_factory):
    return make_squares(tmp_path_factory.mktemp("column"))


@pytest.fixture
def table(tmp_path):
    """A row for each of the 400 images, in their order."""
    rows = [f"{['early', 'late', 'late'][number % 3]},{number / 7}" for number in range(400)]
    path = tmp_path / "cells.csv"
    path.write_text("stage,area\n" + "\n".join(rows) + "\n")
    return path


def test_words_become_groups_the_largest_first(squares_run, table):
    keep_column(squares_run, f"{table}:stage")
    kept = read_groups(squares_run, 400)
    assert (kept.by, list(kept.names)) == ("stage", ["late", "early"])
    assert kept.numbers[:4].tolist() == [1, 0, 0, 1]
    header = bundle_of_run(squares_run).header
    assert (header["groupBy"], header["groups"]) == ("stage", ["late", "early"])


def test_numbers_become_a_score(squares_run, table):
    keep_column(squares_run, f"{table}:area")
    kept = read_scores(squares_run, 400)
    assert kept.by == "area"
    np.testing.assert_allclose(kept.shares, np.arange(400) / 400)
    assert bundle_of_run(squares_run).header["score"] == "area"


def test_the_command_keeps_it_before_it_serves(squares_run, table, monkeypatch):
    served = []

    def make_server(run, **choices):
        served.append(run)
        raise BadInput("this test has no server")

    monkeypatch.setattr("freyvae.explorer.server.make_server", make_server)
    with pytest.raises(BadInput, match="no server"):
        freyvae.explore(squares_run, colour_by=f"{table}:stage", no_browser=True)
    assert served == [squares_run]
    assert read_groups(squares_run, 400).by == "stage"


def test_where_another_argument_is_refused_it_is_not_kept(squares_run, table):
    keep_column(squares_run, f"{table}:stage")
    table.write_text(table.read_text().replace("stage", "phase", 1))
    with pytest.raises(BadInput, match="runtime must be one of"):
        freyvae.explore(squares_run, colour_by=f"{table}:phase", runtime="neither")
    assert read_groups(squares_run, 400).by == "stage"


def test_the_only_column_needs_no_name(squares_run, tmp_path):
    path = tmp_path / "sizes.csv"
    path.write_text("size\n" + "\n".join(map(str, range(400))) + "\n")
    keep_column(squares_run, path)
    assert read_scores(squares_run, 400).by == "size"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("none.csv:stage", "none.csv"),
        ("cells.csv:size", "size"),
        ("short.csv:stage", "2 rows for 400 images"),
        ("words.txt", "from a .csv or .tsv file"),
        ("nan.csv", "area of image 3 is nan: give every image a number"),
    ],
)
def test_wrong_tables_are_refused_in_a_line(squares_run, table, given, line):
    (table.parent / "short.csv").write_text("stage\na\nb\n")
    (table.parent / "nan.csv").write_text("area\n1\n2\nnan\n" + 397 * "4\n")
    with pytest.raises(BadInput, match=line) as refused:
        freyvae.explore(squares_run, colour_by=table.parent / given)
    assert len(str(refused.value).splitlines()) == 1


def test_a_model_has_no_folder_to_keep_it(squares_run):
    with pytest.raises(BadInput, match="leave colour_by out, or give a run"):
        freyvae.explore(squares_run.load_model(), colour_by="cells.csv:stage")
