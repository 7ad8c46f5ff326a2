"""Take out of a Jupyter Book's pages what they do not need (see README.md)."""

import functools
import re
from pathlib import Path

import pydata_sphinx_theme
from sphinx.util import logging

__version__ = "1.0.0"
logger = logging.getLogger(__name__)

ICON_LIBRARY = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static/scripts/fontawesome.js"
ICON = re.compile(r'<(i|span) class="([^"]*\bfa[srb]?-?(?:solid|regular|brands)? [^"]*)"([^>]*)></\1>')
ICON_SCRIPT = re.compile(r"\s*<script [^>]*fontawesome\.js[^>]*></script>")
THEBE = (
    re.compile(r"\s*<script>(?:const|let|var) THEBE_JS_URL.*?</script>", re.DOTALL),
    re.compile(r"\s*<script [^>]*sphinx-thebe\.js[^>]*></script>"),
    re.compile(r"\s*<link [^>]*sphinx-thebe\.css[^>]*/>"),
)
# classes that size or place an icon and are not its name
MODIFIERS = {"fa-solid", "fa-regular", "fa-brands", "fa-lg", "fa-fw", "fa-sm", "fa-xs", "fa-xl", "fa-2x", "fa-spin"}


@functools.cache
def icon_svg(name):
    """The SVG of a Font Awesome icon by its name (``bars``), or None if the theme's library has no such icon.

    An alias (``home``) finds the icon that it stands for.
    """
    script = _library()
    own = re.search(rf'(?<![\w-])"?{re.escape(name)}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]', script)
    alias = rf'\[(\d+),(\d+),\[[^\]]*"{re.escape(name)}"[^\]]*\],"[0-9a-f]+","([^"]+)"\]'
    found = own or re.search(alias, script)
    if not found:
        return None
    width, height, path = found.groups()
    return (
        f'<svg class="CLASSES" viewBox="0 0 {width} {height}" aria-hidden="true" focusable="false">'
        f'<path fill="currentColor" d="{path}"></path></svg>'
    )


@functools.cache
def _library():
    return ICON_LIBRARY.read_text(encoding="utf-8")


def inline_icons(page, missing):
    """Replace the icon elements in a page's HTML by SVG; names that are not found go into the set `missing`."""

    def replace(match):
        _, classes, attributes = match.groups()
        names = [c for c in classes.split() if c.startswith("fa-") and c not in MODIFIERS]
        svg = icon_svg(names[0].removeprefix("fa-")) if names else None
        if svg is None:
            missing.add(classes)
            return match.group()
        # without the library's class names the theme's style sheet does not fetch its icon font either
        kept = [c for c in classes.split() if not c.startswith("fa")]
        size = ["icon-lg"] if "fa-lg" in classes else []
        return svg.replace('<svg class="CLASSES"', f'<svg class="{" ".join(["icon", *size, *kept])}"{attributes}')

    return ICON.sub(replace, page)


def make_lean(page, keep_thebe, missing):
    """Return the HTML of a page without the icon library and, unless kept, without Thebe."""
    page = ICON_SCRIPT.sub("", inline_icons(page, missing))
    if not keep_thebe:
        for pattern in THEBE:
            page = pattern.sub("", page)
    return page


def _wrap_templates(app):
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


def _remove_library(app, exception):
    if exception is None and app.builder.format == "html":
        for name in ("fontawesome.js", "fontawesome.js.map", "fontawesome.js.LICENSE.txt"):
            Path(app.outdir, "_static/scripts", name).unlink(missing_ok=True)


def _default_mode(app, config):
    config.html_context.setdefault("default_mode", "auto")


def setup(app):
    """Register the extension with Sphinx."""
    app.add_config_value("lean_pages_keep_thebe", False, "html", bool)
    app.connect("config-inited", _default_mode)
    app.connect("builder-inited", _wrap_templates)
    app.connect("build-finished", _remove_library)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": True}
