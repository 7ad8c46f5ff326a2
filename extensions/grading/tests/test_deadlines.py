"""Deadlines, more time for one person, penalties, and that reading is not asked for twice."""

import functools
import os
import shutil

import pytest
import submissions
from grading import __main__, collect, course, deadlines, notebooks, reading, tables

ALL = {"mean-check": 3, "distance-check": 4, "why": None}


@pytest.fixture(scope="module")
def home(empty_course, right_answer, tmp_path_factory):
    """A course with a roster and the work of four students who have all of the machine's points."""
    home = tmp_path_factory.mktemp("deadlines") / "course"
    shutil.copytree(empty_course, home)
    ids = ["ada", "boris", "chen", "dora"]
    (home / "people.csv").write_text("id,name\n" + "".join(f"{id},{id}\n" for id in ids))
    assert __main__.main(["roster", str(home), str(home / "people.csv")]) == 0
    config = home / "nbgrader_config.py"
    config.write_text(config.read_text().replace("percent_per_day = 0", "percent_per_day = 10"))
    names = [
        "Numbers_ada_attempt_2026-12-01-23-50-00_x.ipynb",
        "Numbers_boris_attempt_2026-12-03-01-00-00_x.ipynb",
        "chen_LATE_3_4_x.ipynb",  # Canvas does not say since when
        "dora_numbers.ipynb",  # and nobody knows when this came
    ]
    for name in names:
        submissions.write(right_answer, home / "inbox" / name)
    results = collect.collect(home, home / "inbox", ["numbers"], "numbers")
    assert [r.student for r in sorted(results, key=lambda r: r.student)] == ids
    submissions.enter_points(home, "numbers", dict.fromkeys(ids, ALL))
    return home


def _points(home):
    return {row["student"]: (row["points"], row["penalty"]) for row in course.marks(home)}


def test_deadlines_count_also_when_they_come_later(home):
    assert set(_points(home).values()) == {(7, 0)}
    assert deadlines.set_deadline(home, "numbers", "2026-12-01T23:59").startswith("Tuesday, 01 December 2026, 23:59")
    # boris is two days late, since the second has begun; of chen we know that it is one at least
    assert _points(home) == {"ada": (7, 0), "boris": (5.6, 1.4), "chen": (6.3, 0.7), "dora": (7, 0)}
    report = {row["student"]: row["late"] for row in tables.read(home / "report.csv")}
    assert report == {
        "ada": "",
        "boris": "25.0 hours late: 1.4 points off",
        "chen": "24.0 hours late: 0.7 points off",
        "dora": "",
    }
    deadlines.set_deadline(home, "numbers", "2026-12-02 12:00", "boris")
    assert _points(home)["boris"] == (6.3, 0.7)
    course.write_feedback(home, jobs=1, say=lambda line: None)
    page = (home / "feedback/boris/numbers/numbers.html").read_text(encoding="utf-8")
    assert "6.3 of 10 points" in page and "0.7 points were taken off because it was late" in page
    deadlines.set_deadline(home, "numbers", deadlines.NONE, "boris")
    assert _points(home)["boris"] == (5.6, 1.4)
    deadlines.set_deadline(home, "numbers", deadlines.NONE)
    assert set(_points(home).values()) == {(7, 0)}


def test_the_penalty_counts_points_that_a_person_gave(home):
    deadlines.set_deadline(home, "numbers", "2026-12-01T23:59")
    _read(home, "boris", 3)
    assert _points(home)["boris"] == (8, 2)
    assert __main__.main(["deadline", str(home), "numbers", "none"]) == 0
    assert _points(home)["boris"] == (10, 0)


def _read(home, student, points):
    with course.grade_book(home) as book:
        grade = book.find_grade("why", "numbers", "numbers", student)
        grade.manual_score, grade.needs_manual_grade = points, False
        book.db.commit()


def test_what_was_read_stays_read_unless_the_answer_changed(home):
    def waiting():
        return {row["student"]: row["to_read"] for row in course.marks(home)}

    book = functools.partial(course.grade_book, home)
    for student in ("ada", "chen"):
        _read(home, student, 2)
    assert (waiting()["ada"], waiting()["chen"]) == (0, 0)
    # the instructor corrects a check and grades again
    shutil.copytree(home / "submitted", home / "aside")
    for student in ("boris", "chen", "dora"):
        shutil.rmtree(home / "submitted" / student)
    course.grade(home, again=True, jobs=1, say=lambda line: None)
    shutil.rmtree(home / "submitted")
    (home / "aside").rename(home / "submitted")
    assert waiting()["ada"] == 0 and _points(home)["ada"] == (9, 0)
    # as nbgrader grades a version with another answer
    path = home / "autograded/chen/numbers/numbers.ipynb"
    with reading.kept(book, path):
        path.chmod(0o644)
        changed = notebooks.read(path)
        submissions.cell_of(changed, "why").source = "Because of something else."
        submissions.write(changed, path)
        with book() as opened:
            opened.find_grade("why", "numbers", "numbers", "chen").needs_manual_grade = True
            opened.db.commit()
    assert (waiting()["chen"], waiting()["dora"]) == (3, 3)


def test_a_time_alone_grades_nothing_again(home):
    (home / "submitted/dora/numbers/timestamp.txt").write_text("2026-12-01 12:00:00 UTC")
    said = []
    course.grade(home, jobs=1, say=said.append)
    assert said == []


WRONG = {
    ("numbers", "tomorrow"): "is no time",
    ("numbers", "2026-12-01"): "no hour",
    ("nubmers", "2026-12-01T23:59"): "did you mean numbers",
    ("numbers", "2026-12-01T23:59", "--student", "emil"): "there is no emil",
    ("numbers", "2026-12-09T23:59", "--student", "ada"): "set everybody's first",
}


@pytest.mark.parametrize("arguments", WRONG)
def test_what_is_no_deadline_is_explained(home, capsys, arguments):
    deadlines.set_deadline(home, "numbers", deadlines.NONE)
    assert __main__.main(["deadline", str(home), *arguments]) == 2
    assert WRONG[arguments] in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "points"), [(0, None), (899, None), (901, 1), (86400, 1), (86401, 2), (1e9, 5)])
def test_the_policy_takes_off_what_it_says(seconds, points):
    policy = deadlines.LatePolicy(percent_per_day=10, most_percent=50)
    assert policy.late_submission_penalty("ada", 10, seconds) == points


def test_files_dates_count_if_the_instructor_says_so(tmp_path):
    path = tmp_path / "inbox/ada/numbers.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text("work")
    os.utime(path, (1_800_000_000, 1_800_000_000))
    for options, stamps in (({}, []), ({"file_dates": True}, ["2027-01-15 08:00:00 UTC"])):
        collect.collect(tmp_path, tmp_path / "inbox", ["numbers"], **options)
        assert [stamp.read_text() for stamp in tmp_path.rglob("timestamp.txt")] == stamps
