"""The place for practice in a real browser: new numbers, mock exams, and where a reader stands."""

import json

import accessibility
import book
import pytest
import yaml
from measured_book.study import variants

STORE = "study-aids/deep-learning-measured"
PAGE = "reference/practice.html"
STUDIES = {
    path.stem: yaml.safe_load((book.ROOT / f"assets/study/{path.stem}.yml").read_text(encoding="utf-8"))
    for path in book.chapters()
}
PRACTISED = [slug for slug, study in STUDIES.items() if "practice" in study]
QUESTIONS = {entry["id"]: entry for study in STUDIES.values() for entry in study["quiz"] + study.get("practice", [])}
EXAM = "#chapters=neurons,autoencoders&questions=8&minutes=5&seed=7"
SHOWN = """() => [...document.querySelectorAll(".exam-questions form")].map((form) => [form.id, form.innerText])"""


def progress(page):
    """What the page has stored."""
    return json.loads(page.evaluate(f"localStorage.getItem('{STORE}')") or "{}")


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def begun(open_page, server, address=EXAM, **options):
    """A page on which the exam of an address has begun."""
    page = open_page(f"{server}/{PAGE}{address}", **options)
    button(page, "Begin").click()
    page.locator(".exam-questions form").first.wait_for()
    return page


def forms(page):
    return page.locator(".exam-questions form").all()


def answer(form, right=True):
    """Answer a question of an exam, with all that is right or with what is wrong."""
    if form.get_attribute("data-kind") == "number":
        value = float(form.locator(".quiz-entry").get_attribute("data-answer"))
        form.locator("input").fill(str(value if right else value + 1000))
        return
    wanted = ".quiz-option[data-right] input" if right else ".quiz-option:not([data-right]) input"
    for box in form.locator(wanted).all():
        box.check()


# ---- new numbers ----


@pytest.mark.parametrize("slug", PRACTISED)
def test_the_page_has_each_variant_with_its_answer(slug, site, server, open_page):
    page = open_page(f"{server}/{PAGE}")
    loaded = page.evaluate(
        """slug => new Promise((resolve) => {
          const before = studyAids.receiveQuestions;
          studyAids.receiveQuestions = (_, { questions }) => {
            studyAids.receiveQuestions = before;
            resolve(questions);
          };
          const script = document.createElement("script");
          script.src = `../_static/study/questions/${slug}.js`;
          document.head.append(script);
        })""",
        slug,
    )
    study = STUDIES[slug]
    assert set(loaded) == {entry["id"] for entry in study["quiz"] + study["practice"]}
    for template in study["practice"]:
        found = page.evaluate(
            """all => all.map((html) => {
              const place = document.createElement("template");
              place.innerHTML = html;
              return Number(place.content.querySelector(".quiz-entry").dataset.answer);
            })""",
            loaded[template["id"]],
        )
        assert found == [variant["answer"] for variant in variants.variants(template)]


@pytest.mark.parametrize("slug", PRACTISED)
def test_a_chapter_draws_other_numbers(slug, server, open_page):
    page = open_page(f"{server}/chapters/{slug}.html")
    places = page.locator("[data-practice] .practice-question").all()
    assert len(places) == len(STUDIES[slug]["practice"])
    place = places[0]
    before = place.locator("form").get_attribute("id")
    place.locator("input").fill("-98765")
    button(place, "Check").click()
    assert "too small" in place.get_by_role("status").text_content()
    button(place, "New numbers").click()
    page.wait_for_function(
        "id => document.querySelector('[data-practice] .practice-question form').id !== id", arg=before
    )
    assert page.evaluate("document.activeElement.className") == "quiz-text"
    value = place.locator(".quiz-entry").get_attribute("data-answer")
    place.locator("input").fill(value)
    place.locator("input").press("Enter")
    assert place.get_by_role("status").text_content() == "Right at the first try."
    assert progress(page)["practice"] == {STUDIES[slug]["practice"][0]["id"]: {"tried": 1, "right": 1}}
    assert page.problems == []


