"""exercise_pages: links from chapters, the table, and the switch for solutions."""

import re
import shutil
from pathlib import Path

import book
import pytest
import submissions
import yaml
from grading import handout, notebooks
from measured_book.pages.exercises import points_in_words, read_exercise
from sphinx.errors import ExtensionError

GITHUB = "https://github.com/someone/a-course"
CONTENTS = {
    "chapters": [
        {"file": "chapters/numbers"},
        {"file": "list", "sections": [{"file": "exercises/numbers/numbers"}]},
    ],
}


def _small_book(folder, publish, then=None):
    """A book of one chapter with its exercise, built once, or a second time with `then`; returns the built site."""
    submissions.write(submissions.small_exercise(), folder / "solutions/numbers/numbers.ipynb")
    handout.make(folder / "solutions", folder / "exercises")
    pages = {
        "index": "# A book\n\nWords.\n",
        "chapters/numbers": "# Numbers\n\nWords.\n\n## References\n\nNone.\n",
        "list": "# Exercises\n\n```{exercise-table}\n```\n",
    }
    execute = {"execute_notebooks": "cache", "exclude_patterns": ["exercises/*/*"]}

    def build(publish):
        config = {"exercise_pages_publish_solutions": publish}
        book.write(folder, pages, CONTENTS, ["measured_book"], config, execute=execute)
        result = book.build(folder)
        assert result.returncode == 0, result.stdout[-3000:]

    build(publish)
    if then is not None:
        build(then)
    return folder / "_build/html"


@pytest.fixture(scope="module")
def books(tmp_path_factory):
    """The small book built with the switch off, without a repository, and on, in a repository."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BOOK_REPOSITORY", "")
        off = _small_book(tmp_path_factory.mktemp("off"), False)
        patch.setenv("BOOK_REPOSITORY", GITHUB)
        on = _small_book(tmp_path_factory.mktemp("on"), True)
    return {False: off, True: on}


def _links(page, where=".bd-article"):
    return {a.get_text(strip=True): a["href"] for a in page.select(f"{where} .launch-links a")}


def _whole(site):
    """Everything that a visitor can get, as bytes."""
    return b"\n".join(path.read_bytes() for path in sorted(site.rglob("*")) if path.is_file())


def test_nothing_of_solutions_that_were_published_once_stays(books, tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_REPOSITORY", "")
    site = _small_book(tmp_path, True, then=False)
    names = ({p.relative_to(s).as_posix() for p in s.rglob("*") if p.is_file()} for s in (site, books[False]))
    assert next(names) == next(names), "the same files as where solutions were never published"
    assert not list(site.rglob("*solutions*")) and b"solutions/numbers" not in _whole(site)


def test_a_chapter_ends_with_its_exercises(books):
    page = book.parsed(books[False], "chapters/numbers")
    sections = [heading.get_text() for heading in page.select(".bd-article h2")]
    assert sections[-1].startswith("Exercises")
    assert "3 tasks, 10 points: 7 by automatic checks, 3 by a person." in page.select(".bd-article")[0].get_text()
    links = _links(page)
    assert links["Read the exercises"] == "../exercises/numbers/numbers.html"
    target = (books[False] / "chapters" / links["Download the notebook"]).resolve()
    assert notebooks.read(target) == notebooks.read(books[False].parents[1] / "exercises/numbers/numbers.ipynb")


def test_exercises_can_be_launched_from_their_chapter_and_their_page(books):
    for name in ("chapters/numbers", "exercises/numbers/numbers"):
        address = _links(book.parsed(books[True], name))["Open in Colab"]
        assert address.endswith("github/someone/a-course/blob/main/exercises/numbers/numbers.ipynb")
        assert "Open in Colab" not in _links(book.parsed(books[False], name))


def test_the_table_lists_chapter_tasks_and_points(books):
    rows = book.parsed(books[False], "list").select("table.exercise-table tr")
    cells = [[cell.get_text(" ", strip=True) for cell in row.select("th, td")] for row in rows]
    assert cells[1] == ["Numbers", "Two numbers", "3", "7 + 3"]
    assert [a["href"] for a in rows[1].select("a")] == ["chapters/numbers.html", "exercises/numbers/numbers.html"]


def test_an_exercise_is_shown_and_not_run(books):
    page = book.parsed(books[False], "exercises/numbers/numbers")
    assert "your code goes here" in page.get_text()
    assert not page.select(".cell_output")
    assert _links(page)["The chapter"] == "../../chapters/numbers.html"


def test_switched_off_no_solution_is_on_the_site(books):
    site = books[False]
    assert not (site / "solutions").exists()
    assert "The solutions" not in _links(book.parsed(site, "exercises/numbers/numbers"))
    everything = _whole(site)
    for words in (b"sqrt((a - b) ** 2)", b"opposite numbers", b"triangle inequality", b"BEGIN SOLUTION"):
        assert words not in everything


def test_switched_on_every_solution_is_a_page(books):
    site = books[True]
    page = book.parsed(site, "solutions/numbers/numbers")
    assert "sqrt" in page.get_text() and "opposite numbers" in page.get_text()
    links = _links(book.parsed(site, "exercises/numbers/numbers"))
    assert links["The solutions"] == "../../solutions/numbers/numbers.html"
    assert _links(page)["The exercises"] == "../../exercises/numbers/numbers.html"
    assert page.select_one(".bd-sidebar-primary a.current")["href"] == "#", "it stands in the contents"


def test_switched_on_a_missing_solution_stops_the_build(books, tmp_path):
    for name in ("_config.yml", "_toc.yml", "index.md", "list.md"):
        shutil.copyfile(books[True].parents[1] / name, tmp_path / name)
    for name in ("chapters", "exercises"):
        shutil.copytree(books[True].parents[1] / name, tmp_path / name)
    result = book.build(tmp_path)
    assert result.returncode != 0
    assert "solutions/numbers/numbers.ipynb is missing" in result.stdout


def test_an_exercise_without_points_is_named(tmp_path):
    notebook = submissions.small_exercise()
    notebook.cells = notebook.cells[:3]
    path = submissions.write(notebook, tmp_path / "numbers.ipynb")
    with pytest.raises(ExtensionError, match=re.escape(str(path))):
        read_exercise(path)


# ---- the book itself ----


@pytest.mark.parametrize("path", book.chapters(), ids=lambda p: p.stem)
def test_every_chapter_of_the_book_leads_to_its_exercises(site, path):
    links = _links(book.parsed(site, f"chapters/{path.stem}"), "#exercises")
    assert links["Read the exercises"] == f"../exercises/{path.stem}/{path.stem}.html"
    assert (site / "chapters" / links["Download the notebook"]).resolve().is_file()
    exercise = read_exercise(book.ROOT / "exercises" / path.stem / f"{path.stem}.ipynb")
    assert points_in_words(exercise) in book.parsed(site, f"chapters/{path.stem}").get_text()


def test_the_book_publishes_no_solutions(site):
    settings = yaml.safe_load((book.ROOT / "_config.yml").read_text(encoding="utf-8"))
    assert settings["sphinx"]["config"]["exercise_pages_publish_solutions"] is False
    assert not (site / "solutions").exists()
    published = "\n".join(path.read_text(encoding="utf-8") for path in Path(site).rglob("*.html"))
    published += "\n".join(path.read_text(encoding="utf-8") for path in Path(site).rglob("*.ipynb"))
    assert "BEGIN SOLUTION" not in published and "BEGIN HIDDEN" not in published and "MARK SCHEME" not in published
