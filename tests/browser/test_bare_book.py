"""static_interact alone, in a book with the stock theme: accessible, and true to the sliders of a real JupyterLab."""

import base64
import io
import itertools
import json
import re

import accessibility
import book
import jupyterlab
import kinds
import nbformat
import numpy as np
import pytest
from PIL import Image
from sliders import expected, frames, set_choices, shown

# ten kinds whose controls can be moved by keys and clicks in JupyterLab
SAMPLE = ["call", "float_midpoint", "log", "list", "radio", "toggle_buttons", "boolean", "selection_slider"]
SAMPLE += ["three_controls", "figure_and_text"]
# more that look different on a page
LOOKS = ["mathematics", "int_range", "play", "manual_named", "table", "formula", "markdown", "many_lines"]
PROMPTS = ".jp-CodeCell .jp-InputPrompt"
HAVE_RUN = r"prompts => [...document.querySelectorAll(prompts)].every(prompt => /\d/.test(prompt.textContent))"


@pytest.fixture(scope="module")
def bare_site(tmp_path_factory):
    """The pages of a book that names the extension and sets nothing."""
    folder = tmp_path_factory.mktemp("bare")
    (folder / "_toc.yml").write_text("format: jb-book\nroot: index\n", encoding="utf-8")
    (folder / "_config.yml").write_text(
        "title: Bare\nsphinx: {extra_extensions: [static_interact]}\n", encoding="utf-8"
    )
    nbformat.write(kinds.notebook(SAMPLE + LOOKS), folder / "index.ipynb")
    done = book.build(folder)
    assert done.returncode == 0, done.stdout[-4000:]
    return folder / "_build/html"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_in_sliders_of_the_stock_theme(scheme, width, bare_site, open_page):
    page = open_page((bare_site / "index.html").as_uri(), viewport={"width": width, "height": 900})
    page.evaluate("scheme => { document.documentElement.dataset.theme = scheme; }", scheme)
    figures = page.locator("figure.static-interact")
    assert figures.count() == len(SAMPLE + LOOKS)
    for figure in figures.all():  # another than the default frame is judged
        figure.locator("input, select").first.focus()
        page.keyboard.press("End")
    page.locator(".static-interact-play").click()
    assert accessibility.findings(page, "figure.static-interact") == []


@pytest.fixture(scope="module")
def lab_page(browser, tmp_path_factory):
    """The page of the ten kinds in a real JupyterLab, when all cells have run."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "notebooks").mkdir()
    nbformat.write(kinds.notebook(SAMPLE), folder / "notebooks/sample.ipynb")
    with jupyterlab.running(folder / "notebooks", "sample", folder) as address:
        # as high as the notebook, of which JupyterLab draws no more than is seen
        context = browser.new_context(viewport={"width": 1280, "height": 6000})
        page = context.new_page()
        page.set_default_timeout(jupyterlab.PATIENCE * 1000)
        page.goto(address)
        page.locator("#jp-main-statusbar").get_by_text(re.compile(r"\| Idle$")).wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        page.wait_for_function(HAVE_RUN, arg=PROMPTS)
        page.locator(".widget-interact").nth(len(SAMPLE) - 1).wait_for()
        yield page
        context.close()


def move(widget, control, choice):
    """Move a live control to a choice, as a reader would."""
    if control["kind"] == "range":
        handle = widget.get_by_role("slider").first
        handle.press("Home")
        for _ in range(choice):
            handle.press("ArrowRight")
    elif control["kind"] == "select":
        widget.locator("select").select_option(index=choice)
    elif control["kind"] == "checkbox":
        widget.locator("input[type=checkbox]").set_checked(bool(choice))
    else:
        buttons = widget.locator("input[type=radio], .widget-toggle-button")
        buttons.nth(choice).click()


def live_parts(widget):
    """The texts and pictures that a live slider shows."""
    found = []
    for part in widget.locator(".jp-RenderedText pre, .jp-RenderedImage img").all():
        if part.evaluate("e => e.tagName") == "IMG":
            found.append(pixels(base64.b64decode(part.get_attribute("src").partition(",")[2])))
        else:
            found.append(part.text_content().strip())
    return found


def pixels(content):
    picture = Image.open(io.BytesIO(content)).convert("RGBA")
    page = Image.new("RGBA", picture.size, "white")
    return np.asarray(Image.alpha_composite(page, picture).convert("RGB"), dtype=int)


def same(live, part, site):
    """Whether a part of a frame is what the live slider shows there."""
    if "text" in part:
        return isinstance(live, str) and live == part["text"].strip()
    picture = pixels((site / "_static/interact" / part["image"]).read_bytes())
    return live.shape == picture.shape and (abs(live - picture).max(axis=2) > 24).mean() < 0.001


def answer(lab_page, widget, parts, site):
    """What a live slider shows when it has had its time; None as soon as it shows the parts of a frame."""
    for _ in range(400):  # the kernel answers when it answers
        live = live_parts(widget)
        if len(live) == len(parts) and all(map(same, live, parts, itertools.repeat(site))):
            return None
        lab_page.wait_for_timeout(50)
    return live


@pytest.mark.parametrize("name", SAMPLE)
def test_the_page_shows_what_a_real_jupyterlab_shows_at_each_position(name, lab_page, bare_site, open_page):
    page = open_page((bare_site / "index.html").as_uri())
    figure = page.locator("figure.static-interact").nth(SAMPLE.index(name))
    data = frames(page, figure)
    written = json.loads((bare_site.parent / "jupyter_execute/index.ipynb").read_text(encoding="utf-8"))
    (cell,) = [cell for cell in written["cells"] if cell["id"] == name.replace("_", "-")]
    bundle = next(o["data"][mime] for o in cell["outputs"] for mime in o.get("data", {}) if "static-interact" in mime)
    widget = lab_page.locator(".widget-interact").nth(SAMPLE.index(name))
    for choices in itertools.product(*(range(len(control["labels"])) for control in data["controls"])):
        position = set_choices(figure, data, choices)
        parts = data["frames"][data["index"][position]]
        # JupyterLab on a busy machine now and then leaves an old picture among new text: moved again, it draws anew
        for _attempt in range(3):
            for control, choice in zip(bundle["controls"], choices, strict=True):
                move(widget, control, choice)
            live = answer(lab_page, widget, parts, bare_site)
            if live is None and shown(figure) == expected(data, position):
                break
            move(widget, bundle["controls"][0], int(choices[0] == 0))
        else:
            pytest.fail(f"{name} at {choices}: the page shows {shown(figure)}, JupyterLab {live}")
