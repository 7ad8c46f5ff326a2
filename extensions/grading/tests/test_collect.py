"""Collecting: whose work a path says that it is, and that nothing is lost or taken for somebody else's."""

import copy
import os
import zipfile

import nbformat
import pytest
import submissions
from grading import collect, course, notebooks

EXERCISES = ["neurons", "gradient-descent", "gradient"]


@pytest.fixture(scope="module")
def exercise_course(tmp_path_factory):
    """A course with the small exercise, and the notebook of a student who has everything right."""
    folder = tmp_path_factory.mktemp("collecting")
    submissions.write(submissions.small_exercise(), folder / "solutions/numbers/numbers.ipynb")
    home = folder / "course"
    course.new(home, folder / "solutions")
    source = notebooks.read(home / "source/numbers/numbers.ipynb")
    return home, submissions.solved(source, notebooks.read(home / "release/numbers/numbers.ipynb"))


NAMES = {
    "ada_neurons.ipynb": ("ada", "neurons"),
    "neurons-ada.ipynb": ("ada", "neurons"),
    "gradient-descent_ada.lovelace (2).ipynb": ("ada.lovelace", "gradient-descent"),
    "ada_gradient.ipynb": ("ada", "gradient"),
    "ada@example.org/gradient-descent.ipynb": ("ada@example.org", "gradient-descent"),
    "Ada Lovelace_12345_assignsubmission_file_/neurons.ipynb": ("Ada_Lovelace_12345", "neurons"),
    "Ada Lovelace_12345_assignsubmission_file/neurons.ipynb": ("Ada_Lovelace_12345", "neurons"),
    "week 3/Ada Lovelace_12345_assignsubmission_file_/work/neurons.ipynb": ("Ada_Lovelace_12345", "neurons"),
    "lovelaceada_12345_67890_neurons-1.ipynb": ("lovelaceada_12345", "neurons"),
    "lovelaceada_LATE_12345_67890_neurons.ipynb": ("lovelaceada_LATE_12345", "neurons"),
    "lovelaceada_12345_67890_work.zip/neurons.ipynb": ("lovelaceada_12345", "neurons"),
    "ada_neurons/work/neurons.ipynb": ("ada", "neurons"),
    "neurons/ada.ipynb": ("ada", "neurons"),
    "ada.zip/neurons.ipynb": ("ada", "neurons"),
    "\u00dcbung \u00d6d\u00f6n_neurons.ipynb": ("\u00dcbung_\u00d6d\u00f6n", "neurons"),
    "O\u0308do\u0308n_neurons.ipynb": ("\u00d6d\u00f6n", "neurons"),  # as macOS writes it
    # the outermost name wins: nobody hands in for somebody else
    "ada/boris_neurons.ipynb": ("ada", "neurons"),
    "Ada_1_assignsubmission_file_/boris_2_3_neurons.ipynb": ("Ada_1", "neurons"),
}
REFUSED = {
    "neurons.ipynb": "does not say whose",
    "neurons/neurons.ipynb": "does not say whose",
    "ada/work.ipynb": "which exercise",
    "ada/myneurons.ipynb": "which exercise",  # part of a word
    "../ada/neurons.ipynb": "leads out of its folder",
    "/ada/neurons.ipynb": "leads out of its folder",
    "???/neurons.ipynb": "does not say whose",
    "Ada_1_assignsubmission_file_/Boris_2_assignsubmission_file_/neurons.ipynb": "two students: Ada_1, Boris_2",
    "a_1_2_work.zip/b_3_4_neurons.ipynb": "two students: a_1, b_3",
    "fay_neurons.zip/boris_neurons.ipynb": "two students: fay, boris",
    "ada/gradient-descent/neurons.ipynb": "two exercises",
}


@pytest.mark.parametrize("path", NAMES)
def test_paths_tell_student_and_exercise(path):
    found = collect.identify(path, EXERCISES)
    assert (found.student, found.exercise, found.problem) == (*NAMES[path], "")


@pytest.mark.parametrize("path", REFUSED)
def test_a_path_that_does_not_tell_or_tells_two_things_is_refused(path):
    assert REFUSED[path] in collect.identify(path, EXERCISES).problem


def test_an_exercise_that_is_given_needs_no_name_in_the_path():
    found = collect.identify("ada/work.ipynb", EXERCISES, exercise="neurons")
    assert (found.student, found.exercise, found.problem) == ("ada", "neurons", "")


@pytest.mark.parametrize(
    ("pattern", "path", "student"),
    [
        ("folders", "ada.zip/boris/neurons.ipynb", "ada"),
        ("names", "class.zip/boris_neurons.ipynb", "boris"),
        ("moodle", "ada/neurons.ipynb", ""),
        ("canvas", "x/ada_1_2_neurons.ipynb", "ada_1"),
        (r"group\d/(?P<exercise>[a-z]+)-(?P<student>\d+)\.ipynb", "group7/neurons-123.ipynb", "123"),
        (r"group\d/(?P<exercise>[a-z]+)-(?P<student>\d+)\.ipynb", "other.ipynb", ""),
    ],
)
def test_a_pattern_says_what_counts(pattern, path, student):
    found = collect.identify(path, EXERCISES, pattern=pattern)
    assert (found.student, bool(found.problem)) == (student, not student)


