"""A chapter in a real JupyterLab, as students open it: what its live slider draws is the frame that the page shows."""

import base64
import io
import re

import book
import jupyterlab
import nbformat
import numpy as np
import pytest
from PIL import Image

CHAPTER = "neurons"  # the fastest; its first slider is the one that moves

COMPLAINTS = "[data-mime-type='application/vnd.jupyter.stderr']"  # JupyterLab's name for errors and warnings
CELLS_RAN = """complaints => {
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
    return document.querySelector(complaints) || prompts.every(prompt => /\\d/.test(prompt.textContent));
}"""
TEXTS = "cells => cells.map(cell => [...cell.querySelectorAll('.jp-RenderedText')].map(e => e.textContent.trim()))"
HAS_ANOTHER_IMAGE = """([widget, before]) => {
    const images = widget.querySelectorAll('img');
    return images.length === 1 && images[0].src !== before;
}"""


@pytest.fixture
def lab(tmp_path):
    """The address of the chapter, without outputs, in a JupyterLab of its own whose kernels draw as the build's do."""
    chapter = book.read(book.ROOT / f"chapters/{CHAPTER}.ipynb")
    for cell in chapter.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    (tmp_path / "notebooks").mkdir()
    nbformat.write(chapter, tmp_path / f"notebooks/{CHAPTER}.ipynb")
    style = str(book.ROOT / "assets/plot_style.py")
    with jupyterlab.running(tmp_path / "notebooks", CHAPTER, tmp_path, PYTHONSTARTUP=style) as address:
        yield address


def _stored_texts(cell):
    """What a cell of the chapter prints and returns, as the notebook stores it."""
    outputs = [output.get("text") or output.data["text/plain"] for output in cell.outputs]
    return [text.strip() for text in outputs]


def _on_white(picture):
    """The pixels of a figure as on a white page, (height, width, 3)."""
    picture = picture.convert("RGBA")
    page = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(page, picture).convert("RGB"), dtype=int)


def _share_of_other_pixels(picture, other):
    """The share of pixels of which a color differs by more than compressing a frame changes it."""
    return (abs(picture - other).max(axis=2) > 24).mean()


def test_a_live_slider_draws_the_frames_of_the_page(lab, site, open_page):
    chapter = book.read(book.ROOT / f"chapters/{CHAPTER}.ipynb")
    data = book.slider_data(book.parsed(site, f"chapters/{CHAPTER}").find("figure", class_="static-interact"))
    [control] = data["controls"]
    assert all(len(frame) == 1 for frame in data["frames"]), "each frame is one picture"
    names = [data["frames"][index][0]["image"] for index in data["index"]]
    frames = [_on_white(Image.open(site / "_static/interact" / name)) for name in names]

    page = open_page("about:blank")
    page.set_default_timeout(jupyterlab.PATIENCE * 1000)
    page.goto(lab)
    # the toolbar's indicator shows an idle kernel before there is one, and a run that begins then does nothing
    kernel_is_idle = page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| Idle$"))
    kernel_is_idle.wait_for()
    cells = [cell for cell in chapter.cells if cell.cell_type == "code"]
    page.wait_for_function("count => document.querySelectorAll('.jp-CodeCell').length >= count", arg=len(cells))
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_function(CELLS_RAN, arg=COMPLAINTS)
    assert page.locator(COMPLAINTS).all_text_contents() == []
    kernel_is_idle.wait_for()

    shown = page.locator(".jp-CodeCell").evaluate_all(TEXTS)
    for number, (cell, texts) in enumerate(zip(cells, shown, strict=True), start=1):
        if "nbval-ignore-output" not in cell.metadata.get("tags", []):
            assert texts == _stored_texts(cell), f"[{number}]: another text than the stored one"

    widget = page.locator(".jp-CodeCell .widget-interact").first
    handle = widget.get_by_role("slider")
    start, before = control["labels"].index(widget.locator(".widget-readout").text_content()), None
    for key, position in ((None, start), ("ArrowRight", start + 1), ("Home", 0)):
        if key:
            handle.focus()
            page.keyboard.press(key)
        page.wait_for_function(HAS_ANOTHER_IMAGE, arg=[widget.element_handle(), before])
        assert widget.locator(".widget-readout").text_content() == control["labels"][position]
        before = widget.locator("img").get_attribute("src")
        picture = _on_white(Image.open(io.BytesIO(base64.b64decode(before.partition(",")[2]))))
        assert picture.shape == frames[position].shape, "the figures have another size than on the page"
        shares = [_share_of_other_pixels(picture, frame) for frame in frames]
        assert shares[position] < 0.001, f"not the frame of {control['labels'][position]}: {shares}"
        others = shares[:position] + shares[position + 1 :]
        assert min(others) > 0.01, f"the frames of other positions would pass, too: {shares}"
    own = lab.partition("/lab")[0]
    assert [url for url in page.requested if not url.startswith((own, "data:", "blob:", "about:"))] == []
