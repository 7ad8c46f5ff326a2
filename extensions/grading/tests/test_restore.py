"""Restoring a damaged submission: each way in which a cell is recognized, put back or put in order."""

import copy

import nbformat
import pytest
import submissions
from grading import restore


def test_restoring_the_untouched_hand_out_changes_nothing():
    released = submissions.small_exercise()
    copied = copy.deepcopy(released)
    assert restore.restore(copied, released) == []
    assert copied == released


def test_own_cells_stay_behind_the_cell_that_they_followed():
    released = submissions.small_exercise()
    notebook = copy.deepcopy(released)
    own = nbformat.v4.new_code_cell("helper = 1")
    notebook.cells.insert(notebook.cells.index(submissions.cell_of(notebook, "distance")) + 1, own)
    notebook.cells.reverse()
    assert restore.restore(notebook, released) == [
        "The cells were not in the hand-out's order; they were run in that order."
    ]
    names = [c.metadata.get("nbgrader", {}).get("grade_id") for c in notebook.cells]
    assert [n for n in names if n] == ["setup", "mean", "mean-check", "distance", "distance-check", "why"]
    assert any(cell is own for cell in notebook.cells)


@pytest.mark.parametrize("marks", ["nonsense", 5, [], {"grade_id": 7}, {"grade_id": "unknown", "grade": True}])
def test_nonsense_in_the_metadata_is_replaced(marks):
    released = submissions.small_exercise()
    notebook = copy.deepcopy(released)
    submissions.cell_of(notebook, "mean-check").metadata["nbgrader"] = marks
    notes = restore.restore(notebook, released)
    assert notes == ["The grading information was missing and was put back: mean-check."]
    assert submissions.cell_of(notebook, "mean-check").metadata.nbgrader.points == 3


def test_an_answer_without_any_mark_is_found_by_its_place():
    released = submissions.small_exercise()
    notebook = copy.deepcopy(released)
    for cell in notebook.cells:
        cell.metadata, cell["id"] = {}, None
    notebook.cells[-1].source = "My own words."
    restore.restore(notebook, released)
    assert submissions.cell_of(notebook, "why").source == "My own words."


def _damaged(change):
    """The hand-out and a copy of it that `change` has changed, restored, with the notes."""
    released = submissions.small_exercise()
    notebook = copy.deepcopy(released)
    change(notebook)
    return released, notebook, restore.restore(notebook, released)


def _forget(cell, identity=True):
    cell.metadata = {}
    if identity:
        cell["id"] = None


def test_a_cell_without_metadata_is_found_by_its_id():
    def change(notebook):
        cell = submissions.cell_of(notebook, "mean")
        cell.source = "mine = 1"
        _forget(cell, identity=False)
        notebook.cells.append(notebook.cells.pop(notebook.cells.index(cell)))

    _, notebook, notes = _damaged(change)
    assert submissions.cell_of(notebook, "mean").source == "mine = 1"
    assert notes[0] == "The grading information was missing and was put back: mean."
    assert "not in the hand-out's order" in notes[1]


def test_a_cell_without_metadata_and_id_is_found_by_its_text_however_it_is_laid_out():
    def change(notebook):
        cell = submissions.cell_of(notebook, "distance-check")
        cell.source = cell.source.replace(" ", "\t") + "\n\n"
        _forget(cell)

    _, notebook, notes = _damaged(change)
    assert submissions.cell_of(notebook, "distance-check").metadata.nbgrader.points == 4
    assert notes == [
        "The grading information was missing and was put back: distance-check.",
        "The cell distance-check had been changed; the original was run.",
    ]


def test_a_task_is_found_by_the_functions_that_it_defines_and_the_last_one_counts():
    def change(notebook):
        cell = submissions.cell_of(notebook, "mean")
        _forget(cell)
        cell.source = "def mean(a, b):\n    return 1"
        last = copy.deepcopy(cell)
        last.source = "def helper():\n    pass\n\ndef mean(a, b):\n    return 2"
        notebook.cells.insert(notebook.cells.index(cell) + 1, last)

    _, notebook, _ = _damaged(change)
    assert submissions.cell_of(notebook, "mean").source.endswith("return 2")


