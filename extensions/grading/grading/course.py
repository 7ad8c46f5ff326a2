"""A course in its folder: make it, collect submissions, grade them side by side, return marks and feedback."""

import contextlib
import functools
import hashlib
import multiprocessing
import os
import platform
import shutil
import sys
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from nbgrader.api import Gradebook, SubmittedAssignment
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import Autograde, GenerateFeedback
from nbgrader.converters.base import BaseConverter
from nbgrader.utils import temp_attrs
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.pool import NullPool
from traitlets.config import Config

from . import cluster, deadlines, feedback, handout, notebooks, reading, roster, sandbox, settings, tables
from .collect import TIMESTAMP, Collected
from .processes import ProcessFailed, error_in_words, run_in_process

GRACE = 60  # seconds beyond the sandbox's own limit, after which a grading process is ended from outside


@dataclass
class Outcome:
    """What happened to one submission: a line of report.csv."""

    student: str
    exercise: str
    status: str  # "graded", "restored and graded" or "not graded"
    detail: str = ""
    seconds: float = 0.0
    fingerprint: str = ""  # of the file that was graded, to see when a newer one came
    late: str = ""  # how late it was, and how many points that cost


Report = dict[tuple[str, str], Outcome]  # by (student, exercise)
Submission = tuple[str, str, str]  # student, exercise, fingerprint


def new(course: str | Path, solutions: str | Path) -> list[str]:
    """Make the folder `course` with nbgrader's configuration, the exercises and their hand-outs.

    In a course that exists already, missing exercises are added and nothing is changed. Returns the names added.
    """
    course, solutions = Path(course).resolve(), Path(solutions)
    names = notebooks.names(solutions)
    if not names:
        raise FileNotFoundError(f"{solutions} holds no exercise (NAME/NAME.ipynb)")
    course.mkdir(parents=True, exist_ok=True)
    if not (course / settings.CONFIG_FILE).exists():
        shutil.copyfile(Path(__file__).with_name("course_config.py"), course / settings.CONFIG_FILE)
    added = [name for name in names if not (course / "source" / name).exists()]
    for name in added:
        shutil.copytree(solutions / name, course / "source" / name)
    prepare(course)
    return added


def prepare(course: str | Path) -> None:
    """Make the hand-outs in release/ that are missing or older, and enter in the grade book what it does not have."""
    config = settings.load(course)
    with grade_book(course) as book:
        entered = {assignment.name for assignment in book.assignments}
    for source in sorted(Path(course, "source").glob("*/*.ipynb")):
        made = Path(course, "release", source.stem, source.name)
        if source.stem in entered and made.exists() and made.stat().st_mtime >= source.stat().st_mtime:
            continue
        handout.generate(config, source)


def exercises(course: str | Path) -> list[str]:
    """The names of the exercises of a course."""
    return sorted(path.name for path in Path(course, "source").iterdir() if path.is_dir())


def submissions(course: str | Path, exercise: str | None = None) -> list[tuple[str, str]]:
    """The (student, exercise) pairs that have a folder under submitted/."""
    found = sorted(path for path in Path(course, "submitted").glob("*/*") if path.is_dir())
    return [(path.parent.name, path.name) for path in found if exercise in (None, path.name)]


