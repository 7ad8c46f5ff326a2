"""Run notebooks with the packages that this Python has, as the weekly run does in Colab's image.

An unsolved task may fail, since it says that it is unsolved; anything else that fails is an error.
"""

import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "matplotlib", "ipywidgets")
UNSOLVED = "your code goes here"


def run(path):
    """What is wrong with the notebook at `path` when it is run from top to bottom, one line an error."""
    notebook = nbformat.read(path, as_version=4)
    folder = {"metadata": {"path": str(path.parent)}}
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", allow_errors=True, resources=folder)
    # widgets are left to themselves: nbclient's own handling of them can hang, the kernel idle
    client.comm_open_handlers.clear()
    try:
        client.execute()
    except (CellTimeoutError, DeadKernelError) as error:
        return [str(error).strip()]
    errors = []
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and UNSOLVED not in output.evalue:
                errors.append(f"cell {number}: {output.ename}: {output.evalue}")
    return errors


def main():
    """Run the notebooks named on the command line; exit with 1 if any fails."""
    print(f"Python {sys.version.split()[0]},", ", ".join(f"{name} {version(name)}" for name in PACKAGES))
    failed = []
    for name in sys.argv[1:]:
        print(f"running {name}", flush=True)
        errors = run(Path(name))
        if errors:
            failed.append(name)
            print(*errors, sep="\n")
    if failed:
        sys.exit(f"{len(failed)} of {len(sys.argv) - 1} fail: {', '.join(failed)}")


if __name__ == "__main__":
    main()
