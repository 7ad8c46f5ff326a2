"""Execute notebooks in parallel and put the results into a jupyter-cache."""

import concurrent.futures
import contextlib
import hashlib
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
import static_interact
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.cache.db import NbCacheRecord, session_context

from . import checks

DURATIONS = "durations.json"
# the tags with which a cell is executed in another way; all others are for the page
EXECUTION_TAGS = {"raises-exception", "skip-execution"}


class NotebookFailed(Exception):
    """A notebook that could not be executed; the message names it, the cell and the error."""


class Runner:
    """Executes notebooks with `workers` processes at a time and caches each as soon as it is ready.

    `limit` is the hard limit in seconds for a notebook: one that passes it (a kernel that hangs) is killed and tried
    once more. `report` is called with a line of text for each thing that happens. `expected` are seconds by file name,
    for notebooks that this computer never executed. `checks_folder` has files NAME.yml with checks of notebooks
    (see `checks`).
    """

    def __init__(
        self,
        cache_path,
        environment,
        *,
        workers,
        limit,
        cell_timeout,
        report,
        expected=None,
        checks_folder=None,
        worker_module=None,
    ):
        self.cache_path = Path(cache_path)
        self.cache = get_cache(str(cache_path))
        self.durations_file = Path(cache_path).parent / DURATIONS
        self.expected = expected or {}
        self.checks_folder = checks_folder
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
        """Those of the notebooks at `paths` that have to be executed, the longest first.

        Where only tags or text changed, the cached outputs are taken over.
        """
        known = self.expected | self._durations()

        def is_missing(path):
            try:
                notebook = nbformat.read(path, as_version=4)
            except Exception as error:
                raise NotebookFailed(f"{path} cannot be read as a notebook: {error}") from error
            try:
                self.cache.match_cache_notebook(notebook)
            except KeyError:
                return not self._take_over(path, notebook)
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
        code = code_key(notebook)
        if result.get("checks") is not None:
            checks.store(self.cache_path, code, result["checks"])
        bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": result["seconds"], "code": code})
        self.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        durations = self._durations() | {Path(path).name: round(result["seconds"], 1)}
        self.durations_file.write_text(json.dumps(durations, indent=1), encoding="utf-8")

    def _take_over(self, path, notebook):
        """Cache for `notebook` the outputs of one with the same code, if there are any, and tell whether there were.

        jupyter-cache knows a notebook by all metadata of its cells, also those that only the page looks at.
        """
        code = code_key(notebook)
        records = [r for r in self.cache.list_cache_records() if (r.data or {}).get("code") == code]
        if not records:
            return False
        record = max(records, key=lambda r: r.created)
        executed = self.cache.get_cache_bundle(record.pk).nb
        notebook.metadata["language_info"] = executed.metadata.language_info
        code_cells = (cell for cell in notebook.cells if cell.cell_type == "code")
        for cell, done in zip(code_cells, executed.cells, strict=True):
            cell.outputs, cell.execution_count = done.outputs, done.execution_count
        bundle = CacheBundleIn(notebook, str(path), data=record.data)
        taken = self.cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        with session_context(self.cache.db) as session:
            # the page says when its code was executed, and that was then
            session.get(NbCacheRecord, taken.pk).created = record.created
            session.commit()
        self.report(f"{Path(path).name}: its code did not change, so its outputs are taken over")
        return True

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
            if self.checks_folder and (found := checks.entries(Path(self.checks_folder, f"{Path(path).stem}.yml"))):
                requests = Path(folder, "requests.json")
                requests.write_text(json.dumps(checks.requests(found)), encoding="utf-8")
                command.append(str(requests))
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


def code_key(notebook):
    """A hash of what decides the outputs of a notebook: its kernel, its code, and what metadata say of how it runs."""
    cells = [
        [
            cell.source,
            sorted(EXECUTION_TAGS.intersection(cell.metadata.get("tags", []))),
            *([cell.metadata[static_interact.__name__]] if static_interact.__name__ in cell.metadata else []),
        ]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    content = [notebook.metadata.get("kernelspec", {}).get("name"), cells]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]


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
