"""Grading from hand-out to marks, with every way in which we have seen a submission go wrong."""

import copy
import csv
import json
import os
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
import submissions
from grading import collect, course, feedback, handout, notebooks, restore, sandbox

GRADING = Path(sys.executable).with_name("grading")
SPY = {"read-solutions": "no solutions here", "open-socket": "no network here"}


def _limits(home, **values):
    """Set limits in a course's configuration, as an instructor would."""
    path = home / "nbgrader_config.py"
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, value in values.items():
        found = [k for k, line in enumerate(lines) if line.startswith(f"c.{name.replace('_', '.', 1)} =")]
        assert len(found) == 1, name
        lines[found[0]] = f"c.{name.replace('_', '.', 1)} = {value}"
    path.write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture(scope="session")
def small_course(tmp_path_factory):
    """A course with the small exercise, and the notebook of a student who has everything right."""
    folder = tmp_path_factory.mktemp("grading")
    submissions.write(submissions.small_exercise(), folder / "solutions/numbers/numbers.ipynb")
    home = folder / "course"
    course.new(home, folder / "solutions")
    _limits(home, Execute_timeout=4, Sandbox_total_timeout=20, Sandbox_memory=1500)
    source = notebooks.read(home / "source/numbers/numbers.ipynb")
    return home, submissions.solved(source, notebooks.read(home / "release/numbers/numbers.ipynb"))


@pytest.fixture(scope="session")
def graded(small_course):
    """The small course after all have handed in and it was graded once: its folder, marks and report by student."""
    home, right = small_course
    for name in ("right", *submissions.DAMAGES):
        notebook = copy.deepcopy(right)
        if name in submissions.DAMAGES:
            submissions.DAMAGES[name].change(notebook)
        submissions.write(notebook, home / "submitted" / name / "numbers/numbers.ipynb")
    released = notebooks.read(home / "release/numbers/numbers.ipynb")
    submissions.write(released, home / "submitted/untouched/numbers/numbers.ipynb")
    for name, (content, _) in submissions.NO_NOTEBOOKS.items():
        path = home / "submitted" / name / "numbers/numbers.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    (home / "submitted/nothing/numbers").mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        paths = [
            str(home / "source/numbers/numbers.ipynb"),
            str(Path(__file__).parents[3] / "solutions"),
            str(home / "gradebook.db"),
        ]
        spies = (submissions.READ_SOLUTIONS.format(paths=paths), listener.getsockname()[1])
        spies = (spies[0], submissions.OPEN_SOCKET.format(port=spies[1]))
        for name, code in zip(SPY, spies, strict=True):
            notebook = copy.deepcopy(right)
            submissions.with_mean(code)(notebook)
            submissions.write(notebook, home / "submitted" / name / "numbers/numbers.ipynb")
        outcomes = course.grade(home, say=lambda line: None)
        with pytest.raises(TimeoutError):
            listener.accept()
    course.write_feedback(home, say=lambda line: None)
    return home, {row["student"]: row for row in course.marks(home)}, {o.student: o for o in outcomes}


def test_all_who_handed_in_have_a_row_a_reason_and_a_page(graded):
    home, marks, report = graded
    handed_in = {path.name for path in (home / "submitted").iterdir()}
    assert len(handed_in) >= 30
    assert set(marks) == handed_in == set(report)
    for name in handed_in:
        assert report[name].status != "not graded" or report[name].detail, f"{name} has no reason"
        page = (home / "feedback" / name / "numbers/numbers.html").read_text(encoding="utf-8")
        if report[name].status == "not graded":
            assert "could not be graded" in page
        assert marks[name]["maximum"] == 10
    with open(home / "marks.csv", newline="", encoding="utf-8") as file:
        assert {row["student"] for row in csv.DictReader(file)} == handed_in


