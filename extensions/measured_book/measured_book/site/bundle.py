"""One style sheet and one script for the whole site, and nothing inline in its pages.

Steps of the finishing pass take from each page what it loads and note what it uses; `write` then writes
``_static/bundle/site.css``, without the rules that no page uses, and ``site.js``. What a page needs stands in its
record, so that a page which is not written anew keeps its place in both.
"""

import hashlib
import posixpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

import lxml.html
from sphinx.errors import ExtensionError
from sphinx.util import logging

from . import styles

logger = logging.getLogger(__name__)

FOLDER = "_static/bundle"
STYLE_SHEET = f"{FOLDER}/site.css"
SCRIPT = f"{FOLDER}/site.js"
SCHEME = f"{FOLDER}/scheme.js"
JAVASCRIPT = ("", "text/javascript")

# Scripts that a page loads by themselves where it has an element with this id, and others not at all.
LATE = dict.fromkeys(("searchtools.js", "language_data.js", "searchindex.js"), "search-results")
# Scripts that the bundle has only if an element of some page has this class.
NEEDED_FOR = {"design-tabs.js": "sd-tab-set", "togglebutton.js": "toggle", "bootstrap.js": "dropdown-menu"}
# The book's own, which need no other: where one script of a bundle fails, those after it do not run.
FIRST = ("static_interact.js", "study_aids.js", "practice.js", "keyboard.js", "live_code.js", "folding.js")
# What the book does itself (keyboard.js): where the theme's script asks for all that may scroll, it finds nothing.
LEFT_OUT = {
    "pydata-sphinx-theme.js": '["pre",".nboutput > .output_area",".cell_output > .output",".jp-RenderedHTMLCommon",'
    '".pst-scrollable-table-container"].join(", ")',
}
NOTHING = '":not(*)"'
# How inline scripts of the theme and of other extensions begin that only set a value: for a script in the bundle, or
# for one that is left out. Any other inline script becomes a file that its page loads.
SETTINGS = ("DOCUMENTATION_OPTIONS.search_as_you_type",)
UNNEEDED = ("let toggle", "var toggle", "DOCUMENTATION_OPTIONS.pagename")


def is_bundled(html: str) -> bool:
    """Whether a page, as HTML, has been finished by this build or an earlier one."""
    return STYLE_SHEET in html.partition("</head>")[0]


def script(page, path: str, text: str) -> lxml.html.HtmlElement:
    """A script element of the page that loads the file `path` with this `text`, which is written with the bundle."""
    page.record.setdefault("files", {})[path] = text.strip() + "\n"
    return lxml.html.Element("script", {"src": page.up + path})


def _is_foreign(address: str) -> bool:
    return bool(urlsplit(address).netloc)


def path_of(address: str, page) -> str:
    """The path below the site's folder of an address on a page."""
    path = unquote(urlsplit(address).path)
    if path.startswith(page.base):
        return path.removeprefix(page.base)
    return posixpath.normpath(posixpath.join(posixpath.dirname(page.name), path))


def take_files(page) -> int:
    """Put the bundle in place of the page's own style sheets and scripts; returns how many these were.

    What comes from another host, modules and data stay. A script for one kind of page (`LATE`) is loaded by itself, as
    is an inline script, which becomes a file.
    """
    up, head, record = page.up, page.tree.head, page.record
    sheets, scripts, late, found = record.setdefault("sheets", []), record.setdefault("scripts", []), [], 0
    for link in page.tree.xpath("//link[@rel='stylesheet'][@href]"):
        if not _is_foreign(link.get("href")):
            sheets.append(path_of(link.get("href"), page))
            link.drop_tree()
            found += 1
    for link in page.tree.xpath("//link[@rel='preload'][@as='script'] | //noscript[style]"):
        link.drop_tree()  # what is hidden without scripts stands in the style sheet
    for element in page.tree.xpath("//script"):
        source, code = element.get("src", ""), (element.text or "").strip()
        if element.get("type", "") not in JAVASCRIPT or _is_foreign(source) or SCHEME in source:
            continue
        if source:
            path = path_of(source, page)
            wanted = LATE.get(posixpath.basename(path))
            if wanted is None:
                scripts.append(path)
            elif page.tree.xpath("//*[@id=$id]", id=wanted):
                late.append(lxml.html.Element("script", {"src": source}))
        elif not code.startswith(UNNEEDED):
            path = f"{FOLDER}/inline-{hashlib.sha256(code.encode()).hexdigest()[:10]}.js"
            own = script(page, path, code)
            if code.startswith(SETTINGS):
                scripts.append(path)
            else:
                late.append(own)
        element.drop_tree()
        found += 1
    head.append(lxml.html.Element("link", {"rel": "stylesheet", "href": up + STYLE_SHEET}))
    for element in (lxml.html.Element("script", {"src": up + SCRIPT}), *late):
        element.set("defer", "")
        head.append(element)
    return found


