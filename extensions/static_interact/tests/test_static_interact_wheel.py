"""The package alone: its wheel in an empty environment gives a bare Jupyter Book sliders. Run by `pytest -m wheel`."""

import os
import subprocess
import sys
import venv

import nbformat
import pytest
from sliders import expected, frames, set_choices, shown, wait_for_position
from static_interact import PACKAGE

CONFIGURATION = "sphinx:\n  extra_extensions: [static_interact]\n"
# no library of the subject is needed: Pillow, with which frames are made, draws
NOTEBOOK = """
from ipywidgets import interact
from IPython.display import display
from PIL import Image

def square(size=(1, 4)):
    print("size", size)
    display(Image.new("RGB", (20 * size, 20 * size), "teal"))

interact(square);
"""


@pytest.mark.wheel
def test_the_wheel_gives_a_bare_book_working_sliders(tmp_path, open_page):
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    programs = tmp_path / "venv/bin"
    environment["PATH"] = f"{programs}:/usr/bin:/bin"  # as activated: the kernel is this environment's

    def run(*command):
        result = subprocess.run(list(map(str, command)), cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    source = tmp_path / "package"
    run("cp", "-r", PACKAGE.parent, source)  # building leaves files beside the sources
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", tmp_path / "wheels", source)
    (wheel,) = (tmp_path / "wheels").glob("static_interact-*.whl")
    venv.create(tmp_path / "venv", with_pip=True)
    run(programs / "pip", "install", "--quiet", wheel, "jupyter-book<2")
    installed = run(programs / "pip", "list", "--format", "freeze").lower()
    assert "static-interact==" in installed.replace("_", "-") and "measured" not in installed

    book = tmp_path / "book"
    book.mkdir()
    (book / "_config.yml").write_text(CONFIGURATION)
    (book / "_toc.yml").write_text("format: jb-book\nroot: squares\n")
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}})
    alternative = {"mystnb": {"image": {"alt": "A square as large as the slider says"}}}
    notebook.cells = [
        nbformat.v4.new_markdown_cell("# Squares"),
        nbformat.v4.new_code_cell(NOTEBOOK, metadata=alternative),
    ]
    nbformat.write(notebook, book / "squares.ipynb")
    run(programs / "jupyter-book", "build", book, "-W")

    page = open_page((book / "_build/html/squares.html").as_uri())
    figure = page.locator("figure.static-interact")
    data = frames(page, figure)
    assert len(data["frames"]) == 4
    for choice in (0, 3):
        position = set_choices(figure, data, [choice])
        wait_for_position(figure, position)
        assert shown(figure) == expected(data, position)
        assert figure.locator("pre").text_content() == f"size {choice + 1}"
        assert figure.locator("img").evaluate("image => image.naturalWidth") == 20 * (choice + 1)