def test_right_answers_get_all_points_and_the_hand_out_none(graded):
    _, marks, _ = graded
    assert marks["right"] | {"points": 7, "to_read": 3, "status": "graded"} == marks["right"]
    assert marks["untouched"] | {"points": 0, "to_read": 0, "status": "graded"} == marks["untouched"]


@pytest.mark.parametrize("name", submissions.DAMAGES)
def test_a_damaged_notebook_loses_what_is_damaged_and_nothing_else(graded, name):
    _, marks, report = graded
    damage = submissions.DAMAGES[name]
    assert (marks[name]["points"], report[name].status) == (damage.points, damage.status), report[name].detail
    assert damage.words in report[name].detail


def test_a_cell_that_prints_without_end_is_told_so(graded):
    page = (graded[0] / "feedback/printing-without-end/numbers/numbers.html").read_text(encoding="utf-8")
    assert "printed more than" in page


@pytest.mark.parametrize("name", submissions.NO_NOTEBOOKS)
def test_a_file_that_is_no_notebook_is_said_to_be_none(graded, name):
    _, marks, report = graded
    assert (marks[name]["points"], report[name].status) == (0, "not graded")
    assert submissions.NO_NOTEBOOKS[name][1] in report[name].detail


def test_an_empty_folder_is_said_to_be_empty(graded):
    assert graded[2]["nothing"].detail == "there is no file numbers.ipynb"


@pytest.mark.parametrize("name", SPY)
def test_the_sandbox_shows_no_solutions_and_no_network(graded, name):
    home, marks, _ = graded
    notebook = notebooks.read(home / "autograded" / name / "numbers/numbers.ipynb")
    errors = [
        output.evalue for output in submissions.cell_of(notebook, "mean").outputs if output.output_type == "error"
    ]
    assert errors == [SPY[name]]
    assert marks[name]["points"] == 4


def test_submissions_stay_as_they_came(graded):
    home, _, _ = graded
    assert (home / "submitted/empty-file/numbers/numbers.ipynb").read_bytes() == b""
    stripped = notebooks.read(home / "submitted/metadata-stripped/numbers/numbers.ipynb")
    assert not any(cell.metadata for cell in stripped.cells)


def test_feedback_says_what_the_check_says_and_hides_the_hidden_tests(graded):
    home, _, _ = graded
    page = (home / "feedback/renamed-function/numbers/numbers.html").read_text(encoding="utf-8")
    assert "there is no function mean: was it renamed?" in page
    assert "not yet counting what a person has still to read" in page
    for path in (home / "feedback").rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "HIDDEN" not in text and "MARK SCHEME" not in text, path
        assert "mean of opposite numbers" not in text, f"{path} shows a hidden test that was not even reached"
    wrong = (home / "feedback/untouched/numbers/numbers.html").read_text(encoding="utf-8")
    assert "NotImplementedError: your code goes here" in wrong and "Traceback (most" not in wrong


def test_feedback_runs_no_stranger_s_script_and_asks_no_one(graded, browser):
    home, _, _ = graded
    for name in ("script", "right", "empty-file"):
        page, requests, alerts = browser.new_page(), [], []
        page.on("request", lambda request, requests=requests: requests.append(request.url))
        page.on("dialog", lambda dialog, alerts=alerts: alerts.append(dialog.message) or dialog.dismiss())
        page.goto((home / "feedback" / name / "numbers/numbers.html").as_uri())
        assert len(requests) == 1 and not alerts
        assert page.locator("script").count() == 0
        if name == "right":
            assert page.locator("math").count() >= 2, "formulas are shown without a script"
        page.close()
    notebook = notebooks.read(home / "autograded/script/numbers/numbers.ipynb")
    text = json.dumps(notebook.cells)
    assert "<script>alert(2)" not in text and "<img" not in text, "the formgrader would run it"
    outputs = notebook.cells[-1].outputs
    assert not any("application/javascript" in output.get("data", {}) for output in outputs)


