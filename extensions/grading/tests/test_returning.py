"""Marks and feedback as Canvas and Moodle take them back, and the pages for the instructor."""

import copy
import csv
import re
import shutil
import zipfile

import pytest
import submissions
from grading import __main__, collect, course, returning, roster, similarity, statistics

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Numbers (7),Week 2 (8),Current Score\n"
    "    Points Possible,,,,,10,5,(read only)\n"
    '"Lovelace, Ada",12,ada,alovelace@example.org,A,,4,80\n'
    '"Müller, Ödön",13,oed,o@example.org,B,1,,\n'
    '"Evil, <script>alert(1)</script>",14,evil,e@example.org,B,2,,\n'
    '"Nobody, Ned",15,ned,n@example.org,B,3,,\n'
    '"Student, Test",99,,,A,9,,\n'
)
MOODLE = (
    "Identifier,Full name,ID number,Email address,Status,Grade,Maximum grade,Last modified (submission),"
    "Last modified (grade),Feedback comments\n"
    'Participant 501,Ada Lovelace,ada,,Submitted,,10.00,"Thursday, 26 November 2026, 11:58 PM",-,\n'
    'Participant 502,Ödön Müller,oed,,Submitted,1.00,10.00,-,"Friday, 27 November 2026, 9:00 AM",by hand\n'
    "Participant 503,Ned_Nobody,ned,,No submission,,10.00,-,-,\n"
)
POINTS = {
    "ada": {"mean-check": 3, "distance-check": 4, "why": None},
    "oed": {"mean-check": 0, "distance-check": 4, "why": 2},
    "evil": {"mean-check": 0, "distance-check": 0, "why": 1},
}


@pytest.fixture(scope="module")
def home(empty_course, right_answer, tmp_path_factory):
    """A course of four people as Canvas exports them, three of whom handed in."""
    home = tmp_path_factory.mktemp("returning") / "course"
    shutil.copytree(empty_course, home)
    (home / "canvas.csv").write_text(CANVAS, encoding="utf-8-sig")
    (home / "moodle.csv").write_text(MOODLE, encoding="utf-8")
    roster.replace(home, home / "canvas.csv")
    for name in ("lovelaceada_12_801_numbers-1", "müllerödön_LATE_13_802_numbers", "evil_14_803_numbers"):
        notebook = copy.deepcopy(right_answer)
        if "evil" in name:
            script = "# </pre><script>alert(2)</script>"
            own = f"def mean(first, second):\n    {script}\n    both = first + second\n    return both / 2"
            submissions.cell_of(notebook, "mean").source = own
            submissions.cell_of(notebook, "distance").source = "def distance(u, v):\n    return (u - v) ** 2"
            submissions.cell_of(notebook, "why").source = "I do not know, and nobody told me what a triangle is."
        submissions.write(notebook, home / "inbox" / f"{name}.ipynb")
    collect.collect(home, home / "inbox", ["numbers"])
    submissions.enter_points(home, "numbers", POINTS)
    for student in POINTS:
        page = home / f"feedback/{student}/numbers/numbers.html"
        page.parent.mkdir(parents=True)
        page.write_text(student)
    return home


def _table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_canvas_gets_its_export_back(home, capsys):
    assert __main__.main(["return", str(home), str(home / "canvas.csv")]) == 0
    told = capsys.readouterr().out
    assert "1 handed in nothing" in told and "1 have answers that a person has still to read: ada" in told
    table = _table(home / "returned/canvas-grades.csv")
    assert table[0] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "Numbers (7)"]
    assert table[1][0] == "    Points Possible" and table[1][5] == "10"
    # who handed in nothing, and Canvas' test student, keep what they have
    assert [row[5] for row in table[2:]] == ["7", "6", "1", "3", "9"]
    assert table[2][0] == "Lovelace, Ada"
    # Canvas finds submissions by the first two numbers between underscores, and attachments by the second
    with zipfile.ZipFile(home / "returned/canvas-numbers-feedback.zip") as archive:
        found = {tuple(re.findall(r"(?<=_)\d+(?=_)", name)): archive.read(name).decode() for name in archive.namelist()}
    assert found == {("12", "801"): "ada", ("13", "802"): "oed", ("14", "803"): "evil"}


def test_moodle_gets_its_worksheet_back(home):
    lines = returning.write(home, home / "moodle.csv", "numbers")
    assert any("1 are not in this table: evil" in line for line in lines)
    before, after = _table(home / "moodle.csv"), _table(home / "returned/moodle-numbers-grades.csv")
    assert [row[5] for row in after] == ["Grade", "7", "6", ""]
    assert after[1][9].startswith("7 of 10 points; a person has still to read a part") and after[2][9] == "by hand"
    changed = {(r, c) for r, row in enumerate(after) for c, cell in enumerate(row) if cell != before[r][c]}
    assert changed == {(1, 5), (1, 9), (2, 5)}  # identifiers and times are as they were
    # Moodle splits a folder's name at underscores: name, number, type and name of the plugin
    with zipfile.ZipFile(home / "returned/moodle-numbers-feedback.zip") as archive:
        for name in archive.namelist():
            person, number, kind, plugin, rest = name.split("_", 4)
            assert (kind, plugin, rest) == ("assignsubmission", "file", "/numbers.html")
            assert {"501": "ada", "502": "oed"}[number] == archive.read(name).decode() and person
    # the worksheet with our own comment is filled in anew
    returning.write(home, home / "returned/moodle-numbers-grades.csv", "numbers")
    assert _table(home / "returned/moodle-numbers-grades.csv") == after


