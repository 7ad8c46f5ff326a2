"""Run a function once and keep what it shows, in the order in which it shows it."""

import base64
import contextlib
import functools
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
from .rich import what_a_page_cannot_show

# the forms in which an output can be shown, best first, as myst-nb has them
FORMS = ("text/html", "image/png", "image/jpeg", "text/markdown", "text/latex", "text/plain")


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
        form = next((form for form in FORMS if form in data), None)
        # a chart or a widget has a form of its own, and a text that only names it: "<Figure size 640x480 with 1 Axes>"
        if form is None or (form == "text/plain" and len(data) > 1) or any("widget-view" in mime for mime in data):
            raise StaticInteractError(
                f"it shows output of type {', '.join(sorted(data)) or 'none'}, which cannot be frozen. "
                "Show a matplotlib figure (as PNG), HTML, LaTeX or Markdown, or print text."
            )
        if form.startswith("image/"):
            self.append(_image(data[form], (metadata or {}).get(form, {})))
        elif form == "text/html":
            if problem := what_a_page_cannot_show(data[form]):
                raise StaticInteractError(
                    f"its HTML {problem}, which the page does not bear. Show a form that stands by itself: a table, an "
                    "image (as PNG), text."
                )
            self.append({"type": "html", "text": data[form]})
        elif form == "text/plain":
            follows_text = self and self[-1]["type"] == "text" and not self[-1]["text"].endswith("\n")
            self.add_text(("\n" if follows_text else "") + data[form] + "\n")
        else:
            self.append({"type": form.removeprefix("text/"), "text": data[form]})


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


def _image(content: bytes | str, size: Mapping[str, Any]) -> Part:
    """Compress a PNG or JPEG (see `images.compress`); `width` and `height` are in CSS pixels."""
    raw = content if isinstance(content, bytes) else base64.b64decode(content)
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
    with _turned(saved[1], stream.write):
        try:
            yield
        finally:
            shell.display_pub, sys.stdout = saved


@contextlib.contextmanager
def _turned(stream: Any, write: Callable[[str], int]) -> Iterator[None]:
    """Send to `write` what those write to `stream` who took hold of it before, such as loggers."""
    try:
        stream.write = write
    except AttributeError:  # a file of the system cannot be turned
        yield
        return
    try:
        yield
    finally:
        del stream.write


@contextlib.contextmanager
def _quick_png() -> Iterator[None]:
    """Let matplotlib write PNG with little compression: a frame's are decoded at once and stored in another format."""
    agg = sys.modules.get("matplotlib.backends.backend_agg")
    if agg is None:
        yield
        return
    original = agg.FigureCanvasAgg.print_png

    @functools.wraps(original)  # matplotlib looks at the signature, for what it may hand over
    def print_png(self: Any, target: Any, **options: Any) -> None:
        pil = {"compress_level": 1} | (options.pop("pil_kwargs", None) or {})
        original(self, target, pil_kwargs=pil, **options)

    agg.FigureCanvasAgg.print_png = print_png
    try:
        yield
    finally:
        agg.FigureCanvasAgg.print_png = original


def swallow_nothing(original: Callable[..., Any]) -> Callable[..., Any]:
    """`DisplayFormatter.format`, but an object that fails while it is displayed fails its cell.

    IPython shows the traceback and goes on, and a build would be none the wiser.
    """

    def format(self: Any, *arguments: Any, **options: Any) -> Any:
        shell = get_ipython()
        swallowed: list[Any] = []
        # an object may display others while it is displayed itself
        outer = vars(shell).get("showtraceback")
        shell.showtraceback = lambda exc_tuple=None, *_, **__: swallowed.append((exc_tuple or sys.exc_info())[1])
        try:
            with _quick_png() if isinstance(shell.display_pub, _Publisher) else contextlib.nullcontext():
                result = original(self, *arguments, **options)
        finally:
            del shell.showtraceback
            if outer is not None:
                shell.showtraceback = outer
        if swallowed:
            raise swallowed[0]
        return result

    return format


@contextlib.contextmanager
def taken() -> Iterator[None]:
    """Take what is shown within a ``with`` block away from the cell; a cell's output that is cleared there stays."""
    with _redirected(_Parts()):
        yield


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
            part["text"] = overwritten(ANSI_ESCAPE.sub("", part["text"])).rstrip("\n")
    return [part for part in parts if part["type"] == "image" or part["text"]]


def overwritten(text: str) -> str:
    """What stands there in the end where carriage returns led back to the beginning of a line."""
    return "\n".join(map(_overwritten, text.split("\n")))


def without_progress(text: str) -> str:
    """`text` without the lines that were written over: those are for somebody who waits."""
    return "\n".join(line for line in text.replace("\r\n", "\n").split("\n") if "\r" not in line)


def _overwritten(line: str) -> str:
    shown = ""
    for words in line.split("\r"):
        shown = words + shown[len(words) :]
    return shown
