"""Icons as SVG in the page, from Font Awesome's own files; the theme's script for them weighs half a megabyte."""

import functools
import json
from importlib.resources import files

import lxml.html
from lxml import etree
from sphinx.errors import ExtensionError

LIBRARY = files("fontawesomefree") / "static/fontawesomefree"
STYLES = {
    "far": "regular", "fa-regular": "regular", "fab": "brands", "fa-brands": "brands",
    "fa": "solid", "fas": "solid", "fa-solid": "solid",
}  # fmt: skip
# classes that size or move an icon and are not its name
MODIFIERS = {"fa-fw", "fa-lg", "fa-sm", "fa-xs", "fa-xl", "fa-2xs", "fa-2xl", "fa-spin", "fa-pulse", "fa-inverse"}


@functools.cache
def _aliases() -> dict[str, str]:
    """Older names of icons and what they are called now, such as ``home`` for house."""
    icons = json.loads((LIBRARY / "metadata/icons.json").read_text(encoding="utf-8"))
    return {old: name for name, icon in icons.items() for old in icon.get("aliases", {}).get("names", [])}


@functools.cache
def svg(name: str, style: str = "solid") -> str | None:
    """The SVG file of an icon (``bars``) in a style (solid, regular, brands), or None if there is no such icon.

    An icon that this style does not have is taken from another one.
    """
    for each in dict.fromkeys((style, "solid", "regular", "brands")):
        file = LIBRARY / "svgs" / each / f"{name}.svg"
        if file.is_file():
            return file.read_text(encoding="utf-8")
    return svg(_aliases()[name], style) if name in _aliases() else None


def draw(page) -> int:
    """Put an SVG in place of each empty element with an icon's classes; returns how many.

    Raises ExtensionError for an icon that the library does not have.
    """
    found = 0
    for element in page.tree.xpath("//i[@class] | //span[@class]"):
        words = element.get("class").split()
        style = next((STYLES[word] for word in words if word in STYLES), None)
        if style is None or len(element) or (element.text or "").strip():
            continue
        names = [w.removeprefix("fa-") for w in words if w.startswith("fa-") and w not in {*STYLES, *MODIFIERS}]
        source = svg(names[0], style) if names else None
        if source is None:
            raise ExtensionError(
                f"{page.name}: there is no icon for class={element.get('class')!r}. Name one of Font Awesome Free 6."
            )
        _replace(element, words, source)
        found += 1
    return found


def _replace(element, words: list[str], source: str) -> None:
    drawing = etree.fromstring(source)
    # without the library's class names the theme's style sheet does not fetch its icon font either
    kept = [word for word in words if word not in STYLES and not word.startswith("fa-")]
    new = lxml.html.Element("svg")
    new.set("class", " ".join(["icon", *(["icon-lg"] if "fa-lg" in words else []), *kept]))
    for name, value in element.attrib.items():
        if name not in ("class", "aria-hidden"):
            new.set(name, value)
    for name, value in (("viewbox", drawing.get("viewBox")), ("aria-hidden", "true"), ("focusable", "false")):
        new.set(name, value)
    for path in drawing.iter("{http://www.w3.org/2000/svg}path"):
        new.append(lxml.html.Element("path", {"fill": "currentColor", "d": path.get("d")}))
    new.tail = element.tail
    element.getparent().replace(element, new)
