"""Parts of pages, as docutils nodes, that several extensions put there (see README.md)."""

from collections.abc import Sequence

from docutils import nodes
from sphinx import addnodes


def page_link(text: str, docname: str) -> addnodes.pending_xref:
    """A link to the page `docname` of the site; with no text, with that page's title."""
    where = {"refdomain": "std", "reftype": "doc", "reftarget": f"/{docname}"}
    return addnodes.pending_xref("", nodes.inline("", text), **where, refexplicit=bool(text), refwarn=True)


def table(rows: Sequence[Sequence[str | nodes.Node]], *classes: str) -> nodes.table:
    """A table of `rows`, the first of which is its head; each holds strings or inline nodes. `classes` are for CSS."""
    head, *body = [_row(row) for row in rows]
    group = nodes.tgroup("", *[nodes.colspec(colwidth=1) for _ in rows[0]], cols=len(rows[0]))
    group += [nodes.thead("", head), nodes.tbody("", *body)]
    return nodes.table("", group, classes=list(classes))


def _row(contents: Sequence[str | nodes.Node]) -> nodes.row:
    inner = [nodes.Text(content) if isinstance(content, str) else content for content in contents]
    return nodes.row("", *[nodes.entry("", nodes.paragraph("", "", node)) for node in inner])