def take_style_attributes(page) -> int:
    """Classes in place of style attributes, which a strict policy of content forbids; returns how many."""
    found = page.tree.xpath("//*[@style]")
    for element in found:
        declarations = element.attrib.pop("style").strip().rstrip(";")
        if not declarations or "{" in declarations or "}" in declarations:
            continue  # a brace has no meaning in an attribute, and would end the rule that is made of it
        name = f"style-{hashlib.sha256(declarations.encode()).hexdigest()[:8]}"
        element.set("class", f"{element.get('class', '')} {name}".strip())
        page.record.setdefault("styles", {})[name] = declarations
    return len(found)


def note_use(page) -> int:
    """Note the classes and ids of the page, and the files of the site that its addresses lead to."""
    words = {word for value in page.tree.xpath("//@class | //@id") for word in value.split()}
    site = page.app.config.html_baseurl or "\0"
    addresses = page.tree.xpath("//@href | //@src")
    files = {path_of(address, page) for address in addresses if not _is_foreign(address)}
    # pictures of previews are named with the address of the site
    files |= {a.removeprefix(site) for a in page.tree.xpath("//meta/@content") if a.startswith(site)}
    page.record |= {"words": sorted(words), "uses": sorted(file for file in files if file.startswith("_"))}
    return len(words)


def _in_order(records: dict, key: str) -> list[str]:
    """What the pages list under `key`, each once, in the order of its first appearance."""
    return list(dict.fromkeys(path for name in sorted(records) for path in records[name].get(key, [])))


def write(root: Path, records: dict) -> dict[str, str]:
    """Write the style sheet and the scripts that pages with these `records` need; return their versions by path.

    Raises ExtensionError for a style sheet or a script that cannot be read.
    """
    own = {path: text for record in records.values() for path, text in record.get("files", {}).items()}
    rules = {name: text for record in records.values() for name, text in record.get("styles", {}).items()}
    words = {word for record in records.values() for word in record["words"]}
    paths = [
        path
        for path in _in_order(records, "scripts")
        if not (need := NEEDED_FOR.get(posixpath.basename(path))) or need in words
    ]
    paths.sort(key=lambda path: posixpath.basename(path) not in FIRST)
    files = {path: text for path, text in own.items() if path not in paths}
    code = [own[path] if path in own else _read(root, path) for path in paths]
    files[SCRIPT] = "".join(f"{text.rstrip()}\n;\n" for text in code)
    words |= styles.script_words([*files.values(), *_other_scripts(root)]) | set(rules)
    sheets = []
    for path in _in_order(records, "sheets"):
        try:
            sheets.append(styles.purge(styles.move(styles.read(root, path), path, STYLE_SHEET), words))
        except (OSError, ValueError) as error:
            raise ExtensionError(f"the style sheet {path} cannot be bundled: {error}") from error
    sheets.append("@media (scripting: none){.pst-js-only{display:none!important}}\n")
    sheets += [f".{name}.{name}.{name}{{{text}}}\n" for name, text in sorted(rules.items())]
    files[STYLE_SHEET] = "".join(sheets)
    for old in (root / FOLDER).glob("*"):
        if f"{FOLDER}/{old.name}" not in files:
            old.unlink()
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    logger.info("bundle: %s", ", ".join(f"{Path(p).name} {len(t) / 1e3:.0f} kB" for p, t in files.items()))
    return {path: hashlib.sha256(text.encode()).hexdigest()[:8] for path, text in files.items()}


def with_versions(html: str, before: dict[str, str], now: dict[str, str]) -> str:
    """The page with a version behind the address of each bundled file, so that no browser shows an old one."""
    for path, version in now.items():
        html = html.replace(f'{path}?v={before.get(path, "")}"', f'{path}"').replace(f'{path}"', f'{path}?v={version}"')
    return html


def _other_scripts(root: Path):
    """The texts of scripts that pages load by themselves; the search index holds every word of the book."""
    for path in root.rglob("*.js"):
        if path.name != "searchindex.js" and not path.is_relative_to(root / FOLDER):
            yield path.read_text(encoding="utf-8", errors="replace")


def _read(root: Path, path: str) -> str:
    try:
        text = (root / path).read_text(encoding="utf-8")
    except OSError as error:
        raise ExtensionError(f"the script {path} cannot be bundled: {error}") from error
    if (part := LEFT_OUT.get(posixpath.basename(path), "")) not in text:
        raise ExtensionError(
            f"the script {path} has changed: bundle.LEFT_OUT looks for what of it the book does itself, {part!r}"
        )
    return text.replace(part, NOTHING) if part else text
