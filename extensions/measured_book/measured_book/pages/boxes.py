"""Give block quotes that begin with a bold label a look of their own (see the README)."""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

logger = logging.getLogger(__name__)


# Sphinx has put typographic quotes and dashes into the text before this extension sees it
AS_TYPED = str.maketrans({"“": '"', "”": '"', "‘": "'", "’": "'", "–": "--", "—": "---", "…": "..."})


def leading_label(quote: nodes.block_quote) -> str | None:
    """The text of the bold phrase that a block quote begins with, as it was typed, or None."""
    paragraph = quote.children[0] if quote.children else None
    if isinstance(paragraph, nodes.paragraph):
        # the Markdown parser leaves an empty text before the bold phrase
        first = next((child for child in paragraph.children if child.astext()), None)
        if isinstance(first, nodes.strong):
            return first.astext().translate(AS_TYPED)
    return None


def mark(app: Sphinx, document: nodes.document) -> None:
    labels = {label.translate(AS_TYPED): name for label, name in app.config.labelled_boxes_labels.items()}
    alike = {label.rstrip(".:").lower(): label for label in labels}
    for quote in document.findall(nodes.block_quote):
        label = leading_label(quote)
        if label is None:
            continue
        if label in labels:
            quote["classes"].append(labels[label])
            quote["box_label"] = label.rstrip(".:")
        elif label.rstrip(".:").lower() in alike:
            wanted = alike[label.rstrip(".:").lower()]
            logger.warning("the box label %r should read %r [measured_book.boxes]", label, wanted, location=quote)


def _visit_quote(translator: HTML5Translator, node: nodes.block_quote) -> None:
    attributes = {"role": "note", "aria-label": node["box_label"]} if node.get("box_label") else {}
    translator.body.append(translator.starttag(node, "blockquote", "<div>", **attributes))


def _depart_quote(translator: HTML5Translator, node: nodes.block_quote) -> None:
    translator.body.append("</div></blockquote>\n")


def register(app: Sphinx) -> None:
    """Declare settings and nodes; ``labelled_boxes_labels`` maps a label to its class."""
    app.add_config_value("labelled_boxes_labels", {}, "env", dict)
    app.add_node(nodes.block_quote, override=True, html=(_visit_quote, _depart_quote))
