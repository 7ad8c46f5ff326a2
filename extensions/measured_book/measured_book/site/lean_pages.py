"""Take out of a Jupyter Book's pages what they do not need (see the README)."""

import functools
import html
import re
from pathlib import Path

import pydata_sphinx_theme
from docutils import nodes
from sphinx.util import logging

logger = logging.getLogger(__name__)

ICON_LIBRARY = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
ICON = re.compile(
    r'<(i|span)\b([^>]*?) class="((?:[^"]*\s)?fa(?:[srb]|-solid|-regular|-brands)?(?:\s[^"]*)?)"([^>]*)>\s*</\1>'
)
ICON_SCRIPT = re.compile(r"\s*<script [^>]*fontawesome\.js[^>]*></script>")
THEBE = (
    re.compile(r"\s*<script>(?:const|let|var) THEBE_JS_URL.*?</script>", re.DOTALL),
    re.compile(r"\s*<script [^>]*sphinx-thebe\.js[^>]*></script>"),
    re.compile(r"\s*<link [^>]*sphinx-thebe\.css[^>]*/>"),
)
# what sphinx-thebe appends to each page; the name of the notebook's kernel stands in it as it is
THEBE_SETTINGS = re.compile(r'\s*<script(?: type="text/x-thebe-config"|>kernelName = )')
SCHEME_SCRIPT = re.compile(
    r'<script data-cfasync="false">\s*document\.documentElement\.dataset\.mode = .*?</script>', re.DOTALL
)
# The theme leaves the scheme open until its own script has run: the page would be drawn without its colors first, and
# without scripts for good.
SETTLED_SCHEME = """<script>
    (() => {
      const mode = localStorage.getItem("mode") || "auto";
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      document.documentElement.dataset.mode = mode;
      document.documentElement.dataset.theme = mode === "auto" ? (dark ? "dark" : "light") : mode;
      let scheme; // of the screen; paper is light
      addEventListener("beforeprint", () => {
        scheme = document.documentElement.dataset.theme;
        document.documentElement.dataset.theme = "light";
      });
      addEventListener("afterprint", () => { document.documentElement.dataset.theme = scheme; });
    })();
  </script>"""
SIZED_IMAGE = re.compile(r'<img (?![^>]*loading=)([^>]*?) ?style="(?:width: (\d+)px;|height: (\d+)px;| )+"([^>]*)>')
# Sphinx's search takes the titles of sections, which are text, for HTML
FOUND_TITLE = "titles[file] !== title ? `${titles[file]} > ${title}` : title"
FOUND_TITLE_AS_TEXT = (
    "id === null ? titles[file] : `${titles[file]} > ${title.replace(/[&<>]/g, (c) => `&#${c.charCodeAt()};`)}`"
)
# the triangle that unfolds the pages below another one
UNFOLDER = re.compile(r"(<a [^>]*>([^<]+)</a>\s*<details[^>]*><summary)>")
SIDEBAR = '<div id="pst-primary-sidebar" '
# parts of code in the color of the text around them: half of a notebook page's elements
PLAIN_TOKEN = re.compile(r'<span class="(?:n|p|w)">([^<]*)</span>')
CODE = re.compile(r'(<div class="(?:[^"]* )?highlight"><pre)>(.*?)(?=</pre>)', re.DOTALL)
STYLES = {"fa-regular": "far", "far": "far", "fa-brands": "fab", "fab": "fab"}  # every other one is solid
# classes that size or place an icon and are not its name
MODIFIER = re.compile(r"fa-(solid|regular|brands|fw|lg|sm|xs|xl|2xs|2xl|\d+x|spin|pulse|inverse|(rotate|flip|pull)-.*)")


@functools.cache
def icon_svg(name, style="fas"):
    """The SVG of a Font Awesome icon by its name (``bars``), or None if the theme's library has no such icon.

    `style` is ``fas`` (solid), ``far`` (regular) or ``fab`` (brands); an icon that this style does not have is
    taken from another one. An alias (``home``) finds the icon that it stands for.
    """
    library = _library()
    own = rf'(?<![\w-])"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]'
    alias = rf'\[(\d+),(\d+),\[[^\]]*"{re.escape(name)}"[^\]]*\],"[0-9a-f]+","([^"]+)"\]'
    for script in (library[style], *library.values()):
        if found := re.search(own, script) or re.search(alias, script):
            width, height, path = found.groups()
            return (
                f'<svg class="CLASSES" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">'
                f'<path fill="currentColor" d="{path}"></path></svg>'
            )
    return None


@functools.cache
def _library():
    """The parts of the theme's library by style; each part ends with the call that registers its icons."""
    parts = re.split(r'\w\("(fas|far|fab)",\w\)', ICON_LIBRARY.read_text(encoding="utf-8"))
    return {style: parts[parts.index(style) - 1] for style in ("fas", "far", "fab")}


