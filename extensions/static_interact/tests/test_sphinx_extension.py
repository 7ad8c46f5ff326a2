"""The Sphinx side on a small book: what pages carry, which files stay, and what stops a build."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup

pytestmark = pytest.mark.built

SETUP = """
import matplotlib.pyplot as plt
from ipywidgets import IntSlider, interact

def bar(height):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.bar([0], [height])
"""
COUNT = "from ipywidgets import interact\n\n@interact(n=(0, 2))\ndef count(n):\n    print('n =', n)"
ALT = {"mystnb": {"image": {"alt": "A bar as high as the slider says"}}}


class Book:
    """A book of two notebooks, one of them in a folder, that uses static_interact alone."""

    def __init__(self, folder):
        self.folder = folder
        self.site = folder / "_build/html"
        (folder / "part").mkdir()
        (folder / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters:\n- file: part/bars\n")
        self.notebook("index.ipynb", "# Start", (COUNT, {}))

    def notebook(self, name, *cells):
        notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
        for number, cell in enumerate(cells):
            new = nbformat.v4.new_markdown_cell if isinstance(cell, str) else nbformat.v4.new_code_cell
            source, metadata = (cell, {}) if isinstance(cell, str) else cell
            notebook.cells.append(new(source, metadata=metadata, id=f"cell{number}"))
        nbformat.write(notebook, self.folder / name)

    def build(self, *options, **config):
        lines = ["title: Test", "execute: {execute_notebooks: cache}", "sphinx:"]
        lines += [
            "  extra_extensions: [static_interact]",
            f"  config: {json.dumps({'show_warning_types': True} | config)}",
        ]
        (self.folder / "_config.yml").write_text("\n".join(lines))
        command = [Path(sys.executable).with_name("jupyter-book"), "build", self.folder, "-W", "--keep-going", *options]
        # colours would stand between the words of a message
        environment = os.environ | {"NO_COLOR": "1", "COLUMNS": "1000"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
        done.terminal = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
        return done

    def frames(self):
        return {path.name for path in (self.site / "_static/interact").glob("*")}

    def page(self, name):
        return BeautifulSoup((self.site / name).read_text(encoding="utf-8"), "html.parser")


@pytest.fixture(scope="module")
def builds(tmp_path_factory):
    """Three builds of one book: with warnings, mended, and with everything that stops a build."""
    book = Book(tmp_path_factory.mktemp("book"))
    found = {}
    book.notebook(
        "part/bars.ipynb",
        "# Bars\n\n## Bar\n\nText.",
        (SETUP, {}),
        ("interact(bar, height=(1, 4));", {}),
        ("IntSlider()", {}),
    )
    first = book.build()
    found["warned"] = first.returncode, first.terminal, book.frames(), None
    book.notebook("part/bars.ipynb", "# Bars\n\n## Bar\n\nText.", (SETUP, {}), ("interact(bar, height=(1, 2));", ALT))
    second = book.build()
    pages = {name: book.page(name) for name in ("index.html", "part/bars.html")}
    found["mended"] = second.returncode, second.terminal, book.frames(), pages
    failing = "def reciprocal(n):\n    print(1 / n)\n\ninteract(reciprocal, n=(-1, 1));"
    book.notebook("index.ipynb", "# Start", ("from ipywidgets import interact", {}), (failing, {}))
    third = book.build(static_interact_max_page_bytes=100)
    found["stopped"] = third.returncode, third.terminal, book.frames(), None
    return found


def test_a_slider_without_alternative_and_a_bare_widget_are_warnings_that_fail_a_strict_build(builds):
    status, terminal, *_ = builds["warned"]
    assert status != 0
    warned = [line for line in terminal.splitlines() if "WARNING" in line and "static_interact" in line]
    assert len(warned) == 2, terminal
    assert re.search(r"bars\.ipynb.*cell 3 has a slider of bar\(\) without a text alternative.*mystnb", warned[0])
    assert re.search(r"bars\.ipynb.*cell 4 shows a widget that needs a kernel", warned[1])
    assert builds["mended"][0] == 0, builds["mended"][1]


def test_frames_that_no_page_uses_are_removed(builds):
    before, after = builds["warned"][2], builds["mended"][2]
    assert len(before) == 4
    assert len(after) == 2
    assert after < before


def test_pages_carry_the_sliders_and_find_their_frames(builds):
    pages = builds["mended"][3]
    slider = pages["part/bars.html"].find("figure", class_="static-interact")
    data = json.loads(slider.find("script").string)
    images = {part["image"] for frame in data["frames"] for part in frame}
    assert images == builds["mended"][2]
    assert data["folder"] == "../_static/interact/"
    assert slider.find("img")["alt"] == "A bar as high as the slider says (height = 1)"
    text = pages["index.html"].find("figure", class_="static-interact")
    assert text.find("pre").get_text() == "n = 1"
    assert json.loads(text.find("script").string)["folder"] == "_static/interact/"
    for page in pages.values():
        assert len(page.find_all("script", src=re.compile(r"static_interact\.js"))) == 1
        assert len(page.find_all("link", href=re.compile(r"static_interact\.css"))) == 1
        assert not page.find_all(string=re.compile("widget-view"))


def test_a_section_and_a_slider_of_the_same_name_have_two_identifiers(builds):
    page = builds["mended"][3]["part/bars.html"]
    assert page.find("figure", class_="static-interact")["id"] == "bar-2"
    assert [e.name for e in page.find_all(id="bar")] == ["section"]


def test_a_frame_that_raises_stops_the_build_and_names_notebook_cell_and_values(builds):
    status, terminal, *_ = builds["stopped"]
    assert status != 0
    message = r"index\.ipynb: cell In\[2\]: reciprocal\(n=0\) raised ZeroDivisionError: division by zero. A position"
    assert re.search(rf"Extension error.*{message}", terminal, re.DOTALL), terminal


def test_a_page_over_its_weight_stops_the_build_and_names_sliders_and_remedy(builds):
    _, terminal, frames, _ = builds["stopped"]
    message = (
        r"bars\.ipynb: its slider frames weigh 0.00 MB, .* budget of 0.00 MB \(static_interact_max_page_bytes\). "
        r"Draw less .*\(bar\(\) in cell 3: 2 frames"
    )
    assert re.search(message, terminal), terminal
    assert frames == builds["mended"][2]


FORMS = """
from IPython.display import HTML, Markdown, Latex, display
from ipywidgets import HBox, IntSlider, interact, interact_manual, interactive_output

