"""The command `measured-exam`: an exam on paper from the questions of a built book, in two versions, with a key."""

import argparse
import copy
import html
import itertools
import json
import os
import random
import sys
from dataclasses import dataclass
from pathlib import Path

import lxml.html

from ..study.pages import QUESTION_FOLDER
from . import document, finish, printing
from .site import NotBuilt, Site

VERSIONS = ("A", "B")
LETTERS = "abcde"
STYLE = Path(__file__).with_name("exam.css")


@dataclass(frozen=True)
class Question:
    """A question as it is in one version: its form, and the order of its options (empty for a number)."""

    chapter: str
    form: lxml.html.HtmlElement
    order: tuple[int, ...]

    def parts(self, name: str) -> list[lxml.html.HtmlElement]:
        """The elements of a class, such as quiz-option."""
        return self.form.find_class(name)

    @property
    def answer(self) -> str:
        """What the key says: letters, or a number with what is accepted around it."""
        if entry := self.parts("quiz-entry"):
            tolerance = float(entry[0].get("data-tolerance"))
            value = self.parts("quiz-why")[0].text_content().strip().partition("Answer: ")[2].partition("\n")[0]
            return value.rstrip(".") + (f" ± {tolerance:g}" if tolerance else "")
        options = self.parts("quiz-option")
        return ", ".join(LETTERS[i] for i, option in enumerate(self.order) if "data-right" in options[option].attrib)


def questions(root: Path, slug: str) -> tuple[dict[str, list[str]], str]:
    """The questions of a chapter of the site in `root`: HTML of the variants by id, and the glyphs of their formulas.

    Raises ValueError for a chapter that has none, with those that have.
    """
    path = root / QUESTION_FOLDER / f"{slug}.js"
    if not path.is_file():
        known = sorted(path.stem for path in path.parent.glob("*.js"))
        raise ValueError(f"the site has no questions of {slug!r}. There are: {', '.join(known) or 'none'}")
    text = path.read_text(encoding="utf-8")
    content, _ = json.JSONDecoder().raw_decode(text, text.index(", ") + 2)
    return content["questions"], content["glyphs"]


def draw(found: dict[str, dict[str, list[str]]], count: int, seed: int) -> list[tuple[str, str]]:
    """Chapter and id of `count` questions: from all chapters alike and of all kinds, as far as they reach.

    found: for each chapter the variants of its questions by id. Raises ValueError if there are fewer.
    """
    if (there := sum(map(len, found.values()))) < count:
        raise ValueError(f"{count} questions are wanted, and the chapters have {there}. Ask for fewer, or add chapters")
    chance = random.Random(seed)
    pools = []
    for slug, by_id in found.items():
        kinds: dict[str, list[tuple[str, str]]] = {}  # numbers that vary are a kind of their own
        for name in chance.sample(list(by_id), len(by_id)):
            kind = lxml.html.fromstring(by_id[name][0]).get("data-kind", "") if len(by_id[name]) == 1 else "new numbers"
            kinds.setdefault(kind, []).append((slug, name))
        pools.append(_in_turn(chance.sample(list(kinds.values()), len(kinds))))
    return _in_turn(chance.sample(pools, len(pools)))[:count]


def _in_turn(lists: list[list[tuple[str, str]]]) -> list[tuple[str, str]]:
    """One of each list in turn, until all are empty."""
    return [each for row in itertools.zip_longest(*lists) for each in row if each is not None]


def version(
    drawn: list[tuple[str, str]], found: dict[str, dict[str, list[str]]], seed: int, name: str
) -> list[Question]:
    """The drawn questions in the order, with the numbers and with the order of options that version `name` has.

    No two versions have the same numbers.
    """
    chance = random.Random(f"{seed} {name}")
    result = []
    for slug, identifier in drawn:
        variants = found[slug][identifier]
        shift = random.Random(f"{seed} {identifier}").randrange(len(variants))
        form = lxml.html.fromstring(variants[(shift + VERSIONS.index(name)) % len(variants)])
        options = len(form.find_class("quiz-option"))
        result.append(Question(slug, form, tuple(chance.sample(range(options), options))))
    return chance.sample(result, len(result))


def _children(element: lxml.html.HtmlElement) -> str:
    """What stands in an element, as HTML."""
    inner = [html.escape(element.text or "")]
    return "".join(inner + [lxml.html.tostring(child, encoding="unicode") for child in element])


def _without_answer(why: lxml.html.HtmlElement) -> str:
    """The explanation of a number, without the paragraph before it, which says the number."""
    first, *others = why
    assert first.text_content().strip().startswith("Answer: "), "as pages.py writes it"
    return "".join(lxml.html.tostring(child, encoding="unicode") for child in others)


