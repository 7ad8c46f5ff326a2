"""The directives that put study aids on a page."""

import json
import posixpath
from typing import TYPE_CHECKING, Any, cast

from docutils import nodes
from sphinx import addnodes
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

from ..pages.parts import page_link
from . import variants
from .elements import element, html_element
from .library import Library
from .sources import Key, Source

if TYPE_CHECKING:
    from ..application import BookApplication

VERDICTS = {
    "measured": "A cell of the chapter asserts it.",
    "refined": "True with a qualification that is often left out.",
    "corrected": "Wrong as it is often said.",
    "outdated": "Right once, no longer.",
    "definition": "Nothing to measure.",
}
CARD_FOLDER = "_static/study"
QUESTION_FOLDER = f"{CARD_FOLDER}/questions"


class card_figure(nodes.General, nodes.Element):
    """Stands where the figure of the chapter's cell number `cell` goes; `where` names the card for messages."""


class StudyDirective(SphinxDirective):
    """What the directives share: the book's library, Markdown from a study file, links to sections."""

    @property
    def library(self) -> Library:
        """The `Library` of the book."""
        return cast("BookApplication", self.env.app).study_library

    def depend_on(self, source: Source) -> None:
        """Have the page built anew when the study file changes."""
        self.env.note_dependency(str(source.path))

    def markdown(self, text: object, source: Source, *path: Key) -> list[nodes.Node]:
        """The nodes of Markdown that stands at `path` in a study file; HTML in it is shown as text."""
        holder = nodes.Element("", *self.parse_text_to_nodes(str(text)))
        for raw in list(holder.findall(nodes.raw)):
            shown = nodes.Text(raw.astext())
            raw.replace_self(shown if isinstance(raw.parent, nodes.TextElement) else nodes.paragraph("", "", shown))
        parsed = holder.children
        for node in parsed:
            for inner in node.findall():
                if isinstance(inner, nodes.Element):
                    inner.source, inner.line = source.shown, source.line(*path)
        return parsed

    def inline(self, text: object, source: Source, *path: Key) -> list[nodes.Node]:
        """The same in a line of text: without the paragraph around a single one."""
        parsed = self.markdown(text, source, *path)
        if len(parsed) == 1 and isinstance(parsed[0], nodes.paragraph):
            return [nodes.inline("", "", *parsed[0].children)]
        return parsed

    def link(self, slug: str, see: str, text: str = "") -> addnodes.pending_xref:
        """A link to a section of the chapter `slug` (or to ``other#anchor``), with its heading as text."""
        other, _, anchor = see.rpartition("#")
        docname = self.library.docnames[other or slug]
        where = {"refdomain": "doc", "reftype": "myst", "reftarget": docname, "reftargetid": anchor}
        inner = nodes.inline("", text, classes=["xref", "myst"])
        return addnodes.pending_xref("", inner, refdoc=self.env.docname, refexplicit=bool(text), **where)

    def section(self, name: str, title: str | list[nodes.Node], *children: nodes.Node) -> nodes.section:
        """A section of the page; `title` is text or nodes."""
        node = nodes.section(ids=[name], names=[name])
        node += nodes.title("", "", *([nodes.Text(title)] if isinstance(title, str) else title))
        node += children
        return node


class Flashcards(StudyDirective):
    """``flashcards``: the cards of the chapter on whose page it stands."""

    def run(self) -> list[nodes.Node]:
        """Build the cards; each is complete without scripts, the script makes a deck of them."""
        slug = self.env.docname.rpartition("/")[2]
        source = self.library.studies[slug]
        self.depend_on(source)
        cards = [self._card(slug, source, number) for number in range(len(source.data["cards"]))]
        result = [element("div", *cards, class_="deck", data_deck=slug, data_store=store_name(self.config))]
        if page := self.config.study_aids_flashcards_page:
            link = page_link("cards of all chapters", page)
            result.append(nodes.paragraph("", "", nodes.Text("They are also among the "), link, nodes.Text(".")))
        return result

    def _card(self, slug: str, source: Source, number: int) -> html_element:
        card = source.data["cards"][number]
        place = ("cards", number)
        front = self.markdown(card["front"], source, *place, "front")
        if "figure" in card:
            cell = self.library.chapters[slug].figures[card["figure"]]
            front.append(card_figure(cell=cell, where=f"{source.shown}, line {source.line(*place)} ({card['id']})"))
        see = nodes.paragraph("", "", nodes.Text("Shown in "), self.link(slug, card["see"]), classes=["flashcard-see"])
        back = [*self.markdown(card["back"], source, *place, "back"), see]
        kind = card["kind"].capitalize()
        return element(
            "article",
            element("div", element("p", kind, class_="flashcard-kind"), front, class_="flashcard-front"),
            element("div", element("p", "Answer", class_="flashcard-kind"), back, class_="flashcard-back"),
            class_="flashcard",
            data_card=card["id"],
            data_kind=card["kind"],
        )


