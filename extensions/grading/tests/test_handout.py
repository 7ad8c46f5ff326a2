"""Hand-outs: the same each time, and none that would leak."""

import copy

import nbformat
import pytest
import submissions
from grading import handout


def _spoiled(change):
    notebook = submissions.small_exercise()
    change(notebook)
    return notebook


SPOILED = {
    "a mistyped marker": ("mean", "### BEGIN SOLUTION", "## BEGIN SOLUTON", "found 0 such pairs"),
    "a lower-case marker elsewhere": ("setup", "from math", "### begin solution\nfrom math", "outside of its"),
    "hidden tests that do not end": ("mean-check", "### END HIDDEN TESTS", "", "found 0 such pairs"),
    "a solution in a check": ("mean-check", "### BEGIN HIDDEN", "# BEGIN SOLUTION\n### BEGIN HIDDEN", "outside of its"),
    "a mistyped second pair": ("mean", "return (a", "###BEGIN-SOLUTION\n    return (a", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", SPOILED)
def test_a_hand_out_that_would_leak_is_not_written(tmp_path, name):
    cell, old, new, words = SPOILED[name]

    def change(notebook):
        found = submissions.cell_of(notebook, cell)
        assert old in found.source
        found.source = found.source.replace(old, new)

    submissions.write(_spoiled(change), tmp_path / "solutions/numbers/numbers.ipynb")
    if not words:  # within the solution: cut out with it
        handout.make(tmp_path / "solutions", tmp_path / "exercises")
        assert "BEGIN" not in (tmp_path / "exercises/numbers/numbers.ipynb").read_text()
        return
    with pytest.raises(handout.BadSolution, match=words) as error:
        handout.make(tmp_path / "solutions", tmp_path / "exercises")
    assert "numbers.ipynb, cell" in str(error.value)
    assert not (tmp_path / "exercises").exists()


def test_two_cells_of_one_name_are_found(tmp_path):
    def change(notebook):
        submissions.cell_of(notebook, "distance").metadata.nbgrader.grade_id = "mean"

    submissions.write(_spoiled(change), tmp_path / "solutions/numbers/numbers.ipynb")
    with pytest.raises(handout.BadSolution, match="mean occurs twice"):
        handout.make(tmp_path / "solutions", tmp_path / "exercises")


def test_hand_outs_are_the_same_bytes_each_time(tmp_path):
    submissions.write(submissions.small_exercise(), tmp_path / "solutions/numbers/numbers.ipynb")
    for name in ("one", "two"):
        handout.make(tmp_path / "solutions", tmp_path / name)
    one, two = (tmp_path / name / "numbers/numbers.ipynb" for name in ("one", "two"))
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize("line", ["code", "raise", "YOUR", 'your code goes here")'])
def test_a_hidden_line_that_is_a_part_of_the_stub_is_found(line):
    """Lines are compared as a whole."""
    source = submissions.small_exercise()
    task = submissions.cell_of(source, "mean")
    task.source = f"### BEGIN SOLUTION\n{line}\n### END SOLUTION"
    released = copy.deepcopy(source)
    for cell in released.cells:
        cell.source = submissions.public_source(cell)
    submissions.cell_of(released, "why").source = handout.ANSWER_STUB
    submissions.cell_of(released, "mean").source = f"\n{handout.STUB}"
    handout.check_handout(released, source, "numbers")
    submissions.cell_of(released, "mean").source = f"{handout.STUB}\n{line}"
    with pytest.raises(handout.BadSolution, match="hidden line"):
        handout.check_handout(released, source, "numbers")


def test_an_output_in_a_hand_out_is_found():
    source = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", execution_count=3)])
    with pytest.raises(handout.BadSolution, match="holds an output"):
        handout.check_handout(source, source, "numbers")
