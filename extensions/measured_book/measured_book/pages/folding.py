"""Fold what is beside the main path: the code of cells tagged ``hide-input``, and sections that begin with ``★ ``.

Both become native ``<details>``: closed on the screen, open on paper, and found by the browser's own search. Headings
and anchors stay as they are, so contents, links and the site's search know nothing of it.
"""

from collections.abc import Iterator

from docutils import nodes

from ..study.elements import element, html_element

STAR = "★ "
WORDS_A_MINUTE = 200
SECONDS_A_LINE = 2
SECONDS_A_LOOK = 10
# what a reader is not counted to read: cards, quizzes and folded code, and what is no text
UNREAD = (html_element, nodes.comment, nodes.raw, nodes.system_message)


def deeper_sections(document: nodes.document) -> Iterator[nodes.section]:
    """The sections of level 2 whose heading begins with a star."""
    for page in document.children:
        if isinstance(page, nodes.section):
            yield from (part for part in page.children if _is_deeper(part))


def _is_deeper(node):
    return isinstance(node, nodes.section) and isinstance(node.parent.parent, nodes.document) and (
        node.children[0].astext().startswith(STAR)
    )  # fmt: skip


def reading_seconds(node: nodes.Node) -> float:
    """The seconds that it takes to read a part of a page, without the deeper sections in it.

    Counted are the words of the prose, headings and tables at 200 a minute; each line of code that is neither empty nor
    folded at 2 s; each figure, slider, table of results and displayed formula at 10 s. A formula in a line is a word.
    What cells print, flashcards and quizzes are not counted.
    """
    if isinstance(node, UNREAD):
        return 0
    if isinstance(node, nodes.literal_block):
        return SECONDS_A_LINE * sum(bool(line.strip()) for line in node.astext().splitlines())
    if isinstance(node, (nodes.math_block, nodes.image)):
        return SECONDS_A_LOOK
    if isinstance(node, nodes.Element) and node.get("nb_element") == "cell_code_output":
        return SECONDS_A_LOOK * sum(map(_is_looked_at, node.children))
    if isinstance(node, nodes.TextElement):
        pictures = sum(SECONDS_A_LOOK for _ in node.findall(nodes.image))
        return len(node.astext().split()) * 60 / WORDS_A_MINUTE + pictures
    return sum(reading_seconds(child) for child in node.children if not _is_deeper(child))


def _is_looked_at(output):
    """Whether an output of a cell is more than text."""
    kinds = (node.get("mime_type") for node in output.findall(nodes.container))
    return any(kind not in (None, "text/plain") for kind in kinds)


def minutes(seconds: float) -> int:
    """Whole minutes, one at least."""
    return max(1, round(seconds / 60))


def reading_time(document: nodes.document) -> str:
    """The reading time of a page in a sentence, such as "Reading time: 34 min, deeper sections 12 min more."."""
    words = f"Reading time: {minutes(reading_seconds(document))} min"
    if deeper := list(deeper_sections(document)):
        words += f", deeper sections {minutes(sum(map(reading_seconds, deeper)))} min more"
    return f"{words}."


def fold(app, document):
    for cell in list(document.findall(nodes.container)):
        if cell.get("nb_element") == "cell_code" and cell.get("hide_mode") == "input":
            del cell["hide_mode"]  # by which myst-nb would fold it, too
            code = cell.children[0]
            cell.remove(code)
            cell.insert(0, element("details", element("summary", "Show the code"), code, class_="folded-code"))
    deeper = list(deeper_sections(document))
    for section in deeper:
        section["reading_minutes"] = minutes(reading_seconds(section))
    if len(deeper) > 1:
        button = element("button", "Open all deeper sections", type="button", class_="open-deeper")
        deeper[0].parent.insert(deeper[0].parent.index(deeper[0]), button)


def _visit_section(translator, node):
    type(translator).visit_section(translator, node)
    if "reading_minutes" in node:
        translator.body.append('<details class="deeper">\n')


def _depart_section(translator, node):
    if "reading_minutes" in node:
        translator.body.append("</details>\n")
    type(translator).depart_section(translator, node)


def _visit_title(translator, node):
    if "reading_minutes" in node.parent:
        translator.body.append("<summary>")
    type(translator).visit_title(translator, node)


def _depart_title(translator, node):
    type(translator).depart_title(translator, node)
    if "reading_minutes" in node.parent:
        words = f'<span class="reading-time"> · {node.parent["reading_minutes"]} min</span>'
        translator.body.append(f"{words}</summary>\n")


def add_assets(app, pagename, templatename, context, doctree):
    if doctree is not None and ('class="deeper"' in context["body"] or 'class="folded-code"' in context["body"]):
        app.add_css_file("folding.css")
        app.add_js_file("folding.js", loading_method="defer")


def name_contents(app, pagename, templatename, context, doctree):
    """The theme has one title for the contents of all pages; what is no chapter is not called one."""
    if not pagename.startswith("chapters/"):
        context["theme_toc_title"] = "On this page"


def register(app):
    """Have sections and titles written by this module's functions, which call the translator's own."""
    app.add_node(nodes.section, override=True, html=(_visit_section, _depart_section))
    app.add_node(nodes.title, override=True, html=(_visit_title, _depart_title))