class QuestionDirective(StudyDirective):
    """What the directives with questions share: a question as a form, with all explanations."""

    def question(
        self, slug: str, source: Source, place: tuple[Key, ...], question: dict[str, Any], name: str, number: int
    ) -> html_element:
        """The form of a `question` that stands at `place` of a study file; `name` is its id on the page.

        The script hides the explanations until the question is answered.
        """
        kind = question["kind"]
        parsed = self.markdown(question["question"], source, *place, "question")
        place_in_quiz = element("span", f"{number}", class_="quiz-number")
        text = element("div", place_in_quiz, parsed, class_="quiz-text", id=f"{name}-text")
        if kind == "number":
            answers = self._number(question, source, place, name)
        else:
            answers = [
                self._option(question, source, place, name, choice) for choice in range(len(question["options"]))
            ]
        hint = {"single": "One is right.", "multiple": "One or more are right.", "number": ""}[kind]
        see = nodes.paragraph("", "", nodes.Text("Shown in "), self.link(slug, question["see"]), classes=["quiz-see"])
        group = element(
            "div",
            text,
            element("p", hint, class_="quiz-hint") if hint else [],
            answers,
            see,
            role="group",
            aria_labelledby=f"{name}-text",
        )
        return element("form", group, class_="quiz-question", id=name, data_kind=kind, autocomplete="off")

    def _option(
        self, question: dict[str, Any], source: Source, place: tuple[Key, ...], name: str, choice: int
    ) -> html_element:
        option = question["options"][choice]
        where = (*place, "options", choice)
        kind = {"single": "radio", "multiple": "checkbox"}[question["kind"]]
        box = element("input", type=kind, name=name, value=choice)
        label = element("label", box, element("span", self.inline(option["text"], source, *where, "text")))
        why = element("div", self.markdown(option["why"], source, *where, "why"), class_="quiz-why")
        return element("div", label, why, class_="quiz-option", data_right=option.get("right", False))

    def _number(
        self, question: dict[str, Any], source: Source, place: tuple[Key, ...], name: str
    ) -> list[html_element]:
        unit = question.get("unit", "")
        value = question["answer"]
        shown = f"{value:,}" if isinstance(value, int) and abs(value) >= 10_000 else f"{value}"
        if "numbers" in question and isinstance(value, float):
            shown = variants.written(value)
        shown = f"{shown.replace('-', '−')} {unit}".rstrip()
        field = element("input", type="text", inputmode="text", name=name, size=8)
        label = element("label", element("span", "Your answer"), field)
        why = self.markdown(question["why"], source, *place, "why")
        answer = nodes.paragraph("", "", nodes.strong("", f"Answer: {shown}."))
        return [
            element(
                "div",
                label,
                element("span", unit) if unit else [],
                class_="quiz-entry",
                data_answer=value,
                data_tolerance=question["tolerance"],
            ),
            element("div", answer, why, class_="quiz-why"),
        ]


class Quiz(QuestionDirective):
    """``quiz``: the questions of the chapter on whose page it stands."""

    def run(self) -> list[nodes.Node]:
        """Build the questions."""
        slug = self.env.docname.rpartition("/")[2]
        source = self.library.studies[slug]
        self.depend_on(source)
        questions = [
            self.question(slug, source, ("quiz", number), question, question["id"], number + 1)
            for number, question in enumerate(source.data["quiz"])
        ]
        return [element("div", *questions, class_="quiz", data_quiz=slug, data_store=store_name(self.config))]


class Practice(QuestionDirective):
    """``practice``: the chapter's questions whose numbers vary, each in all its variants.

    The finishing pass leaves the first variant of each on the page (`questions.take`); the script draws others.
    """

    def run(self) -> list[nodes.Node]:
        """Build each variant of each question."""
        slug = self.env.docname.rpartition("/")[2]
        source = self.library.studies[slug]
        self.depend_on(source)
        found = []
        for number, template in enumerate(source.data["practice"]):
            forms = [
                self.question(slug, source, ("practice", number), variant, f"{template['id']}-{version}", number + 1)
                for version, variant in enumerate(variants.variants(template), start=1)
            ]
            found.append(element("div", *forms, class_="practice-question", data_template=template["id"]))
        folder = posixpath.relpath(QUESTION_FOLDER, posixpath.dirname(self.env.docname) or ".")
        return [
            element(
                "div", *found, class_="quiz practice", data_practice=slug, data_folder=folder,
                data_store=store_name(self.config),
            )
        ]  # fmt: skip


