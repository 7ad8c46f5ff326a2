"""A cluster of real workers grades into a real PostgreSQL, and workers are killed. Run by `make test-postgres`."""

import contextlib
import copy
import csv
import functools
import os
import signal
import subprocess
import sys
import threading

import psutil
import pytest
import servers
import submissions
from grading import course, notebooks
from nbgrader.api import Gradebook, SubmittedAssignment

POINTS = {"ada": 7, "boris": 4, "chen": 7, "dora": 0, "emil": 7, "fay": 7}


@pytest.fixture(scope="module")
def home(database, tmp_path_factory):
    """A course whose grade book is on the server, with a submission of each of POINTS."""
    folder = tmp_path_factory.mktemp("cluster")
    submissions.write(submissions.small_exercise(), folder / "solutions/numbers/numbers.ipynb")
    home = folder / "course"
    course.new(home, folder / "solutions")
    with open(home / "nbgrader_config.py", "a", encoding="utf-8") as file:
        file.write(f"\nc.CourseDirectory.db_url = {database!r}\n")
    released = notebooks.read(home / "release/numbers/numbers.ipynb")
    right = submissions.solved(notebooks.read(home / "source/numbers/numbers.ipynb"), released)
    wrong = copy.deepcopy(right)
    submissions.with_mean("def mean(a, b):\n    return a")(wrong)
    for student, points in POINTS.items():
        handed_in = {7: right, 4: wrong, 0: released}[points]
        submissions.write(handed_in, home / "submitted" / student / "numbers/numbers.ipynb")
    return home


def _rows(home):
    with open(home / "report.csv", newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_ctrl_c_and_a_machine_that_dies_lose_nothing_and_count_nothing_twice(home, database, tmp_path):
    with servers.cluster(tmp_path / "cluster", 2) as cluster:
        command = [sys.executable, "-m", "grading", "autograde", home, "--cluster", cluster.address]
        # whoever starts the tests in the background has them ignore Ctrl-C, and all that they start
        heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        running = subprocess.Popen(command, preexec_fn=heed, **pipes)
        assert running.stdout.readline().startswith("[1/6] ")
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=600)
        assert (running.returncode, said) == (
            130,
            "grading: stopped; what was finished is kept, and the same command does the rest\n",
        )
        finished = _rows(home)
        assert 1 <= len(finished) < len(POINTS)
        killed = []

        def kill_a_machine(line):
            if not killed:
                worker = max(cluster.at_work())
                killed.append(os.getpgid(worker))
                os.killpg(killed[0], signal.SIGKILL)

        course.grade(home, say=kill_a_machine, address=cluster.address)
        assert killed[0] in {process.pid for process in cluster.workers}, "the worker with its nanny"
    rows = _rows(home)
    assert [(row["student"], row["status"]) for row in rows] == [(student, "graded") for student in POINTS]
    assert all(row in rows for row in finished), "what was finished was not graded again"
    assert {row["student"]: row["points"] for row in course.marks(home)} == POINTS
    with Gradebook(database) as book:
        entered = book.db.query(SubmittedAssignment).all()
        assert sorted(submission.student_id for submission in entered) == list(POINTS)
        assert {len(notebook.grades) for submission in entered for notebook in submission.notebooks} == {3}


def test_a_submission_that_kills_its_workers_is_blamed_alone(home, tmp_path):
    """Both are on one worker, so that Dask suspects both."""
    with servers.cluster(tmp_path / "cluster", 1, scheduler__allowed_failures=0) as cluster:
        over, killed = threading.Event(), []

        def kill_whoever_runs(student):
            while not over.wait(0.1):
                with contextlib.suppress(psutil.NoSuchProcess, OSError):
                    for worker, keys in cluster.at_work().items():
                        if any(student in key for key in keys):
                            psutil.Process(worker).kill()  # its nanny starts another one
                            killed.append(worker)

        killer = threading.Thread(target=kill_whoever_runs, args=["boris"])
        for student in ("ada", "boris"):
            path = home / "submitted" / student / "numbers/numbers.ipynb"
            path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        killer.start()
        try:
            lines = []
            course.grade(home, say=lines.append, address=cluster.address)
        finally:
            over.set()
            killer.join()
    assert len(set(killed)) == 2, "once with ada, once alone"
    died = "boris, numbers: not graded: the worker that ran it died, 1 times in a row"
    assert lines == ["[1/2] ada, numbers: graded", f"[2/2] {died}"]
    assert {row["student"]: row["points"] for row in course.marks(home)} == POINTS | {"boris": 0}


def test_two_workers_at_one_submission_wait_for_each_other(home):
    """As when one was given up for dead, and works on."""
    results = []
    both = [
        threading.Thread(target=lambda: results.append(course.grade_on_worker(str(home), "chen", "numbers")))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert [(outcome.status, outcome.detail) for outcome in results] == [("graded", "")] * 2
