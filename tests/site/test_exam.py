"""An exam on paper: two versions of the same questions, and a key that fits each of them."""

import re
import subprocess
import sys
from pathlib import Path

import book
import pypdf
import pytest
import yaml
from measured_book.export import exam
from measured_book.study import variants

pytestmark = pytest.mark.built
COUNT, SEED = 4 * len(book.chapters()), 4  # four questions of each chapter, so one of each kind


@pytest.fixture(scope="module")
def drawn(site):
    """The versions of an exam from all chapters: for each the chapter, the id and the question, in its order."""
    found = {path.stem: exam.questions(site, path.stem)[0] for path in book.chapters()}
    chosen = exam.draw(found, COUNT, SEED)
    return {name: exam.version(chosen, found, SEED, name) for name in exam.VERSIONS}


def identifier(question):
    """The id of a question, without the number of a variant."""
    name = question.form.get("id")
    return name if name in ENTRIES else name.rpartition("-")[0]


ENTRIES = {}
for path in book.chapters():
    study = yaml.safe_load((book.ROOT / f"assets/study/{path.stem}.yml").read_text(encoding="utf-8"))
    ENTRIES |= {entry["id"]: entry for entry in study["quiz"]}
    ENTRIES |= {entry["id"]: entry | {"kind": "number"} for entry in study.get("practice", [])}


def printed(site, target):
    """The files of the exam; a process of its own, since a browser of other tests may be open in this one."""
    command = [sys.executable, "-m", "measured_book.export.exam", site, target, "--questions", COUNT, "--seed", SEED]
    result = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return [Path(line) for line in result.stdout.splitlines()]


def test_both_versions_ask_the_same_in_another_order_and_with_other_numbers(drawn):
    first, second = ([identifier(question) for question in drawn[name]] for name in exam.VERSIONS)
    assert sorted(first) == sorted(second) and len(set(first)) == COUNT
    assert first != second
    by_name = [{identifier(q): q for q in drawn[name]} for name in exam.VERSIONS]
    varied = [name for name in first if "numbers" in ENTRIES[name]]
    practised = {name.partition("-p-")[0] for name, entry in ENTRIES.items() if "numbers" in entry}
    assert {name.partition("-p-")[0] for name in varied} == practised
    for name in varied:
        assert by_name[0][name].form.get("id") != by_name[1][name].form.get("id")
    assert any(by_name[0][name].order != by_name[1][name].order for name in first if by_name[0][name].order)


@pytest.mark.parametrize("name", exam.VERSIONS)
def test_the_key_fits_the_order_of_options_and_the_numbers(name, drawn):
    for question in drawn[name]:
        entry = ENTRIES[identifier(question)]
        if entry["kind"] == "number":
            number = question.answer.partition(" ")[0].replace(",", "").replace("−", "-")
            if "numbers" in entry:
                version = int(question.form.get("id").rpartition("-")[2])
                entry = variants.variants(entry)[version - 1]
            assert float(number) == pytest.approx(entry["answer"], rel=1e-3)
        else:
            letters = question.answer.split(", ")
            right = {entry["options"][question.order[exam.LETTERS.index(letter)]]["text"] for letter in letters}
            assert right == {option["text"] for option in entry["options"] if "right" in option}


def test_each_chapter_asks_as_much_as_the_others(drawn):
    counts = [sum(question.chapter == path.stem for question in drawn["A"]) for path in book.chapters()]
    assert sum(counts) == COUNT and max(counts) - min(counts) <= 1


def test_the_files_hold_what_was_drawn(site, drawn, tmp_path):
    paths = printed(site, tmp_path)
    assert [path.name for path in paths] == ["exam-A.pdf", "exam-B.pdf", "exam-key.pdf"]
    texts = [" ".join(page.extract_text() for page in pypdf.PdfReader(path).pages) for path in paths]
    for name, text in zip(exam.VERSIONS, texts, strict=False):
        assert f"version {name}" in text and f"{COUNT} questions, one point each" in text
        assert "Answer:" in text and "✓" not in text
        for question in drawn[name]:
            for why in question.parts("quiz-why"):
                words = re.findall(r"[A-Za-z]{5,} [A-Za-z]{5,} [A-Za-z]{5,}", why.text_content())
                assert not any(each in " ".join(text.split()) for each in words[:1]), (
                    "an explanation gives an answer away"
                )
    assert texts[2].count("Version") == 2
    again = printed(site, tmp_path / "again")
    assert [" ".join(page.extract_text() for page in pypdf.PdfReader(path).pages) for path in again] == texts


MISTAKES = {
    "no such chapter": (["--chapters", "neuron"], "the site has no questions of 'neuron'. There are: activations, "),
    "too many": (["--chapters", "neurons", "--questions", "500"], "500 questions are wanted, and the chapters have "),
    "none": (["--questions", "0"], "an exam has one question or more"),
    "no site": (None, "measured-exam: "),
    "no browser": (["--chromium", "/nowhere"], "Chromium is missing (/nowhere)"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_told(mistake, site, tmp_path, capsys):
    arguments, words = MISTAKES[mistake]
    where = site if arguments is not None else tmp_path
    assert exam.main([str(where), str(tmp_path / "exam"), *(arguments or [])]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "exam").exists() or not list((tmp_path / "exam").iterdir())
