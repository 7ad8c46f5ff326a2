"""The pages of a book as an EPUB 3 file, for readers of electronic paper: https://www.w3.org/TR/epub-33/."""

import datetime
import html
import io
import mimetypes
import os
import re
import uuid
import zipfile
from itertools import groupby
from pathlib import Path

import lxml.html
from lxml import etree
from PIL import Image

from . import site as sites

STYLE = Path(__file__).with_name("epub.css")
XHTML, SVG, XLINK = "http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# what the site's style sheet makes of a style attribute: where a formula stands on its line
PLACED = re.compile(r"\.(style-[0-9a-f]{8})\.\1\.\1\{([^}]*)\}")
COLORS = 96  # of a figure: lines and letters lose nothing
CONTAINER = """<?xml version="1.0" encoding="UTF-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
"""
PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE html>
<html xmlns="{xhtml}" xmlns:epub="http://www.idpf.org/2007/ops" lang="{language}" xml:lang="{language}">
<head><meta charset="utf-8"/><title>{title}</title><link rel="stylesheet" href="book.css"/></head>
<body>
{content}
</body></html>
"""
PACKAGE = """<?xml version="1.0" encoding="UTF-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="book" xml:lang="{language}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="book">urn:uuid:{identifier}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>{language}</dc:language>
<dc:creator>{author}</dc:creator>
<dc:rights>{rights}</dc:rights>
<meta property="dcterms:modified">{modified}</meta>
<meta property="schema:accessMode">textual</meta>
<meta property="schema:accessMode">visual</meta>
<meta property="schema:accessModeSufficient">textual</meta>
<meta property="schema:accessibilityFeature">alternativeText</meta>
<meta property="schema:accessibilityFeature">structuralNavigation</meta>
<meta property="schema:accessibilityFeature">tableOfContents</meta>
<meta property="schema:accessibilityHazard">none</meta>
</metadata>
<manifest>
{items}
</manifest>
<spine>
{spine}
</spine>
</package>
"""


def compose(site, entries):
    """The EPUB file (bytes) of the `entries` of a `Site`, in their order.

    Raises FileNotFoundError for a picture that the site lacks.
    """
    inside = {entry.name for entry in entries}
    files: dict = {}
    pictures: dict = {}
    sections: dict = {}
    for entry in entries:
        article = site.article(entry.name)
        sites.lead(article, entry.name, inside, site.address, _address)
        _settle(article)
        sections[entry] = sites.sections(article)
        for image in article.select("img"):
            image["src"] = _picture(site.root / image["src"], pictures)
        files[_address(entry.name, "")] = PAGE.format(
            xhtml=XHTML, language=site.language, title=html.escape(entry.title), content=as_xhtml(str(article))
        )
    files["contents.xhtml"] = PAGE.format(
        xhtml=XHTML, language=site.language, title="Contents", content=_contents(entries, sections)
    )
    files["book.css"] = STYLE.read_text(encoding="utf-8") + _places(site, files.values())
    files["package.opf"] = _package(site, entries, {**files, **pictures})
    return _pack({**files, **pictures})


def _address(page, identifier):
    """Where a page, or an element of it, is in the book."""
    return f"{sites.anchor(page)}.xhtml" + (f"#{identifier}" if identifier else "")


def _settle(article):
    """Make text of what is there to be pressed, and say which answers are right: a book has no scripts."""
    for option in article.select(".quiz-option"):
        option.label.insert(0, "✓ " if option.has_attr("data-right") else "✗ ")
    for element in article.select("input, .quiz-entry, .math-words"):
        element.decompose()
    for form in article.select("form"):
        form.name = "div"
        del form["autocomplete"]
    for label in article.select("label"):
        label.name = "span"
        del label["for"]


def _picture(path, pictures):
    """The name in the book of the picture at `path`, which is put into `pictures` in a format that all readers know."""
    if path.suffix != ".webp":
        pictures[path.name] = path.read_bytes()
        return path.name
    name = f"{path.stem}.png"
    if name not in pictures:
        with Image.open(path) as figure:
            drawn = figure.convert("RGBA")
        # figures are drawn in dark ink without a ground: a reader that shows light text on black would hide them
        paper = Image.new("RGBA", drawn.size, "white")
        paper.alpha_composite(drawn)
        written = io.BytesIO()
        paper.convert("RGB").quantize(COLORS).save(written, "PNG", optimize=True)
        pictures[name] = written.getvalue()
    return name


def as_xhtml(text):
    """The XHTML of a piece of HTML with one element around it, SVG in its own namespace."""
    root = lxml.html.fragment_fromstring(text)
    etree.strip_tags(root, etree.Comment)
    for drawing in list(root.iter("svg")):
        replacement = _in_namespace(drawing)
        if drawing is root:
            root = replacement
        else:
            drawing.getparent().replace(drawing, replacement)
    return etree.tostring(root, encoding="unicode")


def _in_namespace(element):
    """The SVG `element` of a page of HTML, where it has no namespace and all names are in small letters."""
    new = etree.Element(f"{{{SVG}}}{element.tag}", nsmap={None: SVG, "xlink": XLINK})
    for name, value in element.attrib.items():
        if name == "href" and element.tag == "use":
            new.set(f"{{{XLINK}}}href", value)
        elif name != "focusable":  # of old browsers alone
            new.set("viewBox" if name == "viewbox" else name, value)
    new.text, new.tail = element.text, element.tail
    new.extend(_in_namespace(child) for child in element)
    return new


def _contents(entries, sections):
    rows = []
    for part, group in groupby(entries, key=lambda entry: entry.part):
        inner = []
        for entry in group:
            below = "".join(
                f'<li><a href="{_address(entry.name, identifier)}">{html.escape(words)}</a></li>'
                for identifier, words in sections[entry]
            )
            below = f"<ol>{below}</ol>" if below else ""
            inner.append(f'<li><a href="{_address(entry.name, "")}">{html.escape(entry.title)}</a>{below}</li>')
        rows.append(f"<li><span>{html.escape(part)}</span><ol>{''.join(inner)}</ol></li>" if part else "".join(inner))
    return f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{"".join(rows)}</ol></nav>'


def _places(site, pages):
    """The rules of the site's style sheets that place the formulas of these pages on their lines."""
    used = set(re.findall(r"\bstyle-[0-9a-f]{8}\b", "".join(pages)))
    rules: dict[str, str] = {}
    for sheet in site.style_sheets:
        rules |= dict(PLACED.findall((site.root / sheet).read_text(encoding="utf-8")))
    return "".join(f".{name} {{ {rules[name]} }}\n" for name in sorted(used & rules.keys()))


