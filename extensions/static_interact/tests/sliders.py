"""How tests open a page, move a slider and see what it shows: these of the package, and those of a book."""

import contextlib
import itertools
import json


@contextlib.contextmanager
def pages(browser):
    """A function that opens an address in a context of its own, with Playwright's options; all are closed at the end.

    What the console complains of is collected in the page's `problems`, and what was asked for in `requested`.
    """
    with contextlib.ExitStack() as contexts:

        def open_page(url, **options):
            context = contexts.enter_context(
                browser.new_context(**({"viewport": {"width": 1280, "height": 900}} | options))
            )
            page = context.new_page()
            page.problems, page.requested = [], []
            page.on("console", lambda m: page.problems.append(m.text) if m.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: page.problems.append(str(error)))
            page.on("request", lambda request: page.requested.append(request.url))
            page.goto(url)
            page.wait_for_load_state("load")
            return page

        yield open_page


def frames(page, figure):
    """The slider's data, as its script reads it."""
    return json.loads(figure.locator("script[type='application/json']").text_content())


def wait_for_position(figure, position):
    figure.locator(f".static-interact-frame[data-position='{position}']:not([aria-busy])").wait_for(timeout=10_000)


def shown(figure):
    """What the frame shows: the file names of its images and the texts, in order."""
    return figure.locator(".static-interact-frame").evaluate(
        "frame => [...frame.children].map(e => e.tagName === 'IMG' ? e.src.split('/').pop() : e.textContent)"
    )


def expected(data, position):
    return [part.get("image", part.get("text")) for part in data["frames"][data["index"][position]]]


def set_choices(figure, data, choices):
    """Move every control to the given choice with real input events; return the position."""
    position = 0
    for control, choice in zip(data["controls"], choices, strict=True):
        position = position * len(control["labels"]) + choice
        element = figure.locator(f"[data-control='{control['name']}']")
        kind = element.evaluate("e => e.type === 'fieldset' ? 'radio' : e.type || e.tagName.toLowerCase()")
        if element.evaluate("e => e.classList.contains('interval')"):
            ends = range(len(control["ends"]))
            pair = list(itertools.combinations_with_replacement(ends, 2))[choice]
            for end, place in zip(element.locator("input").all(), pair, strict=True):
                end.evaluate(
                    "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", str(place)
                )
        elif kind == "checkbox":
            element.set_checked(bool(choice))
        elif kind == "radio":
            element.locator("input").nth(choice).check(force=True)
        elif kind.startswith("select"):
            element.select_option(index=choice)
        else:
            element.evaluate(
                "(e, v) => { e.value = v; e.dispatchEvent(new Event('input', {bubbles: true})); }", str(choice)
            )
    return position
