"""Open a page's notebook in Colab, on Binder, on a JupyterHub, or download it (see the README)."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

from . import repository
from .parts import page_link


def line(app: Sphinx, path: str, pages: Iterable[tuple[str, str]] = ()) -> nodes.paragraph:
    """A paragraph of links: to `pages` of the site, to the services that open the notebook at `path`, to the file.

    `pages` are pairs of a text and a page's name; `path` is relative to the book's folder.
    """
    links = [page_link(text, docname) for text, docname in pages]
    found = repository.of(app)
    if found:
        addresses = {"Open in Colab": found.colab(path), "Open on Binder": found.binder(path)}
        if found.hub:
            addresses["Open on JupyterHub"] = found.jupyterhub(path)
        links += [nodes.reference("", text, refuri=address) for text, address in addresses.items()]
    links.append(addnodes.download_reference("", "Download the notebook", reftarget=f"/{path}"))
    spaced = [part for link in links for part in (link, nodes.Text(" "))]
    return nodes.paragraph("", "", *spaced[:-1], classes=["launch-links"])


def add_line(app: Sphinx, document: nodes.document) -> None:
    docname = app.env.docname
    path = app.env.doc2path(docname, base=False)
    if path.endswith(".ipynb") and any(fnmatchcase(docname, pattern) for pattern in app.config.launch_links_pages):
        next(document.findall(nodes.section)).insert(1, line(app, path))


def register(app: Sphinx) -> None:
    """Declare settings and nodes; the README explains where the links come from."""
    app.add_config_value("launch_links_pages", [], "env", list)