def _package(site, entries, files):
    moment = datetime.datetime.now(datetime.UTC)
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        moment = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC)
    items = []
    for name, content in files.items():
        kind = "application/xhtml+xml" if name.endswith(".xhtml") else mimetypes.guess_type(name)[0]
        properties = ["nav"] if name == "contents.xhtml" else []
        if name.endswith(".xhtml") and "<svg" in content:
            properties.append("svg")
        listed = f' properties="{" ".join(properties)}"' if properties else ""
        items.append(f'<item id="{_id(name)}" href="{name}" media-type="{kind}"{listed}/>')
    # the contents come behind the title
    order = [_address(entry.name, "") for entry in entries]
    order.insert(1, "contents.xhtml")
    return PACKAGE.format(
        language=site.language,
        identifier=uuid.uuid5(uuid.NAMESPACE_URL, site.address or site.title),
        title=html.escape(site.title),
        author=html.escape(site.author),
        rights=html.escape(site.rights),
        modified=moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        items="\n".join(items),
        spine="\n".join(f'<itemref idref="{_id(name)}"/>' for name in order),
    )


def _id(name):
    return "f-" + re.sub(r"[^\w-]", "-", name)


def _pack(files):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        # readers know the format by the first bytes of the file; without times, the same book is the same file
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip", zipfile.ZIP_STORED)
        named = {"META-INF/container.xml": CONTAINER} | {f"book/{name}": content for name, content in files.items()}
        for name, content in named.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()