def _shown(number: int, question: Question) -> str:
    text = copy.deepcopy(question.parts("quiz-text")[0])
    for place in text.find_class("quiz-number"):
        place.drop_tree()
    hint = "".join(f"<p><em>{html.escape(h.text_content())}</em></p>" for h in question.parts("quiz-hint"))
    options = question.parts("quiz-option")
    if options:
        texts = [_children(options[place].find(".//span")) for place in question.order]
        rows = [f"<li>{letter})&nbsp;{words}</li>" for letter, words in zip(LETTERS, texts, strict=False)]
        answers = f"{hint}<ol>{''.join(rows)}</ol>"
    else:
        units = question.parts("quiz-entry")[0].xpath("./span")
        unit = f" {html.escape(units[0].text_content())}" if units else ""
        answers = f'<p class="exam-space">Answer: <span></span>{unit}</p>'
    return f'<div class="exam-question"><b>{number}</b>{_children(text)}{answers}</div>'


def _sheet(site: Site, asked: list[Question], name: str) -> str:
    rows = "".join(_shown(number, question) for number, question in enumerate(asked, start=1))
    return (
        f"<h1>{html.escape(site.title)}, version {name}</h1>"
        '<p class="exam-person"><span>Name</span><span>Number</span><span>Date</span></p>'
        f"<p>{len(asked)} questions, one point each. Where more than one option is right, each has its share, and a "
        f"wrong cross undoes a right one.</p>{rows}"
    )


def _key(site: Site, versions: dict[str, list[Question]], titles: dict[str, str]) -> str:
    tables = []
    for name, asked in versions.items():
        rows = []
        for number, question in enumerate(asked, start=1):
            see = question.parts("quiz-see")
            section = see[0].text_content().removeprefix("Shown in ") if see else ""
            why = "" if question.order else _without_answer(question.parts("quiz-why")[0])
            place = f"{html.escape(titles[question.chapter])}: {html.escape(section)}"
            rows.append(f"<tr><td>{number}</td><td>{html.escape(question.answer)}</td><td>{why}{place}</td></tr>")
        tables.append(
            f'<h2>Version {name}</h2><table class="exam-key"><thead><tr><th>Question</th><th>Answer</th><th>Why, and '
            f"where</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
        )
    return f"<h1>Key: {html.escape(site.title)}</h1>{''.join(tables)}"


def make(root: Path, target: Path, chapters: list[str], count: int, seed: int, chromium: str | None) -> list[Path]:
    """Print an exam of `count` questions from some `chapters` (all if empty) into `target`; return the paths written.

    The same seed gives the same exam as long as the book stays. Raises NotBuilt, NoChromium and ValueError.
    """
    site = Site(root)
    titles: dict[str, str] = {}
    for entry in site.entries:
        titles.setdefault(
            entry.slug, entry.title
        )  # the exercises of a chapter have its slug, too, and stand further down
    folder = root / QUESTION_FOLDER
    slugs = chapters or [slug for slug in titles if (folder / f"{slug}.js").is_file()]
    if not slugs:
        raise ValueError("the site has no questions: name a page for practice in its configuration, and build it")
    loaded = {slug: questions(root, slug) for slug in slugs}
    found = {slug: by_id for slug, (by_id, _) in loaded.items()}
    drawn = draw(found, count, seed)
    versions = {name: version(drawn, found, seed, name) for name in VERSIONS}
    outlines = "".join({glyph: None for _, glyph in loaded.values()})
    glyphs = f'<svg class="glyphs" width="0" height="0"><defs>{outlines}</defs></svg>'
    texts = {f"exam-{name}": _sheet(site, asked, name) for name, asked in versions.items()}
    texts["exam-key"] = _key(site, versions, titles)
    target.mkdir(parents=True, exist_ok=True)
    paths = []
    with printing.chromium(chromium) as browser:
        for name, text in texts.items():
            page = document.PAGE.format(
                language=site.language,
                title=html.escape(f"{site.title}: {name}"),
                links="\n".join(f'<link rel="stylesheet" href="{path}">' for path in site.style_sheets),
                style=document.STYLE.read_text(encoding="utf-8") + STYLE.read_text(encoding="utf-8"),
                content=f'<article class="bd-article exam-paper">{glyphs}{text}</article>',
            )
            printed = printing.print_document(browser, page, site.root)
            path = target / f"{name}.pdf"
            path.write_bytes(finish.finish(printed, site.author, document.headings(page), [""]))
            paths.append(path)
    return paths


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; what a user can put right is said in one paragraph, with exit status 2."""
    top = argparse.ArgumentParser("measured-exam", description=__doc__)
    top.add_argument("site", type=Path, help="the folder of the built site")
    top.add_argument("target", type=Path, help="the folder to write to")
    top.add_argument("--chapters", nargs="+", default=[], metavar="CHAPTER", help="such as neurons (default: all)")
    top.add_argument("--questions", type=int, default=10, help="how many (default: 10)")
    top.add_argument("--seed", type=int, default=1, help="another number, another exam (default: 1)")
    top.add_argument("--chromium", default=os.environ.get("CHROMIUM"), help="(default: the variable CHROMIUM)")
    options = top.parse_args(arguments)
    slugs = [Path(name).stem for name in options.chapters]
    try:
        if options.questions < 1:
            raise ValueError("an exam has one question or more")
        paths = make(options.site, options.target, slugs, options.questions, options.seed, options.chromium)
    except (NotBuilt, printing.NoChromium, FileNotFoundError, ValueError) as error:
        print(f"measured-exam: {error}", file=sys.stderr)
        return 2
    for path in paths:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