def test_only_new_and_changed_submissions_are_graded_again(graded):
    home, _, report = graded
    lines = []
    again = course.grade(home, say=lines.append)
    assert not lines
    assert {o.student: o for o in again} == report
    path = home / "submitted/empty-file/numbers/numbers.ipynb"
    content = (home / "submitted/right/numbers/numbers.ipynb").read_bytes()
    path.write_bytes(content)
    try:
        after = {o.student: o for o in course.grade(home, say=lines.append)}
        assert len(lines) == 1 and lines[0].startswith("[1/1] empty-file")
        assert after["empty-file"].status == "graded"
        assert {row["student"]: row["points"] for row in course.marks(home)}["empty-file"] == 7
    finally:
        path.write_bytes(b"")
        course.grade(home, say=lines.append)


def test_a_folder_of_no_exercise_is_reported(small_course, tmp_path):
    other = tmp_path / "course"
    course.new(other, small_course[0].parent / "solutions")
    submissions.write(small_course[1], other / "submitted/ada/letters/letters.ipynb")
    course.grade(other, say=lambda line: None)
    assert course.read_report(other)["ada", "letters"].detail == "there is no exercise letters in this course"
    assert [(row["student"], row["points"], row["status"]) for row in course.marks(other)] == [("ada", 0, "not graded")]


def test_one_student_s_exercises_can_be_graded_side_by_side(tmp_path):
    """Twelve exercises of a student who is new to the grade book, six at a time: none may fail for meeting another."""
    names = [f"numbers-{k}" for k in range(12)]
    for name in names:
        submissions.write(submissions.small_exercise(), tmp_path / "solutions" / name / f"{name}.ipynb")
    home = tmp_path / "course"
    course.new(home, tmp_path / "solutions")
    for name in names:
        released = notebooks.read(home / "release" / name / f"{name}.ipynb")
        submissions.write(released, home / "submitted/ada" / name / f"{name}.ipynb")
    outcomes = course.grade(home, jobs=6, say=lambda line: None)
    assert {(outcome.status, outcome.detail) for outcome in outcomes} == {("graded", "")}


def test_points_given_by_a_person_count_and_survive_regrading(graded):
    home, _, _ = graded
    from nbgrader.api import Gradebook

    address = f"sqlite:///{home / 'gradebook.db'}"
    with Gradebook(address) as gradebook:
        grade = gradebook.find_grade("why", "numbers", "numbers", "right")
        grade.manual_score, grade.needs_manual_grade = 2, False
        gradebook.find_comment("why", "numbers", "numbers", "right").manual_comment = "Say <b>which</b> inequality."
        gradebook.db.commit()
    assert {row["student"]: (row["points"], row["to_read"]) for row in course.marks(home)}["right"] == (9, 0)
    course.write_feedback(home, say=lambda line: None)
    page = (home / "feedback/right/numbers/numbers.html").read_text(encoding="utf-8")
    assert "9 of 10 points" in page and "Say &lt;b&gt;which&lt;/b&gt; inequality." in page
    with open(home / "marks-by-task.csv", newline="", encoding="utf-8") as file:
        rows = {row["task"]: row for row in csv.DictReader(file) if row["student"] == "right"}
    assert {task: row["graded_by"] for task, row in rows.items()} == {
        "mean-check": "machine",
        "distance-check": "machine",
        "why": "person",
    }


# ---- protection ----


def test_nothing_is_run_unprotected_unless_told(small_course, tmp_path, monkeypatch):
    home, right = small_course
    other = tmp_path / "course"
    course.new(other, home.parent / "solutions")
    submissions.write(right, other / "submitted/ada/numbers/numbers.ipynb")
    monkeypatch.setattr(sandbox, "why_unprotected", lambda: "the program bwrap is missing")
    with pytest.raises(sandbox.Unprotected, match="bwrap is missing.*c.Sandbox.unprotected = True"):
        course.grade(other, say=lambda line: None)
    assert not (other / "autograded").exists() and not (other / "report.csv").exists()


