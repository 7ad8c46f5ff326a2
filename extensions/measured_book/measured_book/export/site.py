"""What the built site says: the book's title and rights, its pages in their order, and the text of each page."""

import copy
import posixpath
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urljoin

from bs4 import BeautifulSoup

from . import formulas

ON_SCREEN = (
    "script, .headerlink, .static-interact-controls, .static-interact-status, .toctree-wrapper, .sheet-finder, "
    ".sd-stretched-link, .open-deeper, .folded-code > summary, .drill, .exam, .standing"
)
# names, signs and blanks of code, in ink on paper: with each in its own element a file is twice as large
PLAIN_CODE = ", ".join(f".highlight span.{kind}" for kind in ("n", "nn", "p", "o", "w"))
ONLY_LINKS = "p.launch-links"
NAMES_IDS = ("for", "aria-labelledby", "aria-describedby")


class NotBuilt(Exception):
    """The folder holds no site that a book can be made from."""


@dataclass(frozen=True)
class Entry:
    """A page in the book's contents: its path without ending (chapters/neurons), its title, its part's caption."""

    name: str
    title: str
    part: str

    @property
    def slug(self):
        """The last part of the name, which the page's PDF is called by."""
        return posixpath.basename(self.name)


class Site:
    """A site that Jupyter Book built in the folder `root`.

    Raises NotBuilt if there is none, or one with another theme, whose pages look otherwise.
    """

    def __init__(self, root):
        self.root = Path(root)
        self._articles = {}
        page = self._page("index")
        self.language = page.html.get("lang", "en")
        self.style_sheets = [link["href"].partition("?")[0] for link in page.select("link[rel=stylesheet]")]
        canonical = page.select_one("link[rel=canonical]")
        # pages name their address where it was known when they were built
        self.address = urljoin(canonical["href"], ".") if canonical else ""
        self.title = self._text(page, "article h1")
        author = self._text(page, ".component-author").removeprefix("By ")
        self.author = author[:1].upper() + author[1:]
        self.rights = self._text(page, ".extra_footer")
        self.entries = [Entry("index", self.title, ""), *self._contents(page)]

    def _page(self, name):
        path = self.root / f"{name}.html"
        if not path.is_file():
            raise NotBuilt(f"there is no {path}: build the site first (make book)")
        return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml")

    def _one(self, page, selector):
        if (found := page.select_one(selector)) is None:
            raise NotBuilt(f"{self.root}: a page has no {selector!r}; sites of Jupyter Book 1 and its theme are known")
        return found

    def _text(self, page, selector):
        element = self._one(page, selector)
        for link in element.select(".headerlink"):
            link.decompose()
        return text(element)

    def _contents(self, page):
        part = ""
        for element in self._one(page, "nav.bd-docs-nav").select("p.caption, a"):
            if element.name == "p":
                part = text(element)
            else:
                yield Entry(element["href"].removesuffix(".html"), text(element), part)

    def copied(self, name):
        """A copy of a page's `article`; that takes long to make, and a page is in its own file and in the book."""
        if name not in self._articles:
            self._articles[name] = self.article(name)
        return copy.copy(self._articles[name])

    def article(self, name):
        """The article of the page `name`, without what is for the screen only, its pictures' paths from the root."""
        article = self._one(self._page(name), "article.bd-article")
        for element in article.select(ON_SCREEN):
            element.decompose()
        for token in article.select(PLAIN_CODE):
            token.unwrap()
        for element in article.select(".folded-code"):
            element.unwrap()
        for element in article.select("details"):
            element["open"] = ""
        for formula in article.select(".math > svg"):
            _say(formula)
        for image in article.select("img"):
            image["src"] = path_of(image["src"], name)
            del image["loading"]  # on paper nothing comes near the screen
        return article


def _say(picture):
    """Put a formula's words in place of the MathML beside its `picture`, which a PDF would not have.

    They are what a screen reader says, and stand unseen in the line, where a search finds them.
    """
    mathml = picture.find_next_sibling(class_="math-for-ears")
    words = formulas.in_words(mathml.math)
    mathml.decompose()
    page = BeautifulSoup("", "lxml")
    spoken = page.new_tag("span", attrs={"role": "img", "aria-label": words})
    spoken.append(page.new_tag("span", attrs={"class": "math-words"}, string=words))
    picture.wrap(spoken)


def text(element):
    """The text of an element in one line."""
    return " ".join(element.get_text().split())


def sections(article):
    """Of each section of a chapter, folded ones too: where it is, and its heading."""
    headings = ":scope > section > section > h2, :scope > section > section > details > summary > h2"
    return [(heading.find_parent("section").get("id", ""), text(heading)) for heading in article.select(headings)]


def path_of(address, name):
    """The path below the site's folder of the relative `address` on the page `name`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(address)))


def anchor(name, identifier=""):
    """What the element `identifier` of the page `name`, or the page itself, is called among many pages."""
    return name.replace("/", "-") + (f"--{identifier}" if identifier else "")


def join(article, name, inside, address):
    """Make the ids and links of the page `name` hold in a document with the pages `inside`, itself among them.

    Links to other pages of the site lead to its `address`; where that is not known (""), they are no links any more.
    """
    for element in article.find_all(id=True):
        if element.name != "path":  # the outline of a glyph, named by its shape: the same on every page
            element["id"] = anchor(name, element["id"])
    for attribute in NAMES_IDS:
        for element in article.find_all(attrs={attribute: True}):
            element[attribute] = " ".join(anchor(name, each) for each in element[attribute].split())
    lead(article, name, inside, address, lambda page, identifier: f"#{anchor(page, identifier)}")
    article["id"] = anchor(name)


def lead(article, name, inside, address, within):
    """Make the links of the page `name` hold elsewhere.

    `within(page, identifier)` is the address of a page of `inside`, or of an element on it. Links to other
    pages of the site lead to its `address`; where that is not known (""), they are no links any more.
    """
    for link in article.select("a[href]"):
        target = _target(link["href"], name, inside, address, within)
        if target and "image-reference" not in link.get("class", []):
            link["href"] = target
        else:
            link.name = "span"
            del link["href"]
    for paragraph in article.select(ONLY_LINKS):
        if not paragraph.select("a[href]"):
            paragraph.decompose()


def _target(address, name, inside, base, within):
    if re.match(r"[a-z][a-z0-9+.-]*:", address):
        return address
    path, _, fragment = address.partition("#")
    page = path_of(path, name).removesuffix(".html") if path else name
    if page in inside:
        return within(page, unquote(fragment))
    return urljoin(f"{base}{name}.html", address) if base else ""
