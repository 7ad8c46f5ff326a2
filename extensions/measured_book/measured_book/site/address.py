"""Descriptions, previews, canonical links, a site map and a page for dead links (see the README)."""

import html
import os
import re
from urllib.parse import urlsplit

from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ExtensionError

from ..pages import repository

LONGEST = 250  # characters; search engines cut longer descriptions off
SENTENCE_END = re.compile(r"[.!?…][”\"')]*(?=\s+[A-ZÀ-Þ“\"'(]|$)")
NOT_FOUND = """<h1>There is no such page</h1>
<p>Pages keep their addresses, so the link that led here is probably mistyped. <a href="{start}">Begin at the start</a>,
look into the contents on the left, or <a href="{search}">search the book</a>.</p>"""


def find(folder, environment=os.environ):
    """The address of the site, ending in a slash, or "" if none is known.

    The variable BOOK_ADDRESS (empty: none) comes before GitHub Pages' address of the repository that `folder` is a
    checkout of. Raises ExtensionError for an address that is none.
    """
    address = environment.get("BOOK_ADDRESS")
    if address is None:
        found = repository.find(folder, environment)
        address = f"https://{found.owner.lower()}.github.io/{found.name}/" if found else ""
        if found and found.name.lower() == f"{found.owner.lower()}.github.io":
            address = f"https://{found.name.lower()}/"
    if address and not repository.ADDRESS.fullmatch(address):
        raise ExtensionError(f"BOOK_ADDRESS is {address!r}, which is no address of a site: write https://host/path/")
    return address if not address or address.endswith("/") else f"{address}/"


def description(document):
    """The first sentences of the first paragraph of a page, as plain text of 250 characters at most."""
    for paragraph in document.findall(nodes.paragraph):
        own = isinstance(paragraph.parent, nodes.section) or type(paragraph.parent) is nodes.container
        if own and len(_plain(paragraph, links=False)) >= 30:
            return shorten(" ".join(_plain(paragraph).split()))
    return ""


def _plain(node, links=True):
    """The text of a node without TeX's commands, and without `links` if so wanted."""
    if isinstance(node, nodes.raw) or (not links and isinstance(node, (nodes.reference, addnodes.download_reference))):
        return ""
    if isinstance(node, nodes.math):
        return re.sub(r"\\[a-zA-Z]+|[{}$]", "", node.astext())
    if isinstance(node, nodes.Text):
        return str(node)
    return "".join(_plain(child, links) for child in node.children)


def shorten(text, longest=LONGEST):
    """As many whole sentences as fit into `longest` characters; of a longer sentence the words that fit, and a mark."""
    ends = [match.end() for match in SENTENCE_END.finditer(text) if match.end() <= longest]
    return text[: ends[-1]] if ends else f"{text[: longest - 2].rsplit(' ', 1)[0].rstrip(' ,;:')} …"


def describe(app, pagename, templatename, context, doctree):
    """Before Open Graph's tags are made: our description in place of the first 200 characters, titles as text."""
    if doctree is None:
        return
    title = " ".join(_plain(app.env.longtitles[pagename]).split())
    context["meta"] = (context.get("meta") or {}) | {"og:title": html.escape(title)}
    if words := description(doctree):
        context["meta"] |= {"og:description": html.escape(words)}
        tag = f'<meta name="description" content="{html.escape(words)}" />\n'
        context["metatags"] = context.get("metatags", "") + tag


def drop_previews(page) -> int:
    """Without an address of the site, no tag that would need one; returns how many there were."""
    if page.app.config.html_baseurl:
        return 0
    wanted = "starts-with(@property, 'og:image') or @property = 'og:url' or @name = 'twitter:card'"
    found = page.tree.xpath(f"//meta[{wanted}]")
    for tag in found:
        tag.drop_tree()
    return len(found)


def base(config) -> str:
    """The path of the site on its host, with a slash at its end."""
    return urlsplit(config.html_baseurl or "").path or "/"


def settle(app, config):
    """Tell Sphinx and the extensions for previews, site map and dead links where the site will be."""
    address = config.html_baseurl = app.book_address
    config.ogp_site_url = address
    config.ogp_site_name = config.html_title or config.project
    config.ogp_social_cards = {"enable": bool(address)} | (config.ogp_social_cards or {})
    prefix = config.notfound_urls_prefix = urlsplit(address).path or "/"
    config.notfound_context = {
        "title": "No such page",
        "body": NOT_FOUND.format(start=prefix, search=f"{prefix}search.html"),
    }
    config.sitemap_url_scheme = "{link}"
    config.sitemap_excludes = ["search.html", "genindex.html", "404.html"]


def register(app):
    """Bring the extensions that need the address of the site: they read it while they are set up."""
    address = app.book_address = app.config.html_baseurl = find(app.srcdir)
    app.setup_extension("sphinxext.opengraph")
    app.setup_extension("notfound.extension")
    if address:
        app.setup_extension("sphinx_sitemap")
