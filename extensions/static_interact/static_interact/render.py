"""A slider between myst-nb and Sphinx: bundles become nodes, and nodes become HTML."""

import base64
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from docutils import nodes
from PIL import Image
from sphinx.environment import BuildEnvironment
from sphinx.util import logging
from sphinx.util.osutil import relative_uri

from . import frames, markup
from .bundle import MIME_TYPE
from .images import compress

if TYPE_CHECKING:
    from myst_nb.core.render import MimeData, NbElementRenderer

logger = logging.getLogger(__name__)

FRAME_FOLDER = "_static/interact"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"


class static_interact(nodes.General, nodes.Element):
    """A frozen slider in the document; its attributes are what `markup.slider_html` needs."""


class StaticInteractRenderer:
    """myst-nb's entry point: turns bundles into nodes, and refuses widgets that nobody froze."""

    mime_priority_overrides = (
        ("html", MIME_TYPE, 1),
        ("dirhtml", MIME_TYPE, 1),
        ("singlehtml", MIME_TYPE, 1),
    )

    @staticmethod
    def handle_mime(renderer: "NbElementRenderer", data: "MimeData", inline: bool) -> list[nodes.Element] | None:
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
        stored, files = frames.store(bundle["frames"], store_folder(environment))
        identifier = markup.unique_identifier(bundle["name"], [s["id"] for s in record["sliders"]])
        record["sliders"].append(
            {
                "id": identifier,
                "name": bundle["name"],
                "cell": (data.cell_index or 0) + 1,
                "positions": len(bundle["index"]),
                "frames": len(stored),
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
                frames=stored,
                index=bundle["index"],
                default=bundle["default"],
            )
        ]


def _compresses(renderer: "NbElementRenderer") -> bool:
    """Whether the book wants its figures compressed; a book that does not use this extension has no such setting."""
    return getattr(renderer.renderer.sphinx_env.config, "static_interact_compress_figures", False)


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


def _location(renderer: "NbElementRenderer", data: "MimeData") -> tuple[str, int | None]:
    return (renderer.renderer.sphinx_env.docname, data.line)


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
    translator.body.append(markup.slider_html(node.attributes, folder))
    raise nodes.SkipNode


def skip_static_interact(translator: Any, node: static_interact) -> NoReturn:
    """Other builders show the plain text of the output instead; reaching this is a slip of their mime priority."""
    raise nodes.SkipNode
