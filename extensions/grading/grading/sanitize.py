"""What may be shown of a stranger's HTML: text, tables, links and pictures that come with it, and nothing that acts.

Only HTML that is ready to be shown is sanitized, the outcome of rendering. In Markdown one cannot tell what will become
of it, and sanitizing would spoil its formulas and code.
"""

import base64
import binascii
import re

import nh3
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor
from pygments.token import STANDARD_TYPES

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
SHOWN_AS_THEY_ARE = {"text/plain", "text/latex", "text/markdown", "application/json"}  # templates escape or render them
PICTURES = {"image/png", "image/jpeg"}


def _keep_attribute(tag: str, attribute: str, value: str) -> str | None:
    """The value of an attribute if it may stay: pictures come with the page, and links do not bring a page along."""
    if attribute == "src":
        return value if EMBEDDED_PICTURE.fullmatch(value) else None
    if attribute == "href" and re.sub(r"[\x00-\x20]", "", value).lower().startswith("data:"):
        return None
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


_FOR_GRADERS = _cleaner(TAGS, ATTRIBUTES, CLASSES)
_FOR_STUDENTS = _cleaner(
    TAGS | MATH_TAGS,
    ATTRIBUTES | dict.fromkeys(HEADINGS, {"id"}) | dict.fromkeys(MATH_TAGS, MATH_ATTRIBUTES),
    CLASSES | {"a": {"anchor-link"}},
)


def for_graders(markup: str) -> str:
    """HTML as it may be shown within nbgrader's formgrader, whose scripts look for elements by their ids."""
    return _FOR_GRADERS.clean(markup)


def for_students(markup: str) -> str:
    """HTML as it may stand on the page of the student who wrote it: also with MathML and anchors of headings."""
    return _FOR_STUDENTS.clean(markup)


class Defuse(NbGraderPreprocessor):
    """Sanitize what a stranger's code displayed, since a grader's browser will show it.

    Plain text, pictures and sanitized HTML stay. Markdown stays as it is: it is sanitized when it is rendered
    (`grading.feedback`).
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Sanitize the outputs of a code cell, and a raw cell, which nbconvert writes into the page as HTML."""
        if cell.cell_type == "raw":
            cell.source = for_graders(cell.source)
        for output in cell.get("outputs", []):
            if output.output_type in ("display_data", "execute_result"):
                output.data = {kind: shown for kind in output.data if (shown := _shown(kind, output.data[kind]))}
                output.metadata = {kind: _size(output.metadata.get(kind)) for kind in PICTURES & set(output.data)}
        return cell, resources


def _shown(kind: str, content: object) -> object:
    """What may be shown of an output's content of the media type `kind`; None if nothing."""
    if kind in SHOWN_AS_THEY_ARE:
        return content
    if kind == "text/html" and isinstance(content, str):
        return for_graders(content)
    if kind in PICTURES and isinstance(content, str) and _is_base64(content):
        return content
    return None


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _size(metadata: object) -> dict[str, int]:
    found = metadata if isinstance(metadata, dict) else {}
    return {name: found[name] for name in ("width", "height") if isinstance(found.get(name), int)}
