"""Execute one notebook: ``python -m measured_book.execution.worker SOURCE RESULT CELL_TIMEOUT``.

Writes a JSON file: the executed notebook and the seconds, or where and why it failed.
"""

import json
import re
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

ANSI_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def execute(source, cell_timeout):
    """Run the notebook at `source` in its own folder and return the result as a dictionary."""
    notebook = nbformat.read(source, as_version=4)
    # widget state would make the page load a widget manager from a third party
    client = NotebookClient(
        notebook,
        timeout=cell_timeout,
        store_widget_state=False,
        record_timing=False,  # it would go into the cells' metadata, by which the cache knows a notebook
        resources={"metadata": {"path": str(Path(source).parent)}},
    )
    place = {}
    client.on_cell_start = lambda cell, cell_index: place.update(
        {"cell": cell_index + 1, "line": first_line(cell.source)}
    )
    started = time.monotonic()
    try:
        client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        if not place:
            raise  # the kernel died while it started
        return {"ok": False, **place, "error": brief(error)}
    return {"ok": True, "seconds": time.monotonic() - started, "notebook": nbformat.writes(notebook)}


def first_line(source):
    """The first line of a cell that is no comment, to recognize the cell by."""
    lines = [line for line in source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return lines[0].strip() if lines else ""


def brief(error):
    """The end of a kernel's traceback, without colours: the error, and the lines that led to it."""
    if not isinstance(error, CellExecutionError):
        return str(error).splitlines()[0]
    name, value = error.ename, ANSI_ESCAPE.sub("", error.evalue)
    if name == "StaticInteractError":
        return value
    lines = ANSI_ESCAPE.sub("", str(error)).rstrip().splitlines()
    return "\n".join(lines[-12:])


def main():
    """Command line of the worker."""
    source, result, cell_timeout = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    result.write_text(json.dumps(execute(source, cell_timeout)), encoding="utf-8")


if __name__ == "__main__":
    main()
