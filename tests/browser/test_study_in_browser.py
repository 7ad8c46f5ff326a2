"""Flashcards, quizzes and finders in a real browser: with mouse, touch, keyboard, on paper, and without scripts."""

import json
import re

import accessibility
import book
import pypdf
import pytest
import yaml

STORE = "study-aids/deep-learning-measured"
SLUGS = [path.stem for path in book.chapters()]
STUDIES = {slug: yaml.safe_load((book.ROOT / f"assets/study/{slug}.yml").read_text(encoding="utf-8")) for slug in SLUGS}
CARDS = sum(len(study["cards"]) for study in STUDIES.values())
DAY = 86_400_000
each_chapter = pytest.mark.parametrize("slug", book.due("pages"))


def progress(page):
    """What the page has stored."""
    return json.loads(page.evaluate(f"localStorage.getItem('{STORE}')") or '{"cards": {}, "quiz": {}}')


def button(page, name):
    return page.get_by_role("button", name=name)


def current(page):
    """The card that is seen."""
    return page.locator(".flashcard.current")


def place(page):
    return page.locator(".deck-place").text_content()


# ---- flashcards of a chapter ----


@each_chapter
def test_each_card_shows_its_question_and_then_its_answer(slug, server, open_page):
    page = open_page(f"{server}/chapters/{slug}.html")
    cards = STUDIES[slug]["cards"]
    for number, card in enumerate(cards, start=1):
        assert place(page).startswith(f"Card {number} of {len(cards)}")
        assert current(page).count() == 1 and current(page).get_attribute("data-card") == card["id"]
        front, back = (current(page).locator(f".flashcard-{side}") for side in ("front", "back"))
        assert front.is_visible() and not back.is_visible()
        button(page, "Show the answer").first.click()
        back.wait_for(state="visible")
        page.wait_for_function("e => getComputedStyle(e).visibility === 'hidden'", arg=front.element_handle())
        if card["kind"] == "plot":
            image = front.locator("img")
            assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 200
            assert len(image.get_attribute("alt")) > 40
        button(page, "I knew it").click()
    assert page.get_by_text(f"you knew {len(cards)} of {len(cards)} cards at once").is_visible()
    assert set(progress(page)["cards"]) == {card["id"] for card in cards}
    assert page.problems == []


