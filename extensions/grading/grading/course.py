"""A course in its folder: make it, collect submissions, grade them side by side, return marks and feedback."""

import csv
import hashlib
import multiprocessing
import os
import re
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from nbgrader.api import Gradebook

from . import feedback, handout, notebooks, sandbox, settings

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


def new(course, solutions):
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


def prepare(course):
    """Make the hand-outs in release/ that are missing or older, and enter in the grade book what it does not have."""
    config = settings.load(course)
    coursedir = _api(course).coursedir
    with Gradebook(coursedir.db_url, coursedir.course_id) as book:
        entered = {assignment.name for assignment in book.assignments}
    for source in sorted(Path(course, "source").glob("*/*.ipynb")):
        made = Path(course, "release", source.stem, source.name)
        if source.stem in entered and made.exists() and made.stat().st_mtime >= source.stat().st_mtime:
            continue
        handout.generate(config, source)


def exercises(course):
    """The names of the exercises of a course."""
    return sorted(path.name for path in Path(course, "source").iterdir() if path.is_dir())


def submissions(course, exercise=None):
    """The (student, exercise) pairs that have a folder under submitted/."""
    found = sorted(path for path in Path(course, "submitted").glob("*/*") if path.is_dir())
    return [(path.parent.name, path.name) for path in found if exercise in (None, path.name)]


def grade(course, exercise=None, again=False, jobs=None, say=print):
    """Autograde every submission that is new or changed, or all of them if `again`.

    Each runs in a process of its own, `jobs` at a time (one for each core), so that none can hurt another.
    Returns the list of `Outcome`, one for each submission of the course, and writes it to report.csv.
    """
    course = Path(course).resolve()
    config = settings.load(course)
    prepare(course)
    reason = sandbox.why_unprotected()
    if reason and not config.Sandbox.get("unprotected"):
        raise sandbox.Unprotected(
            f"Nothing was graded: submissions are strangers' code, and there is no sandbox here: {reason}. Grade on a "
            "computer that has one, or in a container or virtual machine that holds nothing else, and there say "
            f"c.Sandbox.unprotected = True in {course / settings.CONFIG_FILE}."
        )
    report = read_report(course)
    known = set(exercises(course))
    todo = []
    for student, name in submissions(course, exercise):
        if name not in known:
            report[student, name] = Outcome(student, name, "not graded", f"there is no exercise {name} in this course")
            continue
        content = fingerprint(course, student, name)
        if again or (student, name) not in report or report[student, name].fingerprint != content:
            todo.append((student, name, content))
    write_report(course, report)
    _enter_students(course, {student for student, _, _ in todo})
    limit = config.Sandbox.get("total_timeout", sandbox.Sandbox.total_timeout.default_value) + GRACE
    done, lock = 0, threading.Lock()

    def one(item):
        nonlocal done
        student, name, content = item
        start = time.monotonic()
        outcome = in_process(_grade_one, (course, student, name), limit)
        if outcome is None:
            problem = f"grading ended unexpectedly or took more than {limit:.0f} seconds"
            outcome = Outcome(student, name, "not graded", problem)
        outcome.seconds, outcome.fingerprint = round(time.monotonic() - start, 1), content
        with lock:
            done += 1
            report[student, name] = outcome
            write_report(course, report)
            say(f"[{done}/{len(todo)}] {student}, {name}: {outcome.status}{outcome.detail and ': ' + outcome.detail}")

    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        list(pool.map(one, todo))
    return [report[key] for key in sorted(report)]


def _enter_students(course, students):
    """Enter students in the grade book before their submissions are graded side by side: nbgrader would do it twice."""
    coursedir = _api(course).coursedir
    with Gradebook(coursedir.db_url, coursedir.course_id) as book:
        for student in sorted(students - {entered.id for entered in book.students}):
            book.update_or_create_student(student)


