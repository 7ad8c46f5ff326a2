"""Let readers run the code of a page on the page, on a computer that Binder lends them (see the README)."""

import fnmatch
import html
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.osutil import relative_uri

from . import repository, thebe
from .repository import Repository

if TYPE_CHECKING:
    from ..application import BookApplication

THEBE = f"_static/{thebe.FOLDER}"

PANEL = """
<div class="live-code" role="group" aria-label="Live code" data-binder="{binder}" data-notebook="{notebook}"
    data-thebe="{thebe}">
<button type="button" class="live-code-start">Run the code here</button>
<button type="button" class="live-code-restart" hidden>Restart</button>
<p class="live-code-status" role="status">{host} lends a computer for it, and is asked when you press the button.</p>
<p class="live-code-elsewhere" hidden>Run it elsewhere: <a href="{colab}">open in Colab</a> or
<a href="{launch}">open on Binder</a>.</p>
</div>
"""


def panel(found: Repository, hub: str, docname: str, folder: str) -> str:
    """The HTML of the button that makes a page's code live.

    `found` is the book's `Repository`, `hub` the address of a BinderHub, `folder` that of Thebe as seen from the page.
    """
    notebook = f"{docname}.ipynb"
    values = {
        "binder": f"{hub.rstrip('/')}/build/gh/{found.owner}/{found.name}/{quote(found.branch, safe='')}",
        "host": urlsplit(hub).netloc,
        "notebook": notebook,
        "thebe": folder,
        "colab": found.colab(notebook),
        "launch": found.binder(notebook),
    }
    return PANEL.format(**{name: html.escape(value, quote=True) for name, value in values.items()})


def find(app: "BookApplication") -> None:
    """Look for the book's repository, and get Thebe if there is one: without it Binder has nothing to run."""
    app.live_code_repository = None
    shutil.rmtree(Path(app.outdir, THEBE), ignore_errors=True)
    if app.builder.format == "html" and app.config.live_code_pages:
        app.live_code_repository = repository.of(app)
    if app.live_code_repository:
        try:
            app.live_code_thebe = thebe.folder()
        except OSError as error:
            raise ExtensionError(f"live_code: {error} Try again, or do without: live_code_pages: []") from error


def _is_live(app: Sphinx, docname: str, document: nodes.document) -> bool:
    """Whether the page has code and is one of those that are wanted."""
    return any(fnmatch.fnmatch(docname, pattern) for pattern in app.config.live_code_pages) and any(
        node.get("nb_element") == "cell_code" for node in document.findall(nodes.container)
    )


def add_panel(app: "BookApplication", document: nodes.document, docname: str) -> None:
    if app.live_code_repository is None or not _is_live(app, docname, document):
        return
    folder = relative_uri(app.builder.get_target_uri(docname), f"{THEBE}/")
    text = panel(app.live_code_repository, app.config.live_code_binder, docname, folder)
    section = next(document.findall(nodes.section))
    launch = next((n for n, node in enumerate(section[:3]) if "launch-links" in node.get("classes", [])), 0)
    section.insert(launch + 1, nodes.raw("", text, format="html"))


def add_assets(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: nodes.document | None
) -> None:
    if 'class="live-code"' in context.get("body", ""):
        app.add_css_file("live_code.css")
        app.add_js_file("live_code.js", loading_method="defer")


def copy_thebe(app: "BookApplication", exception: Exception | None) -> None:
    """Put Thebe beside the pages; nothing of it is part of a page before its button is pressed."""
    if exception is None and app.live_code_repository:
        shutil.copytree(app.live_code_thebe, Path(app.outdir, THEBE))


def register(app: Sphinx) -> None:
    """Declare settings and nodes; the README explains the configuration values."""
    app.add_config_value("live_code_pages", ["chapters/*", "exercises/*/*"], "html", list)
    app.add_config_value("live_code_binder", "https://mybinder.org", "html", str)
    # after bundled_assets, which would take every word in Thebe for a class of the book's
