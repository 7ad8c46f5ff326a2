"""launch_links: from the repository of the checkout to links that open a page's notebook, and never a dead one."""

import subprocess
from urllib.parse import parse_qs, urlsplit

import book
import nbformat
import pytest
from measured_book.pages import repository
from sphinx.errors import ExtensionError

GITHUB = "https://github.com/someone/a-course"
HUB = "https://hub.example.org"
ADDRESSES = {
    "https://github.com/someone/a-course": ("someone", "a-course"),
    "https://github.com/someone/a.course.git": ("someone", "a.course"),
    "https://user:secret@github.com/someone/a-course.git": ("someone", "a-course"),
    "git@github.com:someone/a-course.git": ("someone", "a-course"),
    "ssh://git@github.com/someone/a-course": ("someone", "a-course"),
    "https://git.example.org/someone/a-course": None,
    "/srv/git/a-course": None,
    "https://github.com/someone": None,
    "": None,
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_addresses_of_repositories_are_read(tmp_path, address):
    found = repository.find(tmp_path, {"BOOK_REPOSITORY": address, "BOOK_BRANCH": "next/one"})
    wanted = ADDRESSES[address]
    assert found == (repository.Repository(*wanted, "next/one") if wanted else None)
    if found:
        assert "/next%2Fone?" in found.binder("a b.ipynb")
        assert found.colab("a b.ipynb").endswith("/next/one/a%20b.ipynb")


def test_without_the_variable_git_is_asked(tmp_path):
    assert repository.find(tmp_path, {}) is None
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    remote = ["remote", "add", "origin", "git@github.com:someone/a-course.git"]
    subprocess.run(["git", "-C", tmp_path, *remote], check=True)
    assert repository.find(tmp_path, {}) == repository.Repository("someone", "a-course", "main")


@pytest.mark.parametrize("address", [HUB, f"{HUB}/", f"{HUB}/hub", f"{HUB}/hub/"])
def test_a_hub_fetches_the_repository_and_opens_the_notebook(tmp_path, address):
    found = repository.find(tmp_path, {"BOOK_REPOSITORY": GITHUB, "BOOK_JUPYTERHUB": address})
    parts = urlsplit(found.jupyterhub("chapters/neurons.ipynb"))
    assert parts.netloc == "hub.example.org" and parts.path == "/hub/user-redirect/git-pull"
    assert parse_qs(parts.query) == {
        "repo": [GITHUB],
        "branch": ["main"],
        "urlpath": ["lab/tree/a-course/chapters/neurons.ipynb"],
    }


@pytest.mark.parametrize("address", ["hub.example.org", "javascript:alert(1)", 'https://hub.example.org/"onclick=x'])
def test_an_address_of_a_hub_that_is_none_is_named(tmp_path, address):
    with pytest.raises(ExtensionError, match="BOOK_JUPYTERHUB"):
        repository.find(tmp_path, {"BOOK_REPOSITORY": GITHUB, "BOOK_JUPYTERHUB": address})


def _built(folder):
    pages = {"index": "# A book\n\nWords.\n", "chapters/words": "# Words\n\nNo notebook.\n"}
    cells = [nbformat.v4.new_markdown_cell("# Numbers\n\nWords."), nbformat.v4.new_code_cell("print(1 + 1)")]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"language_info": {"name": "python"}})
    (folder / "chapters").mkdir(parents=True)
    nbformat.write(notebook, folder / "chapters/numbers.ipynb")
    nbformat.write(notebook, folder / "other.ipynb")
    contents = {"chapters": [{"file": name} for name in ("chapters/numbers", "chapters/words", "other")]}
    config = {"launch_links_pages": ["chapters/*"]}
    book.write(folder, pages, contents, ["measured_book"], config, execute={"execute_notebooks": "off"})
    result = book.build(folder)
    assert result.returncode == 0, result.stdout[-3000:]
    return folder / "_build/html"


def _links(site, name):
    return {a.get_text(strip=True): a["href"] for a in book.parsed(site, name).select(".launch-links a")}


def test_notebooks_can_be_opened_everywhere_and_downloaded(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_REPOSITORY", GITHUB)
    monkeypatch.setenv("BOOK_JUPYTERHUB", HUB)
    site = _built(tmp_path)
    links = _links(site, "chapters/numbers")
    assert list(links) == ["Open in Colab", "Open on Binder", "Open on JupyterHub", "Download the notebook"]
    path = "someone/a-course/blob/main/chapters/numbers.ipynb"
    assert links["Open in Colab"] == f"https://colab.research.google.com/github/{path}"
    opened = "lab%2Ftree%2Fchapters%2Fnumbers.ipynb"
    assert links["Open on Binder"] == f"https://mybinder.org/v2/gh/someone/a-course/main?urlpath={opened}"
    downloaded = (site / "chapters" / links["Download the notebook"]).resolve()
    assert downloaded.read_bytes() == (tmp_path / "chapters/numbers.ipynb").read_bytes()
    heading = book.parsed(site, "chapters/numbers").select_one(".bd-article h1")
    assert "launch-links" in heading.find_next_sibling().get("class", []), "the line stands below the title"
    assert not _links(site, "chapters/words") and not _links(site, "other")


def test_without_a_repository_there_is_only_the_download(tmp_path, monkeypatch):
    monkeypatch.setenv("BOOK_REPOSITORY", "")
    monkeypatch.setenv("BOOK_JUPYTERHUB", HUB)
    assert list(_links(_built(tmp_path), "chapters/numbers")) == ["Download the notebook"]


@pytest.mark.parametrize("path", book.chapters(), ids=lambda path: path.stem)
def test_every_chapter_of_the_book_can_be_downloaded(site, path):
    links = book.parsed(site, f"chapters/{path.stem}").select("h1 + .launch-links a")
    downloaded = (site / "chapters" / links[-1]["href"]).resolve()
    assert downloaded.read_bytes() == path.read_bytes()