def test_plain_nbgrader_refuses_too_and_grades_when_told(small_course, tmp_path):
    """The command `nbgrader autograde`, where bubblewrap cannot be found."""
    home, right = small_course
    other = tmp_path / "course"
    course.new(other, home.parent / "solutions")
    submissions.write(right, other / "submitted/ada/numbers/numbers.ipynb")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("python", "jupyter", "alembic", "nbgrader"):
        (programs / name).symlink_to(Path(sys.executable).with_name(name))
    command = [sys.executable, "-m", "nbgrader", "autograde", "numbers"]
    environment = os.environ | {"PATH": str(programs)}

    def run():
        return subprocess.run(command, cwd=other, env=environment, capture_output=True, text=True)

    refused = run()
    assert refused.returncode != 0
    assert "would not be isolated: the program bwrap is missing" in refused.stderr
    assert not (other / "autograded/ada/numbers").exists()
    with open(other / "nbgrader_config.py", "a", encoding="utf-8") as file:
        file.write("\nc.Sandbox.unprotected = True\n")
    allowed = run()
    assert allowed.returncode == 0, allowed.stderr
    assert {row["student"]: row["points"] for row in course.marks(other)} == {"ada": 7}


def test_a_sandbox_that_cannot_be_made_is_explained(monkeypatch):
    sandbox.why_unprotected.cache_clear()
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "needs Linux" in sandbox.why_unprotected()
    sandbox.why_unprotected.cache_clear()
    monkeypatch.undo()
    monkeypatch.setattr(sandbox, "_isolation", lambda: ["--no-such-option"])
    assert "bwrap cannot make a sandbox here" in sandbox.why_unprotected()
    monkeypatch.undo()
    sandbox.why_unprotected.cache_clear()
    assert sandbox.why_unprotected() == ""


# ---- collecting ----

NAMES = {
    "ada_neurons.ipynb": ("ada", "neurons"),
    "neurons-ada.ipynb": ("ada", "neurons"),
    "gradient-descent_ada.lovelace (2).ipynb": ("ada.lovelace", "gradient-descent"),
    "ada@example.org/gradient-descent.ipynb": ("ada@example.org", "gradient-descent"),
    "Ada Lovelace_12345_assignsubmission_file_/neurons.ipynb": ("Ada_Lovelace_12345", "neurons"),
    "Ada Lovelace_12345_assignsubmission_file/neurons.ipynb": ("Ada_Lovelace_12345", "neurons"),
    "lovelaceada_12345_67890_neurons-1.ipynb": ("lovelaceada_12345", "neurons"),
    "lovelaceada_LATE_12345_67890_neurons.ipynb": ("lovelaceada_LATE_12345", "neurons"),
    "../ada*?/neurons.ipynb": ("", "neurons"),
    "neurons.ipynb": ("", "neurons"),
    "ada_neurons/work/neurons.ipynb": ("ada", "neurons"),
    "Übung Ödön_neurons.ipynb": ("Übung_Ödön", "neurons"),
}


@pytest.mark.parametrize("name", NAMES)
def test_paths_tell_student_and_exercise(name):
    assert collect.identify(name, ["neurons", "gradient-descent", "gradient"]) == NAMES[name]


def test_a_pattern_can_say_what_names_do_not():
    pattern = r"group\d/(?P<exercise>[a-z]+)-(?P<student>\d+)\.ipynb"
    assert collect.identify("group7/neurons-123.ipynb", ["neurons"], pattern=pattern) == ("123", "neurons")
    assert collect.identify("other.ipynb", ["neurons"], pattern=pattern) == ("", "")