class FlashcardBox(StudyDirective):
    """``flashcard-box``: the cards of all chapters, by part, chapter and kind, in Leitner's boxes."""

    def run(self) -> list[nodes.Node]:
        """Build what stands there without scripts: which cards there are, where they are, and the Anki deck."""
        if self.config.study_aids_flashcards_page != self.env.docname:
            raise ExtensionError(
                f"{self.env.docname}: flashcard-box stands on one page, the one that study_aids_flashcards_page names. "
                f"Write study_aids_flashcards_page: {self.env.docname} into the configuration."
            )
        studies, chapters = self.library.studies, self.library.chapters
        for source in studies.values():
            self.depend_on(source)
        folder = posixpath.relpath(CARD_FOLDER, posixpath.dirname(self.env.docname) or ".")
        parts = []
        listing = nodes.bullet_list(bullet="-", classes=["deck-chapters"])
        for caption, slugs in self.library.parts(studies):
            here = []
            for slug in slugs:
                cards = studies[slug].data["cards"]
                here.append(
                    {"slug": slug, "title": chapters[slug].title, "cards": [[c["id"], c["kind"]] for c in cards]}
                )
                count = nodes.Text(f", {len(cards)} cards")
                listing += nodes.list_item(
                    "", nodes.paragraph("", "", self.link(slug, "flashcards", chapters[slug].title), count)
                )
            parts.append({"title": caption, "chapters": here})
        payload = data_element({"folder": folder, "parts": parts})
        deck = element("div", payload, class_="deck deck-box", data_store=store_name(self.config))
        return [deck, listing]


class QuestionsOfTheBook(StudyDirective):
    """What the page for practice shares: all questions by part and chapter, as data for the script."""

    kind = ""

    def run(self) -> list[nodes.Node]:
        """Build the place, and what stands there without scripts: where the questions are."""
        if self.config.study_aids_practice_page != self.env.docname:
            raise ExtensionError(
                f"{self.env.docname}: {self.name} stands on one page, the one that study_aids_practice_page names. "
                f"Write study_aids_practice_page: {self.env.docname} into the configuration."
            )
        studies, chapters = self.library.studies, self.library.chapters
        for source in studies.values():
            self.depend_on(source)
        folder = posixpath.relpath(QUESTION_FOLDER, posixpath.dirname(self.env.docname) or ".")
        found, groups = [], []
        listing = nodes.bullet_list(bullet="-", classes=["practice-chapters"])
        for caption, slugs in self.library.parts(studies):
            boxes = []
            for slug in slugs:
                if not (questions := self.questions(studies[slug].data)):
                    continue
                title = chapters[slug].title
                found.append({"slug": slug, "title": title, "questions": questions})
                boxes.append(self._box(title, name="chapters", value=slug))
                listing += nodes.list_item("", nodes.paragraph("", "", self.link(slug, "quiz", title)))
            if boxes:
                groups.append(element("fieldset", element("legend", self._box(caption)), *boxes))
        choice = element("div", *groups, class_="exam-chapters")
        form = element("form", choice, *self.controls(), class_="exam-plan", autocomplete="off")
        payload = data_element({"folder": folder, "chapters": found})
        place = element("div", payload, form, class_=f"quiz {self.kind}", data_store=store_name(self.config))
        words = nodes.paragraph("", "", nodes.Text("The questions of each chapter:"))
        return [place, element("noscript", words, listing)]

    def _box(self, text: str, **attributes: object) -> html_element:
        return element("label", element("input", type="checkbox", checked=True, **attributes), element("span", text))

    def controls(self) -> list[html_element]:
        """What stands below the chapters to choose from."""
        return []

    def questions(self, study: dict[str, Any]) -> list[list[Any]]:
        """Id, kind and number of variants of each question of a study file that belongs here."""
        return [[template["id"], "number", variants.COUNT] for template in study.get("practice", [])]


class Drill(QuestionsOfTheBook):
    """``drill``: one question with new numbers after another, from the chapters that the reader chooses."""

    kind = "drill"


