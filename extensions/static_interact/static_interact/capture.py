"""Run a function once and keep what it shows, in the order in which it shows it."""

import base64
import contextlib
import io
import re
import sys

from IPython import get_ipython
from IPython.core.displaypub import CapturingDisplayPublisher
from PIL import Image

from .errors import StaticInteractError

ANSI_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class _Parts(list):
    """The parts of a frame: text and images, adjacent texts joined."""

    def add_text(self, text):
        if not text:
            return
        if self and self[-1]["type"] == "text":
            self[-1]["text"] += text
        else:
            self.append({"type": "text", "text": text})

    def add_bundle(self, data, metadata):
        if "image/png" in data:
            self.append(_image(data["image/png"], (metadata or {}).get("image/png", {})))
        elif "text/plain" in data and not any("widget-view" in mime for mime in data):
            self.add_text(data["text/plain"] + "\n")
        else:
            raise StaticInteractError(
                f"it shows output of type {', '.join(sorted(data)) or 'none'}, which cannot be frozen. "
                "Show a matplotlib figure, or print text."
            )


class _Stream(io.TextIOBase):
    def __init__(self, parts):
        self._parts = parts

    def writable(self):
        return True

    def write(self, text):
        self._parts.add_text(text)
        return len(text)


class _Publisher(CapturingDisplayPublisher):
    def publish(self, data, metadata=None, **_):
        # clear_output and updates of an earlier display have no meaning within one frame
        self.parts.add_bundle(data, metadata)

    def clear_output(self, wait=False):
        self.parts.clear()


def _image(png, size):
    """Compress a PNG as lossless WebP; `width` and `height` are in CSS pixels."""
    raw = png if isinstance(png, bytes) else base64.b64decode(png)
    picture = Image.open(io.BytesIO(raw))
    width, height = size.get("width", picture.width), size.get("height", picture.height)
    out = io.BytesIO()
    picture.save(out, "WEBP", lossless=True, quality=60, method=4, exact=False)
    return {
        "type": "image",
        "webp": base64.b64encode(out.getvalue()).decode("ascii"),
        "width": int(width),
        "height": int(height),
    }


@contextlib.contextmanager
def _redirected(parts):
    shell = get_ipython()
    if shell is None:
        raise StaticInteractError("freezing needs IPython: it runs in the kernel that executes a notebook.")
    publisher = _Publisher(parent=None)
    publisher.parts = parts
    stream = _Stream(parts)
    saved = shell.display_pub, sys.stdout, sys.stderr
    shell.display_pub, sys.stdout, sys.stderr = publisher, stream, stream
    try:
        yield
    finally:
        shell.display_pub, sys.stdout, sys.stderr = saved


def run_and_capture(function, values):
    """Call ``function(**values)`` and return its frame: a list of parts.

    A part is ``{"type": "text", "text": str}`` or ``{"type": "image", "webp": base64 str, "width": int,
    "height": int}``, the size in CSS pixels. Figures left open are shown at the end and what the function returns
    is displayed, as `ipywidgets.interact` does. Exceptions of the function pass through.
    """
    from IPython.display import display
    from ipywidgets.widgets.interaction import show_inline_matplotlib_plots

    parts = _Parts()
    with _redirected(parts):
        result = function(**values)
        show_inline_matplotlib_plots()
        if result is not None:
            display(result)
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
    for part in parts:
        if part["type"] == "text":
            part["text"] = ANSI_ESCAPE.sub("", part["text"]).rstrip("\n")
    return [part for part in parts if part["type"] == "image" or part["text"]]