def inline_icons(page, missing):
    """Replace the icon elements in a page's HTML by SVG; names that are not found go into the set `missing`."""

    def replace(match):
        _, before, classes, after = match.groups()
        words = classes.split()
        names = [word for word in words if word.startswith("fa-") and not MODIFIER.fullmatch(word)]
        style = next((STYLES[word] for word in words if word in STYLES), "fas")
        svg = icon_svg(names[0].removeprefix("fa-"), style) if names else None
        if svg is None:
            missing.add(classes)
            return match.group()
        # without the library's class names the theme's style sheet does not fetch its icon font either
        kept = [word for word in words if not re.fullmatch("fa[srb]?|fa-.*", word)]
        size = ["icon-lg"] if "fa-lg" in words else []
        attributes = (before + after).replace(' aria-hidden="true"', "")  # the SVG has it anyway
        return svg.replace('<svg class="CLASSES"', f'<svg class="{" ".join(["icon", *size, *kept])}"{attributes}')

    return ICON.sub(replace, page)


def load_late(page):
    """Let the images that Sphinx sized be fetched when they come near the screen, and keep their place until then.

    Sphinx writes the size as a style; as attributes it tells the browser the shape before the image is there.
    """

    def attributes(match):
        before, width, height, after = match.groups()
        size = "".join(f' {name}="{v}"' for name, v in (("width", width), ("height", height)) if v)
        return f'<img {before}{size} loading="lazy" decoding="async"{after}>'

    return SIZED_IMAGE.sub(attributes, page)


def count_lines(page):
    """Tell each block of code how many lines it has (``--lines``), so that it keeps its place before it is laid out."""

    def counted(match):
        lines = match[2].count("\n") + (not match[2].endswith("\n"))
        return f'{match[1]} class="lines" style="--lines: {lines}">{match[2]}'

    return CODE.sub(counted, page)


def make_lean(page, keep_thebe, missing):
    """Return the HTML of a page without the icon library and, unless kept, without Thebe.

    The color scheme is settled before the page is drawn (light without scripts), the sidebar is a landmark whose
    triangles have names, and figures are fetched late. In code names, punctuation and space have the text's color, and
    each block knows how many lines it has.
    """
    page = ICON_SCRIPT.sub("", inline_icons(page, missing))
    page = SCHEME_SCRIPT.sub(lambda _: SETTLED_SCHEME, page)
    page = load_late(page)
    page = count_lines(PLAIN_TOKEN.sub(r"\1", page))
    page = page.replace('data-theme="auto"', 'data-theme="light"', 1)
    page = page.replace(' data-bs-title="', ' title="')  # a browser shows it by itself, without Bootstrap's script
    page = page.replace(SIDEBAR, f'{SIDEBAR}role="complementary" aria-label="Book" ', 1)
    page = UNFOLDER.sub(_named, page)
    if not keep_thebe:
        for pattern in THEBE:
            page = pattern.sub("", page)
    return page


def _named(match):
    title = match[2].strip().replace('"', "&quot;")  # in a text, from which it comes, a quote is a quote
    return f'{match[1]} aria-label="Pages below {title}">'


def remove_thebe_settings(app, document, docname):
    if not app.config.lean_pages_keep_thebe:
        for node in list(document.children):
            if isinstance(node, nodes.raw) and THEBE_SETTINGS.match(node.astext()):
                document.remove(node)


def escape_title(app, pagename, templatename, context, doctree):
    """The theme puts the title on the printed page as it is."""
    if "pagetitle" in context:
        context["pagetitle"] = html.escape(context["pagetitle"])


def wrap_templates(app):
    templates = getattr(app.builder, "templates", None)
    if app.builder.format != "html" or templates is None:
        return
    render = templates.render

    def render_lean(template, context):
        missing = set()
        page = make_lean(render(template, context), app.config.lean_pages_keep_thebe, missing)
        for classes in sorted(missing):
            logger.warning("the theme's icon library has no icon for class=%r [lean_pages]", classes)
        return page

    templates.render = render_lean


def remove_library(app, exception):
    if exception is None and app.builder.format == "html":
        for name in ("fontawesome.js", "fontawesome.js.map", "fontawesome.js.LICENSE.txt"):
            Path(app.outdir, "_static/scripts", name).unlink(missing_ok=True)


def search_for_text(app, exception):
    script = Path(app.outdir, "_static/searchtools.js")
    if exception or app.builder.format != "html" or not script.exists():
        return
    code = script.read_text(encoding="utf-8")
    if FOUND_TITLE_AS_TEXT in code:
        return
    if FOUND_TITLE not in code:
        logger.warning("searchtools.js of this Sphinx shows titles in a way of its own: see FOUND_TITLE [lean_pages]")
    script.write_text(code.replace(FOUND_TITLE, FOUND_TITLE_AS_TEXT), encoding="utf-8")


def complete_config(app, config):
    config.html_context.setdefault("default_mode", "auto")


def register(app):
    """Declare settings and nodes."""
    app.add_config_value("lean_pages_keep_thebe", False, "html", bool)
    app.add_js_file("keep_focus.js", loading_method="defer")
