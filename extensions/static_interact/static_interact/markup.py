"""The HTML of a slider: native controls, the default frame, and the positions as JSON for the script."""

import html
import itertools
import json
import re
from collections.abc import Container, Mapping, Sequence
from typing import Any

from .bundle import ControlData
from .frames import FramePart
from .labels import MATHEMATICS, spoken

# the classes of a slider and of its parts, for whoever styles, hides or looks for them
SLIDER = "static-interact"
CONTROLS = f"{SLIDER}-controls"
FRAME = f"{SLIDER}-frame"
POSITION = f"{SLIDER}-position"
STATUS = f"{SLIDER}-status"
BUTTON = f"{SLIDER}-button"
PLAY = f"{SLIDER}-play"
RICH = f"{SLIDER}-rich"
# the files in `static` that a page with sliders needs
STYLES = "static_interact.css"
SCRIPT = "static_interact.js"


def unique_identifier(name: str, taken: Container[str]) -> str:
    """An HTML id from a function's name: ``plot_losses`` gives plot-losses, the second one plot-losses-2."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "slider"
    identifier, number = base, 1
    while identifier in taken:
        number += 1
        identifier = f"{base}-{number}"
    return identifier


def slider_html(
    slider: Mapping[str, Any], folder: str, rich: Sequence[str] = (), labels: Mapping[str, str] | None = None
) -> str:
    """The HTML of one slider.

    `slider` has the bundle's ``controls``, ``index``, ``default`` and ``button``, its ``frames`` as `frames.store`
    returns them, an ``identifier`` and the text ``alternative`` of its images; `folder` is the relative URL of the
    frame files, ending in a slash; `rich` is the HTML of the frames' rich parts, `labels` that of labels with
    mathematics. Every other text is escaped.
    """
    identifier = slider["identifier"]
    controls = slider["controls"]
    frame = slider["frames"][slider["index"][slider["default"]]]
    positions = ", ".join(f"{spoken(c['label'])} = {spoken(c['labels'][c['default']])}" for c in controls)
    parts = "".join(_part_html(part, slider["alternative"], positions, folder, rich) for part in frame)
    # those that are not shown yet stand in the page as well, so that whoever works on its formulas and links finds them
    templates = "".join(f'<template data-rich="{number}">{each}</template>\n' for number, each in enumerate(rich))
    lines = max(sum(p["text"].count("\n") + 1 for p in f if "text" in p) for f in slider["frames"])
    data = {
        "controls": [
            {"name": c["name"], "label": spoken(c["label"]), "labels": list(map(spoken, c["labels"]))}
            | ({"ends": list(map(spoken, c["ends"]))} if "ends" in c else {})
            for c in controls
        ],
        "frames": slider["frames"],
        "index": slider["index"],
        "folder": folder,
        "alt": slider["alternative"],
    }
    panel = "".join(_control_html(c, f"{identifier}--{c['name']}", labels or {}) for c in controls)
    # "<" never stands in the JSON, so no text in it can end the script element
    payload = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f"""
<figure class="{SLIDER}" id="{identifier}" style="--text-lines: {lines}">
<div class="{CONTROLS}" role="group" aria-label="Controls of this figure" hidden>
{panel}{_button_html(slider.get("button"))}</div>
<div class="{FRAME}">{parts}</div>
<figcaption class="{POSITION}">Shown for {html.escape(positions)}</figcaption>
<p class="{STATUS}" role="status"></p>
{templates}<script type="application/json">{payload}</script>
</figure>
"""


def _button_html(words: str | None) -> str:
    return f'<button type="button" class="{BUTTON}">{html.escape(words)}</button>\n' if words else ""


def _part_html(part: FramePart, alternative: str, positions: str, folder: str, rich: Sequence[str]) -> str:
    if "rich" in part:
        return f'<div class="{RICH}" tabindex="0">{rich[part["rich"]]}</div>'
    if "text" in part:
        return f'<pre tabindex="0">{html.escape(part["text"])}</pre>'
    text = html.escape(f"{alternative} ({positions})".strip(), quote=True)
    return (
        f'<img src="{folder}{part["image"]}" width="{part["width"]}" height="{part["height"]}" alt="{text}" '
        'loading="lazy" decoding="async">'
    )


def with_mathematics(controls: Sequence[ControlData]) -> list[str]:
    """The labels of `controls` that have mathematics and can show it: a menu's options cannot."""
    texts = [c["label"] for c in controls] + [t for c in controls if c["kind"] == "radio" for t in c["labels"]]
    return [text for text in dict.fromkeys(texts) if MATHEMATICS.search(text)]


def _control_html(control: ControlData, identifier: str, shown: Mapping[str, str]) -> str:
    identifier = html.escape(identifier, quote=True)
    name = html.escape(control["name"], quote=True)
    label = shown.get(control["label"]) or html.escape(spoken(control["label"]))
    labels = [html.escape(spoken(text), quote=True) for text in control["labels"]]
    default = control["default"]
    attributes = f'id="{identifier}" data-control="{name}" autocomplete="off"'
    output = f'style="--characters: {max(map(len, map(spoken, control["labels"])))}">{labels[default]}</output>'
    if control["kind"] in ("range", "play"):
        player = name_of_label = ""
        if control["kind"] == "play":
            name_of_label = f' id="{identifier}--label"'
            player = f"""
<button type="button" class="{PLAY}" data-milliseconds="{control["milliseconds"]}"
    data-repeats="{str(control["repeats"]).lower()}" aria-describedby="{identifier}--label">Play</button>"""
        return f"""<div class="static-interact-control range">
<label for="{identifier}"{name_of_label}>{label}</label>{player}
<input type="range" {attributes} min="0" max="{len(labels) - 1}" step="1"
    value="{default}" aria-valuetext="{labels[default]}">
<output for="{identifier}" {output}</div>
"""
    if control["kind"] == "interval":
        ends = [html.escape(spoken(text), quote=True) for text in control["ends"]]
        places = list(itertools.combinations_with_replacement(range(len(ends)), 2))[default]
        handles = "".join(
            f"""
<input type="range" id="{identifier}--{end}" data-end="{end}" autocomplete="off" min="0" max="{len(ends) - 1}" step="1"
    value="{place}" aria-label="{words}" aria-valuetext="{ends[place]}">"""
            for end, words, place in zip(("low", "high"), ("from", "to"), places, strict=True)
        )
        return f"""<fieldset class="static-interact-control interval" id="{identifier}" data-control="{name}">
<legend>{label}</legend>{handles}
<output for="{identifier}--low {identifier}--high" {output}</fieldset>
"""
    if control["kind"] == "checkbox":
        checked = " checked" if default else ""
        return f"""<div class="static-interact-control checkbox"><input type="checkbox" {attributes}{checked}>
<label for="{identifier}">{label}</label></div>
"""
    if control["kind"] == "select":
        options = "".join(
            f'<option value="{i}"{" selected" if i == default else ""}>{text}</option>' for i, text in enumerate(labels)
        )
        return f"""<div class="static-interact-control select"><label for="{identifier}">{label}</label>
<select {attributes}>{options}</select></div>
"""
    buttons = "".join(
        f'<label><input type="radio" name="{identifier}" value="{i}" autocomplete="off"'
        f"{' checked' if i == default else ''}><span>{shown.get(raw) or text}</span></label>"
        for i, (raw, text) in enumerate(zip(control["labels"], labels, strict=True))
    )
    return f"""<fieldset class="static-interact-control radio" id="{identifier}" data-control="{name}">
<legend>{label}</legend>{buttons}</fieldset>
"""
