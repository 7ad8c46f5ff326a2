"""What the build executed: notebooks with their outputs from its cache, for the tests that compare them."""

import book
from jupyter_cache import get_cache
from measured_book.execution.cache import CURRENT
from nbformat import NotebookNode
from static_interact.bundle import MIME_TYPE


def cache_folder():
    """The cache of the last build."""
    base = book.ROOT / "_build/.jupyter_cache"
    return base / (base / CURRENT).read_text(encoding="utf-8")


def notebook(path):
    """The notebook at `path` with the outputs that the last build computed for it; `KeyError` if it has none."""
    return get_cache(str(cache_folder())).merge_match_into_notebook(book.read(path))[1]


def stream(text):
    """An output of `text` that was printed."""
    return NotebookNode(output_type="stream", name="stdout", text=text)


def live(outputs):
    """The outputs of a cell as a live kernel gives them: for a frozen slider, what its default position prints."""
    shown = []
    for output in outputs:
        bundle = output.get("data", {}).get(MIME_TYPE)
        if bundle is None:
            shown.append(output)
            continue
        frame = bundle["frames"][bundle["index"][bundle["default"]]]
        shown += [stream(part["text"] + "\n") for part in frame if part["type"] == "text"]
    return shown
