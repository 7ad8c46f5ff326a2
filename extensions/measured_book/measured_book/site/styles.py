"""Style sheets: follow their imports, drop the rules that no page can use, and move them into one file."""

import posixpath
import re

import tinycss2

NESTED = {"media", "supports", "layer", "container", "scope"}


def script_words(scripts):
    """Every word in the texts of `scripts`, any of which may become a class of an element."""
    words = set()
    for script in scripts:
        words.update(re.findall(r"[A-Za-z][\w-]*", script))
    return words


def purge(css, words):
    """Return the style sheet without the rules whose selectors ask for a class or an id that is not in `words`.

    What stands within ``:not()`` asks for nothing. Rules in ``@media`` and the like are purged in the same way, and
    comments go. Raises ValueError, with line and reason, for a style sheet that cannot be read.
    """
    return "".join(_purged(tinycss2.parse_stylesheet(css, skip_comments=True), words))


def _purged(rules, words):
    for rule in rules:
        if rule.type == "error":
            raise ValueError(f"line {rule.source_line}: {rule.message}")
        if rule.type == "whitespace":
            continue
        if rule.type == "qualified-rule":
            selectors = [s for s in _selectors(rule.prelude) if _wanted(s) <= words]
            if selectors:
                prelude = ",".join(_squeeze(tinycss2.serialize(selector)) for selector in selectors)
                yield f"{prelude}{{{_declarations(rule.content)}}}\n"
        elif rule.at_keyword.lower() in NESTED and rule.content is not None:
            inner = "".join(_purged(tinycss2.parse_rule_list(rule.content, skip_comments=True), words))
            if inner:
                yield f"@{rule.at_keyword} {_squeeze(tinycss2.serialize(rule.prelude))}{{\n{inner}}}\n"
        elif rule.at_keyword.lower() != "charset":
            yield _squeeze(rule.serialize()) + "\n"


def _selectors(prelude):
    selector: list = []
    for token in prelude:
        if token == ",":
            yield selector
            selector = []
        else:
            selector.append(token)
    yield selector


def _wanted(tokens):
    """The classes and ids that a selector asks for."""
    wanted = set()
    after_dot = False
    for token in tokens:
        if token.type == "ident" and after_dot:
            wanted.add(token.value)
        elif token.type == "hash":
            wanted.add(token.value)
        elif token.type == "function" and token.lower_name in ("is", "where", "has"):
            # one of the alternatives is enough; with a single one it is needed
            alternatives = [_wanted(selector) for selector in _selectors(token.arguments)]
            if len(alternatives) == 1:
                wanted |= alternatives[0]
        after_dot = token == "."
    return wanted


def _declarations(content):
    """The declarations of a rule without comments and needless space; what is inside quotes stays as it is."""
    return _squeeze(tinycss2.serialize([token for token in content if token.type != "comment"]))


def _squeeze(text):
    """Make one space of any run of white space outside of quotes."""
    parts = re.split(r"(\"[^\"]*\"|'[^']*')", text)
    return "".join(part if number % 2 else re.sub(r"\s+", " ", part) for number, part in enumerate(parts)).strip()


def move(css, source, target):
    """Make the relative addresses in a style sheet at the path `source` hold at the path `target`."""

    def moved(match):
        quote, address = match[1], match[2]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), address))
        return f"url({quote}{posixpath.relpath(path, posixpath.dirname(target))}{quote})"

    return re.sub(r"url\(\s*(['\"]?)(?![a-z]+:|[#/])([^'\")]+)\1\s*\)", moved, css)


def read(root, name):
    """The style sheet `name` below the folder `root`, with those that it imports in place of the imports."""
    css = (root / name).read_text(encoding="utf-8")

    def imported(match):
        inner = posixpath.normpath(posixpath.join(posixpath.dirname(name), match[1]))
        return move(read(root, inner), inner, name)

    return re.sub(r"@import\s+(?:url\()?[\"']([^\"':]+)[\"']\)?\s*;", imported, css)