def grade(
    course: str | Path,
    exercise: str | None = None,
    again: bool = False,
    jobs: int | None = None,
    say: Callable[[str], object] = print,
    address: str | None = None,
) -> list[Outcome]:
    """Autograde every submission that is new or changed, or all of them if `again`.

    Each runs in a process of its own, `jobs` at a time (one for each core), so that none can hurt another; `say` gets a
    line for each. With the `address` of a Dask scheduler the workers of its cluster run them. Returns the list of
    `Outcome`, one for each submission of the course, and writes it to report.csv, also when it is interrupted.

    Raises
    ------
    Unprotected
        If there is no sandbox here.
    ClusterFailed
        If the cluster, or the course on it, cannot do the work.
    """
    course = Path(course).resolve()
    config = settings.load(course)
    notebooks.check_exercise(exercise, exercises(course))
    if address is not None:
        _check_shared_book(course)
    else:
        _check_sandbox(course, config)
    prepare(course)
    report = read_report(course)
    known = set(exercises(course))
    waiting = []
    for student, name in submissions(course, exercise):
        if name not in known:
            report[student, name] = Outcome(student, name, "not graded", f"there is no exercise {name} in this course")
            continue
        content = fingerprint(course, student, name)
        if again or (student, name) not in report or report[student, name].fingerprint != content:
            waiting.append((student, name, content))
    write_report(course, report)
    _enter_students(course, {student for student, _, _ in waiting})
    outcomes = (
        _grade_here(course, config, waiting, jobs) if address is None else _grade_there(address, course, waiting, say)
    )
    written = time.monotonic()
    try:
        for number, outcome in enumerate(outcomes, start=1):
            if outcome.status == "not graded":
                _enter_zero(course, outcome.student, outcome.exercise)
            report[outcome.student, outcome.exercise] = outcome
            if time.monotonic() > written + 1:  # a cluster brings results faster than a long report is written
                write_report(course, report)
                written = time.monotonic()
            words = f"{outcome.student}, {outcome.exercise}: {outcome.status}"
            say(f"[{number}/{len(waiting)}] {words}{outcome.detail and ': ' + outcome.detail}")
    finally:
        outcomes.close()
        write_report(course, report)
    report = apply_deadlines(course)
    return [report[key] for key in sorted(report)]


def apply_deadlines(course: str | Path) -> Report:
    """Enter deadlines and late penalties in grade book and report.csv, as they are now; return the report."""
    report = read_report(course)
    with grade_book(course) as book:
        late = deadlines.apply(course, book, settings.load(course))
    for key, outcome in report.items():
        outcome.late = late.get(key, "")
    write_report(course, report)
    return report


def _check_sandbox(course: Path, config: Config) -> None:
    reason = sandbox.why_unprotected()
    if reason and not config.Sandbox.get("unprotected"):
        raise sandbox.Unprotected(
            f"Nothing was graded: submissions are strangers' code, and there is no sandbox here: {reason}. Grade on a "
            "computer that has one, or in a container or virtual machine that holds nothing else, and there say "
            f"c.Sandbox.unprotected = True in {course / settings.CONFIG_FILE}."
        )


def _grade_here(course: Path, config: Config, waiting: list[Submission], jobs: int | None) -> Generator[Outcome]:
    """Grade on this computer; what was not begun when the iterator is left is not graded."""
    limit = _limit(config)
    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:  # each of these threads waits for a process
        try:
            futures = [pool.submit(_grade_apart, course, *submission, limit) for submission in waiting]
            yield from (future.result() for future in as_completed(futures))
        finally:
            pool.shutdown(cancel_futures=True)


def _limit(config: Config) -> float:
    """Seconds after which a grading process is ended from outside."""
    return config.Sandbox.get("total_timeout", sandbox.Sandbox.total_timeout.default_value) + GRACE


# ---- on a cluster ----


def _check_shared_book(course: Path) -> None:
    """Raise ClusterFailed if the grade book is a file."""
    if make_url(_api(course).coursedir.db_url).get_backend_name() != "postgresql":
        raise cluster.ClusterFailed(
            "Several machines cannot write to a grade book that is a file: for --cluster it has to be PostgreSQL. Set "
            f"c.CourseDirectory.db_url in {course / settings.CONFIG_FILE}, as the comment above it says."
        )


def _grade_there(
    address: str, course: Path, waiting: list[Submission], say: Callable[[str], object]
) -> Generator[Outcome]:
    """Grade on the cluster at `address`, whose machines all see the course's folder."""
    contents = {(student, exercise): content for student, exercise, content in waiting}
    calls = [(str(course), *submission) for submission in contents]
    for (_, student, exercise), result in cluster.run(address, grade_on_worker, calls, say):
        if isinstance(result, ProcessFailed):
            yield Outcome(student, exercise, "not graded", str(result), fingerprint=contents[student, exercise])
        elif result.fingerprint in ("", contents[student, exercise], fingerprint(course, student, exercise)):
            yield result
        else:
            raise cluster.ClusterFailed(
                f"What a worker graded for {student}, {exercise} is not the file that is here: {course} has to be one "
                "folder that all machines share, not copies of it."
            )


