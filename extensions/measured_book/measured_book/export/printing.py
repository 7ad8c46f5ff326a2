"""Chromium, which lays a document out on paper."""

import contextlib
import mimetypes
from pathlib import Path
from urllib.parse import unquote, urlsplit

from playwright.sync_api import Error, sync_playwright

from . import finish

HOST = "http://book.invalid/"  # no request leaves the computer: all are answered from the site's folder
# what a page looks like takes most of the time to print, and is of no account to where it is
ONLY_CONTENTS = "body *:not(.book-contents, .book-contents *) { visibility: hidden !important; }"
# the places of numbers get those of their anchors; all must be there
NUMBER = """numbers => {
  for (const place of document.querySelectorAll("[data-of]")) {
    if (!(place.dataset.of in numbers)) throw new Error(`no page has ${place.dataset.of}`);
    place.textContent = numbers[place.dataset.of];
  }
}"""


class NoChromium(Exception):
    """Chromium is missing or does not start."""


@contextlib.contextmanager
def chromium(path):
    """A running Chromium; raises NoChromium, with the way out, if there is none at `path`."""
    if not path or not Path(path).is_file():
        raise NoChromium(f"Chromium is missing ({path or 'none found'}): install it, or set CHROMIUM=/path/to/chromium")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        except Error as error:
            raise NoChromium(f"{path} does not start: {error}") from error
        try:
            yield browser
        finally:
            browser.close()


def print_document(browser, document, root):
    """Print the HTML `document`, whose addresses are paths below the folder `root`; return the PDF's bytes.

    It has tags for screen readers and an outline of its headings. Raises FileNotFoundError for a file that the
    document asks for and the site does not have.

    A document with contents is printed twice, the first time for the page numbers that they tell.
    """
    missing = []

    def answer(route):
        path = Path(root, unquote(urlsplit(route.request.url).path).lstrip("/"))
        if route.request.url == HOST:
            route.fulfill(body=document, content_type="text/html; charset=utf-8")
        elif not route.request.url.startswith(HOST) or not path.is_file():
            missing.append(route.request.url.removeprefix(HOST))
            route.abort()
        elif path.suffix == ".css":
            # a page would not wait for its fonts, and have them from the next page on: here is no next page
            style = path.read_text(encoding="utf-8").replace("font-display:optional", "font-display:block")
            route.fulfill(body=style, content_type="text/css; charset=utf-8")
        else:
            route.fulfill(path=path, content_type=mimetypes.guess_type(path.name)[0] or "application/octet-stream")

    page = browser.new_page()
    try:
        page.route("**/*", answer)
        page.goto(HOST, wait_until="load")
        page.emulate_media(media="print")
        page.evaluate("document.fonts.ready.then(() => true)")
        if missing:
            raise FileNotFoundError(f"the site in {root} lacks {', '.join(sorted(set(missing)))}: build it anew")
        if page.locator("[data-of]").count():
            hidden = page.add_style_tag(content=ONLY_CONTENTS)
            numbers = finish.page_numbers(page.pdf(prefer_css_page_size=True))
            hidden.evaluate("style => style.remove()")
            page.evaluate(NUMBER, numbers)
        return page.pdf(prefer_css_page_size=True, print_background=True, tagged=True, outline=True)
    finally:
        page.close()
