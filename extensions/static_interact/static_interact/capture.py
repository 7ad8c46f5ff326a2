"""Run a function once and keep what it shows, in the order in which it shows it."""

import base64
import contextlib
import io
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from IPython import get_ipython
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.display import display
from PIL import Image

from .bundle import Part
from .errors import ANSI_ESCAPE, StaticInteractError
from .images import compress


class _Parts(list[Part]):
    """The parts of a frame: text and images, adjacent texts joined."""

    def add_text(self, text: str) -> None:
        if not text:
            return
        if self and self[-1]["type"] == "text":
            self[-1]["text"] += text
        else:
            self.append({"type": "text", "text": text})

    def add_bundle(self, data: Mapping[str, Any], metadata: Mapping[str, Any] | None) -> None:
        text = data.get("text/plain")
        # "<IPython.core.display.HTML object>" or "<Figure size 640x480 with 1 Axes>" only names what is shown
        is_name = text is not None and len(data) > 1 and text.startswith("<") and text.endswith(">")
        if "image/png" in data:
            self.append(_image(data["image/png"], (metadata or {}).get("image/png", {})))
        elif text is None or is_name or any("widget-view" in mime for mime in data):
            raise StaticInteractError(
                f"it shows output of type {', '.join(sorted(data)) or 'none'}, which cannot be frozen. "
                "Show a matplotlib figure (as PNG), or print text."
            )
        else:
            follows_text = self and self[-1]["type"] == "text" and not self[-1]["text"].endswith("\n")
            self.add_text(("\n" if follows_text else "") + text + "\n")


class _Stream(io.TextIOBase):
    encoding = "utf-8"

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._parts.add_text(text)
        return len(text)


class _Publisher(CapturingDisplayPublisher):
    parts: _Parts

    def publish(self, data: Any, metadata: Any = None, source: Any = None, *, update: bool = False, **_: Any) -> None:
        if update:
            raise StaticInteractError("it updates an earlier display. Show what matters once, when it is ready.")
        self.parts.add_bundle(data, metadata)

    def clear_output(self, wait: bool = False) -> None:
        self.parts.clear()


def _image(png: bytes | str, size: Mapping[str, Any]) -> Part:
    """Compress a PNG (see `images.compress`); `width` and `height` are in CSS pixels."""
    raw = png if isinstance(png, bytes) else base64.b64decode(png)
    picture = Image.open(io.BytesIO(raw))
    width: float | None = size.get("width")
    height: float | None = size.get("height")
    # one given side keeps the proportions
    if width is None:
        width = picture.width if height is None else height * picture.width / picture.height
    if height is None:
        height = width * picture.height / picture.width
    return {
        "type": "image",
        "webp": base64.b64encode(compress(picture)).decode("ascii"),
        "width": round(width),
        "height": round(height),
    }


@contextlib.contextmanager
def _redirected(parts: _Parts) -> Iterator[None]:
    shell = get_ipython()
    if shell is None:
        raise StaticInteractError("freezing needs IPython: it runs in the kernel that executes a notebook.")
    publisher = _Publisher(parent=None)
    publisher.parts = parts
    stream = _Stream(parts)
    saved = shell.display_pub, sys.stdout
    # standard error stays the cell's: a warning belongs to the author, who sees it there, and not into a frame
    shell.display_pub, sys.stdout = publisher, stream
    try:
        yield
    finally:
        shell.display_pub, sys.stdout = saved


def show_open_figures() -> None:
    """Show the figures that are still open and close them, as the inline backend does at the end of a cell.

    ipywidgets has a function for this that knows some of the inline backend's names only, and shows nothing under
    the others.
    """
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        for number in pyplot.get_fignums():
            display(pyplot.figure(number))
        pyplot.close("all")


def run_and_capture(function: Callable[..., Any], values: Mapping[str, Any]) -> list[Part]:
    """Call ``function(**values)`` and return its frame.

    Figures left open are shown at the end and what the function returns is displayed, as `ipywidgets.interact` does.
    Exceptions of the function pass through.
    """
    parts = _Parts()
    with _redirected(parts):
        try:
            result = function(**values)
            show_open_figures()
            if result is not None:
                display(result)
        finally:
            if "matplotlib.pyplot" in sys.modules:
                sys.modules["matplotlib.pyplot"].close("all")
    for part in parts:
        if part["type"] == "text":
            part["text"] = ANSI_ESCAPE.sub("", part["text"]).rstrip("\n")
    return [part for part in parts if part["type"] == "image" or part["text"]]
