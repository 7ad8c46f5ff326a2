"""An element of HTML in a Sphinx document: the study aids need more of them than docutils has."""

import html
from collections.abc import Sequence

from docutils import nodes
from sphinx.writers.html5 import HTML5Translator


class html_element(nodes.General, nodes.Element):
    """An HTML element around its children: `tag`, and in `html` its attributes (True for one without a value)."""


VOID = {"input", "img"}


def element(tag: str, *children: nodes.Node | Sequence[nodes.Node] | str, **attributes: object) -> html_element:
    """An `html_element`; ``class_`` stands for class, and underscores for hyphens (``data_card``).

    A child may be a node, a list of nodes or text; an attribute that is None or False is left out.
    """
    node = html_element("", tag=tag)
    node["html"] = {
        name.rstrip("_").replace("_", "-"): value
        for name, value in attributes.items()
        if value is not None and value is not False
    }
    for child in children:
        if isinstance(child, str):
            node += nodes.Text(child)
        else:
            node += child
    return node


def visit(translator: HTML5Translator, node: html_element) -> None:
    """Write the start of the element for the HTML builders."""
    attributes = "".join(
        f" {name}" if value is True else f' {name}="{html.escape(str(value), quote=True)}"'
        for name, value in node["html"].items()
    )
    translator.body.append(f"<{node['tag']}{attributes}>")


def depart(translator: HTML5Translator, node: html_element) -> None:
    """Write the end of the element for the HTML builders."""
    if node["tag"] not in VOID:
        translator.body.append(f"</{node['tag']}>")
    if node["tag"] not in ("span", "label", "input", "em", "b"):
        translator.body.append("\n")


def pass_through(translator: nodes.NodeVisitor, node: html_element) -> None:
    """Other builders show the children alone."""
