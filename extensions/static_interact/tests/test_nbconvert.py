"""A notebook as one HTML file by nbconvert, with its sliders at work from disk."""

import subprocess
import sys

import nbformat
import pytest

SOURCE = """
import matplotlib.pyplot as plt
from IPython.display import HTML, display
from ipywidgets import interact

@interact(n=(0, 2))
def show(n):
    plt.figure(figsize=(1, 1))
    plt.bar([0], [n])
    print("n is", n)

@interact(n=(0, 2))
def table(n):
    display(HTML(f"<table><tr><td>cell {n}</td></tr></table>"))
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The file that nbconvert writes."""
    folder = tmp_path_factory.mktemp("notebook")
    alternative = {"mystnb": {"image": {"alt": "A bar"}}}
    cell = nbformat.v4.new_code_cell(SOURCE, metadata=alternative)
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Title"), cell]), folder / "a.ipynb")
    exporter = "static_interact.nbconvert_exporter.SliderExporter"
    command = [sys.executable, "-m", "nbconvert", "--to", exporter, "--execute", folder / "a.ipynb"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "a.html"


@pytest.mark.browser
def test_the_sliders_of_the_file_move_with_the_network_off(page, browser):
    context = browser.new_context(offline=True)
    opened = context.new_page()
    errors = []
    opened.on("pageerror", lambda error: errors.append(error))
    opened.goto(page.as_uri())
    figure = opened.locator("#show")
    before = figure.locator("img").get_attribute("src")
    figure.locator("input").press("End")
    figure.locator("pre", has_text="n is 2").wait_for()
    assert figure.locator("img").get_attribute("src") != before
    assert figure.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") > 50
    opened.locator("#table input").press("Home")
    opened.locator("#table td", has_text="cell 0").wait_for()
    assert not errors
    context.close()


def test_what_the_notebook_cannot_freeze_is_told(tmp_path):
    source = "from ipywidgets import interact\ninteract(lambda words: print(words), words='text');"
    cell = nbformat.v4.new_code_cell(source)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    exporter = "static_interact.nbconvert_exporter.SliderExporter"
    command = [sys.executable, "-m", "nbconvert", "--to", exporter, "--execute", tmp_path / "a.ipynb"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "positions cannot be listed" in done.stderr
