"""The command `grading`: a course from its exercises to the marks."""

import argparse
import collections
import sys
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.exc import OperationalError

from . import (
    cluster,
    collect,
    course,
    deadlines,
    handout,
    notebooks,
    removal,
    returning,
    roster,
    sandbox,
    settings,
    statistics,
)  # fmt: skip

PATTERN_NAMES = ", ".join(collect.PATTERNS)
# what a user can put right; the message says how
EXPLAINED = (
    FileNotFoundError, ValueError, sandbox.Unprotected, notebooks.Damaged, handout.BadSolution, cluster.ClusterFailed,
)  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser("grading", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)

    def add(name: str, text: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        if name != "handouts":
            command.add_argument("course", type=Path, help="the folder of the course")
        return command

    make = add("handouts", "make the students' notebooks from the instructor's")
    make.add_argument("solutions", type=Path)
    make.add_argument("exercises", type=Path)
    new = add("new", "make a course, or add to it the exercises that it does not have")
    new.add_argument("--solutions", type=Path, default=Path("solutions"), help="(default: solutions)")
    fetch = add("collect", "copy submissions from a folder or ZIP archive of a learning platform into the course")
    fetch.add_argument("folder", type=Path)
    fetch.add_argument("--pattern", help=f"how paths name students: {PATTERN_NAMES}, or a regular expression")
    fetch.add_argument(
        "--worksheet", type=Path, help="Moodle's grading worksheet: whose its numbers are, and when they came"
    )
    fetch.add_argument("--file-dates", action="store_true", help="a file's date is when it was handed in (deadlines)")
    people = add("roster", "say who is in the course: a table with id and name, or an export of Canvas or Moodle")
    people.add_argument("table", type=Path)
    whose = add("assign", "say whose the files are that name nobody of the roster; then collect again")
    whose.add_argument("written", help="the name, as collect or assigned.csv says it")
    whose.add_argument("id", help=f"the person in roster.csv, or {roster.NOBODY} to leave the files out")
    due = add("deadline", "say when an exercise is due, or how long one student may hand it in")
    due.add_argument("exercise")
    due.add_argument("until", help=f"such as 2026-12-01T23:59, in this computer's time zone, or {deadlines.NONE}")
    due.add_argument("--student", help="the id of the one whom it is for")
    gone = add("remove", "take out a student who was taken in by mistake, or one exercise; files stay in earlier/")
    gone.add_argument("student")
    grade = add("autograde", "run the submissions that are new or changed and give the points that a machine can give")
    grade.add_argument("--again", action="store_true", help="also those that are graded already")
    returned = add("feedback", "write a page for each student")
    add("marks", "write marks.csv and marks-by-task.csv")
    back = add("return", "write grades and feedback as Canvas or Moodle takes them back")
    back.add_argument("export", type=Path, help="Canvas' exported grades, or Moodle's grading worksheet")
    back.add_argument("--column", help="the exercise's column in Canvas' export, if it has another name")
    add("statistics", "write a page on how the exercises went")
    alike = add("similarity", "write a page with the submissions of an exercise that are alike")
    alike.add_argument("exercise")
    alike.add_argument("--at-least", type=float, default=50, metavar="PERCENT", help="how much alike (default: 50)")
    for command in (fetch, gone, grade, returned, back):
        command.add_argument("--exercise", help="this one only")
    where = grade.add_mutually_exclusive_group()
    where.add_argument("--cluster", metavar="ADDRESS", help="on a Dask cluster, by the address of its scheduler")
    for add_argument in (where.add_argument, returned.add_argument):
        add_argument("--jobs", type=int, help="how many at once (default: one for each core)")
    return top


def run(options: argparse.Namespace) -> None:
    """Do what the command line says and print what came out."""
    if options.command not in ("handouts", "new"):
        settings.load(options.course)  # a path that is mistyped shall not become a folder
    if options.command == "handouts":
        names = handout.make(options.solutions, options.exercises)
        print(f"{len(names)} hand-outs in {options.exercises}: {', '.join(names)}")
    elif options.command == "new":
        added = course.new(options.course, options.solutions)
        what = ", ".join(added) or "nothing"
        print(f"{options.course}: {what} added; the hand-outs are in {options.course / 'release'}")
    elif options.command == "collect":
        results = collect.collect(
            options.course,
            options.folder,
            course.exercises(options.course),
            options.exercise,
            options.pattern,
            options.worksheet,
            options.file_dates,
        )
        for result in results:
            who = f" {result.student}, {result.exercise}" if result.status in ("collected", "unchanged") else ""
            print(f"{result.status}:{who} {result.file}{result.detail and ' (' + result.detail + ')'}")
        print(_count(result.status for result in results))
        if any("grading assign" in result.detail for result in results):
            print(
                f"Whose files wait stands also in {options.course / roster.ASSIGNED}: enter ids there, or assign them."
            )
        course.note_uncollected(options.course, results)
    elif options.command == "roster":
        change = roster.replace(options.course, options.table)
        changes = (
            f"{len(change.added)} new, {len(change.gone)} gone{': ' if change.gone else ''}{', '.join(change.gone)}"
        )
        print(f"{change.total} people in {options.course / roster.FILE}; {changes}")
    elif options.command == "assign":
        roster.assign(options.course, options.written, options.id)
        print(f"{options.written} is {options.id}; collect again")
    elif options.command == "deadline":
        notebooks.check_exercise(options.exercise, course.exercises(options.course))
        when = deadlines.set_deadline(options.course, options.exercise, options.until, options.student)
        late = sum(
            key[1] == options.exercise and bool(o.late) for key, o in course.apply_deadlines(options.course).items()
        )
        print(f"{options.exercise}, {options.student or 'everybody'}: {when}; {late} of those handed in are late")
    elif options.command == "remove":
        for line in removal.remove(options.course, options.student, options.exercise):
            print(line)
    elif options.command == "autograde":
        outcomes = course.grade(options.course, options.exercise, options.again, options.jobs, _say, options.cluster)
        print(f"{_count(outcome.status for outcome in outcomes)}; see {options.course / 'report.csv'}")
    elif options.command == "feedback":
        paths = course.write_feedback(options.course, options.exercise, options.jobs)
        print(f"{len(paths)} pages in {options.course / 'feedback'}")
    elif options.command == "return":
        for line in returning.write(options.course, options.export, options.exercise, options.column):
            print(line)
    elif options.command == "statistics":
        print(statistics.write(options.course))
    elif options.command == "similarity":
        from . import similarity  # which loads much that no other command needs

        path, pairs = similarity.write(options.course, options.exercise, options.at_least)
        print(f"{path}: {len(pairs)} pairs")
    elif options.command == "marks":
        rows = course.marks(options.course)
        to_read = sum(row["to_read"] > 0 for row in rows)
        waiting = f"; {to_read} have answers that a person has still to read" if to_read else ""
        print(f"{len(rows)} rows in {options.course / 'marks.csv'}{waiting}")


def _say(line: str) -> None:
    """Print a line at once, also where the output goes to a file."""
    print(line, flush=True)


def _count(words: Iterable[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in collections.Counter(words).most_common()) or "nothing found"


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; what a user can put right is said in one paragraph, with exit status 2."""
    options = parser().parse_args(arguments)
    try:
        run(options)
    except EXPLAINED as error:
        print(f"grading: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("grading: stopped; what was finished is kept, and the same command does the rest", file=sys.stderr)
        return 130
    except OperationalError as error:
        where = "see c.CourseDirectory.db_url in nbgrader_config.py"
        print(f"grading: the grade book cannot be reached ({where}): {error.orig}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