def test_collecting_loses_nothing(small_course, tmp_path):
    home, right = small_course
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
    assert by_file["platform/numbers_emil.ipynb"].status == "collected"
    assert "not a notebook" in by_file["chen/numbers.pdf"].detail
    assert "--exercise" in by_file["dora/notes.ipynb"].detail
    assert "damaged archive" in by_file["broken.zip"].detail
    course.note_uncollected(other, results)
    assert course.read_report(other)["chen", "numbers"].status == "not graded"
    submitted = {path.parent.parent.name for path in (other / "submitted").rglob("numbers.ipynb")}
    assert submitted >= {"ada", "boris", "emil", "fay"}
    # the same again changes nothing; another version is kept beside
    assert {r.status for r in collect.collect(other, inbox / "ada/numbers.ipynb", ["numbers"])} == {"not collected"}
    again = collect.collect(other, inbox, course.exercises(other))
    assert {r.file: r.status for r in again}["ada/numbers.ipynb"] == "unchanged"
    submissions.write(older, inbox / "ada/numbers.ipynb")
    collect.collect(other, inbox, course.exercises(other))
    kept = list((other / "earlier/ada/numbers").glob("*.ipynb"))
    assert len(kept) == 1 and notebooks.read(kept[0]).cells[-1].source != "'older'"


def test_what_cannot_be_collected_is_explained(small_course, tmp_path):
    home, _ = small_course
    with pytest.raises(FileNotFoundError, match="no folder"):
        collect.collect(home, tmp_path / "nowhere", ["numbers"])
    with pytest.raises(ValueError, match="no exercise letters .* there are numbers"):
        collect.collect(home, tmp_path, ["numbers"], exercise="letters")
    with pytest.raises(ValueError, match="no group"):
        collect.collect(home, tmp_path, ["numbers"], pattern="(.*)")


# ---- hand-outs ----


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


# ---- restoring, in detail ----


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


def test_formulas_become_mathml_and_code_stays():
    text = feedback.with_mathml("A $x^2$, code `$HOME$`, \\$5, and $$\\frac{1}{2}$$ and $\\unknowncommand{$")
    assert text.count("<math") == 2 and "`$HOME$`" in text and "\\$5" in text and "$\\unknowncommand{$" in text


def test_links_to_neighbors_become_plain_text():
    text = "[chapter](../a.ipynb#b) [web](https://example.org) [here](#c) ![picture](x.png) [mail](mailto:a@b)"
    wanted = "chapter [web](https://example.org) [here](#c) ![picture](x.png) [mail](mailto:a@b)"
    assert feedback.RELATIVE_LINK.sub(r"\1", text) == wanted


# ---- the command line ----


def test_the_command_line_goes_from_a_folder_to_marks(small_course, tmp_path):
    home, right = small_course
    inbox = tmp_path / "inbox"
    submissions.write(right, inbox / "ada_numbers.ipynb")

    def run(*arguments, code=0):
        result = subprocess.run([GRADING, *map(str, arguments)], capture_output=True, text=True, cwd=tmp_path)
        assert result.returncode == code, result.stdout + result.stderr
        return result.stdout + result.stderr

    assert "numbers added" in run("new", "course", "--solutions", home.parent / "solutions")
    assert "nothing added" in run("new", "course", "--solutions", home.parent / "solutions")
    assert "collected: ada, numbers ada_numbers.ipynb" in run("collect", "course", inbox)
    assert "[1/1] ada, numbers: graded" in run("autograde", "course")
    assert "1 pages in" in run("feedback", "course")
    assert "1 rows in course/marks.csv; 1 have answers that a person has still to read" in run("marks", "course")
    assert "is no course" in run("marks", "elsewhere", code=2)
    with open(tmp_path / "course/nbgrader_config.py", "a", encoding="utf-8") as file:
        file.write('\nc.CourseDirectory.db_url = "sqlite:////nowhere/gradebook.db"\n')
    assert "the grade book cannot be reached (see c.CourseDirectory.db_url" in run("marks", "course", code=2)
    assert "holds no exercise" in run("new", "course", "--solutions", tmp_path / "nowhere", code=2)