def test_one_question_after_another_from_the_chosen_chapters(server, open_page):
    page = open_page(f"{server}/{PAGE}")
    drill = page.locator(".drill")
    for box in drill.locator("[name=chapters]").all():
        box.set_checked(box.get_attribute("value") == PRACTISED[-1])
    seen = []
    button(drill, "Ask me").click()
    for _ in range(5):
        form = drill.locator(".quiz-question")
        form.wait_for()
        name = form.get_attribute("id").rpartition("-")[0] or form.get_attribute("id")
        assert any(name.startswith(template["id"]) for template in STUDIES[PRACTISED[-1]]["practice"])
        seen.append(form.get_attribute("id"))
        button(drill, "Next question").click()
        page.wait_for_function("id => document.querySelector('.drill .quiz-question').id !== id", arg=seen[-1])
    assert len(set(seen)) > 1
    for box in drill.locator("[name=chapters]").all():
        box.uncheck()
    button(drill, "Next question").click()
    assert drill.get_by_role("status").last.text_content() == "Choose a chapter that has such questions."


# ---- mock exams ----


def test_an_address_is_the_same_exam_for_everybody(server, open_page):
    first, second = (begun(open_page, server).evaluate(SHOWN) for _ in range(2))
    assert first == second and len(first) == 8
    names = [name for name, _ in first]
    assert len(set(names)) == 8
    homes = [next(slug for slug in STUDIES if name.startswith(f"{slug}-")) for name in names]
    assert homes.count("neurons") == homes.count("autoencoders") == 4
    other = begun(open_page, server, EXAM.replace("seed=7", "seed=8")).evaluate(SHOWN)
    assert other != first


def test_an_exam_is_marked_by_topic_and_its_sections_named(server, open_page):
    page = begun(open_page, server)
    questions = forms(page)
    for form in questions[:5]:
        answer(form)
    answer(questions[5], right=False)
    assert (
        page.locator(".exam-bar").text_content().startswith("5:00 left")
        or "4:5" in page.locator(".exam-bar").text_content()
    )
    assert "6 of 8 questions answered" in page.locator(".exam-bar").text_content()
    button(page, "Hand in").first.click()
    assert "2 questions have no answer. Hand in once more" in page.locator(".exam-stage").text_content()
    missed = [form.locator(".quiz-see a").text_content() for form in questions[5:]]
    button(page, "Hand in").first.click()
    assert page.locator(".exam-sum").text_content() == "5 of 8 points (63 %)"
    assert page.evaluate("document.activeElement.className") == "exam-sum"
    cells = page.locator(".exam-points tbody td").all_text_contents()
    assert sum(float(cell.partition(" of ")[0]) for cell in cells[::2]) == 5
    named = page.locator(".exam-points a").all_text_contents()
    assert sorted(set(missed)) == sorted(named)
    for link in page.locator(".exam-points a").all():
        assert "/chapters/" in link.get_attribute("href")
    assert page.locator(".exam-questions .quiz-why:visible").count()
    assert [result["points"] for result in progress(page)["exams"].values()] == [5]
    page.reload()
    button(page, "Begin").wait_for()
    assert "Your last 1 result" in page.locator(".exam").text_content()
    assert page.problems == []


def test_each_right_option_has_its_share_and_a_wrong_one_undoes_one(server, open_page):
    address = "#chapters=all&questions=60&minutes=0&seed=1"
    page = begun(open_page, server, address)
    assert "no limit of time" in page.locator(".exam-bar").text_content()
    form = next(
        form
        for form in forms(page)
        if form.get_attribute("data-kind") == "multiple" and form.locator(".quiz-option[data-right]").count() == 2
    )
    form.locator(".quiz-option[data-right] input").first.check()
    button(page, "Hand in").first.click()
    button(page, "Hand in").first.click()
    assert page.locator(".exam-sum").text_content().startswith("0.5 of 60 points")
    button(page, "The same once more").click()
    form.locator(".quiz-option[data-right] input").first.wait_for()
    again = page.locator(f"[id='{form.get_attribute('id')}']")
    again.locator(".quiz-option[data-right] input").first.check()
    again.locator(".quiz-option:not([data-right]) input").first.check()
    button(page, "Hand in").first.click()
    button(page, "Hand in").first.click()
    assert page.locator(".exam-sum").text_content().startswith("0 of 60 points")


def test_answers_outlive_a_reload_and_the_time_goes_on(server, open_page):
    page = begun(open_page, server)
    first = forms(page)[0]
    answer(first)
    given = first.locator("input").evaluate_all("all => all.map((e) => [e.value, e.checked])")
    page.reload()
    page.locator(".exam-questions form").first.wait_for()
    assert forms(page)[0].locator("input").evaluate_all("all => all.map((e) => [e.value, e.checked])") == given
    assert "1 of 8 questions answered" in page.locator(".exam-bar").text_content()
    button(page, "Give up").click()
    assert button(page, "Begin").is_visible()


