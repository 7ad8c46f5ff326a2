"""Take out of a course what was taken in by mistake."""

import shutil
from pathlib import Path

from nbgrader.api import SubmittedAssignment

from . import collect, course, notebooks, tables


def remove(folder: str | Path, student: str, exercise: str | None = None) -> list[str]:
    """Take a student's submissions, or that of one exercise, out of the course in `folder`; say in lines what was done.

    The files stay in earlier/. The grade book, the reports, autograded/ and feedback/ forget them, points that a person
    gave included. Who is in the roster stays there.
    Raises ValueError if there is nothing of this student, or no such exercise.
    """
    home = Path(folder).resolve()
    notebooks.check_exercise(exercise, course.exercises(home))
    report = course.read_report(home)
    with course.grade_book(home) as book:
        rows = [row for row in book.db.query(SubmittedAssignment).all() if row.student.id == student]
        entered = {row.assignment.name for row in rows}
        found = entered | {name for id, name in report if id == student}
        found |= {name for id, name in course.submissions(home) if id == student}
        names = sorted(found if exercise is None else found & {exercise})
        if not names:
            raise ValueError(f"there is nothing of {student}{exercise and f' for {exercise}' or ''} in {folder}")
        done = []
        for name in names:
            kept = collect.keep(home, student, name)
            files = (
                f"{len(kept)} {'file is' if len(kept) == 1 else 'files are'} now in {home / 'earlier' / student / name}"
            )
            done.append(f"{student}, {name}: {files}")
            if name in entered:
                book.remove_submission(name, student)
                done[-1] += "; its points are taken out of the grade book"
            report.pop((student, name), None)
            for made in ("submitted", "autograded", "feedback"):
                shutil.rmtree(home / made / student / name, ignore_errors=True)
                if (home / made / student).is_dir() and not any((home / made / student).iterdir()):
                    (home / made / student).rmdir()
        if found == set(names) and any(known.id == student for known in book.students):
            book.remove_student(student)
            done.append(f"{student} is taken out of the grade book")
    course.write_report(home, report)
    history = tables.read(home / collect.HISTORY)
    gone = [row for row in history if row["student"] == student and row["exercise"] in names]
    for row in gone:  # another of this name may come now
        row["status"] = "removed" if row["status"] in collect.STORED else row["status"]
    if gone:
        tables.write(home / collect.HISTORY, list(history[0]), history)
    if (home / "marks.csv").exists():
        course.marks(home)
    return done
