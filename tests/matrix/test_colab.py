"""Hand-outs with the packages of stock Colab: run by `make test-matrix`, which puts those of colab.txt first."""

import book
import nbformat
import pytest
from grading import notebooks
from nbclient import NotebookClient

LINES = (book.ROOT / "tests/matrix/colab.txt").read_text(encoding="utf-8").splitlines()
VERSIONS = dict(line.split("==") for line in LINES if "==" in line)
MODULES = {"ipython": "IPython", "scikit-learn": "sklearn"} | {
    name: name for name in ("ipykernel", "ipywidgets", "matplotlib", "numpy", "scipy")
}
UNSOLVED = "NotImplementedError: your code goes here"


def execute(notebook):
    """Run every cell, also after one that fails."""
    client = NotebookClient(notebook, timeout=120, allow_errors=True)
    client.comm_open_handlers.clear()  # nbclient's own handling of widgets hangs now and then
    client.execute()


def printed(cell, stream="stdout"):
    return "".join(output.text for output in cell.outputs if output.get("name") == stream)


@pytest.fixture(scope="module")
def versions():
    """What a kernel prints of each module, imported in a cell of its own."""
    sources = [f"import {module}\nprint({module}.__version__)" for module in MODULES.values()]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    execute(notebook)
    return {name: printed(cell).strip() for name, cell in zip(MODULES, notebook.cells, strict=True)}


@pytest.mark.parametrize("name", MODULES)
def test_a_kernel_imports_the_version_of_colab(name, versions):
    assert versions[name] == VERSIONS[name]


@pytest.mark.parametrize("path", sorted((book.ROOT / "exercises").glob("*/*.ipynb")), ids=lambda path: path.stem)
def test_a_hand_out_lacks_nothing_but_the_students_code(path):
    """Given cells run, checks say that code is missing, and nothing fails or warns for another reason."""
    notebook = book.read(path)
    execute(notebook)
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "code":
            role = notebooks.role(cell)
            error = next((f"{o.ename}: {o.evalue}" for o in cell.outputs if o.output_type == "error"), "")
            wanted = {"given": [""], "check": [UNSOLVED]}.get(role, ["", UNSOLVED])
            assert error in wanted, f"cell {number} ({role}): {error or 'no error'}"
            assert not printed(cell, "stderr"), f"cell {number} warns: {printed(cell, 'stderr')}"
