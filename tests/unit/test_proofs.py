"""Which notebooks the passes of the tests run."""

import book
import nbformat
import proofs
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PATH = "chapters/one.ipynb"


@pytest.fixture
def small(tmp_path, monkeypatch):
    """A small book with one chapter and no proof."""
    monkeypatch.setattr(proofs, "ROOT", tmp_path)
    monkeypatch.setattr(proofs, "PROOFS", tmp_path / "proofs.json")
    for name in ["requirements.txt", *proofs.FILES["colab"], *proofs.FILES["plain"]]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text((book.ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "chapters").mkdir()
    write(tmp_path, "print(1)", "1\n", "Prose.")
    return tmp_path


def write(folder, source, text, prose):
    output = new_output("stream", text=text)
    cells = [new_markdown_cell(prose), new_code_cell(source, outputs=[output])]
    nbformat.write(new_notebook(cells=cells), folder / PATH)


def unproven(of_pass="plain"):
    return proofs.digest(PATH, of_pass) != proofs.read().get(of_pass, {}).get(PATH)


def prove():
    for of_pass in proofs.FILES:
        proofs.begin(of_pass, everything=True)
        proofs.record(of_pass, proofs.notebooks(of_pass))


def test_what_is_proven_rests_until_its_turn(small):
    assert unproven()
    prove()
    assert not unproven() and not unproven("colab")


@pytest.mark.parametrize(("source", "text"), [("print(2 - 1)", "1\n"), ("print(1)", "2\n")])
def test_changed_code_or_output_is_run_again(small, source, text):
    prove()
    write(small, source, text, "Prose.")
    assert unproven() and unproven("colab")


def test_changed_prose_is_not(small):
    prove()
    write(small, "print(1)", "1\n", "Better prose.")
    assert not unproven()


@pytest.mark.parametrize("name", ["requirements.txt", "tests/matrix/plain-instructions.env"])
def test_another_computer_is_another_proof(small, name):
    prove()
    text = (small / name).read_text(encoding="utf-8")
    (small / name).write_text(text.replace("torch==", "torch==9").replace("OMP_NUM_THREADS=1", "OMP_NUM_THREADS=3"))
    assert unproven()


def test_what_changed_while_it_ran_gets_no_proof(small):
    proofs.begin("plain", everything=True)
    write(small, "print(3)", "3\n", "Prose.")
    assert proofs.record("plain", proofs.notebooks("plain")) == 0 and unproven()


def test_the_proof_of_a_notebook_that_is_gone_goes(small):
    prove()
    (small / PATH).unlink()
    proofs.begin("plain", everything=True)
    proofs.record("plain", proofs.notebooks("plain"))
    assert proofs.read()["plain"] == {}


def test_each_has_its_turn_within_the_days():
    digests = {f"chapters/{number:02}.ipynb": "0" for number in range(48)}
    turns = [proofs.due(digests, digests, day) for day in range(100, 100 + proofs.DAYS)]
    assert sorted(path for turn in turns for path in turn) == sorted(digests)
    assert max(len(turn) for turn in turns) <= len(digests) / proofs.DAYS + 1


@pytest.mark.parametrize(
    ("name", "of_pass"),
    [
        ("tests/notebooks/wrong_answers/one.yml", "answers"),
        ("extensions/grading/grading/course.py", "answers"),
        ("assets/study/one.yml", "pages"),
        ("extensions/static_interact/static_interact/static/slider.js", "pages"),
    ],
)
def test_what_a_pass_depends_on_changes_its_proof(name, of_pass, small):
    before = proofs.digest(PATH, of_pass)
    (small / name).parent.mkdir(parents=True)
    (small / name).write_text("new", encoding="utf-8")
    other = {"answers": "pages", "pages": "answers"}[of_pass]
    unconcerned = proofs.digest(PATH, other)
    assert proofs.digest(PATH, of_pass) != before
    (small / name).unlink()
    assert proofs.digest(PATH, of_pass) == before and proofs.digest(PATH, other) == unconcerned


def test_each_file_that_a_pass_names_is_there():
    for of_pass, places in proofs.FILES.items():
        for place in places:
            assert list(book.ROOT.glob(place.replace("{}", "neurons"))), (of_pass, place)
