"""What HTML a page without a kernel can show: no scripts, and nothing from other hosts."""

import re
from html.parser import HTMLParser

FOREIGN_TAGS = {"script", "iframe", "object", "embed", "applet", "link", "meta", "base", "form"}
ADDRESSES = {"src", "srcset", "poster", "data", "background", "xlink:href", "action", "formaction"}
OTHER_HOST = re.compile(r"(?:^|[\s,(\"'])(?:https?:)?//", re.I)
STYLE_ADDRESS = re.compile(r"@import|url\(\s*[\"']?\s*(?:https?:)?//", re.I)


class _Reader(HTMLParser):
    """Finds the first thing in a piece of HTML that a page without a kernel cannot show."""

    problem = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in FOREIGN_TAGS:
            self._found(f"has a <{tag}>")
        for name, content in attrs:
            text = re.sub(r"[\x00-\x20]", "", content or "")
            if name.startswith("on"):
                self._found(f"runs a script ({name})")
            elif text.lower().startswith("javascript:"):
                self._found(f"runs a script ({name})")
            elif name in ADDRESSES and OTHER_HOST.search(content or ""):
                self._found(f"asks another host ({content})")
            elif name == "style" and STYLE_ADDRESS.search(content or ""):
                self._found("asks another host (in a style)")
        self._in_style = tag == "style"

    _in_style = False

    def handle_data(self, data: str) -> None:
        if self._in_style and STYLE_ADDRESS.search(data):
            self._found("asks another host (in a style)")

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def _found(self, problem: str) -> None:
        self.problem = self.problem or problem


def what_a_page_cannot_show(html: str) -> str:
    """What in a piece of HTML needs a script or another host, in words that follow "its HTML"; empty if nothing."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.problem