def test_of_unknown_cells_at_an_answer_s_place_the_longest_is_taken_and_others_stay():
    def change(notebook):
        cell = submissions.cell_of(notebook, "why")
        _forget(cell)
        cell.source = "No."
        notebook.cells.append(nbformat.v4.new_markdown_cell("Because of the triangle inequality."))

    _, notebook, _ = _damaged(change)
    assert submissions.cell_of(notebook, "why").source == "Because of the triangle inequality."
    assert [cell.source for cell in notebook.cells[-2:]] == ["No.", "Because of the triangle inequality."]


@pytest.mark.parametrize("name", ["setup", "mean", "mean-check", "why"])
def test_a_cell_that_is_nowhere_is_put_back_at_its_place(name):
    def change(notebook):
        notebook.cells.remove(submissions.cell_of(notebook, name))

    released, notebook, notes = _damaged(change)
    assert [cell.source for cell in notebook.cells] == [cell.source for cell in released.cells]
    assert submissions.cell_of(notebook, name) == submissions.cell_of(released, name)
    assert notes == [f"The cell {name} was missing and was put back as handed out."]


def test_an_empty_notebook_gets_all_graded_cells_in_order():
    released, notebook, notes = _damaged(lambda notebook: notebook.update(cells=[]))
    wanted = [c.metadata.nbgrader.grade_id for c in released.cells if "nbgrader" in c.metadata]
    assert [c.metadata.nbgrader.grade_id for c in notebook.cells] == wanted
    assert len(notes) == len(wanted)


@pytest.mark.parametrize("changed_first", [True, False])
def test_of_copies_of_a_task_the_changed_one_counts(changed_first):
    def change(notebook):
        cell = submissions.cell_of(notebook, "mean")
        mine = copy.deepcopy(cell)
        mine.source = "mean = max"
        notebook.cells.insert(notebook.cells.index(cell) + (0 if changed_first else 1), mine)

    _, notebook, notes = _damaged(change)
    assert submissions.cell_of(notebook, "mean").source == "mean = max"
    assert notes == ["The cell mean was there 2 times; one of them was graded."]
    assert sum("grade_id" in c.metadata.get("nbgrader", {}) for c in notebook.cells) == 6


def test_a_changed_check_is_said_and_its_metadata_are_the_hand_out_s():
    def change(notebook):
        cell = submissions.cell_of(notebook, "mean-check")
        cell.source, cell.metadata.nbgrader["points"] = "pass", 100

    _, notebook, notes = _damaged(change)
    assert submissions.cell_of(notebook, "mean-check").metadata.nbgrader.points == 3
    assert notes == ["The cell mean-check had been changed; the original was run."]


def test_a_cell_of_another_type_is_not_taken_for_one():
    def change(notebook):
        cell = submissions.cell_of(notebook, "mean")
        place = notebook.cells.index(cell)
        notebook.cells[place] = nbformat.v4.new_markdown_cell(cell.source, id=cell.id)

    released, notebook, notes = _damaged(change)
    assert submissions.cell_of(notebook, "mean").cell_type == "code"
    assert notes == ["The cell mean was missing and was put back as handed out."]


@pytest.mark.parametrize("tag", ["skip-execution", "raises-exception"])
def test_of_a_cell_only_its_text_is_the_student_s(tag):
    def change(notebook):
        for cell in notebook.cells:
            cell.metadata.update(tags=[tag], deletable=True, execution={"x": 1}, name="x", collapsed=True)
            cell["attachments"] = {"a.png": {"image/png": "AAAA"}, "b.png": 5}
        submissions.cell_of(notebook, "mean").source = "mine = 1"
        notebook.cells.append(nbformat.v4.new_code_cell("own = 1", metadata={"tags": [tag]}))
        notebook.metadata.update(widgets={"x": 1}, title="<script>")

    released, notebook, notes = _damaged(change)
    own = notebook.cells.pop()
    assert (own.source, own.metadata, notes) == ("own = 1", {}, [])
    for cell, original in zip(notebook.cells, released.cells, strict=True):
        attachments = cell.pop("attachments", None)
        assert attachments == ({"a.png": {"image/png": "AAAA"}} if cell.cell_type == "markdown" else None)
        assert cell == original or cell.source == "mine = 1" and cell == {**original, "source": "mine = 1"}
    assert notebook.metadata == released.metadata


def test_cells_get_ids_of_their_own():
    def change(notebook):
        for _ in range(3):
            notebook.cells.append(nbformat.v4.new_code_cell("own = 1", id="mean"))

    _, notebook, _ = _damaged(change)
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)
    nbformat.validate(notebook)
