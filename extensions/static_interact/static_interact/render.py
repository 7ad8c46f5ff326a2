"""A slider between myst-nb and Sphinx: bundles become nodes, and nodes become HTML."""

import base64
import dataclasses
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from docutils import nodes
from PIL import Image
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

from . import frames, markup
from .bundle import MIME_TYPE, Bundle
from .images import compress
from .labels import pieces
from .rich import as_text

if TYPE_CHECKING:
    from myst_nb.core.render import MimeData, NbElementRenderer

logger = logging.getLogger(__name__)

FRAME_FOLDER = "_static/interact"
BUILDERS = {"html", "dirhtml", "singlehtml"}  # what has pages with scripts
FOR_PAPER = f"{markup.SLIDER}-for-paper"  # the words of a piece of HTML, for what does not know HTML
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class static_interact(nodes.General, nodes.Element):
    """A frozen slider in the document; its attributes are what `markup.slider_html` needs."""


class StaticInteractRenderer:
    """myst-nb's entry point: turns bundles into nodes, and refuses widgets that nobody froze."""

    mime_priority_overrides = (("*", MIME_TYPE, 1),)

    @staticmethod
    def handle_mime(renderer: "NbElementRenderer", data: "MimeData", inline: bool) -> list[nodes.Element] | None:
        """Return the nodes for a bundle, or None for what other renderers show.

        A slider without a text alternative or with nothing to choose, and a widget that stands on the page as a dead
        control, are warnings that name the cell; a build with ``-W`` stops at them.
        """
        environment = renderer.renderer.sphinx_env
        if not in_use(environment):
            return None
        cell = (data.cell_index or 0) + 1

        def warn(kind: str, words: str) -> None:
            location = (environment.docname, data.line)
            logger.warning(f"cell {cell} {words}", location=location, type="static_interact", subtype=kind)

        if data.mime_type == WIDGET_VIEW:
            content = data.content if isinstance(data.content, dict) else json.loads(data.string)
            if "model_id" in content:  # a kernel of this build gives none
                warn(
                    "stale",
                    "shows a live widget: its output was stored in the notebook, or in a cache, and not executed by "
                    "this build, so nothing could be frozen. Have the build execute the notebook (execute_notebooks: "
                    "cache or force, and no exclude_patterns for it).",
                )
                return []
            warn(
                "widget",
                "shows a widget that needs a kernel. Show it through ipywidgets.interact, which is frozen "
                "for the page, or leave it out.",
            )
            return []
        if inline:
            return None
        if data.mime_type == "image/png" and environment.config.static_interact_compress_figures:
            return _compressed_figure(renderer, data)
        if data.mime_type != MIME_TYPE:
            return None
        bundle: Any = data.content if isinstance(data.content, dict) else json.loads(data.string)
        alternative = data.cell_metadata.get("mystnb", {}).get("image", {}).get("alt", "")
        has_image = any(part["type"] == "image" for frame in bundle["frames"] for part in frame)
        if has_image and not alternative:
            warn(
                "alt",
                f"has a slider of {bundle['name']}() without a text alternative. Describe what its figure shows in the "
                'cell\'s metadata: {"mystnb": {"image": {"alt": "..."}}}.',
            )
        if len(bundle["frames"]) == 1 < len(bundle["index"]):
            warn(
                "alike",
                f"has a slider of {bundle['name']}() that shows the same at all of its {len(bundle['index'])} "
                "positions. Does its function use its arguments?",
            )
        record = page_record(environment, environment.docname)
        stored = frames.store(bundle["frames"], store_folder(environment))
        identifier = markup.unique_identifier(bundle["name"], [s["id"] for s in record["sliders"]])
        record["sliders"].append(
            {
                "id": identifier,
                "name": bundle["name"],
                "cell": cell,
                "positions": len(bundle["index"]),
                "frames": len(stored.frames),
                "bytes": stored.weight(),
                "text_bytes": stored.weight() - sum(stored.files.values()),
                "seconds": bundle["seconds"],
            }
        )
        record["files"].update(stored.files)
        slider = static_interact(
            identifier=identifier,
            alternative=alternative,
            controls=bundle["controls"],
            frames=stored.frames,
            index=bundle["index"],
            default=bundle["default"],
            button=bundle.get("button", ""),
        )
        slider += nodes.container("", *_default_nodes(renderer, data, bundle))
        for kind, text in stored.rich:
            slider += nodes.container("", *_rich_nodes(renderer, data, kind, text))
        for label in markup.with_mathematics(bundle["controls"]):
            slider += nodes.inline("", "", *_label_nodes(label), label=label)
        return [slider]


