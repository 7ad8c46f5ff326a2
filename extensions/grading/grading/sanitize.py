"""What may be shown of a stranger's HTML: text, tables, links and pictures that come with it, and nothing that acts.

Only HTML that is ready to be shown is sanitized, the outcome of rendering. In Markdown one cannot tell what will become
of it, and sanitizing would spoil its formulas and code.
"""

import base64
import binascii
import html
import re

import nh3
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from pygments.token import STANDARD_TYPES

LONGEST = 50_000  # characters of a text that is shown, pictures in it not counted
LONGEST_ERROR = 10_000  # characters
LONGEST_CELL = 200_000  # characters of texts that a cell displays
LONGEST_NOTEBOOK = 2_000_000  # characters of all that a notebook shows, pictures not counted
SHORTEST = 500  # characters of an error, whatever else is shown
MOST_OUTPUTS = 200  # of a cell
MOST_COLORS = 1000  # changes of color in a text that is shown in colors
ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|.)", re.S)
EMBEDDED_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=\s]*")
HEADINGS = {f"h{level}" for level in range(1, 7)}
TAGS = set(nh3.ALLOWED_TAGS) - {"area", "map"}
ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title", "width", "height"},
    "td": {"align", "colspan", "rowspan", "style"},
    "th": {"align", "colspan", "rowspan", "scope", "style"},
    "ol": {"start"},
}
# colors of code in Markdown
CLASSES = {"div": {"highlight"}, "span": set(STANDARD_TYPES.values()) - {""}}
# MathML without what links, acts, or brings HTML or pictures in (annotation-xml, maction, mglyph, href)
MATH_TAGS = set(
    "math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mroot mrow ms mspace msqrt mstyle msub msubsup "
    "msup mtable mtd mtext mtr munder munderover".split()
)
MATH_ATTRIBUTES = set(
    "accent columnalign columnlines columnspacing depth display displaystyle fence form height largeop linethickness "
    "lspace mathbackground mathcolor mathsize mathvariant maxsize minsize movablelimits notation rowlines rowspacing "
    "rspace scriptlevel separator stretchy voffset width".split()
)
PICTURES = {"image/png", "image/jpeg"}


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    """The value of an attribute if it may stay: pictures come with the page, and links lead to the web or to a heading.

    A link without a scheme would lead into the server of whoever looks at the page.
    """
    if attribute == "src":
        return value if EMBEDDED_PICTURE.fullmatch(value) else None
    if attribute == "href":
        return value if re.match(r"(?:https?://|mailto:|#)", value, re.I) else None
    return value


def _cleaner(tags: set[str], attributes: dict[str, set[str]], classes: dict[str, set[str]]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        attributes=attributes,
        attribute_filter=_keep_attribute,
        allowed_classes=classes,
        filter_style_properties={"text-align"},
        url_schemes={"http", "https", "mailto", "data"},
    )


_MATH = dict.fromkeys(MATH_TAGS, MATH_ATTRIBUTES)
_FOR_GRADERS = _cleaner(TAGS | MATH_TAGS, ATTRIBUTES | _MATH, CLASSES)
_FOR_STUDENTS = _cleaner(
    TAGS | MATH_TAGS, ATTRIBUTES | _MATH | dict.fromkeys(HEADINGS, {"id"}), CLASSES | {"a": {"anchor-link"}}
)


def for_graders(markup: str) -> str:
    """HTML and MathML as nbgrader's formgrader may show it, whose scripts look for elements by their ids."""
    return _FOR_GRADERS.clean(markup)


def for_students(markup: str) -> str:
    """HTML and MathML as the page of the student who wrote it may show it: also with anchors of headings."""
    return _FOR_STUDENTS.clean(markup)


def is_too_long(markup: str) -> bool:
    """Whether HTML or Markdown is longer than what a library should be made to read."""
    return len(markup) > LONGEST and len(EMBEDDED_PICTURE.sub("", markup)) > LONGEST


def shortened(text: str, longest: int = LONGEST) -> str:
    """A text, or its beginning with a line that says so; of a text full of colors the text alone."""
    if len(text) > longest:
        text = f"{text[:longest]}\n... (the rest, {len(text) - longest:,} characters, is not shown)"
    return ESCAPES.sub("", text) if text.count("\x1b") > MOST_COLORS else text