class MockExam(QuestionsOfTheBook):
    """``mock-exam``: questions of all kinds from chosen chapters, a clock, and points by chapter at the end."""

    kind = "exam"
    # name, label, least, most and usual value, and a hint
    numbers = (
        ("questions", "Questions", 1, 60, 10, "60 at most"),
        ("minutes", "Minutes", 0, 300, 20, "0: no limit"),
        ("seed", "Number of the exam", 1, 999_999, 1, "the same number, the same exam"),
    )

    def controls(self) -> list[html_element]:
        """Fields for the numbers, and a button."""
        fields = [
            element(
                "label",
                element("span", label),
                element("input", type="number", name=name, min=least, max=most, value=usual, required=True),
                element("small", hint),
            )
            for name, label, least, most, usual, hint in self.numbers
        ]
        begin = element("button", "Begin", type="submit", class_="study-button study-main")
        return [element("div", *fields, class_="exam-numbers"), begin]

    def questions(self, study: dict[str, Any]) -> list[list[Any]]:
        """Those of the quiz as well."""
        return [[question["id"], question["kind"], 1] for question in study["quiz"]] + super().questions(study)


class Standing(StudyDirective):
    """``standing``: which chapters the reader has read, what their quizzes scored and which cards are due."""

    def run(self) -> list[nodes.Node]:
        """Build the place, which the script fills and shows."""
        studies, chapters = self.library.studies, self.library.chapters
        builder = self.env.app.builder
        for source in studies.values():
            self.depend_on(source)
        found = [
            {
                "slug": slug,
                "title": chapters[slug].title,
                "href": builder.get_relative_uri(self.env.docname, self.library.docnames[slug]),
                "questions": len(studies[slug].data["quiz"]),
            }
            for slug in studies
        ]
        cards = self.config.study_aids_flashcards_page
        where = builder.get_relative_uri(self.env.docname, cards) if cards else None
        heading = nodes.paragraph("", "", nodes.strong("", "Where you stand"))
        return [
            element(
                "div", data_element(found), heading, class_="quiz standing", hidden=True, data_cards=where,
                data_store=store_name(self.config),
            )
        ]  # fmt: skip


class AnkiDeck(StudyDirective):
    """``anki-deck``: a link that downloads the cards of all chapters for Anki."""

    def run(self) -> list[nodes.Node]:
        """Build the link; the file is written when the pages are."""
        from .anki import file_name

        count = sum(len(source.data["cards"]) for source in self.library.studies.values())
        for source in self.library.studies.values():
            self.depend_on(source)
        address = posixpath.relpath(
            f"{CARD_FOLDER}/{file_name(self.config)}", posixpath.dirname(self.env.docname) or "."
        )
        link = element("a", f"Download the Anki deck ({count} cards)", href=address, download=True, class_="anki-deck")
        return [nodes.paragraph("", "", link)]


class CheatSheet(StudyDirective):
    """``cheat-sheet``: every line of the cheat sheet with its verdict and a link to the section that shows it."""

    def run(self) -> list[nodes.Node]:
        """Build a section for each part, with a table for each of its chapters."""
        source = self.library.cheatsheet
        self.depend_on(source)
        key = element(
            "dl",
            *[
                element("div", element("dt", verdict_badge(verdict)), element("dd", meaning))
                for verdict, meaning in VERDICTS.items()
            ],
            class_="verdicts",
        )
        finder = element("div", class_="sheet-finder", data_finds=".sheet tr.line", data_what="lines")
        result = [key, finder]
        for caption, slugs in self.library.parts(source.data):
            chapters = [
                self.section(f"sheet-{slug}", self.library.chapters[slug].title, self._table(slug, source))
                for slug in slugs
            ]
            part = self.section(f"sheet-{nodes.make_id(caption)}", caption, *chapters)
            part["classes"].append("sheet-part")
            result.append(part)
        return result

    def _table(self, slug: str, source: Source) -> html_element:
        head = element("tr", *[element("th", text, scope="col") for text in ("Fact", "Verdict", "Shown in")])
        topics: list[tuple[str, list[html_element]]] = []
        for number, line in enumerate(source.data[slug]):
            if not topics or topics[-1][0] != line["topic"]:
                heading = element("th", line["topic"], scope="rowgroup", colspan=3)
                topics.append((line["topic"], [element("tr", heading, class_="topic")]))
            topics[-1][1].append(self._line(slug, source, number))
        bodies = [element("tbody", *rows) for _, rows in topics]
        return element("table", element("thead", head), *bodies, class_="sheet")

    def _line(self, slug: str, source: Source, number: int) -> html_element:
        line = source.data[slug][number]
        place = (slug, number)
        fact = [element("span", self.inline(line["says"], source, *place, "says"), class_="says")]
        if "instead" in line:
            instead = self.inline(line["instead"], source, *place, "instead")
            reference = element("span", f" {line['reference']}", class_="reference")
            label = "But: " if line["verdict"] == "refined" else "Instead: "
            fact.append(element("div", element("b", label), instead, reference, class_="instead"))
        words = " ".join(line.get(key, "") for key in ("topic", "says", "instead", "reference", "verdict"))
        return element(
            "tr",
            element("td", *fact),
            element("td", verdict_badge(line["verdict"])),
            element("td", nodes.inline("", "", self.link(slug, line["see"])), class_="see"),
            class_=f"line {line['verdict']}",
            id=line["id"],
            data_words=words,
        )


