"""Servers of their own for a test or a measurement: PostgreSQL, and a Dask cluster."""

import contextlib
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from distributed import Client
from sqlalchemy import create_engine

START = 600  # seconds in which a process has to start, also on a machine that does much else


@contextlib.contextmanager
def postgres():
    """A function that makes an empty database on a server of its own and returns its address, for a ``with`` block."""
    programs = _programs()
    # PostgreSQL refuses to run as root; Debian's package makes a user for it
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    if as_user:
        shutil.chown(folder, "postgres")

    def run(program, *arguments):
        command = [*as_user, programs / program, *arguments]
        result = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert result.returncode == 0, result.stdout

    password = folder / "password"
    password.write_text("only for this test")
    password.chmod(0o644)
    run("initdb", "-D", folder / "data", "-U", "grader", "--pwfile", password, "-A", "scram-sha-256")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    run("pg_ctl", "-D", folder / "data", "-w", "-l", folder / "log", "-o", options, "start")
    address = f"postgresql+psycopg2://grader:only%20for%20this%20test@127.0.0.1:{port}"
    names = itertools.count(1)

    def new_database():
        name = f"course_{next(names)}"
        with create_engine(f"{address}/postgres", isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return f"{address}/{name}"

    try:
        yield new_database
    finally:
        run("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def _programs():
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    program = found[-1] if found else shutil.which("initdb")
    assert program, "PostgreSQL is missing: install it (Debian: apt-get install postgresql)"
    return Path(program).parent


def shout_or_die(word):
    """What a test has workers do: the word in capitals; at "deadly" the worker dies."""
    if word == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return word.upper()


class Cluster:
    """A Dask scheduler and workers of one core each, which are processes of their own.

    `address` is the scheduler's and `client` a client of it; `scheduler` and the list `workers` are processes that lead
    groups of their own. What they say goes to the file `log`.
    """

    def __init__(self, folder, **settings):
        """Start a scheduler that keeps its files in `folder`; see `cluster` for the rest."""
        folder.mkdir(parents=True)
        self.log, self.workers, self.address = folder / "log", [], None
        variables = {f"DASK_DISTRIBUTED__{name.upper()}": str(value) for name, value in settings.items()}
        self.environment = os.environ | variables | {"DASK_TEMPORARY_DIRECTORY": str(folder)}
        # workers find this file
        path = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
        self.environment["PYTHONPATH"] = path
        self.file = folder / "scheduler.json"
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", self.file)

    def connect(self):
        """Wait for the scheduler."""
        while not self.file.exists():
            assert self.scheduler.poll() is None, self.log.read_text(encoding="utf-8")
            time.sleep(0.1)
        self.client = Client(scheduler_file=str(self.file), timeout=START, set_as_default=False)
        self.address = self.client.scheduler.address

    def add_workers(self, number):
        """Start more workers, and wait until they are there."""
        if number:
            for _ in range(number):
                self.workers.append(self._start("worker", self.address, "--nworkers", "1", "--nthreads", "1"))
            self.client.wait_for_workers(len(self.workers), timeout=START)

    def at_work(self):
        """The process id of each worker that was sent something, with the keys of what it was sent."""
        sent = {worker: keys for worker, keys in self.client.processing().items() if keys}
        found = self.client.run(os.getpid, workers=list(sent), on_error="ignore")
        return {found[worker]: keys for worker, keys in sent.items() if worker in found}

    def stop(self):
        """Kill all of it."""
        if self.address:
            self.client.close()
        for process in (*self.workers, self.scheduler):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, *arguments):
        with open(self.log, "a", encoding="utf-8") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *map(str, arguments), "--no-dashboard"],
                env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip


@contextlib.contextmanager
def cluster(folder, workers, **settings):
    """A `Cluster` with so many workers and with its files in `folder`, for a ``with`` block.

    `settings` are Dask's, as in ``scheduler__allowed_failures=0``.
    """
    running = Cluster(Path(folder), **settings)
    try:
        running.connect()
        running.add_workers(workers)
        yield running
    finally:
        running.stop()