def in_process(function, arguments, limit):
    """The result of `function(*arguments)` in a process of its own; None if it died or passed `limit` seconds."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["grading.course"])
    receiving, sending = context.Pipe(duplex=False)
    process = context.Process(target=_send, args=(sending, function, arguments))
    process.start()
    sending.close()
    result = None
    if receiving.poll(limit):
        try:
            result = receiving.recv()
        except EOFError:
            pass
    process.join(5)
    if process.is_alive():
        process.kill()  # its kernel dies with it
        process.join()
    return result


def _send(connection, function, arguments):
    connection.send(function(*arguments))
    connection.close()
    os._exit(0)  # all is written; what strangers' outputs left behind in libraries' threads may take seconds to end


def _api(course):
    return handout.quiet_api(settings.load(course))


def _grade_one(course, student, exercise):
    sandbox.limit_own_memory(4096)
    path = Path(course, "submitted", student, exercise, f"{exercise}.ipynb")
    problem = ""
    try:
        if not path.exists():
            others = sorted(p.name for p in path.parent.iterdir())
            raise notebooks.Damaged(f"there is no file {path.name}" + (f", but {', '.join(others)}" if others else ""))
        notebooks.read(path, notebooks.LARGEST)
    except notebooks.Damaged as error:
        problem = str(error)
    api = _api(course)
    if not problem:
        result = api.autograde(exercise, student, force=True)
        if "IntegrityError" in result.get("log", ""):  # another computer entered the same student at this moment
            result = api.autograde(exercise, student, force=True)
        if result["success"]:
            graded = Path(course, "autograded", student, exercise, path.name)
            notes = notebooks.read(graded).metadata.get("restored", [])
            return Outcome(student, exercise, "restored and graded" if notes else "graded", " ".join(notes))
        problem = sandbox.endings[-1] if sandbox.endings else _last_error(result)
        if "DeadKernelError" in problem or "Kernel died" in problem:
            problem = "its kernel died: it ended itself, or the system ended it for want of memory"
    _enter_zero(api.coursedir, student, exercise)
    return Outcome(student, exercise, "not graded", problem)


def _last_error(result):
    """The last line of nbgrader's log that names an error; after it come lines which say only that there was one."""
    lines = [line.strip() for line in result.get("log", "").splitlines()]
    errors = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Unprotected)\b", line)]
    return errors[-1] if errors else (result.get("error", "").strip().splitlines() or ["unknown error"])[-1]


def _enter_zero(coursedir, student, exercise):
    """Give a submission that could not be run its place in the grade book, with no points."""
    with Gradebook(coursedir.db_url, coursedir.course_id) as book:
        book.update_or_create_student(student)
        submission = book.update_or_create_submission(exercise, student)
        for notebook in submission.notebooks:
            for grade in notebook.grades:
                grade.auto_score, grade.needs_manual_grade = 0, False
        book.db.commit()


