"""The form of the notebooks: what a student in Colab and a contributor rely on."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import book
import pytest
import yaml

NETWORK_MODULES = {"urllib", "http", "socket", "ftplib", "requests", "subprocess", "ssl", "asyncio"}
# it starts two training processes on the reader's own computer
MAY_START_PROCESSES = {"training-workflow"}
KNOWN_TAGS = {"hide-input", "nbval-ignore-output", "raises-exception", "remove-input"}
SECTIONS_AT_END = ["Summary", "References"]

each_notebook = pytest.mark.parametrize("path", book.notebooks(), ids=lambda p: p.stem)
each_chapter = pytest.mark.parametrize("path", book.chapters(), ids=lambda p: p.stem)


def code_cells(path):
    """Number, cell pairs of the code cells, the number as an editor counts all cells."""
    return [(i, c) for i, c in enumerate(book.read(path).cells, start=1) if c.cell_type == "code"]


def tags(cell):
    return cell.metadata.get("tags", [])


def prose(path):
    return "\n\n".join(c.source for c in book.read(path).cells if c.cell_type == "markdown")


def test_the_contents_name_notebooks_that_exist():
    assert len(book.chapters()) >= 10
    assert {p.stem for p in book.chapters()} == {p.stem for p in (book.ROOT / "chapters").glob("*.ipynb")}


@each_notebook
def test_imports_are_stock_and_nothing_reaches_the_network(path):
    for number, cell in code_cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"cell {number}: relative import"
                names = [node.module]
            for name in names:
                top = name.split(".")[0]
                assert top in book.STOCK_PACKAGES | sys.stdlib_module_names, f"cell {number} imports {top}"
                local = top == "subprocess" and path.stem in MAY_START_PROCESSES
                assert local or top not in NETWORK_MODULES, f"cell {number} imports {top}"
        for word in ("fetch_", "download", "hub.load", "urlopen"):
            assert word not in cell.source, f"cell {number}: {word!r} looks like a download"


@each_notebook
def test_cells_are_plain_and_short(path):
    for number, cell in code_cells(path):
        lines = cell.source.splitlines()
        if not {"remove-input", "hide-input"} & {*tags(cell)}:
            assert sum(bool(line.strip()) for line in lines) <= 25, f"cell {number} is long"
            assert max(map(len, lines)) <= 100, f"cell {number} has a line of more than 100 characters"
        assert not re.search(r"^\s*[%!]", cell.source, re.M), f"cell {number} holds a magic or a shell command"
        assert "rcParams" not in cell.source and "style.use" not in cell.source, f"cell {number} sets a plot style"


@each_chapter
def test_at_most_two_code_cells_in_a_row(path):
    kinds = "".join("c" if cell.cell_type == "code" else "m" for cell in book.read(path).cells)
    assert "ccc" not in kinds, f"three code cells in a row after cell {kinds.find('ccc')}"


@each_notebook
def test_tags_are_known_and_claims_assert(path):
    for number, cell in code_cells(path):
        for tag in tags(cell):
            if tag.startswith("claim:"):
                assert tag.startswith(f"claim:{path.stem}-"), f"cell {number}: {tag} belongs to another chapter"
                has_assert = any(isinstance(n, ast.Assert) for n in ast.walk(ast.parse(cell.source)))
                checks = has_assert or "assert_close" in cell.source
                assert checks, f"cell {number}: {tag} is claimed, but nothing is asserted"
            else:
                assert tag in KNOWN_TAGS, f"cell {number}: unknown tag {tag}"


@each_notebook
def test_every_assertion_says_what_must_hold(path):
    for number, cell in code_cells(path):
        for node in ast.walk(ast.parse(cell.source)):
            if isinstance(node, ast.Assert):
                assert node.msg is not None, f"cell {number}: {ast.unparse(node)} has no message"
                assert not isinstance(node.test, ast.Constant), f"cell {number}: an assertion that cannot fail"


@each_chapter
def test_most_of_a_chapter_is_measured(path):
    claims = {tag for _, cell in code_cells(path) for tag in tags(cell) if tag.startswith("claim:")}
    facts = yaml.safe_load((book.ROOT / "tests/facts.yml").read_text(encoding="utf-8"))[path.stem]
    assert len(claims) >= min(10, len(facts))


@each_notebook
def test_no_editor_left_its_notes(path):
    for number, cell in enumerate(book.read(path).cells, start=1):
        assert set(cell.metadata) <= {"tags", "mystnb"}, f"cell {number}: {set(cell.metadata)}"
    assert set(book.read(path).metadata) <= {"kernelspec", "language_info"}


@each_chapter
def test_chapter_has_its_parts(path):
    cells = book.read(path).cells
    assert cells[0].cell_type == "markdown" and cells[0].source.startswith("# ")
    assert cells[1].cell_type == "code", "after the introduction comes the set-up cell"
    setup = ast.parse(cells[1].source).body
    assert all(isinstance(n, (ast.Import, ast.ImportFrom)) for n in setup), (
        "the set-up cell imports and does nothing else"
    )
    text = prose(path)
    assert len(re.findall(r"^# ", text, re.M)) == 1
    headings = re.findall(r"^## (.+)$", text, re.M)
    assert headings[-2:] == SECTIONS_AT_END
    assert len(headings) == len(set(headings))
    assert text.count("> **Myth, measured.**") >= 1
    calls = sum(len(re.findall(r"^@?interact\b", cell.source, re.M)) for _, cell in code_cells(path))
    assert calls >= 2, "a chapter has at least two sliders"


@each_chapter
def test_the_summary_links_to_sections_of_the_chapter(path):
    text = prose(path)
    summary = text.split("\n## Summary", 1)[1].split("\n## ", 1)[0]
    links = re.findall(r"\]\(#([^)]+)\)", summary)
    assert len(links) >= 5
    slugs = book.anchors(text)
    assert set(links) <= slugs, f"no such section: {set(links) - slugs}"


@each_chapter
def test_stored_outputs_are_complete_and_clean(path):
    counts = []
    for number, cell in code_cells(path):
        counts.append(cell.execution_count)
        for output in cell.outputs:
            assert output.output_type != "display_data", f"cell {number} stores a picture; run make outputs"
            assert not (output.output_type == "stream" and output.name == "stderr"), f"cell {number} stores a warning"
            if output.output_type == "error":
                assert "raises-exception" in tags(cell), f"cell {number} stores an error"
    assert counts == list(range(1, len(counts) + 1)), "not executed from top to bottom; run make outputs"
    assert "widgets" not in book.read(path).metadata


@each_notebook
def test_notebook_is_laid_out_and_stripped(path):
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check", "-q"], ["format", "--check", "-q", "--force-exclude"]):
        result = subprocess.run([ruff, *command, path], capture_output=True, text=True, cwd=book.ROOT)
        assert result.returncode == 0, f"run make format\n{result.stdout}{result.stderr}"


@each_notebook
def test_figures_are_drawn_within_the_page(path):
    for number, cell in code_cells(path):
        for width in re.findall(r"figsize=\(([\d.]+),", cell.source):
            assert float(width) <= 7, f"cell {number}: a figure wider than 7 inches is cut down on the page"


@each_chapter
def test_markdown_is_what_colab_renders(path):
    text = re.sub(r"`[^`]*`", "", prose(path))
    for pattern, what in {
        r"^:::": "colon fence",
        r"^```\{": "directive",
        r"\{\w+\}`": "role",
        r"\[\^\w+\]": "footnote",
    }.items():
        assert not re.search(pattern, text, re.M), f"a {what} stays raw in Colab"


def test_code_of_the_project_is_laid_out():
    ruff = Path(sys.executable).with_name("ruff")
    for command in (["check"], ["format", "--check"]):
        result = subprocess.run([ruff, *command, "."], capture_output=True, text=True, cwd=book.ROOT)
        assert result.returncode == 0, f"run make format\n{result.stdout}{result.stderr}"
