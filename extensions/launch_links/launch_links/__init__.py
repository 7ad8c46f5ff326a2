"""Open a page's notebook in Colab, on Binder, on a JupyterHub, or download it (see README.md)."""

from fnmatch import fnmatchcase

from docutils import nodes
from page_parts import page_link
from sphinx import addnodes

from . import repository

__version__ = "1.0.0"


def line(app, path, pages=()):
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


def _add_line(app, document):
    docname = app.env.docname
    path = app.env.doc2path(docname, base=False)
    if path.endswith(".ipynb") and any(fnmatchcase(docname, pattern) for pattern in app.config.launch_links_pages):
        next(document.findall(nodes.section)).insert(1, line(app, path))


def setup(app):
    """Register the extension; README.md explains where the links come from."""
    app.add_config_value("launch_links_pages", [], "env", list)
    app.connect("doctree-read", _add_line, priority=400)  # before Sphinx collects what can be downloaded
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
