"""Serve a Sphinx site's fonts from the site itself (see the README)."""

import hashlib
import importlib.metadata
import importlib.util
import json
from fnmatch import fnmatchcase
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont
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

# How often characters stand in English text, of 10,000: those of @capsizecss/unpack 4.0.1 (MIT), the rare ones left out
LETTERS = " etainorshldcumfpgybw,.v0kTSA|C2Mx1PI[B-U5RF"
OFTEN = [
    int(often)
    for often in (
        "1540 922 672 668 588 578 571 526 469 351 304 298 232 207 181 170 163 155 123 114 110 83 79 76 53 46 "
        "41 41 40 38 31 26 25 25 23 23 22 21 20 18 16 15 15 15"
    ).split()
]
# The fonts that computers have, and how wide a character of English text is in them on average, in ems: by the same
# count, from @capsizecss/metrics 4.3.0 (MIT), and for DejaVu from its files. Liberation's have the widths of Times New
# Roman and Arial. Regular, italic and bold, each with the names that `local()` finds it by.
LOCAL: dict[str, dict[str, list[tuple]]] = {
    "serif": {
        "Georgia": [(0.4458, "Georgia"), (0.4546, "Georgia Italic"), (0.5186, "Georgia Bold")],
        "Times": [
            (0.4062, "Times New Roman", "Liberation Serif", "Tinos Regular"),
            (0.4082, "Times New Roman Italic", "Liberation Serif Italic", "Tinos Italic"),
            (0.4326, "Times New Roman Bold", "Liberation Serif Bold", "Tinos Bold"),
        ],
        "Noto": [(0.481, "Noto Serif", "Noto Serif Regular"), (0.469, "Noto Serif Italic"), (0.512, "Noto Serif Bold")],
        "DejaVu": [(0.5167, "DejaVu Serif"), (0.5167, "DejaVu Serif Italic"), (0.5705, "DejaVu Serif Bold")],
    },
    "sans-serif": {
        "Arial": [
            (0.4458, "Arial", "Helvetica", "Liberation Sans", "Arimo Regular"),
            (0.4458, "Arial Italic", "Helvetica Oblique", "Liberation Sans Italic", "Arimo Italic"),
            (0.48, "Arial Bold", "Helvetica Bold", "Liberation Sans Bold", "Arimo Bold"),
        ],
        "Roboto": [(0.4448, "Roboto", "Roboto Regular"), (0.4326, "Roboto Italic"), (0.4521, "Roboto Bold")],
        "Noto": [(0.474, "Noto Sans", "Noto Sans Regular"), (0.447, "Noto Sans Italic"), (0.503, "Noto Sans Bold")],
        "DejaVu": [(0.5084, "DejaVu Sans"), (0.5084, "DejaVu Sans Oblique"), (0.5742, "DejaVu Sans Bold")],
    },
}


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


def average_width(font: TTFont) -> float:
    """The width of a character of English text in a font, in ems."""
    names, widths = font.getBestCmap(), font["hmtx"]
    total = sum(often * widths[names[ord(letter)]][0] for letter, often in zip(LETTERS, OFTEN, strict=True))
    return total / sum(OFTEN) / font["head"].unitsPerEm


def fallback_rules(face: dict) -> str:
    """CSS that gives each local font of the face's kind (`fallback`) the face's width and height of line.

    The families are called "FAMILY as Georgia" and so on: text in one of them stands in the place of the face's own.
    """
    font = TTFont(font_file(face))
    width, em, lines = average_width(font), font["head"].unitsPerEm, font["hhea"]
    style = face.get("style", "normal")
    kind = 1 if style == "italic" else 2 if str(face["weight"]).split()[-1] >= "600" else 0
    rules = []
    for name, faces in LOCAL[face["fallback"]].items():
        local_width, *files = faces[kind]
        scale = width / local_width
        sources = ",".join(f'local("{file}")' for file in files)
        rules.append(
            f'@font-face{{font-family:"{face["family"]} as {name}";font-weight:{face["weight"]};font-style:{style};'
            f"src:{sources};size-adjust:{scale:.2%};ascent-override:{lines.ascent / em / scale:.2%};"
            f"descent-override:{-lines.descent / em / scale:.2%};line-gap-override:{lines.lineGap / em / scale:.2%}}}\n"
        )
    return "".join(rules)


def stacks(faces: list[dict]) -> str:
    """CSS with a property for each family that has fallbacks, such as ``--font-source-serif``."""
    kinds = {face["family"]: face["fallback"] for face in faces if "fallback" in face}
    properties = []
    for family, kind in kinds.items():
        names = [family, *(f"{family} as {name}" for name in LOCAL[kind])]
        quoted = ",".join(f'"{name}"' for name in names)
        properties.append(f"--font-{family.lower().replace(' ', '-')}:{quoted},{kind}")
    return f":root{{{';'.join(properties)}}}\n" if properties else ""


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
    css += "".join(fallback_rules(face) for face in app.config.web_fonts_faces if "fallback" in face)
    css += stacks(app.config.web_fonts_faces)
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
