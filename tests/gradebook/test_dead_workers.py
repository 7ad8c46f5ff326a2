"""A cluster of real workers grades into a real PostgreSQL, and workers are killed. Run by `make test-postgres`."""

import copy
import csv
import functools
import os
import signal
import subprocess
import sys
import threading

import pytest
import servers
import submissions
from grading import cluster, course, notebooks
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
    with servers.cluster(tmp_path / "cluster", 2) as machines:
        command = [sys.executable, "-m", "grading", "autograde", home, "--cluster", machines.address]
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
                worker = max(machines.at_work())
                killed.append(os.getpgid(worker))
                os.killpg(killed[0], signal.SIGKILL)

        course.grade(home, say=kill_a_machine, address=machines.address)
        assert killed[0] in {process.pid for process in machines.workers}, "the worker with its nanny"
    rows = _rows(home)
    assert [(row["student"], row["status"]) for row in rows] == [(student, "graded") for student in POINTS]
    assert all(row in rows for row in finished), "what was finished was not graded again"
    assert {row["student"]: row["points"] for row in course.marks(home)} == POINTS
    with Gradebook(database) as book:
        entered = book.db.query(SubmittedAssignment).all()
        assert sorted(submission.student_id for submission in entered) == list(POINTS)
        assert {len(notebook.grades) for submission in entered for notebook in submission.notebooks} == {3}


def test_a_call_that_kills_its_workers_is_blamed_alone(tmp_path):
    """All are sent to one worker, so that Dask suspects the others, too; its nanny starts another one."""
    with servers.cluster(tmp_path / "cluster", 1, scheduler__allowed_failures=0) as running:
        results = list(cluster.run(running.address, servers.shout_or_die, [("ada",), ("deadly",), ("chen",)], print))
    # in any order: a result that the dying worker still held is computed again
    came = dict(results)
    assert len(results) == 3 and (came[("ada",)], came[("chen",)]) == ("ADA", "CHEN")
    assert str(came[("deadly",)]) == "the worker that ran it died, 1 times in a row"


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