def grade_on_worker(course: str, student: str, exercise: str) -> Outcome:
    """Grade one submission on a worker of a cluster: what `grade` sends there.

    Raises WorkerUnfit if this machine has no sandbox, no such course, or no way to the grade book.
    """
    # Dask's nanny starts workers as daemons, which Python forbids to have processes of their own
    multiprocessing.current_process().daemon = False
    try:
        config = settings.load(course)
        _check_sandbox(Path(course), config)
        with _no_other_worker(course, student, exercise):
            content = fingerprint(course, student, exercise)
            return _grade_apart(Path(course), student, exercise, content, _limit(config))
    except (FileNotFoundError, sandbox.Unprotected) as error:
        reason = str(error)
    except OperationalError as error:
        reason = f"The grade book cannot be reached from there: {error.orig}"
    raise cluster.WorkerUnfit(f"The worker on {platform.node()} cannot grade. {reason}")


@contextlib.contextmanager
def _no_other_worker(course: str, student: str, exercise: str) -> Iterator[None]:
    """Wait until no other worker grades this submission, and keep others waiting during a ``with`` block.

    A worker that was given up may still be at work, and two at once would tear each other's files apart. PostgreSQL
    frees the lock when its connection ends: at once if the worker dies, in a minute if its machine vanishes.
    """
    engine = create_engine(_api(Path(course)).coursedir.db_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting, value in (("idle", 30), ("interval", 10), ("count", 3)):
            connection.exec_driver_sql(f"SET tcp_keepalives_{setting} = {value}")
        connection.exec_driver_sql(
            "SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"{len(student)} {student} {exercise}",)
        )
        yield


# ---- one submission ----


def _enter_students(course: Path, students: set[str]) -> None:
    """Enter students in the grade book before their submissions are graded side by side: nbgrader would do it twice."""
    with grade_book(course) as book:
        for student in sorted(students - {entered.id for entered in book.students}):
            book.update_or_create_student(student)


def _grade_apart(course: Path, student: str, exercise: str, content: str, limit: float) -> Outcome:
    """Grade one submission in a process of its own; `content` is its fingerprint."""
    start = time.monotonic()
    try:
        outcome = run_in_process(_grade_one, (course, student, exercise, content), limit)
    except ProcessFailed as failure:
        outcome = Outcome(student, exercise, "not graded", str(failure), fingerprint=content)
    outcome.seconds = round(time.monotonic() - start, 1)
    return outcome


def _grade_one(course: Path, student: str, exercise: str, content: str) -> Outcome:
    """Grade one submission in this process, and say what happened: errors come back in words."""
    sandbox.limit_own_memory(4096)
    path = Path(course, "submitted", student, exercise, f"{exercise}.ipynb")
    try:
        if not path.exists():
            others = sorted(p.name for p in path.parent.iterdir())
            raise notebooks.Damaged(f"there is no file {path.name}" + (f", but {', '.join(others)}" if others else ""))
        notebooks.read(path, notebooks.LARGEST)
        try:
            with reading.kept(functools.partial(grade_book, course), Path(course, "autograded", *path.parts[-3:])):
                _run_step(_Autograde, course, student, exercise)
        except IntegrityError:  # another computer entered the same student at this moment
            _run_step(_Autograde, course, student, exercise)
        graded = Path(course, "autograded", student, exercise, path.name)
        metadata = notebooks.read(graded).metadata
        notes = metadata.get("restored", [])
        to_see = metadata.get("conspicuous", [])
    except (notebooks.Damaged, sandbox.KernelEnded, sandbox.Unprotected) as error:
        problem = str(error)
    except OperationalError as error:  # not the submission's fault; without a fingerprint, the next run tries again
        problem, content = f"the grade book could not be reached: {error.orig}; the next run tries it again", ""
    except Exception as error:
        problem = error_in_words(error)
    else:
        status = "restored and graded" if notes else "graded"
        if to_see:
            notes = [*notes, f"Please look at its code: {'; '.join(to_see)}."]
        return Outcome(student, exercise, status, " ".join(notes), fingerprint=content)
    return Outcome(student, exercise, "not graded", problem, fingerprint=content)


class _RememberError(BaseConverter):
    """For nbgrader's steps, which log the error that stopped them and raise another one that does not say it."""

    error: Exception | None = None

    def init_assignment(self, assignment_id: str, student_id: str) -> None:
        try:
            super().init_assignment(assignment_id, student_id)
        except Exception as error:
            self.error = error
            raise

    def convert_single_notebook(self, notebook_filename: str) -> None:
        try:
            super().convert_single_notebook(notebook_filename)
        except Exception as error:
            self.error = error
            raise


class _Autograde(_RememberError, Autograde):
    pass


class _GenerateFeedback(_RememberError, GenerateFeedback):
    pass


def _run_step(step: type[BaseConverter], course: Path, student: str, exercise: str) -> None:
    """Run one of nbgrader's steps for one submission; raise the error that stopped it, if one did."""
    api = _api(course)
    with temp_attrs(api.coursedir, assignment_id=exercise, student_id=student):
        app = step(coursedir=api.coursedir, parent=api, force=True)
        try:
            app.start()
        except (Exception, SystemExit) as error:
            raise app.error or RuntimeError(str(error)) from error


def _enter_zero(course: Path, student: str, exercise: str) -> None:
    """Give a submission that could not be run its place in the grade book, with no points."""
    with grade_book(course) as book:
        book.update_or_create_student(student)
        submission = book.update_or_create_submission(exercise, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, False
        book.db.commit()


def _api(course: Path) -> NbGraderAPI:
    return handout.quiet_api(settings.load(course))


@contextlib.contextmanager
def grade_book(course: str | Path) -> Iterator[Gradebook]:
    """The course's grade book, made if there is none, for a ``with`` block."""
    coursedir = _api(Path(course)).coursedir
    with _programs_on_path():
        book = Gradebook(coursedir.db_url, coursedir.course_id)
    with book:
        yield book


@contextlib.contextmanager
def _programs_on_path() -> Iterator[None]:
    """Let programs be found that lie beside this Python, also where no environment was activated.

    To make a grade book's tables, nbgrader calls alembic by its name.
    """
    before = os.environ.get("PATH")
    os.environ["PATH"] = os.pathsep.join(filter(None, (str(Path(sys.executable).parent), before)))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PATH"]
        else:
            os.environ["PATH"] = before


def fingerprint(course: str | Path, student: str, exercise: str) -> str:
    """The beginning of the SHA-256 of everything that was handed in."""
    digest = hashlib.sha256()
    folder = Path(course, "submitted", student, exercise)
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != TIMESTAMP):
        digest.update(str(path.relative_to(folder)).encode())
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def note_uncollected(course: str | Path, results: list[Collected]) -> None:
    """Report students of whom no notebook came but something else; `results` are those of `collect.collect`."""
    report = read_report(course)
    for result in results:
        key = result.student, result.exercise
        if result.status == "not collected" and all(key) and not Path(course, "submitted", *key).exists():
            report[key] = Outcome(*key, "not graded", f"{result.file}: {result.detail}")
    write_report(course, report)


def read_report(course: str | Path) -> Report:
    """The outcomes so far, by (student, exercise)."""
    table: list[dict[str, Any]] = [
        row | {"seconds": float(row["seconds"])} for row in tables.read(Path(course, "report.csv"))
    ]
    rows = [Outcome(**row) for row in table]
    return {(row.student, row.exercise): row for row in rows}


def write_report(course: str | Path, report: Report) -> None:
    """Write report.csv, whole or not at all."""
    columns = [field.name for field in fields(Outcome)]
    tables.write(Path(course, "report.csv"), columns, [asdict(report[key]) for key in sorted(report)])


def marks(course: str | Path) -> list[dict[str, Any]]:
    """Write marks.csv and marks-by-task.csv; return the rows of the first: one for each submission, and for each person
    of the roster who handed in nothing for an exercise that others handed in.

    ``points`` are those so far, without the ``penalty`` for coming late, ``to_read`` the maximum of what a person has
    still to grade, ``status`` the report's.
    """
    course = Path(course).resolve()
    report = apply_deadlines(course)
    rows, tasks = {}, []
    with grade_book(course) as book:
        for submission in book.db.query(SubmittedAssignment).all():
            key = submission.student.id, submission.assignment.name
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            rows[key] = {
                "points": submission.score - submission.late_submission_penalty,
                "penalty": submission.late_submission_penalty,
                "maximum": submission.max_score,
                "to_read": sum(grade.max_score for grade in grades if grade.needs_manual_grade),
            }
            for grade in grades:
                by_hand = "to read" if grade.needs_manual_grade else "person"
                by = by_hand if grade.needs_manual_grade or grade.manual_score is not None else "machine"
                task = {"task": grade.name, "points": grade.score, "maximum": grade.max_score, "graded_by": by}
                tasks.append({"student": key[0], "exercise": key[1]} | task)
        maxima = {a.name: a.max_score for a in book.assignments}
    for key in report.keys() - rows.keys():
        rows[key] = {"points": 0.0, "penalty": 0.0, "maximum": maxima.get(key[1], 0.0), "to_read": 0}
    people = roster.load(course).people
    missing = {(id, name) for id in people for name in {key[1] for key in rows}} - rows.keys()
    for key in missing:
        rows[key] = {"points": 0.0, "penalty": 0.0, "maximum": maxima.get(key[1], 0.0), "to_read": 0}
    table = []
    for key in sorted(rows):
        status = report[key].status if key in report else "no submission" if key in missing else "graded elsewhere"
        person = people.get(key[0], roster.Person(key[0]))
        who = {"student": key[0], "name": person.name, "email": person.email, "section": person.section}
        table.append(who | {"exercise": key[1]} | rows[key] | {"status": status})
    columns = ["student", "name", "email", "section", "exercise", "points", "maximum", "penalty", "to_read", "status"]
    tables.write(course / "marks.csv", columns, table)
    columns = ["student", "exercise", "task", "points", "maximum", "graded_by"]
    tables.write(course / "marks-by-task.csv", columns, sorted(tasks, key=lambda row: tuple(row.values())[:3]))
    return table


def write_feedback(
    course: str | Path, exercise: str | None = None, jobs: int | None = None, say: Callable[[str], object] = print
) -> list[Path]:
    """Write feedback/STUDENT/EXERCISE/EXERCISE.html for each submission; one that was not graded gets the reason.

    `jobs` processes work at a time (one for each core); `say` gets a line for each page without points. Returns the
    paths.
    """
    course = Path(course).resolve()
    notebooks.check_exercise(exercise, exercises(course))
    jobs = jobs or os.cpu_count() or 1
    outcomes = [o for key, o in sorted(apply_deadlines(course).items()) if exercise in (None, o.exercise)]
    graded = [(o.student, o.exercise) for o in outcomes if o.status != "not graded"]
    problems = {(o.student, o.exercise): o.detail for o in outcomes if o.status == "not graded"}
    shares = [graded[k::jobs] for k in range(jobs) if graded[k::jobs]]
    with ThreadPoolExecutor(jobs) as pool:  # each of these threads waits for a process
        for result in pool.map(_write_pages_apart, [course] * len(shares), shares):
            problems |= result
    paths = []
    for student, name in sorted(problems):
        path = course / "feedback" / student / name / f"{name}.html"
        problem = problems[student, name]
        if problem:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(feedback.page_without_grades(name, problem), encoding="utf-8")
            say(f"{student}, {name}: {problem}")
        paths.append(path)
    return paths


def _write_pages_apart(course: Path, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What went wrong with the page of each (student, exercise), mostly "".

    A page that breaks its process breaks no other: the others are written anew, each in a process of its own.
    """
    try:
        return run_in_process(_write_pages, (course, pairs), 60 + 20 * len(pairs))
    except ProcessFailed as failure:
        if len(pairs) == 1:
            return {pairs[0]: f"its feedback could not be written: {failure}"}
    return {pair: problem for one in pairs for pair, problem in _write_pages_apart(course, [one]).items()}


def _write_pages(course: Path, pairs: list[tuple[str, str]]) -> dict[tuple[str, str], str]:
    sandbox.limit_own_memory(4096)
    problems = {}
    for student, exercise in pairs:
        try:
            _run_step(_GenerateFeedback, course, student, exercise)
            problems[student, exercise] = ""
        except Exception as error:
            problems[student, exercise] = f"its feedback could not be written: {error_in_words(error)}"
    return problems