@interact(n=(0, 2))
def table(n):
    display(HTML(f"<table><tr><td>cell {n}</td></tr></table>"), Markdown(f"*number* {n}"), Latex(f"$x^{n}$"))
"""
LAYOUT = r"""
n = IntSlider(1, 0, 2, description=r"rate $\alpha$")
out = interactive_output(lambda n: print("laid out", n), {"n": n})
display(HBox([n]), out)
"""
BUTTON = "@interact_manual(n=(0, 2))\ndef pressed(n=1):\n    print('pressed', n)"
ALIKE = "@interact(n=(0, 2))\ndef same(n):\n    print('same')"


@pytest.fixture(scope="module")
def forms(tmp_path_factory):
    """A book with sliders of many forms, as pages and for paper; and the first, strict build's words."""
    book = Book(tmp_path_factory.mktemp("forms"))
    drawn = ("interact(bar, height=(1, 3));", ALT)
    book.notebook("part/bars.ipynb", "# Bars", (SETUP, {}), (FORMS, {}), (LAYOUT, {}), (BUTTON, {}), (ALIKE, {}), drawn)
    # an output of a live kernel, as it is stored
    view = {"model_id": "0", "version_major": 2, "version_minor": 0}
    stored = {"output_type": "display_data", "metadata": {}, "data": {"application/vnd.jupyter.widget-view+json": view}}
    book.notebook("index.ipynb", "# Start", (COUNT, {}))
    index = json.loads((book.folder / "index.ipynb").read_text())
    index["cells"][1]["outputs"] = [stored]
    index["metadata"] |= {"mystnb": {"execution_mode": "off"}, "language_info": {"name": "python"}}
    (book.folder / "index.ipynb").write_text(json.dumps(index))
    refused = book.build()
    quiet = {"suppress_warnings": ["static_interact.alike", "static_interact.stale"]}
    pages = book.build(**quiet)
    assert pages.returncode == 0, pages.terminal
    for builder in (["latex"], ["custom", "--custom-builder", "epub"]):
        paper = book.build("--builder", *builder, **quiet, version="1")
        assert paper.returncode == 0, paper.terminal
    return refused, book.page("part/bars.html"), book.folder / "_build"


