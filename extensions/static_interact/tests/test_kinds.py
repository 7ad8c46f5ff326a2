"""Each position of over sixty kinds of slider cells shows what a live kernel shows there, and leaves what it leaves."""

import base64
import io
import itertools
import json
import os
import re

import numpy as np
import pytest
from kernels import Kernel
from kinds import KINDS, SETUP, notebook
from PIL import Image
from static_interact import PACKAGE, settings
from static_interact.bundle import MIME_TYPE

# Before the cells: note the live sliders that are made, so that their controls can be moved.
WATCH = """
import json, ipywidgets
from ipywidgets.widgets import interaction
from static_interact.controls import controls_of
_made = []
def _watch_interactive(original):
    def init(self, *arguments, **options):
        original(self, *arguments, **options)
        _made.append(({w._kwarg: w for w in self.kwargs_widgets}, self.out, self if self.manual else None))
    return init
def _watch_output(original):
    def interactive_output(f, controls):
        out = original(f, controls)
        _made.append((controls, out, None))
        return out
    return interactive_output
ipywidgets.interactive.__init__ = _watch_interactive(ipywidgets.interactive.__init__)
for _module in (ipywidgets, ipywidgets.widgets, interaction):
    _module.interactive_output = _watch_output(interaction.interactive_output)
"""
# After a cell: which output is its slider's, and the values of each control.
LISTED = """
_widgets, _output, _manual = _made[-1]
_controls, _ = controls_of(_widgets, {examples!r})
_places = {{c.name: dict(zip(c.labels, c.values)) for c in _controls}}
print(json.dumps(_output.model_id))
"""
MOVED = """
for _name, _label in json.loads({labels!r}).items():
    _widgets[_name].value = _places[_name][_label]
if _manual is not None:
    _manual.update()
"""


@pytest.fixture(scope="module")
def frozen():
    """The kinds, executed by a kernel of a build: outputs by name."""
    made = notebook()
    limits = settings.DEFAULTS | {"cells": settings.of_cells(made.cells)}
    environment = os.environ | {"PYTHONSTARTUP": str(PACKAGE / "startup.py"), settings.VARIABLE: json.dumps(limits)}
    with Kernel(environment) as kernel:
        kernel.run(SETUP)
        return {name: kernel.run(kind.source) for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def live(frozen):
    """What a live kernel shows: by name, the outputs beside the slider, and those at each position."""
    found = {}
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSTARTUP"}
    with Kernel(environment) as kernel:
        kernel.run(WATCH)
        kernel.run(SETUP)
        for name, kind in KINDS.items():
            beside = kernel.run(kind.source)
            examples = kind.metadata.get("static_interact", {}).get("examples", {})
            (told,) = kernel.run(LISTED.format(examples=examples))
            identifier = json.loads(told["text"])
            slider = bundle_of(frozen[name])
            positions = {}
            if KINDS[name].pure:
                for place, labels in enumerate(labels_of(slider)):
                    kernel.run(MOVED.format(labels=json.dumps(labels)))
                    positions[place] = kernel.widget(identifier)
            else:
                positions[slider["default"]] = kernel.widget(identifier)
            found[name] = beside, positions
    return found


def bundle_of(outputs):
    """The slider among a cell's outputs."""
    (bundle,) = [output["data"][MIME_TYPE] for output in outputs if MIME_TYPE in output.get("data", {})]
    return bundle


def labels_of(slider):
    """The labels of the controls at each position."""
    names = [control["name"] for control in slider["controls"]]
    return [dict(zip(names, labels)) for labels in itertools.product(*(c["labels"] for c in slider["controls"]))]  # noqa: B905


def parts_of(outputs):
    """What outputs of a live kernel show, as a page has it: the best form of each, adjoining texts joined."""
    parts = []
    for output in outputs:
        data = output.get("data", {"text/plain": output.get("text", "")})
        text = output["output_type"] == "stream" or set(data) == {"text/plain"}
        if text and parts and isinstance(parts[-1], str):
            parts[-1] = parts[-1].rstrip("\n") + "\n" + data["text/plain"] if parts[-1] else data["text/plain"]
        elif "text/html" in data:
            parts.append(("html", data["text/html"]))
        elif "image/png" in data:
            parts.append(picture(data["image/png"]))
        elif "text/markdown" in data or "text/latex" in data:
            kind = "markdown" if "text/markdown" in data else "latex"
            parts.append((kind, data[f"text/{kind}"]))
        else:
            parts.append(data["text/plain"])
    return [seen(part) if isinstance(part, str) else part for part in parts]


def seen(text):
    """A text as a terminal ends up showing it."""
    lines = [re.sub(r"^.*\r(?=.)", "", line).rstrip("\r") for line in text.split("\n")]
    return "\n".join(lines).rstrip("\n")


def picture(content):
    """The pixels of an image on white."""
    shown = Image.open(io.BytesIO(base64.b64decode(content))).convert("RGBA")
    return np.asarray(Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB"), dtype=int)


def parts_of_frame(frame):
    """The parts of a frozen frame, in the form of `parts_of`."""
    kinds = {"text": lambda p: p["text"], "image": lambda p: picture(p["webp"])}
    return [kinds.get(p["type"], lambda p: (p["type"], p["text"]))(p) for p in frame]


def test_there_are_sixty_kinds_and_more():
    assert len(KINDS) >= 60


@pytest.mark.parametrize("name", KINDS)
def test_each_position_shows_what_a_live_kernel_shows(name, frozen, live):
    slider = bundle_of(frozen[name])
    beside, positions = live[name]
    assert len(positions) == (len(slider["index"]) if KINDS[name].pure else 1)
    for place, outputs in positions.items():
        expected, found = parts_of(outputs), parts_of_frame(slider["frames"][slider["index"][place]])
        assert len(expected) == len(found), (place, expected, found)
        for live_part, part in zip(expected, found, strict=True):
            if isinstance(live_part, np.ndarray):
                assert live_part.shape == part.shape
                assert (abs(live_part - part).max(axis=2) > 24).mean() < 0.001, place
            else:
                assert live_part == part, place
    # what the cell prints besides depends on what the calls left behind
    texts = [[o["text"] for o in outputs if o["output_type"] == "stream"] for outputs in (beside, frozen[name])]
    assert "".join(texts[0]) == "".join(texts[1])