def test_a_card_turns_by_mouse_touch_and_keyboard(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html", has_touch=True)
    back = current(page).locator(".flashcard-back")
    current(page).click()
    back.wait_for(state="visible")
    current(page).click()
    back.wait_for(state="hidden")
    current(page).tap()
    back.wait_for(state="visible")
    page.keyboard.press("Space")
    back.wait_for(state="hidden")
    button(page, "Show the answer").first.focus()
    page.keyboard.press("Enter")
    back.wait_for(state="visible")
    assert page.evaluate("document.activeElement.className") == "flashcard-back", "the answer is what is read next"
    page.keyboard.press("2")
    assert place(page).startswith("Card 2 of")
    page.keyboard.press("ArrowRight")
    assert place(page).startswith("Card 3 of")
    page.keyboard.press("ArrowLeft")
    assert place(page).startswith("Card 2 of")
    page.keyboard.press("1")
    assert place(page).startswith("Card 2 of"), "the question is not answered before the answer was seen"
    assert page.url == f"{server}/chapters/neurons.html", "an arrow key turned the page"


def test_the_hidden_side_of_a_card_is_not_read_aloud(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    panel = page.get_by_role("group", name="Flashcards")
    question, answer = "How many spikes per second does a constant current", "it creeps toward the threshold"
    tree = panel.aria_snapshot()
    assert question in tree and answer not in tree and 'article "Card 1 of' in tree
    button(page, "Show the answer").first.click()
    page.wait_for_timeout(600)
    tree = panel.aria_snapshot()
    assert question not in tree and answer in tree


def test_a_missed_card_returns_and_does_not_climb_in_the_same_round(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    cards = STUDIES["neurons"]["cards"]
    for number in range(len(cards)):
        button(page, "Show the answer").first.click()
        button(page, "Not yet" if number == 1 else "I knew it").click()
    assert place(page) == f"Card {len(cards) + 1} of {len(cards) + 1} (once more) · box 1"
    assert current(page).get_attribute("data-card") == cards[1]["id"]
    button(page, "Show the answer").first.click()
    button(page, "I knew it").click()
    assert page.get_by_text(f"you knew {len(cards) - 1} of {len(cards)} cards at once").is_visible()
    state = progress(page)["cards"]
    assert state[cards[1]["id"]]["box"] == 1 and state[cards[1]["id"]]["missed"]
    assert {entry["box"] for name, entry in state.items() if name != cards[1]["id"]} == {2}
    button(page, "Only what I missed").click()
    assert place(page).startswith("Card 1 of 1")
    button(page, "Skip ›").click()
    button(page, "All cards again").click()
    assert place(page).startswith(f"Card 1 of {len(cards)}")


@pytest.mark.parametrize("viewport", [book.DESKTOP, book.PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_cards_and_questions_are_accessible_in_every_state(scheme, viewport, server, open_page):
    page = open_page(f"{server}/chapters/neurons.html", color_scheme=scheme, viewport=viewport)
    button(page, "Show the answer").first.click()
    page.wait_for_timeout(600)
    single, multiple, number = (
        page.locator(f"[data-quiz] .quiz-question[data-kind={kind}]").first for kind in ("single", "multiple", "number")
    )
    wrong = single.locator(".quiz-option:not([data-right]) input").first
    wrong.check()
    button(single, "Check").click()
    multiple.locator(".quiz-option[data-right] input").first.check()
    button(multiple, "Check").click()
    button(multiple, "Show the answer").click()
    number.locator("input").fill("12")
    button(number, "Check").click()
    for within in (".deck", "[data-quiz]"):
        assert accessibility.findings(page, within) == []
    assert page.evaluate("document.scrollingElement.scrollWidth - window.innerWidth") <= 0


def test_without_motion_a_card_turns_at_once(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html", reduced_motion="reduce")
    seconds = (
        current(page).locator(".flashcard-back").evaluate("e => parseFloat(getComputedStyle(e).transitionDuration)")
    )
    assert seconds < 0.001


def test_without_scripts_and_on_paper_every_answer_is_there(server, open_page):
    plain = open_page(f"{server}/chapters/neurons.html", java_script_enabled=False)
    paper = open_page(f"{server}/chapters/neurons.html")
    paper.emulate_media(media="print")
    study = STUDIES["neurons"]
    for page in (plain, paper):
        for selector in (".flashcard-front", ".flashcard-back"):
            assert page.locator(selector).count() == len(study["cards"])
            assert all(card.is_visible() for card in page.locator(selector).all())
        explained = sum(len(question.get("options", [1])) for question in study["quiz"])
        assert page.locator("[data-quiz] .quiz-why").count() == explained
        assert all(why.is_visible() for why in page.locator("[data-quiz] .quiz-why").all())
        assert not page.get_by_role("button", name="Check").first.is_visible()


def test_before_the_script_has_run_no_answer_is_seen(server, open_page):
    page = open_page("about:blank")
    page.route(re.compile(r"study_aids\.js"), lambda route: route.abort())
    page.goto(f"{server}/chapters/neurons.html")
    assert [card.is_visible() for card in page.locator(".flashcard").all()].count(True) == 1
    assert not any(back.is_visible() for back in page.locator(".flashcard-back, .quiz-why").all())


# ---- quizzes ----


@each_chapter
def test_every_question_takes_its_right_answer_and_no_other(slug, server, open_page):
    page = open_page(f"{server}/chapters/{slug}.html")
    forms = page.locator("[data-quiz] .quiz-question")
    questions = STUDIES[slug]["quiz"]
    assert forms.count() == len(questions)
    for question in questions:
        form = page.locator(f"[id='{question['id']}']")
        status = form.get_by_role("status")
        assert not any(why.is_visible() for why in form.locator(".quiz-why").all())
        if question["kind"] == "number":
            for value, answer in (
                (question["answer"] + 3 * question["tolerance"] + 1, "too large"),
                ("", "Write a number"),
            ):
                form.locator("input").fill(str(value))
                form.locator("input").press("Enter")
                assert answer in status.text_content()
            form.locator("input").fill(str(question["answer"]))
        elif question["kind"] == "single":
            for number, option in enumerate(question["options"]):
                if "right" not in option:
                    form.locator("input").nth(number).check()
                    button(form, "Check").click()
                    assert "Not this one" in status.text_content()
                    assert form.locator(".quiz-why").nth(number).is_visible(), "why it is wrong is not told"
                    assert form.locator(".quiz-why:visible").count() == 1, "more is told than was asked"
            form.locator(".quiz-option[data-right] input").check()
        else:
            wrong = next((n for n, option in enumerate(question["options"]) if "right" not in option), None)
            for box in form.locator(".quiz-option[data-right] input").all():
                box.check()
            if wrong is not None:
                form.locator("input").nth(wrong).check()
                button(form, "Check").click()
                assert "is wrong" in status.text_content()
                form.locator("input").nth(wrong).uncheck()
        button(form, "Check").click()
        assert status.text_content() in ("Right.", "Right at the first try.")
        assert all(why.is_visible() for why in form.locator(".quiz-why").all())
        assert form.locator(".quiz-see a").get_attribute("href").startswith("#")
    assert f"{len(questions)} of {len(questions)} answered" in page.locator(".quiz-score").text_content()
    assert page.problems == []


def test_the_score_counts_the_first_try_and_stays(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    first, second, third = page.locator("[data-quiz] .quiz-question:not([data-kind=number])").all()[:3]
    for box in first.locator(".quiz-option[data-right] input").all():
        box.check()
    button(first, "Check").click()
    assert first.get_by_role("status").text_content() == "Right at the first try."
    second.locator(".quiz-option:not([data-right]) input").first.check()
    button(second, "Check").click()
    assert button(second, "Show the answer").is_visible()
    button(second, "Show the answer").click()
    assert second.get_by_role("status").text_content() == "This is the answer."
    assert second.locator("input").first.is_disabled()
    button(third, "Check").click()
    assert third.get_by_role("status").text_content() == "Choose an answer first."
    total = len(STUDIES["neurons"]["quiz"])
    score = f"2 of {total} answered, 1 right at the first try."
    assert page.locator(".quiz-score").text_content() == score
    page.reload()
    assert page.locator(".quiz-score").text_content() == score
    assert "Last time: Answered right at the first try." in page.locator("[data-quiz]").text_content()
    assert "You had the answer shown." in page.locator("[data-quiz]").text_content()
    button(page, "Start the quiz again").click()
    assert page.locator(".quiz-score").text_content() == f"{total} questions."
    assert progress(page)["quiz"] == {}


def test_a_half_right_choice_is_told_apart_from_a_wrong_one(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    form = page.locator("[data-quiz] .quiz-question[data-kind=multiple]").first
    form.locator(".quiz-option[data-right] input").first.check()
    button(form, "Check").click()
    assert form.get_by_role("status").text_content() == "What you chose is right, but something is missing. Try again."
    assert not form.locator(".quiz-why:visible").count()


def test_a_quiz_is_taken_with_the_keyboard_alone(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    question = next(question for question in STUDIES["neurons"]["quiz"] if question["kind"] == "single")
    form = page.locator(f"[id='{question['id']}']")
    right = next(number for number, option in enumerate(question["options"]) if "right" in option)
    form.locator("input").first.focus()
    page.keyboard.press("Space")
    for _ in range(right):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert form.get_by_role("status").text_content() == "Right at the first try."
    assert page.evaluate("document.activeElement.className") == "quiz-text", "the focus is lost with the button"
    assert page.url == f"{server}/chapters/neurons.html", "an arrow key turned the page"


NUMBERS = {
    "0.5": 0.5, "0,5": 0.5, ".5": 0.5, " −3 ": -3, "-3": -3, "3e-4": 3e-4, "1/2": 0.5, "50 %": 50, "12,832": 12832,
    "1,234,567.5": 1234567.5, "+2": 2, "5.": 5, "": None, "abc": None, "1/2/3": None, "12 updates": None, "--1": None,
}  # fmt: skip


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_are_read_as_people_write_them(text, server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    form = page.locator("[data-quiz] .quiz-question[data-kind=number]").first
    value = NUMBERS[text]
    entry = form.locator(".quiz-entry")
    entry.evaluate("(e, v) => { e.dataset.answer = v; e.dataset.tolerance = 0; }", 0 if value is None else value)
    form.locator("input").fill(text)
    form.locator("input").press("Enter")
    said = form.get_by_role("status").text_content()
    assert said.startswith("Write a number") if value is None else said == "Right at the first try."


def test_a_tolerance_takes_its_ends(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    form = page.locator("[data-quiz] .quiz-question[data-kind=number]").first
    form.locator(".quiz-entry").evaluate("e => { e.dataset.answer = 0.3; e.dataset.tolerance = 0.1; }")
    for text, said in (("0.41", "too large"), ("0.19", "too small"), ("0.4", "Right")):
        form.locator("input").fill(text)
        form.locator("input").press("Enter")
        assert said in form.get_by_role("status").text_content()


# ---- progress ----


def test_progress_is_cleared_and_brought_back(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    button(page, "Show the answer").first.click()
    button(page, "I knew it").click()
    before = progress(page)
    assert len(before["cards"]) == 1
    clear = button(page, "Clear all my progress").first
    clear.click()
    assert not any(progress(page).values())
    button(page, "Undo").first.click()
    assert progress(page) == before


def test_a_second_page_does_not_undo_the_first(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    other = page.context.new_page()
    other.goto(f"{server}/chapters/convolutions.html")
    for each in (page, other):
        button(each, "Show the answer").first.click()
        button(each, "I knew it").click()
    assert {name.split("-")[0] for name in progress(page)["cards"]} == {"neurons", "convolutions"}


@pytest.mark.parametrize(
    "stored", ["{broken", "[1, 2]", "null", '{"cards": {"a": {"box": 99}, "b": 7}, "quiz": {"c": "?"}}']
)
def test_damaged_progress_is_left_behind(stored, server, open_page):
    page = open_page(f"{server}/reference/coming.html")
    page.evaluate("([name, text]) => localStorage.setItem(name, text)", [STORE, stored])
    page.goto(f"{server}/reference/flashcards.html")
    current(page).wait_for()
    assert page.get_by_text(f"what is due ({CARDS})").is_visible()
    button(page, "Show the answer").first.click()
    button(page, "I knew it").click()
    assert len(progress(page)["cards"]) == 1
    assert page.problems == []


def test_without_storage_everything_works_and_says_so(server, open_page):
    page = open_page("about:blank")
    page.add_init_script(
        "for (const name of ['getItem', 'setItem']) Storage.prototype[name] = () => { throw new DOMException('no'); };"
    )
    page.goto(f"{server}/chapters/neurons.html")
    button(page, "Show the answer").first.click()
    button(page, "I knew it").click()
    assert place(page).startswith("Card 2 of")
    assert page.get_by_text("your progress is forgotten when you leave it").first.is_visible()


# ---- all cards ----


def chapters_of(part):
    """The slugs of the chapters in one part of the book, in its order."""
    parts = yaml.safe_load((book.ROOT / "_toc.yml").read_text(encoding="utf-8"))["parts"]
    return [entry["file"].split("/")[1] for p in parts if p["caption"] == part for entry in p["chapters"]]


def test_the_box_filters_by_part_chapter_and_kind(server, open_page):
    page = open_page(f"{server}/reference/flashcards.html")
    current(page).wait_for()
    cases = {
        "": STUDIES,
        "All of Training": chapters_of("Training"),
        "Neurons and perceptrons": ["neurons"],
    }
    for label, slugs in cases.items():
        page.get_by_label("From").select_option(label=label or "The whole book")
        for kind in (None, "formula", "plot"):
            page.get_by_label("Kind").select_option(kind or "")
            wanted = [c["id"] for s in slugs for c in STUDIES[s]["cards"] if kind in (None, c["kind"])]
            page.get_by_text(f"Card 1 of {len(wanted)} ").wait_for()
            assert page.get_by_role("radio", name=f"all ({len(wanted)})").is_checked()
    page.get_by_label("Shuffle").uncheck()
    for card in wanted:
        page.locator(f".flashcard.current[data-card='{card}']").wait_for()
        button(page, "Skip ›").click()
    assert page.get_by_text("That was the last card.").is_visible()
    assert page.problems == []


def test_shuffling_changes_the_order_and_loses_no_card(server, open_page):
    page = open_page(f"{server}/reference/flashcards.html")
    page.get_by_label("From").select_option(label="Neurons and perceptrons")
    cards = [card["id"] for card in STUDIES["neurons"]["cards"]]
    seen = []
    for number in range(len(cards)):
        page.locator(".deck-place", has_text=f"Card {number + 1} of").wait_for()
        current(page).wait_for()
        seen.append(current(page).get_attribute("data-card"))
        button(page, "Skip ›").click()
    assert sorted(seen) == sorted(cards) and seen != cards


def test_show_me_what_i_missed(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    for knew in (False, True, False):
        button(page, "Show the answer").first.click()
        button(page, "I knew it" if knew else "Not yet").click()
    page.goto(f"{server}/reference/flashcards.html")
    page.get_by_role("radio", name="what I missed (2)").check()
    page.get_by_text("Card 1 of 2 ").wait_for()
    missed = {STUDIES["neurons"]["cards"][n]["id"] for n in (0, 2)}
    for _ in missed:
        assert current(page).get_attribute("data-card") in missed
        button(page, "Show the answer").first.click()
        button(page, "I knew it").click()
    assert page.get_by_text("you knew 2 of 2 cards at once").is_visible()
    assert page.get_by_text("what I missed (0)").is_visible()
    page.get_by_role("radio", name="what is due").check()
    page.get_by_role("radio", name="what I missed (0)").check()
    assert page.get_by_text("No card is left in this choice.").is_visible()


def test_a_known_card_is_due_again_after_the_days_of_its_box(server, open_page):
    page = open_page("about:blank")
    page.clock.install(time="2026-03-02T12:00:00")
    name = STUDIES["neurons"]["cards"][0]["id"]
    waited = [1, 3, 7, 21, 21]  # days after the first, second, ... time that it was known
    for box, days in zip([2, 3, 4, 5, 5], waited, strict=True):
        page.goto(f"{server}/chapters/neurons.html")
        button(page, "Show the answer").first.click()
        button(page, "I knew it").click()
        assert progress(page)["cards"][name]["box"] == box
        for later, due in ((days - 1, CARDS - 1), (1, CARDS)):
            if later:
                page.clock.fast_forward(later * DAY)
            page.goto(f"{server}/reference/flashcards.html")
            page.get_by_text(f"what is due ({due})").wait_for()
    page.goto(f"{server}/chapters/neurons.html")
    button(page, "Show the answer").first.click()
    button(page, "Not yet").click()
    assert progress(page)["cards"][name]["box"] == 1, "a missed card falls into the first box"


def test_cards_that_cannot_be_loaded_are_told_and_tried_again(server, open_page):
    page = open_page("about:blank")
    page.route(re.compile(r"_static/study/"), lambda route: route.abort())
    page.goto(f"{server}/reference/flashcards.html")
    page.get_by_text("could not be loaded").wait_for()
    page.unroute(re.compile(r"_static/study/"))
    button(page, "Try again").click()
    current(page).wait_for()
    assert place(page).startswith("Card 1 of")


def test_the_box_is_light_until_it_is_used_and_then_prints_its_cards(server, open_page):
    page = open_page(f"{server}/reference/flashcards.html")
    page.get_by_label("Shuffle").wait_for()
    current(page).wait_for()
    fetched = {url for url in page.requested if "/_static/study/" in url}
    assert len(fetched) == 1, "one chapter's cards are enough for the first card"
    page.get_by_label("From").select_option(label="All of Training")
    page.get_by_label("Kind").focus()
    page.wait_for_load_state("networkidle")
    wanted = sum(len(STUDIES[slug]["cards"]) for slug in chapters_of("Training"))
    page.wait_for_function(f"document.querySelectorAll('.deck-box .flashcard').length === {wanted}")
    page.emulate_media(media="print")
    assert all(back.is_visible() for back in page.locator(".deck-box .flashcard-back").all())


def test_all_cards_work_from_disk(site, open_page):
    page = open_page((site / "reference/flashcards.html").as_uri())
    page.get_by_label("Kind").select_option("plot")
    current(page).wait_for()
    button(page, "Show the answer").first.click()
    current(page).locator(".flashcard-back").wait_for(state="visible")
    image = current(page).locator("img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") > 200
    assert all(url.startswith(("file:", "about:", "data:")) for url in page.requested)


def test_formulas_of_loaded_cards_are_drawn(server, open_page):
    page = open_page(f"{server}/reference/flashcards.html")
    page.get_by_label("Kind").select_option("formula")
    current(page).wait_for()
    for _ in range(5):
        missing = current(page).evaluate(
            "card => [...card.querySelectorAll('use')]"
            ".filter(use => !document.querySelector(use.getAttribute('href'))).length"
        )
        assert missing == 0
        assert current(page).locator("svg").first.bounding_box() is not None or "$" not in current(page).text_content()
        button(page, "Skip ›").click()


# ---- the cheat sheet and the glossary ----


def test_the_cheat_sheet_finds_words_and_verdicts(server, open_page):
    page = open_page(f"{server}/reference/cheat-sheet.html")
    sheet = yaml.safe_load((book.ROOT / "assets/cheatsheet.yml").read_text(encoding="utf-8"))
    lines = [line for entries in sheet.values() for line in entries]
    shown = page.locator("tr.line:visible")
    assert shown.count() == len(lines)
    page.get_by_label("Find").fill("dropout rates")
    assert {row.get_attribute("id") for row in shown.all()} == {"regularization-dropout-rates"}
    assert page.locator(".sheet-part:visible").count() == 1 and page.locator(".sheet:visible").count() == 1
    assert page.get_by_text(f"1 of {len(lines)} lines.").is_visible()
    page.get_by_label("Find").fill("Lambda")
    assert shown.count() >= 3, "formulas are found by the names of their symbols"
    page.get_by_label("Find").fill("")
    page.get_by_label("Verdict").select_option("corrected")
    assert shown.count() == sum(line["verdict"] == "corrected" for line in lines)
    page.get_by_label("Find").fill("no such words")
    assert shown.count() == 0 and page.get_by_text(f"0 of {len(lines)} lines.").is_visible()


def test_each_line_leads_to_its_experiment(server, open_page, site):
    page = open_page(f"{server}/reference/cheat-sheet.html")
    rows = page.locator("tr.line").evaluate_all(
        "rows => rows.map(row => [row.id, [...row.querySelectorAll('td.see a')].map(a => a.getAttribute('href'))])"
    )
    assert rows
    for name, addresses in rows:
        chapter = next(slug for slug in SLUGS if name.startswith(f"{slug}-"))
        assert len(addresses) == 1 and addresses[0].startswith(f"../chapters/{chapter}.html#")


def test_the_printed_cheat_sheet_takes_two_pages_a_part_or_fewer(server, open_page, tmp_path):
    page = open_page(f"{server}/reference/cheat-sheet.html")
    page.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    pages = pypdf.PdfReader(tmp_path / "sheet.pdf").pages
    for each in pages:
        assert (round(each.mediabox.width), round(each.mediabox.height)) == (595, 842), "not A4"
    texts = [" ".join(each.extract_text().split()) for each in pages]
    parts = page.locator(".sheet-part > h2").all_text_contents()
    starts = [next(i for i, text in enumerate(texts) if part.strip("#") in text[:1500]) for part in parts]
    for start, end in zip(starts, [*starts[1:], len(texts)], strict=True):
        assert 0 < end - start <= 2, "a part takes more than two pages"
    lines = page.locator("tr.line").count()
    printed = sum(
        text.count(verdict) for text in texts for verdict in ("measured", "refined", "corrected", "definition")
    )
    assert printed >= lines, "lines are missing on paper"


def test_the_glossary_finds_a_term_by_its_other_name(server, open_page):
    page = open_page(f"{server}/reference/glossary.html")
    page.get_by_label("Find").fill("nerve cell")
    terms = [term.text_content().strip() for term in page.locator("dl.glossary dt:visible").all()]
    assert [term.rstrip("#") for term in terms] == ["neuron", "nerve cell"]
    assert page.locator("dl.glossary dd:visible").count() == 1


def test_a_term_in_a_chapter_leads_to_the_glossary(server, open_page):
    page = open_page(f"{server}/chapters/neurons.html")
    page.locator("a:has(.glossary-term)", has_text="dendrites").click()
    page.wait_for_url(re.compile(r"reference/glossary\.html#term-dendrite$"))
    assert page.locator("#term-dendrite").is_visible()


def test_the_search_finds_a_term_and_a_card(server, open_page):
    page = open_page(f"{server}/search.html?q=catapult")
    page.locator("#search-results li a").first.wait_for()
    links = page.locator("#search-results li a").evaluate_all("links => links.map(a => a.href)")
    assert any("reference/glossary" in link for link in links)
