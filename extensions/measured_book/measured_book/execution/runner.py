"""Execute notebooks in parallel and put the results into a jupyter-cache."""

import concurrent.futures
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn

DURATIONS = "durations.json"


class NotebookFailed(Exception):
    """A notebook that could not be executed; the message names it, the cell and the error."""


class Runner:
    """Executes notebooks with `workers` processes at a time and caches each as soon as it is ready.

    `limit` is the hard limit in seconds for a notebook: one that passes it (a kernel that hangs) is killed and tried
    once more. `report` is called with a line of text for each thing that happens.
    """

    def __init__(self, cache_path, environment, *, workers, limit, cell_timeout, report, worker_module=None):
        self.cache = get_cache(str(cache_path))
        self.durations_file = Path(cache_path).parent / DURATIONS
        self.environment = os.environ | environment
        self.workers = workers
        self.limit = limit
        self.cell_timeout = cell_timeout
        self.report = report
        self.worker_module = worker_module or "measured_book.execution.worker"
        self._processes = set()
        self._stopped = False
        self._lock = threading.Lock()

    def missing(self, paths):
        """Those of the notebooks at `paths` that the cache does not hold, the longest first."""
        known = self._durations()

        def is_missing(path):
            try:
                notebook = nbformat.read(path, as_version=4)
            except Exception as error:
                raise NotebookFailed(f"{path} cannot be read as a notebook: {error}") from error
            try:
                self.cache.match_cache_notebook(notebook)
            except KeyError:
                return True
            return False

        return sorted(filter(is_missing, paths), key=lambda p: -known.get(Path(p).name, float("inf")))

    def run(self, paths):
        """Execute and cache the notebooks at `paths`; raise `NotebookFailed` at the end if any failed."""
        if not paths:
            return
        workers = min(self.workers, len(paths))
        self.report(f"executing {len(paths)} notebook(s) with {workers} process(es)")
        failures, started = [], time.monotonic()
        pool = concurrent.futures.ThreadPoolExecutor(workers)
        futures = {pool.submit(self._execute, path): path for path in paths}
        try:
            for done, future in enumerate(concurrent.futures.as_completed(futures), start=1):
                path = futures[future]
                try:
                    result = future.result()
                except NotebookFailed as failure:
                    failures.append(str(failure))
                    self.report(f"[{done}/{len(paths)}] {Path(path).name} failed")
                    continue
                self._cache(path, result)
                self.report(f"[{done}/{len(paths)}] {Path(path).name} executed in {result['seconds']:.1f} s")
        except BaseException:
            self._stop()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self.report(f"executed in {time.monotonic() - started:.1f} s in all")
        if failures:
            raise NotebookFailed("\n\n".join(failures))

    def _cache(self, path, result):
        notebook = nbformat.reads(result["notebook"], as_version=4)
        bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": result["seconds"]})
        self.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        durations = self._durations() | {Path(path).name: round(result["seconds"], 1)}
        self.durations_file.write_text(json.dumps(durations, indent=1), encoding="utf-8")

    def _durations(self):
        try:
            return json.loads(self.durations_file.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}

    def _execute(self, path):
        for attempt in (1, 2):
            try:
                result = self._attempt(path)
                break
            except subprocess.TimeoutExpired:
                if attempt == 2:
                    raise NotebookFailed(
                        f"{path} did not finish within {self.limit} s, twice. Make it faster, or raise "
                        "parallel_execution_limit in the configuration."
                    ) from None
                self.report(f"{Path(path).name} did not finish within {self.limit} s: killed, trying once more")
        if not result["ok"]:
            raise NotebookFailed(f"{path}, cell {result['cell']} ({result['line']}):\n{result['error']}")
        return result

    def _attempt(self, path):
        with tempfile.TemporaryDirectory() as folder:
            output = Path(folder, "result.json")
            command = [sys.executable, "-m", self.worker_module, str(path), str(output), str(self.cell_timeout)]
            # a file and no pipe: what the notebook started may outlive it, and would keep a pipe open
            errors = Path(folder, "errors.txt")
            with self._lock, errors.open("wb") as stream:
                if self._stopped:
                    raise NotebookFailed(f"{path} was not executed: the run was stopped.")
                # a session of its own, so that Ctrl-C reaches only the runner, which ends the workers
                process = subprocess.Popen(command, env=self.environment, start_new_session=True, stderr=stream)
                self._processes.add(process)
            try:
                process.wait(timeout=self.limit)
            except subprocess.TimeoutExpired:
                _kill(process)
                raise
            finally:
                with self._lock:
                    self._processes.discard(process)
            if not output.exists():
                tail = "\n".join(errors.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-20:])
                raise NotebookFailed(f"{path}: its process ended with exit code {process.returncode}.\n{tail}")
            return json.loads(output.read_text(encoding="utf-8"))

    def _stop(self):
        with self._lock:
            self._stopped = True  # threads that are freed now must not start the next notebook
            for process in self._processes:
                _kill(process)


def _kill(process):
    """Kill a worker and all that it started.

    A kernel has a session of its own, so killing the worker's does not reach it, and one that hangs in compiled code
    does not notice that its parent is gone.
    """
    try:
        worker = psutil.Process(process.pid)
        family = [worker, *worker.children(recursive=True)]
    except psutil.NoSuchProcess:
        return  # it ended in the meantime
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait()


def read_environment(path):
    """Read a file of ``KEY=VALUE`` lines; blank lines and those that begin with # are skipped.

    Raises `ValueError` with file and line for anything else.
    """
    variables = {}
    for number, line in enumerate(Path(path).read_text(encoding="utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, separator, value = line.partition("=")
        if not separator or not name.isidentifier():
            raise ValueError(f"{path}, line {number}: expected KEY=VALUE, got {line!r}")
        variables[name] = value
    return variables