def test_when_the_time_is_over_the_exam_is_handed_in(server, open_page):
    page = open_page(f"{server}/{PAGE}{EXAM}")
    page.clock.install()
    button(page, "Begin").click()
    page.locator(".exam-questions form").first.wait_for()
    answer(forms(page)[0])
    page.clock.fast_forward("04:01")
    page.locator(".exam-time.short").wait_for()
    page.clock.fast_forward("01:01")
    page.locator(".exam-sum").wait_for()
    assert page.locator(".exam-sum").text_content() == "The time is over. 1 of 8 points (13 %)"


ADDRESSES = {
    "#chapters=nothing,neurons": "The address asks for nothing: there is no such chapter. Choose here.",
    "#chapters=": "The address asks for no chapter: there is no such chapter. Choose here.",
    "#chapters=<img src=x onerror=alert(1)>": "The address asks for <img src=x onerror=alert(1)>: there is no such",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_of_no_exam_is_told(address, server, open_page):
    page = open_page(f"{server}/{PAGE}{address}")
    assert page.locator(".exam .quiz-status").text_content().startswith(ADDRESSES[address])
    assert page.locator(".exam [name=chapters]:checked").count() == len(STUDIES)
    assert page.problems == []


def test_numbers_of_an_address_have_limits(server, open_page):
    page = open_page(f"{server}/{PAGE}#chapters=neurons&questions=1e9&minutes=-5&seed=x")
    fields = page.locator(".exam-numbers input").evaluate_all("all => all.map((e) => e.value)")
    assert fields == ["60", "0", "1"]
    button(page, "Begin").click()
    page.locator(".exam-questions form").first.wait_for()
    count = len(STUDIES["neurons"]["quiz"]) + len(STUDIES["neurons"].get("practice", []))
    assert len(forms(page)) == count
    assert f"These chapters have {count} questions; all of them are here." in page.locator(".exam").text_content()


def test_an_answer_that_is_no_number_is_not_handed_in(server, open_page):
    page = begun(open_page, server, "#chapters=all&questions=60&minutes=0&seed=2")
    form = page.locator(".exam-questions form[data-kind=number]").first
    form.locator("input").fill("twelve")
    button(page, "Hand in").first.click()
    assert "An answer is no number." in page.locator(".exam-stage").text_content()
    assert form.locator("input").evaluate("e => e === document.activeElement")


def test_without_chapters_no_exam_begins(server, open_page):
    page = open_page(f"{server}/{PAGE}")
    for part in page.locator(".exam legend input").all():
        part.uncheck()
    assert page.locator(".exam [name=chapters]:checked").count() == 0
    button(page, "Begin").click()
    assert page.locator(".exam .quiz-status").text_content() == "Choose at least one chapter."


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_exam_can_be_perceived_by_everybody(scheme, server, open_page):
    page = begun(open_page, server, color_scheme=scheme)
    assert accessibility.findings(page, ".exam") == []
    for form in forms(page):
        answer(form, right=False)
    button(page, "Hand in").first.click()
    assert accessibility.findings(page, ".exam") == []


# ---- where the reader stands ----


def test_what_was_read_is_shown_and_cleared(server, open_page):
    page = open_page(f"{server}/index.html")
    assert not page.locator(".standing").is_visible(), "nothing was done yet"
    page.goto(f"{server}/chapters/neurons.html")
    assert progress(page).get("read", {}) == {}
    page.locator("[data-slug=neurons]").evaluate("e => e.scrollIntoView()")
    page.wait_for_function(f"JSON.parse(localStorage.getItem('{STORE}') || '{{}}').read?.neurons > 20000")
    page.goto(f"{server}/index.html")
    row = page.locator(".standing tbody tr")
    assert row.count() == 1
    assert row.text_content() == "Neurons and perceptronsyesnot yetnot yet"
    link = page.locator(".bd-sidebar-primary a.was-read")
    assert link.count() == 1 and "neurons" in link.get_attribute("href")
    row.get_by_role("link").click()
    page.wait_for_url("**/neurons.html")
    page.goto(f"{server}/index.html")
    button(page, "Clear all my progress").click()
    assert not page.locator(".standing tbody tr").count()
    assert not page.locator("a.was-read").count()
    assert button(page, "Undo").is_visible(), "until the page is left"
