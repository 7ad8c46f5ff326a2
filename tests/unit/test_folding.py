"""folding: what takes how long to read, and what of a page is folded."""

import book
import nbformat
import pytest
from docutils import nodes
from measured_book.pages.folding import minutes, reading_seconds, reading_time
from measured_book.study.elements import element

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}


def _paragraph(words):
    return nodes.paragraph("", " ".join(["word"] * words))


def _section(title, *children):
    return nodes.section("", nodes.title("", title), *children)


def _document(*sections):
    document = nodes.document(None, None)
    document += _section("Page", *sections)
    return document


def _output(*kinds):
    containers = [nodes.container("", nodes.literal_block("", "1 2 3"), mime_type=kind) for kind in kinds]
    bundle = nodes.container("", *containers, nb_element="mime_bundle")
    return nodes.container("", bundle, nb_element="cell_code_output")


@pytest.mark.parametrize(
    ("node", "seconds"),
    [
        (_paragraph(200), 60),
        (nodes.paragraph("", "", nodes.Text("a "), nodes.strong("", "bold"), nodes.Text(", word")), 0.9),
        (nodes.literal_block("", "x = 1\n\ny = 2\n"), 4),
        (nodes.math_block("", "a = b"), 10),
        (nodes.figure("", nodes.image(uri="a.png"), nodes.caption("", "in two")), 10.6),
        (_output("image/png", "text/plain"), 10),
        (_output("text/plain"), 0),
        (element("details", nodes.literal_block("", "folded = 1")), 0),
        (nodes.comment("", "no word of this"), 0),
    ],
)
def test_each_kind_of_content_takes_its_time(node, seconds):
    assert reading_seconds(node) == pytest.approx(seconds)


def test_deeper_sections_are_counted_apart():
    main = _section("Main", _paragraph(1999))
    assert reading_time(_document(main)) == "Reading time: 10 min."
    deeper = [_section("★ One", _paragraph(398)), _section("★ Two", _paragraph(198))]
    assert reading_time(_document(main, *deeper)) == "Reading time: 10 min, deeper sections 3 min more."
    # a star further down is a section like others
    assert reading_time(_document(_section("Main", _section("★ Below", _paragraph(197))))) == "Reading time: 1 min."
    assert [minutes(seconds) for seconds in (1, 89, 91)] == [1, 1, 2]


def test_code_and_deeper_sections_are_folded_and_all_stays_in_place(tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("# Page\n\nWords, and a [link](#-deep-one)."),
        nbformat.v4.new_code_cell("print(1)", metadata={"tags": ["hide-input"]}),
        nbformat.v4.new_code_cell("print(2)"),
        nbformat.v4.new_markdown_cell("## ★ Deep one\n\nWords.\n\n### Below\n\nWords."),
        nbformat.v4.new_markdown_cell("## ★ Deep two\n\n" + "word " * 800),
        nbformat.v4.new_markdown_cell("## Summary\n\nWords."),
    ]
    (tmp_path / "chapters").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=KERNEL), tmp_path / "chapters/page.ipynb")
    pages = {"index": "# A book\n\n## A part\n\nWords."}
    theme = {"html_theme_options": {"toc_title": "In this chapter", "show_toc_level": 2}}
    contents = {"chapters": [{"file": "chapters/page"}]}
    book.write(tmp_path, pages, contents, ["measured_book"], theme | {"myst_heading_anchors": 3})
    result = book.build(tmp_path)
    assert result.returncode == 0, result.stdout[-3000:]
    page = book.parsed(tmp_path / "_build/html", "chapters/page")

    hidden, shown = page.select("div.cell")
    assert [child.name for child in hidden.select_one("details.folded-code").find_all(recursive=False)] == [
        "summary",
        "div",
    ]
    assert hidden.summary.get_text() == "Show the code"
    assert "print(1)" in hidden.select_one("details .cell_input").get_text()
    assert hidden.select_one(".cell_output").find_parent("details") is None
    assert not shown.select("details") and not page.select("details.hide"), "myst-nb folds nothing as well"

    sections = page.select("section > section:has(> details.deeper)")
    assert [section["id"] for section in sections] == ["deep-one", "deep-two"]
    summaries = [section.select_one("details > summary") for section in sections]
    assert [summary.h2.find(string=True) for summary in summaries] == ["★ Deep one", "★ Deep two"]
    assert [summary.select_one(".reading-time").get_text() for summary in summaries] == [" · 1 min", " · 4 min"]
    assert sections[0].select_one("details > section#below > h3"), "sections below go with it"
    assert not page.select("details[open]")
    assert page.select_one("section#summary").find_parent("details") is None
    assert page.select_one("button.open-deeper + section#deep-one")
    contents = page.select("#pst-page-toc-nav a")
    assert [link["href"] for link in contents] == ["#deep-one", "#below", "#deep-two", "#summary"]
    assert "In this chapter" in page.select_one(".onthispage").get_text()

    other = book.parsed(tmp_path / "_build/html", "index")
    assert not other.select("details.deeper, .open-deeper")
    assert "On this page" in other.select_one(".onthispage").get_text()