def in_use(environment: BuildEnvironment) -> bool:
    """Whether the book names this extension: myst-nb knows the renderer wherever the package is installed."""
    return hasattr(environment.config, "static_interact_max_frames")


def _default_nodes(renderer: "NbElementRenderer", data: "MimeData", bundle: Bundle) -> list[nodes.Element]:
    """The frame at the default position as myst-nb would show it, for what has no sliders, such as paper."""
    found: list[nodes.Element] = []
    for part in bundle["frames"][bundle["index"][bundle["default"]]]:
        if part["type"] == "text":
            found.append(nodes.literal_block(part["text"], part["text"], language="none"))
        elif part["type"] == "image":
            png = io.BytesIO()
            Image.open(io.BytesIO(base64.b64decode(part["webp"]))).save(png, "PNG")
            content = base64.b64encode(png.getvalue()).decode("ascii")
            for node in renderer.render_image(dataclasses.replace(data, mime_type="image/png", content=content)):
                for image in node.findall(nodes.image):
                    image["width"] = f"{part['width']}px"
                found.append(node)
        else:
            found += _rich_nodes(renderer, data, part["type"], part["text"])
            if part["type"] == "html":
                words = as_text(part["text"])
                found.append(nodes.literal_block(words, words, language="none", classes=[FOR_PAPER]))
    return found


def _label_nodes(label: str) -> list[nodes.Node]:
    return [nodes.math(text, text) if is_mathematics else nodes.Text(text) for is_mathematics, text in pieces(label)]


class ForTheBuilder(SphinxPostTransform):
    """Leave of a slider what the builder can show: on pages the slider, elsewhere its default frame."""

    default_priority = 5  # after myst-nb's choice among the forms of an output, before images are looked for

    def run(self, **_: Any) -> None:
        """Look at every slider of the document."""
        for slider in list(self.document.findall(static_interact)):
            default = slider.pop(0)
            if self.app.builder.name not in BUILDERS:
                has_html = self.app.builder.format == "html"  # as an EPUB has
                slider.replace_self([n for n in default.children if not (has_html and FOR_PAPER in n["classes"])])


def _rich_nodes(renderer: "NbElementRenderer", data: "MimeData", kind: str, text: str) -> list[nodes.Element]:
    """What myst-nb makes of HTML, LaTeX or Markdown."""
    part = dataclasses.replace(data, mime_type=f"text/{kind}", content=text)
    render = {
        "html": renderer.render_text_html,
        "latex": renderer.render_text_latex,
        "markdown": renderer.render_markdown,
    }
    return render[kind](part)


def _compressed_figure(renderer: "NbElementRenderer", data: "MimeData") -> list[nodes.Element]:
    """The figure as myst-nb shows it, with the WebP of a slider's frame in place of its PNG."""
    png = base64.b64decode(data.content)
    name = frames.name_of(png)
    store = store_folder(renderer.renderer.sphinx_env) / "figures" / name
    if not store.exists():
        store.parent.mkdir(parents=True, exist_ok=True)
        store.write_bytes(compress(Image.open(io.BytesIO(png))))
    figure = renderer.render_image(data)
    figure[0]["uri"] = renderer.write_file([name], store.read_bytes(), exists_ok=True)
    return figure


def page_record(environment: BuildEnvironment, docname: str) -> dict[str, Any]:
    """What the sliders of a page are and which frame files it needs (name to bytes), kept with Sphinx's environment."""
    return pages_of(environment).setdefault(docname, {"sliders": [], "files": {}})


def pages_of(environment: BuildEnvironment) -> dict[str, dict[str, Any]]:
    """The records of all pages with sliders, by their document's name."""
    return vars(environment).setdefault("static_interact_pages", {})


def store_folder(environment: BuildEnvironment) -> Path:
    """Where frames wait beside the doctrees until the HTML is written."""
    return Path(environment.doctreedir) / "static_interact"


def visit_static_interact(translator: Any, node: static_interact) -> NoReturn:
    """Write a slider for the HTML builders."""
    here = translator.builder.get_target_uri(translator.builder.current_docname)
    folder = relative_uri(here, FRAME_FOLDER + "/")
    rich = [_html_of(translator, child) for child in node.children if "label" not in child]
    labels = {child["label"]: _html_of(translator, child) for child in node.children if "label" in child}
    translator.body.append(markup.slider_html(node.attributes, folder, rich, labels))
    raise nodes.SkipNode


def _html_of(translator: Any, container: nodes.Element) -> str:
    """What a builder's translator writes for a node's children."""
    written, translator.body = translator.body, []
    try:
        for child in container.children:
            child.walkabout(translator)
        return "".join(translator.body)
    finally:
        translator.body = written