def fingerprint(course, student, exercise):
    """The beginning of the SHA-256 of everything that was handed in."""
    digest = hashlib.sha256()
    folder = Path(course, "submitted", student, exercise)
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode())
        with open(path, "rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def note_uncollected(course, results):
    """Write collected.csv, what became of each file, and report students of whom no notebook came but something else.

    `results` are the `Collected` of `collect.collect`.
    """
    columns = [field.name for field in fields(results[0])] if results else ["file"]
    _write_csv(Path(course, "collected.csv"), columns, [asdict(result) for result in results])
    report = read_report(course)
    for result in results:
        key = result.student, result.exercise
        if result.status == "not collected" and all(key) and not Path(course, "submitted", *key).exists():
            report[key] = Outcome(*key, "not graded", f"{result.file}: {result.detail}")
    write_report(course, report)


def read_report(course):
    """The outcomes so far, by (student, exercise)."""
    path = Path(course, "report.csv")
    if not path.exists():
        return {}
    with open(path, newline="", encoding="utf-8") as file:
        rows = [Outcome(**row | {"seconds": float(row["seconds"])}) for row in csv.DictReader(file)]
    return {(row.student, row.exercise): row for row in rows}


def write_report(course, report):
    """Write report.csv, whole or not at all."""
    columns = [field.name for field in fields(Outcome)]
    _write_csv(Path(course, "report.csv"), columns, [asdict(report[key]) for key in sorted(report)])


def _write_csv(path, columns, rows):
    aside = path.with_suffix(".tmp")
    with open(aside, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    aside.replace(path)


def marks(course):
    """Write marks.csv, a row for each submission, and marks-by-task.csv; return the rows of the first.

    ``points`` are those so far, ``to_read`` the maximum of what a person has still to grade, ``status`` the report's.
    """
    course = Path(course).resolve()
    report = read_report(course)
    coursedir = _api(course).coursedir
    rows, tasks = {}, []
    with Gradebook(coursedir.db_url, coursedir.course_id) as book:
        for submission in book.db.query(_submitted_assignment()).all():
            key = submission.student.id, submission.assignment.name
            grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
            rows[key] = {
                "points": submission.score - submission.late_submission_penalty,
                "maximum": submission.max_score,
                "to_read": sum(grade.max_score for grade in grades if grade.needs_manual_grade),
            }
            for grade in grades:
                open_ = grade.needs_manual_grade
                by = "to read" if open_ else "person" if grade.manual_score is not None else "machine"
                task = {"task": grade.name, "points": grade.score, "maximum": grade.max_score, "graded_by": by}
                tasks.append({"student": key[0], "exercise": key[1]} | task)
        maxima = {a.name: a.max_score for a in book.assignments}
    for key in report.keys() - rows.keys():
        rows[key] = {"points": 0.0, "maximum": maxima.get(key[1], 0.0), "to_read": 0}
    table = []
    for key in sorted(rows):
        status = report[key].status if key in report else "graded elsewhere"
        table.append({"student": key[0], "exercise": key[1]} | rows[key] | {"status": status})
    _write_csv(course / "marks.csv", ["student", "exercise", "points", "maximum", "to_read", "status"], table)
    columns = ["student", "exercise", "task", "points", "maximum", "graded_by"]
    _write_csv(course / "marks-by-task.csv", columns, sorted(tasks, key=lambda row: tuple(row.values())[:3]))
    return table


def _submitted_assignment():
    from nbgrader.api import SubmittedAssignment

    return SubmittedAssignment


def write_feedback(course, exercise=None, jobs=None, say=print):
    """Write feedback/STUDENT/EXERCISE/EXERCISE.html for each submission; one that was not graded gets the reason.

    Returns the paths.
    """
    course = Path(course).resolve()
    jobs = jobs or os.cpu_count()
    outcomes = [o for key, o in sorted(read_report(course).items()) if exercise in (None, o.exercise)]
    graded = [(o.student, o.exercise) for o in outcomes if o.status != "not graded"]
    problems = {(o.student, o.exercise): o.detail for o in outcomes if o.status == "not graded"}
    shares = [graded[k::jobs] for k in range(jobs) if graded[k::jobs]]
    with ThreadPoolExecutor(jobs) as pool:
        for share, result in zip(shares, pool.map(lambda share: _feedback_of(course, share), shares), strict=True):
            problems |= dict(zip(share, result, strict=True))
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


def _feedback_of(course, pairs):
    """What went wrong with each of the pages, mostly the empty string; one that breaks its process breaks no other."""
    result = in_process(_feedback_some, (course, pairs), 60 + 20 * len(pairs))
    if result is None and len(pairs) > 1:
        return [problem for pair in pairs for problem in _feedback_of(course, [pair])]
    return ["its feedback could not be written"] if result is None else result


def _feedback_some(course, pairs):
    sandbox.limit_own_memory(4096)
    api = _api(course)
    results = [api.generate_feedback(exercise, student, force=True) for student, exercise in pairs]
    return ["" if result["success"] else _last_error(result) for result in results]
