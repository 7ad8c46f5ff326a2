"""execution_stamp: when a chapter was executed, how long it took, with what, and how many claims it checked."""

import datetime
import importlib.metadata
import re

import book
import nbformat
import pytest
import yaml
from measured_book.execution.stamp import in_words, versions

STAMP = re.compile(
    r"Last executed on (?P<date>\d+ \w+ \d{4}) in (?P<seconds>\d+) s, all positions of its sliders included, "
    r"with (?P<versions>.+?)\. (?P<claims>\d+) claims checked\."
)


def _stamp(site, name):
    (paragraph,) = book.parsed(site, name).select(".execution-stamp")
    return STAMP.match(paragraph.get_text())


def test_dates_and_versions_in_words():
    assert in_words(datetime.date(2026, 3, 5)) == "5 March 2026"
    said = versions({"pytest": "Pytest"})
    assert re.fullmatch(rf"Python 3\.\d+\.\d+\S*, Pytest {re.escape(importlib.metadata.version('pytest'))}", said)


@pytest.mark.parametrize("path", book.chapters(), ids=lambda p: p.stem)
def test_every_chapter_says_when_it_was_executed(path, site):
    found = _stamp(site, f"chapters/{path.stem}")
    tags = {tag for cell in book.read(path).cells for tag in cell.metadata.get("tags", []) if tag.startswith("claim:")}
    facts = yaml.safe_load((book.ROOT / "tests/facts.yml").read_text(encoding="utf-8"))[path.stem]
    assert int(found["claims"]) == len(tags) >= min(10, len(facts))
    assert int(found["seconds"]) >= 1
    date = datetime.datetime.strptime(found["date"], "%d %B %Y").date()
    assert datetime.date(2026, 1, 1) <= date <= datetime.datetime.now(datetime.UTC).date()
    assert f"PyTorch {importlib.metadata.version('torch').partition('+')[0]}" in found["versions"]


def test_the_status_page_lists_them_all(site):
    rows = [
        [c.get_text() for c in row.select("td")] for row in book.parsed(site, "reference/status").select("table tr")[1:]
    ]
    chapters = [_stamp(site, f"chapters/{path.stem}") for path in book.chapters()]
    for row, found in zip(rows[:-1], chapters, strict=True):
        date = datetime.date.fromisoformat(row[1])
        assert [in_words(date), *row[2:]] == [found["date"], found["seconds"], found["claims"]]
    assert rows[-1][0] == "All" and int(rows[-1][3]) == sum(int(found["claims"]) for found in chapters)


def test_what_is_not_executed_says_nothing_and_a_change_is_dated_anew(tmp_path):
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    claim = {"tags": ["claim:run-one"]}
    for name, cells in {
        "run": [nbformat.v4.new_markdown_cell("# Run"), nbformat.v4.new_code_cell("assert 1", metadata=claim)],
        "read": [nbformat.v4.new_markdown_cell("# Read\n\nWords.")],
    }.items():
        (tmp_path / "chapters").mkdir(exist_ok=True)
        nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), tmp_path / f"chapters/{name}.ipynb")
    pages = {"index": "# A book\n\n```{execution-status}\n```\n"}
    contents = {"chapters": [{"file": "chapters/run"}, {"file": "chapters/read"}]}
    execute = {"execute_notebooks": "cache", "exclude_patterns": ["chapters/read*"]}
    book.write(tmp_path, pages, contents, ["measured_book"], execute=execute)
    result = book.build(tmp_path)
    assert result.returncode == 0, result.stdout[-2000:]
    site = tmp_path / "_build/html"
    assert _stamp(site, "chapters/run")["claims"] == "1"
    assert not book.parsed(site, "chapters/read").select(".execution-stamp")
    rows = [row.get_text(" ", strip=True) for row in book.parsed(site, "index").select("table tr")]
    assert len(rows) == 3 and rows[1].startswith("Run ") and rows[1].endswith(" 1")

    # one more claim: the page and the table on the other page, which did not change, say so
    notebook = nbformat.read(tmp_path / "chapters/run.ipynb", as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell("assert 2", metadata={"tags": ["claim:run-two"]}))
    nbformat.write(notebook, tmp_path / "chapters/run.ipynb")
    assert book.build(tmp_path).returncode == 0
    assert _stamp(site, "chapters/run")["claims"] == "2"
    assert book.parsed(site, "index").select("table tr")[1].get_text(" ", strip=True).endswith(" 2")
