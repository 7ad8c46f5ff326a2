"""Grading from hand-out to marks, with every way in which we have seen a submission go wrong."""

import copy
import csv
import html
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import nbgrader
import pytest
import submissions
from grading import course, notebooks, sandbox, settings
from nbconvert.exporters import HTMLExporter

GRADING = [sys.executable, "-m", "grading"]
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
        paths = [str(home / "source/numbers/numbers.ipynb"), str(Path(__file__).resolve()), str(home / "gradebook.db")]
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
    assert len(handed_in) >= 65
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
        assert "opposite numbers" not in text, f"{path} shows a hidden test that was not even reached"
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


def _formgrader_s_page(home, name):
    """The page of a submission as nbgrader's formgrader makes it from the course's settings."""
    config = settings.load(home)
    config.HTMLExporter.template_name = "formgrade"
    config.HTMLExporter.extra_template_basedirs = [
        str(Path(nbgrader.__file__).parent / "server_extensions/formgrader/templates")
    ]
    path = home / "autograded" / name / "numbers/numbers.ipynb"
    resources = {"base_url": "/base", "notebook_id": "numbers", "submission_id": "1", "index": 0, "total": 1}
    return HTMLExporter(config=config).from_filename(str(path), resources=resources)[0]


@pytest.mark.parametrize("name", ["script", "right", "forged-markup", "links-and-pictures", "macros", "brackets"])
def test_the_formgrader_runs_no_stranger_s_script_and_asks_no_other_host(graded, browser, name):
    markup, asked, alerts = _formgrader_s_page(graded[0], name), [], []
    page = browser.new_page()

    def answer(route):
        asked.append(route.request.url)
        first = route.request.url == "http://grader.test/"
        route.fulfill(body=markup if first else "", content_type="text/html" if first else "text/plain")

    page.route("**/*", answer)
    page.on("dialog", lambda dialog: alerts.append(dialog.message) or dialog.dismiss())
    page.goto("http://grader.test/")
    assert not alerts
    assert asked[0] == "http://grader.test/" and all(url.startswith("http://grader.test/base/") for url in asked[1:])
    links = page.locator("#notebook a[href]").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert all(link.startswith(("http://", "https://", "mailto:", "#")) for link in links)
    assert page.locator("#notebook script").count() == 0
    assert page.locator("#notebook mfrac").count() >= 1, "formulas are shown without a script, whatever others define"
    if name == "script":
        assert page.locator("#notebook b", has_text="bold").count() == 1
    page.close()


def test_pages_stay_small_and_their_own(graded):
    home, _, report = graded
    for name in report:
        path = home / "feedback" / name / "numbers/numbers.html"
        assert path.stat().st_size < 3e6, name
    for name in ("right", "macros"):
        page = (home / f"feedback/{name}/numbers/numbers.html").read_text(encoding="utf-8")
        assert "<mfrac>" in page and "Because." in page


def test_nothing_of_a_submission_stays_on_the_disk(graded):
    left = [path for path in Path(tempfile.gettempdir()).glob("exercise-*/deep")]
    assert graded[2]["files-beside-the-sockets"].status == "not graded" and not left


def test_right_answers_are_not_conspicuous_and_others_wait_for_a_look(graded):
    _, _, report = graded
    for name in ("right", "untouched", "warnings", "colab", "shadowed-names", "macros", "endless-loop"):
        assert "look at its code" not in report[name].detail, report[name].detail
    for name in ("traced", "always-equal", "patched-builtins"):
        assert report[name].detail.startswith("Please look at its code: ")


def test_the_page_names_a_package_that_is_missing(graded):
    page = (graded[0] / "feedback/import-error/numbers/numbers.html").read_text(encoding="utf-8")
    assert "No module named 'a_package_that_nobody_has'" in html.unescape(page.split("</table>")[0])


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


# ---- the command line ----


def test_the_command_line_goes_from_a_folder_to_marks(small_course, tmp_path):
    home, right = small_course
    inbox = tmp_path / "inbox"
    submissions.write(right, inbox / "ada_numbers.ipynb")

    def run(*arguments, code=0):
        result = subprocess.run([*GRADING, *map(str, arguments)], capture_output=True, text=True, cwd=tmp_path)
        assert result.returncode == code, result.stdout + result.stderr
        return result.stdout + result.stderr

    assert "numbers added" in run("new", "course", "--solutions", home.parent / "solutions")
    assert "nothing added" in run("new", "course", "--solutions", home.parent / "solutions")
    assert "collected: ada, numbers ada_numbers.ipynb" in run("collect", "course", inbox)
    assert "[1/1] ada, numbers: graded" in run("autograde", "course")
    assert "1 pages in" in run("feedback", "course")
    assert "1 rows in course/marks.csv; 1 have answers that a person has still to read" in run("marks", "course")
    assert "is no course" in run("marks", "elsewhere", code=2)
    assert "is no course" in run("roster", "elsewhere", "people.csv", code=2)
    assert not (tmp_path / "elsewhere").exists()
    with open(tmp_path / "course/nbgrader_config.py", "a", encoding="utf-8") as file:
        file.write('\nc.CourseDirectory.db_url = "sqlite:////nowhere/gradebook.db"\n')
    assert "the grade book cannot be reached (see c.CourseDirectory.db_url" in run("marks", "course", code=2)
    assert "holds no exercise" in run("new", "course", "--solutions", tmp_path / "nowhere", code=2)