class FormulaList(StudyDirective):
    """``formula-list``: the formulas of each chapter, every symbol explained, with the code that checks them."""

    def run(self) -> list[nodes.Node]:
        """Build a section for each chapter and in it one for each formula."""
        source = self.library.formulas
        self.depend_on(source)
        return [
            self.section(
                f"formulas-{slug}",
                self.library.chapters[slug].title,
                *[self._formula(slug, source, number) for number in range(len(source.data[slug]))],
            )
            for _, slugs in self.library.parts(source.data)
            for slug in slugs
        ]

    def _formula(self, slug: str, source: Source, number: int) -> nodes.section:
        formula = source.data[slug][number]
        place = (slug, number)
        symbols = []
        for tex, meaning in formula["symbols"].items():
            where = (*place, "symbols", tex)
            symbol = self.inline(f"${tex.strip('$')}$", source, *where)
            symbols.append(element("div", element("dt", symbol), element("dd", self.inline(meaning, source, *where))))
        code = nodes.literal_block(formula["check"], formula["check"], language="python")
        return self.section(
            formula["id"],
            self.inline(formula["name"], source, *place, "name"),
            *self.markdown(f"$$\n{formula['tex'].strip()}\n$$", source, *place, "tex"),
            element("dl", *symbols, class_="symbols"),
            nodes.paragraph("", "", nodes.Text("Shown in "), self.link(slug, formula["see"])),
            element("details", element("summary", "The test of this formula"), code, class_="formula-check"),
        )


class GlossaryTerms(StudyDirective):
    """``glossary-terms``: all terms in alphabetical order, each with the section that defines it."""

    def run(self) -> list[nodes.Node]:
        """Write Sphinx's own glossary, so that the search finds terms and pages may refer to them."""
        source = self.library.glossary
        self.depend_on(source)
        terms = [(slug, n, entry) for slug, entries in source.data.items() for n, entry in enumerate(entries)]
        terms.sort(key=lambda item: item[2]["term"].casefold())
        lines = [":::{glossary}"]
        for _, _, entry in terms:
            names = [entry["term"], *entry.get("also", [])]
            lines += [*names, f"  {' '.join(entry['means'].split())}", ""]
        parsed = self.parse_text_to_nodes("\n".join([*lines, ":::"]))
        definitions = [d for node in parsed for d in node.findall(nodes.definition)]
        for (slug, number, entry), definition in zip(terms, definitions, strict=True):
            for inner in definition.findall(nodes.Element):
                inner.source, inner.line = source.shown, source.line(slug, number)
            definition += nodes.paragraph(
                "", "", nodes.Text("Defined in "), self.link(slug, entry["see"]), classes=["glossary-see"]
            )
        finder = element("div", class_="sheet-finder", data_finds="dl.glossary > dt", data_what="terms")
        return [finder, *parsed]


def data_element(data: Any) -> nodes.raw:
    """A script element that holds `data` as JSON; "<" never stands in it, so that no text in it can end the element."""
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return nodes.raw("", f'<script type="application/json">{text}</script>', format="html")


def verdict_badge(verdict: str) -> html_element:
    """A verdict as it is shown."""
    return element("span", verdict, class_=f"verdict {verdict}")


def store_name(config: Config) -> str:
    """The name under which a reader's browser keeps the progress: other books may share its storage."""
    return f"study-aids/{nodes.make_id(book_name(config))}"


def book_name(config: Config) -> str:
    """The name of the book, which decks and stored progress go by."""
    return config.html_title or config.project
