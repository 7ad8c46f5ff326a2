"""Execute one notebook: ``python -m measured_book.execution.worker SOURCE RESULT CELL_TIMEOUT [CHECKS]``.

Writes a JSON file: the executed notebook and the seconds, or where and why it failed. `CHECKS` is a JSON file of checks
(see `checks.requests`), which are evaluated in the same kernel; what is wrong with each stands in the file, too.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from static_interact.errors import ANSI_ESCAPE, StaticInteractError

from . import checks


def execute(source, cell_timeout, requests=None):
    """Run the notebook at `source` in its own folder and return the result as a dictionary.

    With `requests`, the path of a file, one more cell evaluates these checks. It is no part of the notebook that is
    returned, nor of its seconds; ``checks`` is None if it did not come to its end.
    """
    notebook = nbformat.read(source, as_version=4)
    length = len(notebook.cells)
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        if requests:
            notebook.cells.append(nbformat.v4.new_code_cell(checks.cell(Path(requests).resolve(), results)))
        # widget state would make the page load a widget manager from a third party
        client = NotebookClient(
            notebook,
            timeout=cell_timeout,
            store_widget_state=False,
            coalesce_streams=True,  # what is printed comes in pieces, which a page would show in lines of their own
            record_timing=False,  # it would go into the cells' metadata, by which the cache knows a notebook
            resources={"metadata": {"path": str(Path(source).parent)}},
        )
        place = {}

        def on_cell_start(cell, cell_index):
            place.update({"cell": cell_index + 1, "line": first_line(cell.source), "at": time.monotonic()})

        client.on_cell_start = on_cell_start
        started = time.monotonic()
        try:
            client.execute()
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            if not place:
                raise  # the kernel died while it started
            if place["cell"] <= length:
                return {"ok": False, "cell": place["cell"], "line": place["line"], "error": brief(error)}
        ended = place["at"] if requests else time.monotonic()
        del notebook.cells[length:]
        evaluated = json.loads(results.read_text(encoding="utf-8")) if results.exists() else None
    return {"ok": True, "seconds": ended - started, "notebook": nbformat.writes(notebook), "checks": evaluated}


def first_line(source):
    """The first line of a cell that is no comment, to recognize the cell by."""
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines[0].strip() if lines else ""


def brief(error):
    """The end of a kernel's traceback, without colours: the error, and the lines that led to it."""
    if not isinstance(error, CellExecutionError):
        return str(error).splitlines()[0]
    name, value = error.ename, ANSI_ESCAPE.sub("", error.evalue)
    if name == StaticInteractError.__name__:
        return value
    lines = ANSI_ESCAPE.sub("", str(error)).rstrip().splitlines()
    return "\n".join(lines[-12:])


def main():
    """Command line of the worker."""
    source, result, cell_timeout, *requests = sys.argv[1:]
    Path(result).write_text(json.dumps(execute(source, int(cell_timeout), *requests)), encoding="utf-8")


if __name__ == "__main__":
    main()
