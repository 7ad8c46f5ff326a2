"""What a person has read stays read when a submission is graded again."""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from nbgrader.api import Grade, Gradebook, MissingEntry

from . import notebooks


@contextlib.contextmanager
def kept(open_book: Callable[[], AbstractContextManager[Gradebook]], path: Path) -> Iterator[None]:
    """Grade a submission within this block: answers that a person has read wait for nobody, unless they changed.

    nbgrader asks for each of them to be read again, also if only a check was corrected. `path` is that of the graded
    notebook, autograded/STUDENT/EXERCISE/EXERCISE.ipynb.
    """
    student, exercise = path.parts[-3:-1]
    before = _written(path)
    with open_book() as book:
        read = {grade.id for grade in _grades(book, student, exercise) if _is_read(grade)} if before else set()
    yield
    if read and _written(path) == before:
        with open_book() as book:
            for grade in _grades(book, student, exercise):
                if grade.id in read:
                    grade.needs_manual_grade = False
            book.db.commit()


def _written(path: Path) -> list[str]:
    """What the student wrote into the cells of tasks and answers; empty if it was not graded."""
    if not path.exists():
        return []
    cells = notebooks.read(path).cells
    return [cell.source for cell in cells if notebooks.role(cell) in ("task", "answer")]


def _is_read(grade: Grade) -> bool:
    return grade.manual_score is not None and not grade.needs_manual_grade


def _grades(book: Gradebook, student: str, exercise: str) -> list[Grade]:
    try:
        submission = book.find_submission(exercise, student)
    except MissingEntry:
        return []
    return [grade for notebook in submission.notebooks for grade in notebook.grades]
