"""The command `grading`: a course from its exercises to the marks."""

import argparse
import collections
import sys
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.exc import OperationalError

from . import cluster, collect, course, handout, notebooks, sandbox

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
    grade = add("autograde", "run the submissions that are new or changed and give the points that a machine can give")
    grade.add_argument("--again", action="store_true", help="also those that are graded already")
    returned = add("feedback", "write a page for each student")
    add("marks", "write marks.csv and marks-by-task.csv")
    for command in (fetch, grade, returned):
        command.add_argument("--exercise", help="this one only")
    where = grade.add_mutually_exclusive_group()
    where.add_argument("--cluster", metavar="ADDRESS", help="on a Dask cluster, by the address of its scheduler")
    for add_argument in (where.add_argument, returned.add_argument):
        add_argument("--jobs", type=int, help="how many at once (default: one for each core)")
    return top


def run(options: argparse.Namespace) -> None:
    """Do what the command line says and print what came out."""
    if options.command == "handouts":
        names = handout.make(options.solutions, options.exercises)
        print(f"{len(names)} hand-outs in {options.exercises}: {', '.join(names)}")
    elif options.command == "new":
        added = course.new(options.course, options.solutions)
        what = ", ".join(added) or "nothing"
        print(f"{options.course}: {what} added; the hand-outs are in {options.course / 'release'}")
    elif options.command == "collect":
        results = collect.collect(
            options.course, options.folder, course.exercises(options.course), options.exercise, options.pattern
        )
        for result in results:
            who = f" {result.student}, {result.exercise}" if result.status in ("collected", "unchanged") else ""
            print(f"{result.status}:{who} {result.file}{result.detail and ' (' + result.detail + ')'}")
        print(_count(result.status for result in results))
        course.note_uncollected(options.course, results)
    elif options.command == "autograde":
        outcomes = course.grade(options.course, options.exercise, options.again, options.jobs, _say, options.cluster)
        print(f"{_count(outcome.status for outcome in outcomes)}; see {options.course / 'report.csv'}")
    elif options.command == "feedback":
        paths = course.write_feedback(options.course, options.exercise, options.jobs)
        print(f"{len(paths)} pages in {options.course / 'feedback'}")
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
