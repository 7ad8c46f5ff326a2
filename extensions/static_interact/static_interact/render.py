"""The Sphinx half: write the frames of a bundle as files and the slider as accessible HTML."""

import base64
import hashlib
import html
import io
import json
import re
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

from .freeze import MIME_TYPE
from .images import compress

logger = logging.getLogger(__name__)

FRAME_FOLDER = "_static/interact"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class static_interact(nodes.General, nodes.Element):
    """A frozen slider in the document; its attributes are the bundle with the images replaced by file names."""


class StaticInteractRenderer:
    """myst-nb's entry point: turns bundles into nodes, and refuses widgets that nobody froze."""

    mime_priority_overrides = (
        ("html", MIME_TYPE, 1),
        ("dirhtml", MIME_TYPE, 1),
        ("singlehtml", MIME_TYPE, 1),
    )

    @staticmethod
    def handle_mime(renderer, data, inline):
        """Return the nodes for a bundle, or None for what other renderers show.

        A slider without a text alternative, and a widget that stands on the page as a dead control, are warnings
        that name the cell; a build with ``-W`` stops at them.
        """
        if data.mime_type == WIDGET_VIEW:
            logger.warning(
                "cell %d shows a widget that needs a kernel. Show it through ipywidgets.interact, which is frozen "
                "for the page, or leave it out. [static_interact.widget]",
                (data.cell_index or 0) + 1,
                location=_location(renderer, data),
            )
            return []
        if inline:
            return None
        if data.mime_type == "image/png" and _compresses(renderer):
            return _compressed_figure(renderer, data)
        if data.mime_type != MIME_TYPE:
            return None
        bundle = data.content if isinstance(data.content, dict) else json.loads(data.string)
        environment = renderer.renderer.sphinx_env
        alternative = data.cell_metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        has_image = any(part["type"] == "image" for frame in bundle["frames"] for part in frame)
        if has_image and not alternative:
            logger.warning(
                "cell %d: the slider of %s() has no text alternative. Describe what its figure shows in the cell's "
                'metadata: {"mystnb": {"image": {"alt": "..."}}}. [static_interact.alt]',
                (data.cell_index or 0) + 1,
                bundle["name"],
                location=_location(renderer, data),
            )
        record = page_record(environment, environment.docname)
        files, frames = {}, []
        for frame in bundle["frames"]:
            frames.append([_store(part, environment, files) for part in frame])
        identifier = unique_identifier(bundle["name"], [s["id"] for s in record["sliders"]])
        record["sliders"].append(
            {
                "id": identifier,
                "name": bundle["name"],
                "cell": (data.cell_index or 0) + 1,
                "positions": len(bundle["index"]),
                "frames": len(frames),
                "bytes": sum(files.values()),
                "seconds": bundle["seconds"],
            }
        )
        record["files"].update(files)
        return [
            static_interact(
                identifier=identifier,
                alternative=alternative,
                controls=bundle["controls"],
                frames=frames,
                index=bundle["index"],
                default=bundle["default"],
            )
        ]


def _compresses(renderer):
    """Whether the book wants its figures compressed; a book that does not use this extension has no such setting."""
    return getattr(renderer.renderer.sphinx_env.config, "static_interact_compress_figures", False)


def _compressed_figure(renderer, data):
    """The figure as myst-nb shows it, with the WebP of a slider's frame in place of its PNG."""
    png = base64.b64decode(data.content)
    name = hashlib.sha256(png).hexdigest()[:20] + ".webp"
    store = store_folder(renderer.renderer.sphinx_env) / "figures" / name
    if not store.exists():
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_bytes(compress(Image.open(io.BytesIO(png))))
    figure = renderer.render_image(data)
    figure[0]["uri"] = renderer.write_file([name], store.read_bytes(), exists_ok=True)
    return figure


def _location(renderer, data):
    return (renderer.renderer.sphinx_env.docname, data.line)


def page_record(environment, docname):
    """What the sliders of a page are and which frame files it needs (name to bytes), kept with Sphinx's environment."""
    if not hasattr(environment, "static_interact_pages"):
        environment.static_interact_pages = {}
    return environment.static_interact_pages.setdefault(docname, {"sliders": [], "files": {}})


def unique_identifier(name, taken):
    """An HTML id from a function's name: ``plot_losses`` gives plot-losses, the second one plot-losses-2."""
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "slider"
    identifier, number = base, 1
    while identifier in taken:
        number += 1
        identifier = f"{base}-{number}"
    return identifier


def store_folder(environment):
    """Where frames wait beside the doctrees until the HTML is written."""
    return Path(environment.doctreedir) / "static_interact"


def _store(part, environment, files):
    if part["type"] == "text":
        return {"text": part["text"]}
    content = base64.b64decode(part["webp"])
    name = hashlib.sha256(content).hexdigest()[:20] + ".webp"
    path = store_folder(environment) / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    files[name] = len(content)
    return {"image": name, "width": part["width"], "height": part["height"]}


def visit_static_interact(translator, node):
    """Write a slider for the HTML builders."""
    here = translator.builder.get_target_uri(translator.builder.current_docname)
    folder = relative_uri(here, FRAME_FOLDER + "/")
    translator.body.append(slider_html(node.attributes, folder))
    raise nodes.SkipNode


def skip_static_interact(translator, node):
    """Other builders show the plain text of the output instead; reaching this is a slip of their mime priority."""
    raise nodes.SkipNode


def slider_html(slider, folder):
    """The HTML of one slider.

    `slider` has ``identifier``, ``alternative``, ``controls``, ``frames``, ``index`` and ``default`` as the node
    does; `folder` is the relative URL of the frame files, ending in a slash. Every text is escaped.
    """
    identifier = slider["identifier"]
    controls = slider["controls"]
    frame = slider["frames"][slider["index"][slider["default"]]]
    positions = ", ".join(f"{c['label']} = {c['labels'][c['default']]}" for c in controls)
    parts = "".join(_part_html(part, slider["alternative"], positions, folder) for part in frame)
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
<figure class="static-interact" id="{identifier}" style="--text-lines: {lines}">
<div class="static-interact-controls" role="group" aria-label="Controls of this figure" hidden>
{"".join(_control_html(c, f"{identifier}--{c['name']}") for c in controls)}</div>
<div class="static-interact-frame">{parts}</div>
<figcaption class="static-interact-position">Shown for {html.escape(positions)}</figcaption>
<p class="static-interact-status" role="status"></p>
<script type="application/json">{payload}</script>
</figure>
"""


def _part_html(part, alternative, positions, folder):
    if "text" in part:
        return f'<pre tabindex="0">{html.escape(part["text"])}</pre>'
    text = html.escape(f"{alternative} ({positions})".strip(), quote=True)
    return (
        f'<img src="{folder}{part["image"]}" width="{part["width"]}" height="{part["height"]}" alt="{text}" '
        'loading="lazy" decoding="async">'
    )


def _control_html(control, identifier):
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
