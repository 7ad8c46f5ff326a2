"""What `cluster` refuses and what it says; that submissions survive dead workers is in the book's tests/gradebook."""

import sys

import distributed
import pytest
import submissions
from grading import __main__, cluster, course, notebooks, processes, sandbox

NOWHERE = "tcp://127.0.0.1:9"  # the port that discards, on which nobody listens


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """A course with one submission, and a file as its grade book."""
    folder = tmp_path_factory.mktemp("cluster")
    submissions.write(submissions.small_exercise(), folder / "solutions/numbers/numbers.ipynb")
    course.new(folder / "course", folder / "solutions")
    released = notebooks.read(folder / "course/release/numbers/numbers.ipynb")
    submissions.write(released, folder / "course/submitted/ada/numbers/numbers.ipynb")
    return folder / "course"


@pytest.fixture
def workers():
    """A scheduler and a worker in this process."""
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tcp://", dashboard_address=None
    ) as running:
        yield running


def _shout(word, mark):
    if mark == "unfit":
        raise cluster.WorkerUnfit("it is hoarse")
    if mark == "missing":
        raise ModuleNotFoundError("No module named 'grading'")
    return word.upper() + mark


def _run(address, calls, function=_shout):
    said = []
    return dict(cluster.run(address, function, calls, said.append)), said


def test_results_come_with_their_calls(workers):
    calls = [("ada", "!"), ("boris", "?")]
    assert _run(workers.scheduler_address, calls) == ({calls[0]: "ADA!", calls[1]: "BORIS?"}, [])
    assert _run(workers.scheduler_address, []) == ({}, [])


def test_a_cluster_without_workers_is_waited_for(workers):
    workers.sync(workers.scale_down, list(workers.workers))
    said = []

    def say(line):
        said.append(line)
        workers.scale(1)

    assert dict(cluster.run(workers.scheduler_address, _shout, [("ada", "!")], say)) == {("ada", "!"): "ADA!"}
    assert len(said) == 1 and "has no worker yet" in said[0]


@pytest.mark.parametrize(
    ("mark", "words"),
    [("unfit", "^it is hoarse$"), ("missing", "No module named 'grading'. All need the Python packages")],
)
def test_a_worker_that_cannot_do_it_ends_the_run(workers, mark, words):
    with pytest.raises(cluster.ClusterFailed, match=words):
        _run(workers.scheduler_address, [("ada", mark)])


def test_a_scheduler_that_goes_away_ends_the_run(workers):
    results = cluster.run(workers.scheduler_address, _shout, [("ada", "!"), ("boris", "!")], print)
    next(results)
    workers.close()
    with pytest.raises(cluster.ClusterFailed, match="The scheduler went away"):
        list(results)


@pytest.mark.parametrize("address", [NOWHERE, "tcp://no-such-host.invalid:8786", "carrier-pigeon://here", "", "8786"])
def test_an_address_where_nobody_answers_is_named(address, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(cluster.ClusterFailed, match="No Dask scheduler answers at '" + address):
        _run(address, [("ada", "!")])


def test_without_distributed_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(cluster.ClusterFailed, match=r"pip install 'grading\[cluster\]'"):
        _run(NOWHERE, [("ada", "!")])


def test_a_grade_book_in_a_file_is_refused(home, capsys):
    assert __main__.main(["autograde", str(home), "--cluster", NOWHERE]) == 2
    refused = "a grade book that is a file: for --cluster it has to be PostgreSQL. Set c.CourseDirectory.db_url"
    assert refused in capsys.readouterr().err
    assert not (home / "report.csv").exists()


def test_a_worker_without_sandbox_course_or_grade_book_is_unfit(home, tmp_path, monkeypatch):
    with pytest.raises(cluster.WorkerUnfit, match="The worker on .* cannot grade. .*elsewhere is no course"):
        course.grade_on_worker(str(tmp_path / "elsewhere"), "ada", "numbers")
    monkeypatch.setattr(sandbox, "why_unprotected", lambda: "the program bwrap is missing")
    with pytest.raises(cluster.WorkerUnfit, match="cannot grade. .*bwrap is missing"):
        course.grade_on_worker(str(home), "ada", "numbers")
    monkeypatch.undo()
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.db_url = 'postgresql+psycopg2://grader@127.0.0.1:9/course'\n"
    )
    with pytest.raises(
        cluster.WorkerUnfit, match="cannot grade. The grade book cannot be reached from there: .*refused"
    ):
        course.grade_on_worker(str(tmp_path), "ada", "numbers")


def test_a_file_that_is_not_the_one_here_ends_the_run(home, monkeypatch):
    other = course.Outcome("ada", "numbers", "graded", fingerprint="of another file")
    monkeypatch.setattr(cluster, "run", lambda address, function, calls, say: iter([(calls[0], other)]))
    monkeypatch.setattr(course, "_check_shared_book", lambda course: None)
    with pytest.raises(cluster.ClusterFailed, match="has to be one folder that all machines share"):
        course.grade(home, say=print, address=NOWHERE)
    assert not course.read_report(home)


def test_a_submission_that_kills_its_workers_gets_a_row_and_a_reason(home, monkeypatch):
    died = processes.ProcessFailed("the worker that ran it died, 4 times in a row")
    monkeypatch.setattr(cluster, "run", lambda address, function, calls, say: iter([(calls[0], died)]))
    monkeypatch.setattr(course, "_check_shared_book", lambda course: None)
    (outcome,) = course.grade(home, say=print, address=NOWHERE)
    assert (outcome.status, outcome.detail) == ("not graded", str(died))
    assert [(row["student"], row["points"], row["status"]) for row in course.marks(home)] == [("ada", 0, "not graded")]
    assert course.grade(home, say=print) == [outcome], "it is not run again unless told, or something else is handed in"
