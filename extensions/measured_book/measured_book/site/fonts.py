"""Serve a Sphinx site's fonts from the site itself (see the README)."""

import hashlib
import importlib.metadata
import importlib.util
import json
from fnmatch import fnmatchcase
from pathlib import Path

from fontTools import subset
from sphinx.errors import ExtensionError

# What nearly every page needs, and what few do: a browser fetches a part when a page has a character of it.
# Western Latin, dashes, quotation marks, the commonest signs of comparison; then Latin with other accents, Greek,
# punctuation, super- and subscripts, arrows, mathematical operators, shapes, ticks
OPTIONS_VERSION = 1  # raised when `cut` cuts otherwise: fonts cut before are not taken again
DEFAULT_UNICODES = [
    "U+20-7E,U+A0-FF,U+2013-2014,U+2018-201D,U+2026,U+2032,U+2039-203A,U+2192,U+2212,U+2248,U+2260,U+2264-2265",
    "U+100-17F,U+370-3FF,U+2010-2012,U+2015-2017,U+201E-2025,U+2027,U+2030-2031,U+2033-2038,U+203B-205E,"
    "U+2070-209C,U+20AC,U+2113,U+2115,U+211D,U+2190-2191,U+2193-21FF,U+2200-2211,U+2213-2247,U+2249-225F,"
    "U+2261-2263,U+2266-22FF,U+25A0-25FF,U+2713,U+2717",
]


def font_file(face):
    """The path of a face's font file; raises `ExtensionError` if its package or file is missing."""
    if missing := {"family", "weight", "package", "file"} - face.keys():
        raise ExtensionError(f"web_fonts: a face of web_fonts_faces lacks {', '.join(sorted(missing))}: {face}")
    try:
        found = importlib.util.find_spec(face["package"])
    except ModuleNotFoundError:  # of the package that a dotted name begins with
        found = None
    path = Path(found.origin).parent / face["file"] if found and found.origin else None
    if path is None or not path.is_file():
        raise ExtensionError(
            f"web_fonts: {face['family']} {face['weight']}: there is no {face['file']} in the package "
            f"{face['package']}. Install the package (requirements.txt) or correct web_fonts_faces."
        )
    return path


def cut(path, unicodes, target):
    """Write the font at `path` as WOFF2 to `target`, with the characters `unicodes` (CSS notation) and kerning kept."""
    options = subset.Options()
    options.flavor = "woff2"
    options.layout_features = ["kern", "liga", "calt", "ccmp", "mark", "lnum", "tnum"]
    options.hinting = False
    options.name_IDs = ["*"]  # the licence travels with the font
    font = subset.load_font(str(path), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=subset.parse_unicodes(unicodes.replace("U+", "")))
    subsetter.subset(font)
    subset.save_font(font, str(target), options)


def write_fonts(app):
    if app.builder.format != "html" or not app.config.web_fonts_faces:
        return
    store = Path(app.outdir).parent / "web_fonts"
    store.mkdir(parents=True, exist_ok=True)
    rules = []
    for face in app.config.web_fonts_faces:
        source = font_file(face)
        for unicodes in app.config.web_fonts_unicodes:
            key = json.dumps([face, unicodes, OPTIONS_VERSION, importlib.metadata.version("fonttools")])
            digest = hashlib.sha256(key.encode() + source.read_bytes()).hexdigest()[:12]
            name = f"{source.stem}-{digest}.woff2"
            if not (store / name).exists():
                # under its name only when it is complete, for a build may be interrupted
                unfinished = store / f"{name}.part"
                cut(source, unicodes, unfinished)
                unfinished.rename(store / name)
            rules.append((face, unicodes, name))
    app.web_fonts = rules
    css = "".join(
        f'@font-face{{font-family:"{face["family"]}";font-weight:{face["weight"]};'
        f"font-style:{face.get('style', 'normal')};font-display:{app.config.web_fonts_display};"
        f'src:url("fonts/{name}") format("woff2");unicode-range:{unicodes}}}\n'
        for face, unicodes, name in rules
    )
    (store / "web_fonts.css").write_text(css, encoding="utf-8")
    app.config.html_static_path.append(str(store / "web_fonts.css"))
    app.add_css_file("web_fonts.css", priority=100)


def preload(app, pagename, templatename, context, doctree):
    """Have the browser fetch the fonts that these pages begin with while it still reads the page."""
    if not any(fnmatchcase(pagename, pattern) for pattern in app.config.web_fonts_preload_pages):
        return
    for face, unicodes, name in getattr(app, "web_fonts", []):
        if face.get("preload") and unicodes == app.config.web_fonts_unicodes[0]:
            address = context["pathto"](f"_static/fonts/{name}", resource=True)
            link = f'<link rel="preload" href="{address}" as="font" type="font/woff2" crossorigin>\n'
            context["metatags"] = context.get("metatags", "") + link


def copy_fonts(app, exception):
    if exception or not hasattr(app, "web_fonts"):
        return
    store, target = Path(app.outdir).parent / "web_fonts", Path(app.outdir, "_static/fonts")
    target.mkdir(parents=True, exist_ok=True)
    names = {name for _, _, name in app.web_fonts}
    for old in target.glob("*.woff2"):
        if old.name not in names:
            old.unlink()
    for name in names:
        if not (target / name).exists():
            (target / name).write_bytes((store / name).read_bytes())


def register(app):
    """Declare settings and nodes; the README explains the configuration values."""
    app.add_config_value("web_fonts_faces", [], "html", list)
    app.add_config_value("web_fonts_unicodes", DEFAULT_UNICODES, "html", list)
    app.add_config_value("web_fonts_display", "swap", "html", str)
    app.add_config_value("web_fonts_preload_pages", ["*"], "html", list)
