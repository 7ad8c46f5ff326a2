"""The saboteur, on a notebook in which each change can be told by hand."""

import nbformat
import pytest
import saboteur
import yaml
from nbformat.v4 import new_code_cell, new_notebook

CELLS = {
    "setup": "import matplotlib.pyplot as plt\nimport random",
    "double": "def double(x, times=2):\n    return times * x",
    "claim": "random.seed(7)\nvalue = double(-3)\nassert value == -6, 'twice'",
    "shown": "round(abs(double(4.5)), ndigits=len('x'))",
    "loose": "spare = 5\nflag = not True",
    "figure": "fig, ax = plt.subplots(figsize=(3, 2))\nax.plot([1, 2], [3, 4])",
}


@pytest.fixture
def notebook(tmp_path):
    cells = [new_code_cell(source, id=name) for name, source in CELLS.items()]
    path = tmp_path / "small.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_constants_signs_operators_and_keywords_are_changed_and_neither_seeds_nor_assertions_nor_figures(notebook):
    found = [(each.cell, str(each)) for each in saboteur.all_changes(saboteur.cells_of(notebook))]
    assert found == [
        ("double", "2 -> 3"), ("double", "* -> /"), ("claim", "- -> "), ("claim", "3 -> 4"),
        ("shown", "ndigits=len('x') -> **{}"), ("shown", "4.5 -> 9.0"),
        ("loose", "5 -> 6"), ("loose", "True -> False"),
    ]  # fmt: skip
    changed = next(each for each in saboteur.all_changes(saboteur.cells_of(notebook)) if each.after == "9.0")
    assert changed.source == "round(abs(double(9.0)), ndigits=len('x'))"


def test_what_nothing_notices_is_told_and_can_be_set_aside(notebook, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(saboteur, "HERE", tmp_path)
    assert not saboteur.report(notebook), "6 of 8 are fewer than 80 %"
    said = capsys.readouterr().out
    assert "small: 6 of 8 changes noticed, 75%" in said
    assert "UNSEEN\tloose: 5 -> 6\tspare = 5" in said and "claim: AssertionError: twice" in said
    assert "shown: another output" in said
    entry = {"cell": "loose", "line": "spare = 5", "change": "5 -> 6", "why": "it is not used"}
    (tmp_path / "set_aside").mkdir()
    aside = tmp_path / "set_aside/small.yml"
    aside.write_text(yaml.safe_dump([entry]), encoding="utf-8")
    assert saboteur.report(notebook) and "6 of 7 changes noticed, 86%" in capsys.readouterr().out
    aside.write_text(yaml.safe_dump([entry | {"line": "gone = 5"}]), encoding="utf-8")
    with pytest.raises(SystemExit, match="small.yml: there is no change '5 -> 6' in 'loose', line 'gone = 5'"):
        saboteur.report(notebook)
