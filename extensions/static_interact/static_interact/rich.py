"""What HTML a page without a kernel can show, no scripts and nothing from other hosts; and its words alone."""

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


class _Words(HTMLParser):
    """Collects the text of a piece of HTML: rows and blocks begin a line, cells stand beside each other."""

    BLOCKS = {"tr", "p", "div", "li", "br", "table", "h1", "h2", "h3", "h4", "h5", "h6", "dt", "dd", "pre"}
    SILENT = {"style", "script", "template", "title"}

    def __init__(self) -> None:
        super().__init__()
        self.words, self._silent = "", 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        self.words += "\n" if tag in self.BLOCKS else "\t" if tag in ("td", "th") else ""

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT
        self.words += "\n" if tag in self.BLOCKS - {"br"} else ""

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words += re.sub(r"\s+", " ", data)


def as_text(html: str) -> str:
    """The words of a piece of HTML, a table's rows as lines with columns of equal width."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    rows = [[cell.strip() for cell in line.split("\t")] for line in reader.words.split("\n")]
    rows = [row[1:] if len(row) > 1 and not row[0] else row for row in rows if any(row)]
    table = [row for row in rows if len(row) > 1]
    widths = [max(len(row[i]) for row in table if i < len(row)) for i in range(max(map(len, table), default=0))]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths)) if len(row) > 1 else row[0] for row in rows]  # noqa: B905
    return "\n".join(line.rstrip() for line in lines)
