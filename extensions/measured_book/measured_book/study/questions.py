"""The questions of a chapter as a small script: the page for practice loads them, and its own page other variants.

A script and no JSON: a page opened from disk may load the one and not the other.
"""

import posixpath
from pathlib import Path

from . import cards
from .pages import QUESTION_FOLDER


def take(page) -> int:
    """Write the script with the questions of a finished page, by id a list of variants; returns how many ids.

    Of a question whose numbers vary the page keeps the first variant. A step of the finishing pass. Addresses in the
    script are as from its own folder.
    """
    quizzes, templates = page.tree.xpath("//*[@data-quiz]"), page.tree.xpath("//*[@data-template]")
    if not (quizzes and page.app.config.study_aids_practice_page) and not templates:
        return 0
    slug = (quizzes[0].get("data-quiz") if quizzes else "") or templates[0].getparent().get("data-practice")
    path = f"{QUESTION_FOLDER}/{slug}.js"
    found = {form.get("id"): [form] for quiz in quizzes for form in quiz.iterchildren("form")}
    found |= {template.get("data-template"): list(template.iterchildren("form")) for template in templates}
    html = {name: [cards.moved(form, page.name, path) for form in forms] for name, forms in found.items()}
    glyphs = cards.glyphs(page, [form for forms in found.values() for form in forms])
    cards.write_script(Path(page.app.outdir, path), "receiveQuestions", slug, {"questions": html, "glyphs": glyphs})
    for template in templates:
        for form in list(template.iterchildren("form"))[1:]:
            form.drop_tree()
    page.record["questions"] = posixpath.basename(path)
    return len(found)
