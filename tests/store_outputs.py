"""Execute chapters and store their text outputs, as `make outputs` does.

Pictures and widgets are dropped: the build makes them. What remains is what nbval compares.
"""

import os
import subprocess
import sys
from pathlib import Path

import nbformat
from measured_book.execution.runner import read_environment
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError

ROOT = Path(__file__).resolve().parents[1]
STRIP = ["nbstripout", "--keep-output", "--keep-count", "--keep-id", "--extra-keys", "metadata.language_info"]
STRIP += ["--drop-output-type", "display_data", "stream:stderr", "--"]


class Client(NotebookClient):
    """Keeps what a cell printed before its slider: `interact` clears an output of its own, not the cell's."""

    def clear_output(self, outs, msg, cell_index):
        """Clear nothing. nbval does not either, and its comparison is what the stored outputs are for."""


def store(path):
    """Execute the notebook at `path` in place; a failing one is left as it was."""
    notebook = nbformat.read(path, as_version=4)
    client = Client(
        notebook,
        timeout=120,
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,  # or the same text comes in other pieces each time
        resources={"metadata": {"path": str(path.parent)}},
    )
    # Widgets are left to themselves: nbclient's own handling of them hung in one run out of some ten, the kernel idle.
    # What a slider's function prints at its default then is an output of the cell, as nbval sees it too.
    client.comm_open_handlers.clear()
    client.execute()
    nbformat.write(notebook, path)
    subprocess.run([Path(sys.executable).with_name(STRIP[0]), *STRIP[1:], path], check=True)


def main():
    """Store the outputs of the notebooks named on the command line; exit with 1 if any fails."""
    os.environ.update(read_environment(ROOT / "assets/numeric.env"))
    failed = []
    for name in sys.argv[1:]:
        print(f"executing {name}", flush=True)
        try:
            store(Path(name))
        except (CellExecutionError, CellTimeoutError) as error:
            failed.append(name)
            print(error)
    if failed:
        sys.exit(f"left as they were, since a cell fails: {', '.join(failed)}")


if __name__ == "__main__":
    main()
