"""A notebook as one HTML file with working sliders: ``jupyter nbconvert --to static_interact --execute NOTEBOOK``."""

import html
import os
from typing import Any

from nbconvert.exporters.html import HTMLExporter
from nbconvert.filters import markdown2html
from nbconvert.preprocessors import Preprocessor
from nbformat import NotebookNode
from traitlets import Float, Integer, List, Unicode

from . import PACKAGE, markup, settings
from .bundle import MIME_TYPE, Bundle
from .frames import FramePart


class Sliders(Preprocessor):
    """Put the HTML of a slider in place of each bundle, with its frames inside."""

    def preprocess(self, nb: NotebookNode, resources: Any) -> tuple[NotebookNode, Any]:
        """Change the outputs of `nb`; the first slider brings the style, the last one the script."""
        everything = [output for cell in nb.cells for output in cell.get("outputs", [])]
        outputs = [output for output in everything if MIME_TYPE in output.get("data", {})]
        taken: list[str] = []
        for cell in nb.cells:
            alternative = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            for output in cell.get("outputs", []):
                if MIME_TYPE not in output.get("data", {}):
                    continue
                bundle = output.data[MIME_TYPE]
                taken.append(markup.unique_identifier(bundle["name"], taken))
                written = _slider(bundle, taken[-1], alternative)
                if output is outputs[0]:
                    style = (PACKAGE / "static" / markup.STYLES).read_text(encoding="utf-8")
                    written = f"<style>{style}</style>{written}"
                if output is outputs[-1]:
                    script = (PACKAGE / "static" / markup.SCRIPT).read_text(encoding="utf-8")
                    written += f"<script>{script}</script>"
                output.data = NotebookNode({"text/html": written})
        return nb, resources


def _slider(bundle: Bundle, identifier: str, alternative: str) -> str:
    rich: list[str] = []
    frames: list[list[FramePart]] = []
    for frame in bundle["frames"]:
        parts: list[FramePart] = []
        for part in frame:
            if part["type"] == "text":
                parts.append({"text": part["text"]})
            elif part["type"] == "image":
                address = f"data:image/webp;base64,{part['webp']}"
                parts.append({"image": address, "width": part["width"], "height": part["height"]})
            else:
                shown = _rich(part["type"], part["text"])
                if shown not in rich:
                    rich.append(shown)
                parts.append({"rich": rich.index(shown)})
        frames.append(parts)
    slider = {**bundle, "identifier": identifier, "alternative": alternative, "frames": frames}
    labels = {text: html.escape(text, quote=False) for text in markup.with_mathematics(bundle["controls"])}
    return markup.slider_html(slider, "", rich, labels)


def _rich(kind: str, text: str) -> str:
    if kind == "markdown":
        return str(markdown2html(text))
    return text if kind == "html" else f"<div>{html.escape(text, quote=False)}</div>"


class SliderExporter(HTMLExporter):
    """nbconvert's HTML with sliders that need no kernel; its kernels freeze what `interact` shows.

    With ``--execute`` the notebook is run anew; without, sliders are where an earlier run froze them.
    """

    export_from_notebook = "HTML with sliders"
    max_frames = Integer(settings.DEFAULTS["max_frames"], help="positions of one slider").tag(config=True)
    max_seconds = Float(settings.DEFAULTS["max_seconds"], help="seconds to freeze one slider").tag(config=True)
    startup = List(Unicode(), help="Python files that each kernel runs first, such as a plot style").tag(config=True)

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **options: Any) -> tuple[Any, dict[str, Any]]:
        """The HTML of `nb`, and nbconvert's resources."""
        limits = {"max_frames": self.max_frames, "max_seconds": self.max_seconds}
        os.environ["PYTHONSTARTUP"] = str(PACKAGE / "startup.py")
        startup = [os.path.abspath(path) for path in self.startup]
        settings.write(limits | {"startup": startup, "cells": settings.of_cells(nb.cells)})
        if not any(isinstance(step, Sliders) for step in self._preprocessors):
            self.register_preprocessor(Sliders(parent=self), enabled=True)  # after that which executes
        return super().from_notebook_node(nb, resources, **options)
