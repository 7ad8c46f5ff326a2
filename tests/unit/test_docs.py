"""What the pages for contributors say is there: files, anchors, settings, events, targets."""

import re

import book
import measured_book
import pytest
import yaml
from markdown_it import MarkdownIt

PAGES = [
    *(book.ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")),
    *sorted((book.ROOT / "docs").rglob("*.md")),
    *sorted((book.ROOT / "extensions").glob("*/README.md")),
]
ARCHITECTURE = book.ROOT / "docs/architecture.md"
ROOMS = book.ROOT / "extensions/measured_book/measured_book"

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(book.ROOT)))


def text(path):
    return path.read_text(encoding="utf-8")


def slugs(path):
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text(path), re.M)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links(path):
    for token in MarkdownIt("commonmark").enable("table").parse(text(path)):
        for child in token.children or []:
            if address := child.attrs.get("href") or child.attrs.get("src"):
                yield address


@each_page
def test_links_lead_somewhere(page):
    for address in links(page):
        if re.match(r"https?://", address):
            continue
        file, _, anchor = address.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), f"{page.name}: {address}"
        assert not anchor or anchor in slugs(target), f"{page.name}: {address}"


@each_page
def test_named_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z][\w-]*):", text(book.ROOT / "Makefile"), re.M))
    for words in re.findall(r"`make ([^`]+)`", text(page)):
        named = [word for word in words.split() if "=" not in word and "/" not in word and word not in ("a", "it")]
        assert set(named) <= targets, f"{page.name}: make {words}"


def named_files():
    """The files that the architecture page names in backticks."""
    for name in re.findall(r"`([\w./*-]+)`", text(ARCHITECTURE)):
        if re.search(r"\.(py|js|css|md|ipynb|yml|toml)$", name) and not name.isupper() and "SLUG" not in name:
            yield name


@pytest.mark.parametrize("name", sorted(set(named_files())))
def test_files_that_the_architecture_page_names_exist(name):
    rooms = [book.ROOT, ROOMS, *(book.ROOT / "extensions").glob("*")]
    rooms += [ROOMS / room for room in ("study", "pages", "site", "execution", "export")]
    rooms += (book.ROOT / "extensions").glob("*/*")
    generated = {"searchtools.js", "node-main.js"}
    assert name in generated or any(list(room.glob(name)) for room in rooms if room.is_dir())


def test_every_event_has_its_line():
    table = text(ARCHITECTURE).partition("## The order of events")[2].partition("## The finishing pass")[0]
    told = set(re.findall(r"^\| `([\w-]+)` \|", table, re.M))
    # these keep what unchanged and parallel pages left, and need no line
    assert {event for event, _, _ in measured_book.EVENTS} - {"env-purge-doc", "env-merge-info"} == told


class Recorder:
    """Stands for Sphinx's application while the parts declare their settings."""

    def __init__(self):
        self.settings = {}

    def add_config_value(self, name, default, *_):
        self.settings[name] = default

    def __getattr__(self, name):
        return lambda *args, **options: None


def test_the_readme_has_every_setting_and_its_default():
    recorder = Recorder()
    for part in measured_book.PARTS:
        # the one has no setting and looks for the book's folder, others have nothing to declare
        if part.__name__ != "measured_book.site.address" and hasattr(part, "register"):
            part.register(recorder)
    readme = text(book.ROOT / "extensions/measured_book/README.md")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \| .+ \|$", readme, re.M))
    filled_in = {"parallel_execution_fingerprint", "measured_book_version"}
    assert set(rows) == set(recorder.settings) - filled_in
    for name, shown in rows.items():
        if shown.startswith("`"):
            assert yaml.safe_load(shown.strip("`")) == recorder.settings[name], name


@pytest.mark.parametrize("page", sorted((book.ROOT / "docs/decisions").glob("0*.md")), ids=lambda page: page.stem)
def test_a_decision_says_why_and_is_listed(page):
    headings = re.findall(r"^## (.+)$", text(page), re.M)
    assert headings == ["Context", "Decision", "What was tried or considered", "Consequences"]
    assert 150 <= len(text(page).split()) <= 300
    assert f"({page.name})" in text(page.with_name("README.md"))
