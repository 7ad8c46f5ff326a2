"""One pass over each page that the build has written: parsed once, taken through named steps, written once.

Sphinx, myst-nb and the theme write pages that ask third parties, load what they do not use and hold scripts and styles
inline. Each step of `STEPS` mends one thing. A step that replaces something of the theme says where it must find it
(`must`, an XPath): where that stands on a page and the step finds nothing, the theme has changed, and the build stops.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import lxml.html
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util import logging

from ..pages import mathematics
from ..study import cards, questions
from . import address, bundle, icons, leftovers, theme

if TYPE_CHECKING:
    from ..application import BookApplication

logger = logging.getLogger(__name__)
RECORD = "finishing.json"
EVERYWHERE = "/html"


@dataclass
class Page:
    """A written page: its path below the site's folder, its elements, and what later builds have to know of it.

    `record` holds data that JSON can hold. `base` is the path of the site on its host, with which the addresses on the
    page for dead links begin.
    """

    name: str
    tree: lxml.html.HtmlElement
    app: Sphinx
    base: str = "/"
    record: dict = field(default_factory=dict)

    @property
    def up(self) -> str:
        """What stands before the path of a file in an address on this page: ``../`` below a folder."""
        addresses = self.tree.xpath("//link/@href | //script/@src")
        absolute = any(address.startswith(f"{self.base}_static/") for address in addresses)
        return self.base if absolute else "../" * self.name.count("/")

    def text(self) -> str:
        """The page as HTML."""
        return lxml.html.tostring(self.tree, encoding="unicode", doctype="<!DOCTYPE html>")


@dataclass(frozen=True)
class Step:
    """One thing that is mended on a page: `do` does it and returns how many places it found.

    `must` is an XPath of what a page has when the step has to find something, `look_at` what to read when it does not.
    """

    name: str
    do: Callable[[Page], int]
    must: str = ""
    look_at: str = ""

    def run(self, page: Page) -> None:
        """Mend the page; raises ExtensionError, naming step and page, if what must be there is not found."""
        wanted = bool(self.must) and bool(page.tree.xpath(self.must))
        if not self.do(page) and wanted:
            raise ExtensionError(
                f"{page.name}: the step {self.name!r} of the finishing pass found nothing to change, so the page may "
                f"show or load what it should not. Look at {self.look_at}, compare it with {self.do.__module__}."
                f"{self.do.__name__}, and make them agree."
            )


THEME = "the page's HTML without this extension, and the theme's templates (pydata_sphinx_theme, sphinx_book_theme)"
THEBE = "what sphinx_thebe puts into a page's head"
STEPS = [
    Step("icons as SVG", icons.draw, EVERYWHERE, THEME),
    Step("no icon library", theme.drop_icon_library, EVERYWHERE, THEME),
    Step("color scheme settled", theme.settle_scheme, EVERYWHERE, THEME),
    Step("no Thebe", theme.drop_thebe, EVERYWHERE, THEBE),
    Step("hints without a script", theme.show_hints, EVERYWHERE, THEME),
    Step("names for screen readers", theme.name_parts, EVERYWHERE, THEME),
    Step("names of unfolding pages", theme.name_unfolders, "//nav[contains(@class, 'bd-docs-nav')]//details", THEME),
    Step("figures fetched late", theme.fetch_figures_late),
    Step("light code", theme.lighten_code, theme.CODE, "what Sphinx's highlighter writes"),
    Step(
        "formulas share glyphs",
        mathematics.share_glyphs,
        mathematics.FORMULAS,
        "pages/mathematics.py, which writes formulas",
    ),
    Step("no preview without an address", address.drop_previews),
    Step("style sheets and scripts to the bundle", bundle.take_files, EVERYWHERE, THEME),
    Step("style attributes as classes", bundle.take_style_attributes),
    Step("words and files that the page uses", bundle.note_use, EVERYWHERE, "bundle.py"),
    Step("cards for the page of all cards and for Anki", cards.take),
    Step("questions for practice", questions.take),
]


def note_version(app: Sphinx, config) -> None:
    """Have Sphinx read and write all pages anew when this extension has changed, since what is finished stays so."""
    package = Path(__file__).parents[1]
    digest = hashlib.sha256()
    for path in sorted(path for path in package.rglob("*") if path.suffix in (".py", ".js", ".css")):
        digest.update(path.read_bytes())
    config.measured_book_version = digest.hexdigest()[:16]


def register(app: Sphinx) -> None:
    """Declare the setting that `note_version` fills in."""
    app.add_config_value("measured_book_version", "", "env", str)


def finish(html: str, name: str, app: Sphinx, steps: list[Step] | None = None) -> Page:
    """Take the page `name`, as the builder wrote it, through the steps (all of them unless told otherwise)."""
    page = Page(name, lxml.html.document_fromstring(html), app, address.base(app.config))
    for step in STEPS if steps is None else steps:
        step.run(page)
    return page


def finish_site(app: "BookApplication", exception: Exception | None) -> None:
    """Finish the pages that this build has written, and write the style sheet and the script of all of them.

    A page of an earlier build that Sphinx did not write again is finished already: its record tells what it needs, and
    only the versions in its addresses change.
    """
    if exception or app.builder.format != "html":
        return
    root, file = Path(app.outdir), Path(app.doctreedir, RECORD)
    before = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {"pages": {}, "versions": {}}
    texts, records = {}, {}
    for path in leftovers.pages(app):
        name = path.relative_to(root).as_posix()
        html = path.read_text(encoding="utf-8")
        if not bundle.is_bundled(html):
            page = finish(html, name, app)
            texts[name], records[name] = page.text(), page.record
        elif name in before["pages"]:
            texts[name], records[name] = html, before["pages"][name]
        else:
            raise ExtensionError(f"{name} is of an earlier build that nothing is known of: delete {root}, build again")
    versions = bundle.write(root, records)
    for name, html in texts.items():
        finished = bundle.with_versions(html, before["versions"], versions)
        path = root / name
        if finished != path.read_text(encoding="utf-8"):
            path.write_text(finished, encoding="utf-8")
    leftovers.sweep(app, records)
    file.write_text(json.dumps({"pages": records, "versions": versions}), encoding="utf-8")
    app.finished_pages = records
