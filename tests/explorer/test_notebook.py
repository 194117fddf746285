"""The example notebook runs from its first cell to its last."""

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "frey_faces.ipynb"


# libraries of the kernel emit warnings that do not concern freyvae
@pytest.mark.filterwarnings("default")
def test_the_notebook_runs(tmp_path: Path) -> None:
    for needed in ("nbclient", "ipykernel", "ipywidgets", "anywidget"):
        pytest.importorskip(needed)
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] for cell in code), "the faces must not be in the repository: clear the outputs"
    # the same cells, with a shorter training and without the real faces
    quicker = {"freyvae.load_frey_faces()": "freyvae.synthetic_faces().images", "epochs=100": "epochs=2"}
    for cell in code:
        for before, after in quicker.items():
            cell.source = cell.source.replace(before, after)
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}).execute()
    widget = next(
        output.data
        for cell in code
        for output in cell.outputs
        if "application/vnd.jupyter.widget-view+json" in output.get("data", {}) and "explore(" in cell.source
    )
    assert "application/vnd.jupyter.widget-view+json" in widget
    # figures and the model are shown as HTML, whatever matplotlib's settings are
    outputs = [output.get("data", {}) for cell in code for output in cell.outputs]
    shown = ["".join(data["text/html"]) for data in outputs if "text/html" in data]
    assert sum("<img " in page for page in shown) == 5
    assert any("discretized-logistic" in page for page in shown)
    assert "codes spread by" in code[-1].outputs[0].text