def test_an_exercise_that_a_pattern_finds_must_be_one_of_the_course():
    found = collect.identify("ada-letters.ipynb", EXERCISES, pattern=r"(?P<student>\w+)-(?P<exercise>\w+)\.ipynb")
    assert found.problem.startswith("there is no exercise letters in this course")


def test_two_names_that_would_become_one_student_are_refused(exercise_course, tmp_path):
    home, right = exercise_course
    for name in ("Ada Lovelace", "Ada_Lovelace", "boris"):
        submissions.write(right, tmp_path / "inbox" / name / "numbers.ipynb")
    results = {r.file: r for r in collect.collect(tmp_path / "course", tmp_path / "inbox", course.exercises(home))}
    for name in ("Ada Lovelace", "Ada_Lovelace"):
        result = results[f"{name}/numbers.ipynb"]
        assert (result.status, result.detail) == (
            "not collected",
            "two names would become the same student: Ada Lovelace, Ada_Lovelace",
        )
    assert results["boris/numbers.ipynb"].status == "collected"


def test_collecting_loses_nothing(exercise_course, tmp_path):
    home, right = exercise_course
    other = tmp_path / "course"
    course.new(other, home.parent / "solutions")
    inbox = tmp_path / "inbox"
    for name in ("ada", "boris"):
        submissions.write(right, inbox / name / "numbers.ipynb")
    (inbox / "chen").mkdir()
    (inbox / "chen/numbers.pdf").write_bytes(b"%PDF")
    (inbox / "dora").mkdir()
    (inbox / "dora/notes.ipynb").write_bytes(b"{}")
    (inbox / "dora/.DS_Store").write_bytes(b"x")
    older = copy.deepcopy(right)
    older.cells.append(nbformat.v4.new_code_cell("'older'"))
    os.utime(submissions.write(older, inbox / "ada/numbers (1).ipynb"), (1, 1))
    with zipfile.ZipFile(inbox / "platform.zip", "w") as archive:
        archive.writestr("numbers_emil.ipynb", nbformat.writes(right))
        archive.writestr("../../escape_numbers.ipynb", nbformat.writes(right))
    with zipfile.ZipFile(inbox / "grace.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo("numbers.ipynb", (1980, 0, 0, 0, 0, 0)), nbformat.writes(right))
    with zipfile.ZipFile(inbox / "fay_numbers.zip", "w") as archive:
        archive.writestr("numbers.ipynb", nbformat.writes(right))
    (inbox / "broken.zip").write_bytes(b"PK no archive")
    before = sorted(path for path in inbox.rglob("*") if path.is_file())
    results = collect.collect(other, inbox, course.exercises(other))
    assert before == sorted(path for path in inbox.rglob("*") if path.is_file())
    assert not (tmp_path.parent / "escape_numbers.ipynb").exists()
    by_file = {result.file: result for result in results}
    assert by_file["ada/numbers.ipynb"].status == "collected"
    assert by_file["ada/numbers (1).ipynb"].status == "older version"
    assert "two students: platform, emil" in by_file["platform.zip/numbers_emil.ipynb"].detail
    assert "leads out of" in by_file["platform.zip/../../escape_numbers.ipynb"].detail
    assert "not a notebook" in by_file["chen/numbers.pdf"].detail
    assert "--exercise" in by_file["dora/notes.ipynb"].detail
    assert "damaged archive" in by_file["broken.zip"].detail
    course.note_uncollected(other, results)
    assert course.read_report(other)["chen", "numbers"].status == "not graded"
    submitted = {path.parent.parent.name for path in (other / "submitted").rglob("numbers.ipynb")}
    assert submitted == {"ada", "boris", "fay", "grace"}
    given_alone = collect.collect(other, inbox / "platform.zip", course.exercises(other))
    assert [(r.file, r.student, r.status) for r in given_alone if r.student] == [
        ("numbers_emil.ipynb", "emil", "collected")
    ]
    # the same again changes nothing; another version is kept beside
    assert {r.status for r in collect.collect(other, inbox / "ada/numbers.ipynb", ["numbers"])} == {"not collected"}
    again = collect.collect(other, inbox, course.exercises(other))
    assert {r.file: r.status for r in again}["ada/numbers.ipynb"] == "unchanged"
    submissions.write(older, inbox / "ada/numbers.ipynb")
    collect.collect(other, inbox, course.exercises(other))
    kept = list((other / "earlier/ada/numbers").glob("*.ipynb"))
    assert len(kept) == 1 and notebooks.read(kept[0]).cells[-1].source != "'older'"


def test_what_cannot_be_collected_is_explained(exercise_course, tmp_path):
    home, _ = exercise_course
    with pytest.raises(FileNotFoundError, match="no folder"):
        collect.collect(home, tmp_path / "nowhere", ["numbers"])
    with pytest.raises(ValueError, match="no exercise letters .* there are numbers"):
        collect.collect(home, tmp_path, ["numbers"], exercise="letters")
    with pytest.raises(ValueError, match="no group"):
        collect.collect(home, tmp_path, ["numbers"], pattern="(.*)")