class Defuse(NbGraderPreprocessor):
    """Make what a stranger wrote and displayed fit for a grader's browser, harmless and bounded.

    Outputs are made anew from what is known to be harmless: bounded text, pictures and sanitized HTML. Markdown stays
    as it is: it is sanitized when it is rendered (`grading.feedback`).
    """

    _left = LONGEST_NOTEBOOK  # characters that may still be shown

    def preprocess(self, nb: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Work on each cell of `nb`."""
        self._left = LONGEST_NOTEBOOK
        return super().preprocess(nb, resources)

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Make a code cell's outputs anew, and sanitize a raw cell, which nbconvert writes into the page as HTML."""
        if cell.cell_type == "code":
            cell.source = self._bounded(cell.source)
            cell.execution_count = _count(cell.get("execution_count"))
            errors = [output for output in cell.outputs[MOST_OUTPUTS:] if output.output_type == "error"]
            outputs, left = [], LONGEST_CELL
            for output in [*cell.outputs[:MOST_OUTPUTS], *errors[-1:]]:
                harmless = _harmless(output, max(0, min(left, self._left)))
                if harmless:
                    outputs.append(harmless)
                    length = _length(harmless)
                    left, self._left = left - length, self._left - length
            cell.outputs = outputs
        elif len(EMBEDDED_PICTURE.sub("", cell.source)) > min(LONGEST, self._left):
            cell.source = self._bounded(cell.source)
        if cell.cell_type == "raw":
            cell.source = for_graders(cell.source)
        return cell, resources

    def _bounded(self, text: str) -> str:
        """A text, or as much of it as the notebook may still show."""
        text = shortened(text, max(0, min(LONGEST, self._left)))
        self._left -= len(text)
        return text


def _length(output: NotebookNode) -> int:
    """The number of characters in an output's texts."""
    if output.output_type == "error":
        return len(output.evalue) + sum(map(len, output.traceback))
    shown = output.get("data", {"text": output.get("text", "")})
    return sum(len(EMBEDDED_PICTURE.sub("", shown[kind])) for kind in shown if kind not in PICTURES)


def _harmless(output: NotebookNode, longest: int) -> NotebookNode | None:
    """An output made anew from what may be shown of it, with texts of at most `longest` characters; None if nothing."""
    kind, new = output.output_type, NotebookNode(output_type=output.output_type)
    if kind == "stream":
        if not longest:
            return None
        name = "stderr" if output.get("name") == "stderr" else "stdout"
        return NotebookNode(new, name=name, text=shortened(str(output.get("text", "")), min(LONGEST, longest)))
    if kind == "error":
        lines = output.get("traceback")
        text = "\n".join(map(str, lines)) if isinstance(lines, list) else ""
        longest = max(SHORTEST, min(LONGEST_ERROR, longest))
        words = {name: shortened(str(output.get(name, "")), longest) for name in ("ename", "evalue")}
        return NotebookNode(new, **words, traceback=shortened(text, longest).split("\n"))
    if kind not in ("display_data", "execute_result"):
        return None
    data, metadata = output.get("data"), output.get("metadata")
    given = data if isinstance(data, dict) else {}
    new.data = NotebookNode({kind: shown for kind in given if (shown := _shown(kind, given[kind], longest))})
    if "text/latex" in new.data:  # rendered like Markdown, which sanitizes formulas
        new.data.setdefault("text/markdown", new.data.pop("text/latex"))
    sizes = metadata if isinstance(metadata, dict) else {}
    new.metadata = NotebookNode({kind: _size(sizes.get(kind)) for kind in PICTURES & set(new.data)})
    if kind == "execute_result":
        new.execution_count = _count(output.get("execution_count"))
    return new


def _shown(kind: str, content: object, longest: int) -> str | None:
    """What may be shown of an output's content of the media type `kind`; None if nothing."""
    if not isinstance(content, str):
        return None
    if kind in PICTURES:
        return content if _is_base64(content) else None
    if kind == "text/html":
        return _markup(content) if longest else None
    if kind in ("text/plain", "text/latex", "text/markdown"):  # templates escape or render them
        return shortened(content, min(LONGEST, longest)) if longest else None
    return None


def _markup(content: str) -> str:
    """Sanitized HTML; of what is too long the beginning, as text."""
    return f"<pre>{html.escape(shortened(content))}</pre>" if is_too_long(content) else for_graders(content)


def _count(number: object) -> int | None:
    return number if type(number) is int else None


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _size(metadata: object) -> dict[str, int]:
    found = metadata if isinstance(metadata, dict) else {}
    return {name: found[name] for name in ("width", "height") if type(found.get(name)) is int}