def test_frames_that_are_all_alike_are_questioned_and_an_author_can_answer(forms):
    refused, page, *_ = forms
    assert refused.returncode != 0
    assert "has a slider of same() that shows the same at all of its 3 positions. Does its function" in refused.terminal
    assert page.find("figure", id="same").find("pre").get_text() == "same"


def test_tables_formulas_and_markdown_stand_on_the_page(forms):
    figure = forms[1].find("figure", id="table")
    shown = figure.find(class_="static-interact-frame")
    assert shown.find("td").get_text() == "cell 1"
    assert shown.find("em").get_text() == "number"
    assert "x^1" in shown.find(class_="math").get_text()
    others = figure.find_all("template")
    assert len(others) == 9
    cells = [template.find("td") for template in others]
    assert [cell.string for cell in cells if cell] == ["cell 0", "cell 1", "cell 2"]


def test_controls_laid_out_by_the_author_and_a_button_are_on_the_page(forms):
    laid_out = forms[1].find("figure", id="lambda")
    assert laid_out.find("pre").get_text() == "laid out 1" and laid_out.find("input")["type"] == "range"
    button = forms[1].find("figure", id="pressed").find("button")
    assert button.get_text() == "Run Interact"
    assert not [output for output in forms[1].find_all(class_="cell_output") if "HBox" in output.get_text()]


def test_outputs_that_this_build_did_not_execute_are_told(forms):
    line = next(line for line in forms[0].terminal.splitlines() if "static_interact.stale" in line)
    assert re.search(
        r"index\.ipynb.*cell 2 shows a live widget: .* not executed by this build.*execute_notebooks", line
    )


def test_what_is_frozen_has_a_cache_of_its_own(forms):
    (cache,) = (forms[2] / ".jupyter_cache").iterdir()
    assert (cache / "global.db").exists() and re.fullmatch("[0-9a-f]{16}", cache.name)


def test_mathematics_in_a_label_is_set_on_the_page(forms):
    label = forms[1].find("figure", id="lambda").find("label")
    assert label.get_text() == r"rate \(\alpha\)" and label.find(class_="math")
    assert "rate α = 1" in forms[1].find("figure", id="lambda").find("figcaption").get_text()


def test_paper_shows_the_default_frame(forms):
    tex = next((forms[2] / "latex").glob("*.tex")).read_text(encoding="utf-8")
    for words in ("cell 1", "laid out 1", "pressed 1", "same", "\\sphinxincludegraphics"):
        assert words in tex
    assert list((forms[2] / "latex").glob("*.png"))
    assert "positions of" not in tex and "laid out 0" not in tex


def test_an_electronic_book_shows_the_default_frame_and_has_no_controls(forms):
    page = BeautifulSoup((forms[2] / "epub/part/bars.xhtml").read_text(encoding="utf-8"), "html.parser")
    words = page.get_text()
    assert words.count("cell 1") == 1, "as a table, and not once more in words"
    assert "laid out 1" in words and "laid out 0" not in words and "positions of" not in words
    assert page.find("table").find("td").get_text() == "cell 1"
    assert not page.find("figure", class_="static-interact") and not page.find("input")
    assert not (forms[2] / "epub/_static/interact").exists()
    assert page.find("img")["src"].endswith(".png")


def test_a_book_that_does_not_name_the_extension_is_as_if_it_were_not_installed(tmp_path):
    book = Book(tmp_path)
    book.notebook("part/bars.ipynb", "# Bars", ("from ipywidgets import IntSlider\nIntSlider()", {}))
    book.notebook("index.ipynb", "# Start")
    (tmp_path / "_config.yml").write_text("title: Test\nexecute: {execute_notebooks: cache}\n")
    command = [Path(sys.executable).with_name("jupyter-book"), "build", tmp_path, "-W", "--keep-going"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "static_interact" not in done.stdout + done.stderr
    assert "widget-view" in (book.site / "part/bars.html").read_text(encoding="utf-8")
