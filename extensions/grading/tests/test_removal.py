"""Taking out a student who was taken in by mistake."""

import shutil

import pytest
import submissions
from grading import __main__, collect, course, tables


@pytest.fixture
def home(empty_course, tmp_path):
    """A course with two students, one of them with two exercises, not graded yet."""
    folder = tmp_path
    shutil.copytree(empty_course, folder / "course")
    submissions.write(submissions.small_exercise(), folder / "solutions/letters/letters.ipynb")
    course.new(folder / "course", folder / "solutions")
    for path in ("adaa/numbers.ipynb", "adaa/letters.ipynb", "boris/numbers.ipynb"):
        target = folder / "inbox" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path)
    results = collect.collect(folder / "course", folder / "inbox", course.exercises(folder / "course"))
    assert {r.status for r in results} == {"collected"}
    return folder / "course"


def test_a_student_is_removed_and_others_stay(home, capsys):
    outcomes = course.grade(home, jobs=1, say=lambda line: None)
    assert {o.status for o in outcomes} == {"not graded"}  # these are no notebooks
    course.write_feedback(home, jobs=1, say=lambda line: None)
    assert len(course.marks(home)) == 3
    with pytest.raises(ValueError, match="nothing of ada in"):
        __main__.removal.remove(home, "ada")
    with pytest.raises(ValueError, match="did you mean letters"):
        __main__.removal.remove(home, "adaa", "leters")
    assert __main__.main(["remove", str(home), "adaa", "--exercise", "letters"]) == 0
    assert "1 file is now in" in capsys.readouterr().out
    assert [(r["student"], r["exercise"]) for r in course.marks(home)] == [("adaa", "numbers"), ("boris", "numbers")]
    assert __main__.main(["remove", str(home), "adaa"]) == 0
    assert "taken out of the grade book" in capsys.readouterr().out
    assert [row["student"] for row in tables.read(home / "marks.csv")] == ["boris"]
    assert [row["student"] for row in tables.read(home / "report.csv")] == ["boris"]
    left = {path.relative_to(home).parts[0] for path in home.rglob("*adaa*")}
    assert left == {"earlier"}
    assert sorted(path.read_text() for path in (home / "earlier/adaa").rglob("*.ipynb")) == [
        "adaa/letters.ipynb",
        "adaa/numbers.ipynb",
    ]
    with course.grade_book(home) as book:
        assert [student.id for student in book.students] == ["boris"]
    again = collect.collect(home, home.parent / "inbox", course.exercises(home))
    assert {r.file: r.status for r in again}["adaa/numbers.ipynb"] == "collected"
