"""The grade book on a real PostgreSQL server gives the marks that the file gives. Run by `make test-postgres`."""

import copy
import csv
import shutil

import pytest
import submissions
from grading import course, notebooks
from nbgrader.api import Gradebook


def _grade(folder, address=None):
    """Grade three students in a new course and return the rows of marks.csv."""
    submissions.write(submissions.small_exercise(), folder / "solutions/numbers/numbers.ipynb")
    home = folder / "course"
    course.new(home, folder / "solutions")
    if address:
        path = home / "nbgrader_config.py"
        lines = path.read_text(encoding="utf-8").splitlines()
        lines = [line for line in lines if not line.startswith("c.CourseDirectory.db_url")]
        path.write_text("\n".join([*lines, f"c.CourseDirectory.db_url = {address!r}"]), encoding="utf-8")
    released = notebooks.read(home / "release/numbers/numbers.ipynb")
    right = submissions.solved(notebooks.read(home / "source/numbers/numbers.ipynb"), released)
    wrong = copy.deepcopy(right)
    submissions.with_mean("def mean(a, b):\n    return a")(wrong)
    for student, notebook in {"ada": right, "boris": wrong, "chen": released}.items():
        submissions.write(notebook, home / "submitted" / student / "numbers/numbers.ipynb")
    course.grade(home, say=lambda line: None)
    course.marks(home)
    with open(home / "marks.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def graded(database, tmp_path_factory):
    """A folder whose course has been graded into the server, and the rows of its marks.csv."""
    folder = tmp_path_factory.mktemp("server")
    return folder, _grade(folder, database)


def test_the_marks_are_the_same_as_from_a_file(graded, tmp_path):
    folder, rows = graded
    with Gradebook(f"sqlite:///{folder / 'course/gradebook.db'}") as unused:
        assert not unused.students, "what was graded went to the server alone"
    assert [float(row["points"]) for row in rows] == [7, 4, 0]
    assert rows == _grade(tmp_path)


def test_two_computers_can_grade_into_one_book(graded, tmp_path):
    """A second course folder with the same address sees what the first has entered."""
    home = graded[0] / "course"
    for name in ("source", "release"):
        shutil.copytree(home / name, tmp_path / name)
    shutil.copyfile(home / "nbgrader_config.py", tmp_path / "nbgrader_config.py")
    rows = course.marks(tmp_path)
    assert {row["student"]: row["points"] for row in rows} == {"ada": 7, "boris": 4, "chen": 0}
    assert {row["status"] for row in rows} == {"graded elsewhere"}
