"""Folded code and deeper sections in a browser: keys, links, search, paper; and code that is never cut on a laptop."""

import io
import re

import accessibility
import book
import nbformat
import pypdf
import pytest

KERNEL = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
CELLS = [
    nbformat.v4.new_markdown_cell("# Page\n\nWords, and a [link](#-deep-one)."),
    nbformat.v4.new_code_cell("print('hidden' + 'code')", metadata={"tags": ["hide-input"]}),
    nbformat.v4.new_code_cell(f"x = '{'x' * 73}'"),
    nbformat.v4.new_markdown_cell("## Main\n\n" + "Many words. " * 600),
    nbformat.v4.new_markdown_cell("## ★ Deep one\n\nProfound words.\n\n### Below\n\nOther words."),
    nbformat.v4.new_markdown_cell("## ★ Deep two\n\nMore."),
    nbformat.v4.new_markdown_cell("## Summary\n\nWords."),
]


@pytest.fixture(scope="module")
def folded(tmp_path_factory):
    """The address of a page with folded code and two deeper sections."""
    folder = tmp_path_factory.mktemp("folding")
    (folder / "chapters").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=CELLS, metadata=KERNEL), folder / "chapters/page.ipynb")
    config = {
        "html_static_path": [str(book.ROOT / "assets/static")],
        "html_css_files": ["book.css"],
    }
    contents = {"chapters": [{"file": "chapters/page"}]}
    book.write(
        folder, {"index": "# A book\n\nWords."}, contents, ["measured_book"], config | {"myst_heading_anchors": 3}
    )
    result = book.build(folder)
    assert result.returncode == 0, result.stdout[-3000:]
    with book.Server(folder / "_build/html") as server:
        yield f"{server.url}/chapters/page.html"


def _open(page):
    return page.locator("details.deeper").evaluate_all("all => all.map((each) => each.open)")


@pytest.mark.parametrize("key", ["Enter", "Space"])
def test_a_key_unfolds_and_folds(key, folded, open_page):
    page = open_page(folded)
    for kind in ("folded-code", "deeper"):
        summary = page.locator(f"details.{kind} > summary").first
        summary.focus()
        for state in (True, False):
            page.keyboard.press(key)
            assert page.locator(f"details.{kind}").first.evaluate("details => details.open") is state


@pytest.mark.parametrize("anchor", ["deep-one", "below"])
def test_an_address_opens_the_section_that_it_leads_into(anchor, folded, open_page):
    page = open_page(f"{folded}#{anchor}")
    assert _open(page) == [True, False]
    assert page.locator(f"#{anchor}").evaluate("e => Math.abs(e.getBoundingClientRect().top) < innerHeight")


def test_a_link_opens_a_section_also_for_the_second_time(folded, open_page):
    page = open_page(folded)
    link = page.locator("article p a[href='#deep-one']")
    for _ in range(2):
        link.click()
        page.wait_for_function("document.querySelector('details.deeper').open")
        page.locator("details.deeper").first.evaluate("details => { details.open = false; }")


def test_one_button_opens_all_and_closes_them_again(folded, open_page):
    page = open_page(folded)
    button = page.locator(".open-deeper")
    for words, state in (("Open all deeper sections", True), ("Close all deeper sections", False)):
        page.get_by_role("button", name=words).click()
        assert _open(page) == [state, state]
    page.wait_for_function("document.querySelector('.open-deeper').textContent.startsWith('Open')")
    assert button.is_visible()
    assert not open_page(folded, java_script_enabled=False).locator(".open-deeper").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [book.DESKTOP, book.PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_in_what_is_folded(viewport, scheme, folded, open_page):
    page = open_page(folded, viewport=viewport, color_scheme=scheme)
    page.locator(".open-deeper").click()
    assert accessibility.findings(page) == []


@pytest.mark.parametrize("scripts", [True, False])
def test_paper_shows_all(scripts, folded, open_page):
    page = open_page(folded, java_script_enabled=scripts)
    text = "".join(sheet.extract_text() for sheet in pypdf.PdfReader(io.BytesIO(page.pdf())).pages)
    plain = re.sub(r"\s+", "", text)
    assert "'hidden'+'code'" in plain and "Profoundwords." in plain
    assert "Showthecode" not in plain and "Openall" not in plain


@pytest.mark.parametrize("width", [1200, 1280, 1440])
def test_eighty_columns_of_code_fit_beside_the_sidebars(width, folded, open_page):
    page = open_page(folded, viewport={"width": width, "height": 900})
    code = page.locator("div.cell_input pre").last
    assert max(map(len, code.inner_text().splitlines())) == 79
    # an 80th column, in the widest of the fonts
    spare = code.evaluate("""pre => {
        pre.textContent = "x".repeat(80);
        pre.style.letterSpacing = "0.016em";
        return pre.clientWidth - pre.scrollWidth;
    }""")
    assert spare == 0, f"{-spare} px are cut"
