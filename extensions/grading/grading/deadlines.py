"""Deadlines, more time for one person, and what coming late costs: entered in nbgrader's grade book."""

import datetime
import math
from pathlib import Path

import dateutil.parser
from nbgrader.api import Gradebook, SubmittedAssignment, SubmittedNotebook
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from traitlets import Float
from traitlets.config import Config

from . import collect, roster, tables

FILE = "deadlines.csv"
COLUMNS = ("exercise", "student", "until")  # without a student: everybody's
NONE = "none"  # instead of a time: no deadline


class LatePolicy(LateSubmissionPlugin):
    """Takes a part of the points for each day that has begun since the deadline."""

    percent_per_day = Float(0, help="Percent of the points reached that a day costs; 0 takes nothing off.").tag(
        config=True
    )
    most_percent = Float(100, help="Percent that coming late costs at most.").tag(config=True)
    grace_minutes = Float(15, help="Minutes after the deadline that cost nothing.").tag(config=True)

    def late_submission_penalty(self, student_id: str, score: float, total_seconds_late: float) -> float | None:
        """Points to take off a `score` for so many seconds after the deadline; None for none."""
        if total_seconds_late <= 60 * self.grace_minutes:
            return None
        days = math.ceil(total_seconds_late / 86400)
        return score * min(self.most_percent, self.percent_per_day * days) / 100 or None


def set_deadline(course: str | Path, exercise: str, until: str, student: str | None = None) -> str:
    """Note when an exercise is due, or for how long one student may hand it in; return the time in words.

    `until` is a time such as "2026-12-01T23:59", of this computer's time zone unless it says another, or `NONE`.
    Raises ValueError if it is not understood, is none for the exercise itself while a student has more time, or the
    roster does not have the student.
    """
    path, student = Path(course, FILE), student or ""
    rows = {(row["exercise"], row["student"]): row for row in tables.read(path)}
    people = roster.load(course).people
    if student and people and student not in people:
        raise ValueError(f"there is no {student} in {roster.FILE}")
    when = None
    if until != NONE:
        try:
            when = dateutil.parser.isoparse(until.replace(" ", "T", 1)).astimezone()
        except ValueError:
            raise ValueError(f"{until!r} is no time; write it like 2026-12-01T23:59, or {NONE}") from None
        if len(until) <= len("2026-12-01"):
            raise ValueError(f"{until} has no hour; write it like {until}T23:59")
    set_before = {key for key, row in rows.items() if row["until"]}
    if student and (exercise, "") not in set_before:
        raise ValueError(f"{exercise} has no deadline yet: set everybody's first")
    if not student and when is None and any(name == exercise and who for name, who in set_before):
        raise ValueError(f"students have their own deadlines for {exercise}: take them out first, with --student")
    text = when.isoformat(" ", "minutes") if when else ""  # the row stays, so that the grade book forgets it, too
    rows[exercise, student] = {"exercise": exercise, "student": student, "until": text}
    tables.write(path, COLUMNS, [rows[key] for key in sorted(rows)])
    return f"{when:%A, %d %B %Y, %H:%M %Z}" if when else NONE


def _naive(when: datetime.datetime) -> datetime.datetime:
    """A time as the grade book has it: UTC, without saying so."""
    return when.astimezone(datetime.UTC).replace(tzinfo=None)


def apply(course: str | Path, book: Gradebook, config: Config) -> dict[tuple[str, str], str]:
    """Enter deadlines, times and penalties in the grade book; return for each late (student, exercise) what it cost.

    `config` is the course's. Points that a person gave since the last call are counted.
    A deadline that is in the grade book but not in deadlines.csv stays there.
    """
    until: dict[tuple[str, str], datetime.datetime | None] = {}
    for row in tables.read(Path(course, FILE)):
        try:
            when = dateutil.parser.isoparse(row["until"].replace(" ", "T", 1)) if row["until"] else None
        except ValueError:
            raise ValueError(f"{Path(course, FILE)}: {row['until']!r} is no time") from None
        until[row["exercise"], row["student"]] = when and _naive(when)
    late_unsaid = set()  # late, says the platform, and not since when
    for row in tables.read(Path(course, collect.HISTORY)):
        if row["status"] in collect.STORED:
            key = row["student"], row["exercise"]
            (late_unsaid.add if row.get("late") and not row.get("handed_in") else late_unsaid.discard)(key)
    step = AssignLatePenalties(config=config)
    step.init_plugin()
    for assignment in book.assignments:
        assignment.duedate = until.get((assignment.name, ""), assignment.duedate)
    costs, query = {}, book.db.query(SubmittedNotebook).filter(SubmittedNotebook.late_submission_penalty.is_not(None))
    penalized = {notebook.assignment_id for notebook in query}
    for submission in book.db.query(SubmittedAssignment).all():
        key = submission.student.id, submission.assignment.name
        due, own = submission.assignment.duedate, until.get(key[::-1])
        if key[::-1] in until or due is None:
            submission.extension = own - due if own and due else None
        _set_time(Path(course, "submitted", *key), submission, key in late_unsaid)
        seconds = submission.total_seconds_late
        for notebook in submission.notebooks if seconds > 0 or submission.id in penalized else []:
            penalty = step.plugin_inst.late_submission_penalty(key[0], notebook.score, seconds) if seconds > 0 else None
            notebook.late_submission_penalty = None if penalty is None else max(0, min(penalty, notebook.score))
        if seconds > 0:
            points = sum(notebook.late_submission_penalty or 0 for notebook in submission.notebooks)
            costs[key] = f"{_duration(seconds)} late: {f'{points:g} points off' if points else 'no points off'}"
    book.db.commit()
    return costs


def _set_time(folder: Path, submission: SubmittedAssignment, late_unsaid: bool) -> None:
    """Enter when a submission came: what stands beside it, else nothing, so that it is not late."""
    stamp = folder / collect.TIMESTAMP
    if stamp.exists():
        submission.timestamp = _naive(dateutil.parser.parse(stamp.read_text(encoding="utf-8")))
    elif late_unsaid and submission.assignment.duedate:
        submission.timestamp = submission.duedate + datetime.timedelta(days=1)  # the least that costs something
    elif folder.exists():
        submission.timestamp = None


def _duration(seconds: float) -> str:
    hours = seconds / 3600
    return (
        f"{hours / 24:.1f} days"
        if hours >= 48
        else f"{hours:.1f} hours"
        if hours >= 2
        else f"{seconds / 60:.0f} minutes"
    )
