"""The HTML of a slider: native controls, the default frame, and the positions as JSON for the script."""

import html
import json
import re
from collections.abc import Container, Mapping, Sequence
from typing import Any

from .bundle import ControlData
from .frames import FramePart

# the classes of a slider and of its parts, for whoever styles, hides or looks for them
SLIDER = "static-interact"
CONTROLS = f"{SLIDER}-controls"
FRAME = f"{SLIDER}-frame"
POSITION = f"{SLIDER}-position"
STATUS = f"{SLIDER}-status"
BUTTON = f"{SLIDER}-button"
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


def slider_html(slider: Mapping[str, Any], folder: str, rich: Sequence[str] = ()) -> str:
    """The HTML of one slider.

    `slider` has the bundle's ``controls``, ``index``, ``default`` and ``button``, its ``frames`` as `frames.store`
    returns them, an ``identifier`` and the text ``alternative`` of its images; `folder` is the relative URL of the
    frame files, ending in a slash; `rich` is the HTML of the frames' rich parts. Every other text is escaped.
    """
    identifier = slider["identifier"]
    controls = slider["controls"]
    frame = slider["frames"][slider["index"][slider["default"]]]
    positions = ", ".join(f"{c['label']} = {c['labels'][c['default']]}" for c in controls)
    parts = "".join(_part_html(part, slider["alternative"], positions, folder, rich) for part in frame)
    # those that are not shown yet stand in the page as well, so that whoever works on its formulas and links finds them
    templates = "".join(f'<template data-rich="{number}">{each}</template>\n' for number, each in enumerate(rich))
    lines = max(sum(p["text"].count("\n") + 1 for p in f if "text" in p) for f in slider["frames"])
    data = {
        "controls": [{"name": c["name"], "label": c["label"], "labels": c["labels"]} for c in controls],
        "frames": slider["frames"],
        "index": slider["index"],
        "folder": folder,
        "alt": slider["alternative"],
    }
    # "<" never stands in the JSON, so no text in it can end the script element
    payload = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return f"""
<figure class="{SLIDER}" id="{identifier}" style="--text-lines: {lines}">
<div class="{CONTROLS}" role="group" aria-label="Controls of this figure" hidden>
{"".join(_control_html(c, f"{identifier}--{c['name']}") for c in controls)}{_button_html(slider.get("button"))}</div>
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


def _control_html(control: ControlData, identifier: str) -> str:
    identifier = html.escape(identifier, quote=True)
    label, name = html.escape(control["label"]), html.escape(control["name"], quote=True)
    labels = [html.escape(text, quote=True) for text in control["labels"]]
    default = control["default"]
    attributes = f'id="{identifier}" data-control="{name}" autocomplete="off"'
    if control["kind"] == "range":
        return f"""<div class="static-interact-control range"><label for="{identifier}">{label}</label>
<input type="range" {attributes} min="0" max="{len(labels) - 1}" step="1"
    value="{default}" aria-valuetext="{labels[default]}">
<output for="{identifier}" style="--characters: {max(map(len, control["labels"]))}">{labels[default]}</output></div>
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
        f"{' checked' if i == default else ''}><span>{text}</span></label>"
        for i, text in enumerate(labels)
    )
    return f"""<fieldset class="static-interact-control radio" id="{identifier}" data-control="{name}">
<legend>{label}</legend>{buttons}</fieldset>
"""
