"""One style sheet and one script for the whole site, and nothing inline in its pages (see the README)."""

import hashlib
import html
import json
import posixpath
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sphinx.util import logging

from . import styles

logger = logging.getLogger(__name__)

FOLDER = "_static/bundle"
STYLE_SHEET = f"{FOLDER}/site.css"
SCRIPT = f"{FOLDER}/site.js"
SCHEME = f"{FOLDER}/scheme.js"
RECORD = "bundled_assets.json"

# a script is none where it stands in a comment or in an attribute, as in a title that speaks of <script>
TAG = re.compile(
    r"(?P<other><!--.*?-->|<(?!(?:script|link|noscript)\b)[a-zA-Z][\w-]*"
    r"(?:\s+[^\s=>\"']+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'))?)*\s*/?>)"
    r"|[ \t]*<script(?P<script>(?:\s[^>]*)?)>(?P<code>.*?)</script>[ \t]*\n?"
    r"|[ \t]*<link(?P<link>\s[^>]*)>[ \t]*\n?"
    r"|[ \t]*<noscript>\s*<style>.*?</style>\s*</noscript>[ \t]*\n?",
    re.DOTALL,
)
ATTRIBUTE = re.compile(r'([\w-]+)(?:\s*=\s*"([^"]*)")?')
ELEMENT = re.compile(r"<[a-zA-Z][\w-]*(?:\s+[^\s=>\"']+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'))?)*\s*/?>")
OPAQUE = re.compile(r"(<script\b.*?</script>)", re.DOTALL)
VERSION = re.compile(rf'((?:href|src)="[^"]*{FOLDER}/[\w.-]+)(?:\?v=\w*)?"')


class Site:
    """The assets that the pages of a site ask for: found page by page, then written once.

    `root` is the folder of the built site. `late` maps a script's file name to the id of an element: pages with that
    element load the script after the bundle, and others not at all. `needed_for` maps one to a class: the bundle has
    the script if some page has the class. `unneeded` are patterns of inline scripts that are dropped. `base` is the
    path of the site on its host, with which the addresses begin on the page for dead links. The scripts named in
    `first` come first in the bundle.
    """

    def __init__(self, root, record, late=None, needed_for=None, unneeded=(), base="/", first=()):
        self.root, self.base, self.first = Path(root), base, set(first)
        self.late, self.needed_for = late or {}, needed_for or {}
        self.unneeded = [re.compile(pattern) for pattern in unneeded]
        # what pages of an earlier build, which are not written anew, have asked for
        self.style_sheets = record.get("style_sheets", [])
        self.scripts = record.get("scripts", [])
        self.inline = record.get("inline", {})
        self.style_attributes = record.get("style_attributes", {})

    def record(self):
        """What has to be remembered for the next build."""
        names = ("style_sheets", "scripts", "inline", "style_attributes")
        return {name: getattr(self, name) for name in names}

    def bundle(self, page, name):
        """The HTML `page`, at the path `name`, with the bundle in place of its own scripts and style sheets.

        A page that has the bundle already is returned as it is.
        """
        if is_bundled(page):
            return page
        up = self.base if f'="{self.base}_static/' in page else "../" * name.count("/")
        scheme, late = [], []

        def take(match):
            if match["other"] is not None:
                return match.group()
            if match["link"] is not None:
                return self._take_link(match, name)
            if match["script"] is None:
                return ""  # what is hidden without scripts stands in the style sheet
            attributes = dict(ATTRIBUTE.findall(match["script"]))
            source = attributes.get("src")
            if attributes.get("type", "text/javascript") != "text/javascript" or _is_foreign(source):
                return match.group()
            if source is None:
                self._take_inline(match["code"], scheme, late)
            else:
                self._take_script(source, page, name, late)
            return ""

        page = TAG.sub(take, page)
        page = self._without_style_attributes(page)
        links = "".join(f'<script src="{up}{SCHEME}"></script>\n' for _ in scheme[:1])
        links += f'<link rel="stylesheet" href="{up}{STYLE_SHEET}">\n<script defer src="{up}{SCRIPT}"></script>\n'
        for source in late:
            address = source if isinstance(source, str) else f"{up}{source[0]}"
            links += f'<script defer src="{address}"></script>\n'
        return page.replace("</head>", f"{links}</head>", 1)

    def _take_script(self, source, page, name, late):
        path = _path(source, name, self.base)
        if (wanted := self.late.get(posixpath.basename(path))) is not None:
            if f'id="{wanted}"' in page:
                late.append(source)
        elif path not in self.scripts:
            self.scripts.append(path)

    def _take_link(self, match, name):
        attributes = dict(ATTRIBUTE.findall(match["link"]))
        relation, address = attributes.get("rel", ""), attributes.get("href", "")
        if relation == "stylesheet" and not _is_foreign(address):
            path = _path(address, name, self.base)
            if path not in self.style_sheets:
                self.style_sheets.append(path)
            return ""
        return "" if relation == "preload" and attributes.get("as") == "script" else match.group()

    def _take_inline(self, code, scheme, late):
        if any(pattern.search(code) for pattern in self.unneeded):
            return
        code = code.strip()
        if "document.documentElement.dataset.theme" in code:
            self.inline[SCHEME] = code  # it has to run before the page is drawn
            scheme.append(code)
            return
        path = f"{FOLDER}/inline-{hashlib.sha256(code.encode()).hexdigest()[:10]}.js"
        if re.fullmatch(r"(?:(?:let|var|const) \w+|DOCUMENTATION_OPTIONS\.\w+) = [^;]*;", code):
            if path not in self.scripts:
                self.scripts.append(path)  # a setting of the script after it
        else:
            late.append((path,))
        self.inline[path] = code

    def _without_style_attributes(self, page):
        """The page with classes in place of its style attributes, which a strict policy of content forbids."""

        def classed(match):
            tag = match.group()
            style = re.search(r'\sstyle="([^"]*)"', tag)
            if style is None:
                return tag
            tag = tag.replace(style.group(), "", 1)
            declarations = html.unescape(style[1]).strip().rstrip(";")
            if not declarations or re.search(r"[{}]", declarations):
                return tag  # a brace has no meaning in an attribute, and would end the rule that is made of it
            name = f"style-{hashlib.sha256(declarations.encode()).hexdigest()[:8]}"
            self.style_attributes[name] = declarations
            if (existing := re.search(r'\sclass="([^"]*)"', tag)) is not None:
                return tag.replace(existing.group(), f' class="{existing[1]} {name}"', 1)
            return re.sub(r"^<([\w-]+)", rf'<\1 class="{name}"', tag, count=1)

        parts = OPAQUE.split(page)
        parts[::2] = [ELEMENT.sub(classed, part) for part in parts[::2]]
        return "".join(parts)

    def write(self, pages):
        """Write the style sheet and the scripts that the HTML in `pages` needs; return their contents by path."""
        words = styles.class_words(pages)
        scripts = [
            path
            for path in self.scripts
            if not (need := self.needed_for.get(posixpath.basename(path))) or need in words
        ]
        # where one script fails, those after it in the bundle do not run: the book's own do not wait for the theme's
        scripts.sort(key=lambda path: posixpath.basename(path) not in self.first)
        settings = {name for name in self.inline if name in self.scripts}
        code = [self.inline[path] if path in settings else self._read(path) for path in scripts]
        files = {SCRIPT: "".join(f"{text.rstrip()}\n;\n" for text in code)}
        files |= {name: text + "\n" for name, text in self.inline.items() if name not in settings}
        words |= styles.script_words([*files.values(), *self._other_scripts()]) | set(self.style_attributes)
        sheets = []
        for path in self.style_sheets:
            try:
                sheets.append(styles.purge(styles.move(styles.read(self.root, path), path, STYLE_SHEET), words))
            except (OSError, ValueError) as error:
                raise ValueError(f"the style sheet {path} cannot be bundled: {error}") from error
        sheets.append("@media (scripting: none){.pst-js-only{display:none!important}}\n")
        sheets += [f".{name}.{name}.{name}{{{text}}}\n" for name, text in sorted(self.style_attributes.items())]
        files[STYLE_SHEET] = "".join(sheets)
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return files

    def _other_scripts(self):
        """The texts of scripts that pages load by themselves; the search index holds every word of the book."""
        for path in self.root.rglob("*.js"):
            if path.name != "searchindex.js" and not path.is_relative_to(self.root / FOLDER):
                yield path.read_text(encoding="utf-8", errors="replace")

    def _read(self, path):
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except OSError as error:
            raise ValueError(f"the script {path} cannot be bundled: {error}") from error


