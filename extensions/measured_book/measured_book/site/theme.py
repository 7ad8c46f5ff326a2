"""What a page of the theme gets and loses: steps of the finishing pass, and changes of the theme's own files."""

import html
from pathlib import Path

from docutils import nodes
from sphinx.errors import ExtensionError

from . import bundle

SCHEME = (Path(__file__).parent / "scheme.js").read_text(encoding="utf-8")
# Sphinx's search takes the titles of sections, which are text, for HTML
FOUND_TITLE = "titles[file] !== title ? `${titles[file]} > ${title}` : title"
FOUND_TITLE_AS_TEXT = (
    "id === null ? titles[file] : `${titles[file]} > ${title.replace(/[&<>]/g, (c) => `&#${c.charCodeAt()};`)}`"
)
CODE = "//div[contains(concat(' ', @class, ' '), ' highlight ')]/pre"
# parts of code in the color of the text around them: half of a notebook page's elements
PLAIN_TOKENS = ("n", "p", "w")
# what sphinx-thebe appends to each page; the name of the notebook's kernel stands in it as it is
THEBE_SETTINGS = ('<script type="text/x-thebe-config"', "<script>kernelName = ")


def complete_config(app, config):
    """Give the theme a valid default mode, of which its script would complain otherwise."""
    config.html_context.setdefault("default_mode", "auto")
    app.add_js_file("keyboard.js", loading_method="defer")


def remove_thebe_settings(app, document, docname):
    """Take out what Thebe appends to a page for a kernel that it never starts."""
    for node in list(document.children):
        if isinstance(node, nodes.raw) and node.astext().lstrip().startswith(THEBE_SETTINGS):
            document.remove(node)


def escape_title(app, pagename, templatename, context, doctree):
    """The theme puts the title on the printed page as it is."""
    if "pagetitle" in context:
        context["pagetitle"] = html.escape(context["pagetitle"])


def _drop(elements) -> int:
    for element in elements:
        element.drop_tree()
    return len(elements)


def drop_icon_library(page) -> int:
    """The script of Font Awesome goes: `icons.draw` has drawn what it would draw."""
    return _drop(page.tree.xpath("//script[contains(@src, '/fontawesome.js')]"))


def settle_scheme(page) -> int:
    """Settle the color scheme before the page is drawn, and light without scripts.

    The theme leaves it open until its own script has run: the page would be drawn without its colors first.
    """
    page.tree.set("data-theme", "light")
    found = page.tree.xpath("//script[not(@src)][contains(., 'document.documentElement.dataset.mode')]")
    for script in found[:1]:
        script.getparent().replace(script, bundle.script(page, bundle.SCHEME, SCHEME))
    return len(found)


def drop_thebe(page) -> int:
    """Thebe's script, style sheet and the constants that name its host go; returns 0 unless all three were there."""
    parts = [
        page.tree.xpath("//script[not(@src)][contains(., 'THEBE_JS_URL')]"),
        page.tree.xpath("//script[contains(@src, '/sphinx-thebe.js')]"),
        page.tree.xpath("//link[contains(@href, '/sphinx-thebe.css')]"),
    ]
    return min(map(_drop, parts))


def show_hints(page) -> int:
    """A browser shows a title by itself, without Bootstrap's script."""
    found = page.tree.xpath("//*[@data-bs-title]")
    for element in found:
        element.set("title", element.attrib.pop("data-bs-title"))
    return len(found)


def name_parts(page) -> int:
    """The sidebar becomes a landmark, and a button with words goes by them; returns 0 unless both are there."""
    sidebars = page.tree.xpath("//div[@id='pst-primary-sidebar']")
    for sidebar in sidebars:
        sidebar.set("role", "complementary")
        sidebar.set("aria-label", "Book")
    buttons = [b for b in page.tree.xpath("//button[@aria-label]") if b.text_content().strip()]
    for button in buttons:
        del button.attrib["aria-label"]
    return min(len(sidebars), len(buttons))


def name_unfolders(page) -> int:
    """The triangle that unfolds the pages below another one says which."""
    found = page.tree.xpath("//a/following-sibling::*[1][self::details]/summary[not(@aria-label)]")
    for summary in found:
        title = summary.getparent().getprevious().text_content().strip()
        summary.set("aria-label", f"Pages below {title}")
    return len(found)


def fetch_figures_late(page) -> int:
    """Let figures be fetched when they come near the screen, and keep their place until then.

    Sphinx writes the size as a style; as attributes it tells the browser the shape before the image is there.
    """
    found = page.tree.xpath("//img[not(@loading)][contains(@style, 'width:') or contains(@style, 'height:')]")
    for image in found:
        for declaration in image.attrib.pop("style").split(";"):
            name, _, value = (part.strip() for part in declaration.partition(":"))
            if name in ("width", "height") and value.endswith("px"):
                image.set(name, value.removesuffix("px"))
        image.set("loading", "lazy")
        image.set("decoding", "async")
    return len(found)


def lighten_code(page) -> int:
    """Names, punctuation and space lose the elements that give them a color of their own.

    Each block knows its number of lines (``--lines``), so that a phone can lay it out when it comes near the screen
    without anything moving, and can be reached with the keyboard, since a long line makes it scroll.
    """
    found = page.tree.xpath(CODE)
    for code in found:
        for token in code.xpath(".//span"):
            if token.get("class") in PLAIN_TOKENS and len(token.attrib) == 1 and not len(token):
                token.drop_tag()
        text = code.text_content()
        code.set("class", "lines")
        code.set("style", f"--lines: {text.count(chr(10)) + (not text.endswith(chr(10)))}")
        code.set("tabindex", "0")
    return len(found)


def remove_icon_library(app, exception):
    """No page asks for the theme's icon library any more."""
    if exception is None and app.builder.format == "html":
        for name in ("fontawesome.js", "fontawesome.js.map", "fontawesome.js.LICENSE.txt"):
            Path(app.outdir, "_static/scripts", name).unlink(missing_ok=True)


def search_for_text(app, exception):
    """Have Sphinx's search show titles as text; raises ExtensionError where its script is another one."""
    script = Path(app.outdir, "_static/searchtools.js")
    if exception or app.builder.format != "html" or not script.exists():
        return
    code = script.read_text(encoding="utf-8")
    if FOUND_TITLE_AS_TEXT in code:
        return
    if FOUND_TITLE not in code:
        raise ExtensionError(
            "searchtools.js of this Sphinx shows the titles of sections in a way of its own: find where it makes HTML "
            f"of them and correct FOUND_TITLE in {__name__}."
        )
    script.write_text(code.replace(FOUND_TITLE, FOUND_TITLE_AS_TEXT), encoding="utf-8")
