"""labelled_boxes: which block quotes become boxes, and what the page says about them."""

import logging
import re

import book
import pytest
from bs4 import BeautifulSoup
from sphinx.testing.util import SphinxTestApp
from sphinx.util import logging as sphinx_logging

LABELS = {"Exam tip.": "exam-tip", "Myth, measured.": "myth", 'Say "why":': "why"}
PAGE = """# Title

> **Exam tip.** Say which limit you mean.
>
> A second paragraph.

> **Myth, measured.** It is *not* so.

> **Say "why":** Because.

> **exam tip** Say nothing.

> **Myth, measured:** A colon.

> **Exam tips.** Another label, which nobody listed.

> A plain quote with **Exam tip.** in the middle.

> *Exam tip.* Emphasis is no label.

> - a list
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The block quotes of a page as built, and the lines of the build's warnings."""
    folder = tmp_path_factory.mktemp("site")
    settings = {
        "extensions": ["myst_parser"],
        "source_suffix": {".md": "markdown"},
        "html_theme": "basic",
        "labelled_boxes_labels": LABELS,
    }
    book.write_configuration(folder, settings, "measured_book.pages.boxes")
    (folder / "index.md").write_text(PAGE)
    app = SphinxTestApp(srcdir=folder)
    try:
        app.build()
        page = BeautifulSoup((app.outdir / "index.html").read_text(encoding="utf-8"), "html.parser")
        yield page.find_all("blockquote"), app.warning.getvalue().splitlines()
    finally:
        app.cleanup()
        # Sphinx's handlers would write into this build's closed streams
        logging.getLogger(sphinx_logging.NAMESPACE).handlers.clear()


def test_a_listed_label_gives_class_role_and_name(built):
    boxes = [quote for quote in built[0] if quote.has_attr("role")]
    found = [(box["class"], box["role"], box["aria-label"]) for box in boxes]
    assert found == [
        (["exam-tip"], "note", "Exam tip"),
        (["myth"], "note", "Myth, measured"),
        (["why"], "note", 'Say "why"'),
    ]
    assert boxes[0].strong.get_text() == "Exam tip."
    assert [p.get_text() for p in boxes[0].find_all("p")] == [
        "Exam tip. Say which limit you mean.",
        "A second paragraph.",
    ]


def test_other_quotes_are_left_alone(built):
    others = [quote for quote in built[0] if not quote.has_attr("role")]
    assert len(others) == 6
    for quote in others:
        assert quote.attrs == {}
        assert [child.name for child in quote.children if child.name] == ["div"]


def test_a_label_in_another_spelling_is_a_warning_with_its_place(built):
    _, warned = built
    assert len(warned) == 2
    assert re.search(r"index\.md:11: WARNING: the box label 'exam tip' should read 'Exam tip\.'", warned[0])
    assert re.search(
        r"index\.md:13: WARNING: the box label 'Myth, measured:' should read 'Myth, measured\.'", warned[1]
    )