WRONG = {
    "needs the exercise": (MOODLE, None, None, "say which, --exercise"),
    "another maximum": (MOODLE.replace("10.00", "100.00"), "numbers", None, "has 10 points, and in Moodle 100"),
    "another language": (MOODLE.replace("Grade,", "Note,"), "numbers", None, "no column Grade"),
    "Canvas' maximum": (CANVAS.replace(",10,5", ",20,5"), None, None, "has 10 points, and in Canvas 20"),
    "no such column": (
        CANVAS.replace("Numbers (7)", "Homework 1 (7)"),
        None,
        None,
        "called like numbers .* Homework 1",
    ),
    "two columns": (CANVAS.replace("Week 2", "Numbers again"), None, None, "can both be numbers"),
    "not a column": (CANVAS, "numbers", "Week 3", "one of Numbers"),
    "something else": ("a,b\n1,2\n", "numbers", None, "neither an export"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_cannot_be_returned_is_explained(home, tmp_path, kind):
    text, exercise, heading, words = WRONG[kind]
    (tmp_path / "export.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=words):
        returning.write(home, tmp_path / "export.csv", exercise, heading)


def test_a_column_of_another_name_can_be_given(home, tmp_path):
    (tmp_path / "export.csv").write_text(CANVAS.replace("Numbers (7)", "Homework 1 (7)"), encoding="utf-8")
    returning.write(home, tmp_path / "export.csv", "numbers", "Homework 1 (7)")
    assert _table(home / "returned/canvas-grades.csv")[2][5] == "7"


def _looked_at(browser, path, width):
    """The page in a browser: nothing is asked for, no script runs, nothing is wider than the screen."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    asked, said = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message) or dialog.dismiss())
    page.goto(path.as_uri())
    fits = page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    text = page.inner_text("body")
    page.close()
    assert (asked, said, fits) == ([path.as_uri()], [], True)
    return text


@pytest.mark.parametrize("width", [1200, 360])
def test_statistics_say_how_an_exercise_went(home, browser, width):
    text = _looked_at(browser, statistics.write(home), width)
    assert "3 of 4 handed in, 3 were graded. Mean 4.67, median 6 of 10 points, not counting answers" in text
    assert "2 × mean-check gives" in text and "Handed in nothing\n\nned" in text
    assert "1 student, 3 points: ada (3)" in text
    assert text.index("mean-check") < text.index("distance-check")  # the hardest first


def test_statistics_escape_what_students_wrote_and_group_what_differs_in_values(home):
    words = ["the mean is 1.5, not 3.0", "the mean is 1.5, not -2e+3", "the mean is 1.5, not 3.0", "no mean"]
    assert statistics._most_frequent(words) == [(3, "the mean is 1.5, not 3.0"), (1, "no mean")]
    html = statistics.environment().get_template("statistics.html.j2").render(course="<b>", exercises=[])
    assert "&lt;b&gt;" in html and "<b>" not in html


@pytest.mark.parametrize("width", [1200, 360])
def test_similar_work_is_found_without_the_hand_out(home, browser, width):
    path, pairs = similarity.write(home, "numbers")
    # two handed in the same; the third wrote the mean in other words
    assert [(pair.students, pair.kind) for pair in pairs if min(pair.percent) == 100] == [(("ada", "oed"), "code")]
    assert not any("evil" in pair.students for pair in pairs)
    assert "ada and oed, code: 100 % and 100 %" in _looked_at(browser, path, width)
    path, pairs = similarity.write(home, "numbers", 0)
    assert any("evil" in pair.students for pair in pairs)
    _looked_at(browser, path, width)
    assert "&lt;script&gt;alert(2)" in path.read_text() and "<script" not in path.read_text()


def test_renamed_copies_are_similar_and_the_hand_out_is_not(home, right_answer, tmp_path):
    other = tmp_path / "course"
    shutil.copytree(home, other, ignore=shutil.ignore_patterns("submitted"))
    renamed = copy.deepcopy(right_answer)
    cell = submissions.cell_of(renamed, "distance")
    cell.source = "# mine\n" + re.sub(r"\ba\b", "first", cell.source).replace("distance", "distance")
    for student, notebook in (("ada", right_answer), ("oed", renamed)):
        submissions.write(notebook, other / f"submitted/{student}/numbers/numbers.ipynb")
    submissions.write(
        course.notebooks.read(other / "release/numbers/numbers.ipynb"), other / "submitted/evil/numbers/numbers.ipynb"
    )
    _, pairs = similarity.write(other, "numbers", 1)
    assert [(pair.students, pair.kind) for pair in pairs] == [(("ada", "oed"), "code")]
    assert min(pairs[0].percent) > 95
    with pytest.raises(ValueError, match="nothing to compare"):
        shutil.rmtree(other / "submitted/oed")
        shutil.rmtree(other / "submitted/evil")
        similarity.write(other, "numbers")