def is_bundled(page):
    """Whether the HTML `page` has the bundle: an earlier build left it so."""
    return FOLDER in page.partition("</head>")[0]


def _is_foreign(address):
    """Whether an address names a host of its own."""
    return re.match(r"(?:[a-z][a-z0-9+.-]*:)?//", address or "") is not None


def _path(address, page, base="/"):
    """The path below the site's folder of an address on a page."""
    path = unquote(address.partition("?")[0].partition("#")[0])
    if path.startswith(base):
        return path.removeprefix(base)
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path))


def versioned(page, versions):
    """The page with a version behind the address of each bundled file, so that no browser shows an old one."""

    def with_version(match):
        path = f"{FOLDER}/{match[1].rpartition('/')[2]}"
        return f'{match[1]}?v={versions[path]}"' if path in versions else match.group()

    return VERSION.sub(with_version, page)


def bundle(app, exception):
    if exception or app.builder.format != "html":
        return
    from sphinx.errors import ExtensionError

    root = Path(app.outdir)
    record = Path(app.doctreedir) / RECORD
    files = [path for path in sorted(root.rglob("*.html")) if not path.is_relative_to(root / "_static")]
    before = {path: path.read_text(encoding="utf-8") for path in files}
    bundled_before = record.exists() and any(map(is_bundled, before.values()))
    site = Site(
        root,
        json.loads(record.read_text(encoding="utf-8")) if bundled_before else {},
        app.config.bundled_assets_late,
        app.config.bundled_assets_needed_for,
        app.config.bundled_assets_unneeded,
        urlsplit(app.config.html_baseurl or "").path or "/",
        app.config.bundled_assets_first,
    )
    pages = {path: site.bundle(page, path.relative_to(root).as_posix()) for path, page in before.items()}
    try:
        written = site.write(pages.values())
    except ValueError as error:
        raise ExtensionError(f"bundled_assets: {error}") from error
    versions = {path: hashlib.sha256(text.encode()).hexdigest()[:8] for path, text in written.items()}
    for path, page in pages.items():
        page = versioned(page, versions)
        if page != before[path]:
            path.write_text(page, encoding="utf-8")
    record.write_text(json.dumps(site.record()), encoding="utf-8")
    logger.info("bundled_assets: %s", ", ".join(f"{Path(p).name} {len(t) / 1e3:.0f} kB" for p, t in written.items()))


def register(app):
    """Declare settings and nodes; the README explains the configuration values."""
    app.add_config_value("bundled_assets_late", {}, "html", dict)
    app.add_config_value("bundled_assets_needed_for", {}, "html", dict)
    app.add_config_value("bundled_assets_unneeded", [], "html", list)
    app.add_config_value("bundled_assets_first", [], "html", list)
