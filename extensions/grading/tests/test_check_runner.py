"""Checks in a kernel, apart from what the student's code did there; here without a kernel."""

import ast
import builtins
import json
import sys
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import torch

RUNNER = Path(__file__).parents[1] / "grading/check_runner.py"
NONCE = "0123"
MEAN = "def mean(a, b):\n    return (a + b) / 2"
PUBLIC = 'assert mean(1, 2) == 1.5, f"not {mean(1, 2)}"'


class Session:
    """Keeps the last message instead of sending it."""

    def send(self, stream, kind, content, parent, ident=None):
        self.sent = json.loads(json.dumps(content))


class Notebook:
    """What the check runner sees of a notebook: `student` executes a cell, `given` one of the hand-out."""

    def __init__(self):
        self.space = {"__name__": "__main__"}
        self.kernel = SimpleNamespace(session=Session(), shell_handlers={})
        self.shell = SimpleNamespace(
            kernel=self.kernel,
            user_ns=self.space,
            input_transformers_cleanup=[],
            input_transformers_post=[],
            ast_transformers=[],
            events=SimpleNamespace(callbacks={"pre_run_cell": []}),
        )
        runner = {"__name__": "check_runner", "__builtins__": dict(vars(builtins))}
        exec(compile(RUNNER.read_text(encoding="utf-8"), str(RUNNER), "exec"), runner)
        runner["serve"](self.shell)

    def student(self, code):
        exec(compile(code, "/tmp/ipykernel_1/1.py", "exec"), self.space)

    def ask(self, what, **content):
        self.kernel.shell_handlers["check_request"](None, None, {"content": {"what": what, "nonce": NONCE, **content}})
        return self.kernel.session.sent

    def given(self, code, uses=(), defines=()):
        self.ask("before given", uses=list(uses))
        self.student(code)
        self.ask("after given", defines=list(defines), ended=True)

    def check(self, code=PUBLIC, uses=(), tasks=("mean",), waits=False, name="check"):
        return self.ask("check", name=name, code=code, uses=[*uses, *tasks], tasks=list(tasks), waits=waits)

    def hidden(self, code, seconds=20, name="check"):
        return self.ask("hidden tests", name=name, code=code, seconds=seconds)


def _passed(reply):
    assert (reply["status"] == "ok") == (reply["receipt"] == sha256(f"{NONCE} passed".encode()).hexdigest())
    return reply["status"] == "ok"


def test_a_right_answer_passes_and_a_wrong_one_is_told_why():
    notebook = Notebook()
    notebook.student(MEAN)
    assert _passed(notebook.check()) and notebook.check()["findings"] == []
    notebook.student("def mean(a, b):\n    return 7")
    reply = notebook.check()
    assert not _passed(reply) and (reply["ename"], reply["evalue"], reply["by"]) == ("AssertionError", "not 7", "check")
    notebook.student("def mean(a, b):\n    return unknown")
    reply = notebook.check()
    assert (reply["ename"], reply["by"]) == ("NameError", "student")
    del notebook.space["mean"]
    assert notebook.check("assert callable(globals().get('mean')), 'gone'")["evalue"] == "gone"


def test_names_of_students_change_nothing():
    notebook = Notebook()
    notebook.given(
        "from math import sqrt\nx = [3, 4]\ndef norm(v):\n    return sqrt(sum(k * k for k in v))", defines=["x"]
    )
    notebook.student(MEAN)
    notebook.student("sum, list, callable, x, sqrt, norm = 0, [1], None, 1, 2, 3")
    code = "assert callable(mean) and norm(x) == 5.0 and sum(list((1, 2))) == 3 and sqrt(4) == 2"
    assert _passed(notebook.check(code, uses=["x", "norm", "sqrt"]))
    notebook.given("y = norm(x) + sum([1])", uses=["norm", "x", "sum"], defines=["y"])
    assert notebook.space["y"] == 6 and notebook.space["x"] == 1 and notebook.space["sum"] == 0
    notebook.student("y = 0")
    assert _passed(notebook.check("assert y == 6", uses=["y"]))


def test_a_given_class_is_the_student_s_as_well_and_uses_the_hand_out_s_names():
    notebook = Notebook()
    notebook.given("H = 3\nclass Cell:\n    def size(self):\n        return H", defines=["H", "Cell"])
    notebook.student("class Mine(Cell):\n    pass\ndef mean(a, b):\n    return Mine()\nH = 0")
    assert _passed(notebook.check("assert isinstance(mean(1, 2), Cell) and mean(1, 2).size() == 3", uses=["Cell"]))


def test_a_given_function_may_call_the_student_s():
    notebook = Notebook()
    notebook.given("def twice(a):\n    return mean(a, a) * 2", defines=["twice"])
    notebook.student(MEAN)
    assert _passed(notebook.check("assert twice(3) == 6", uses=["twice"]))


def test_later_checks_find_what_earlier_ones_defined():
    notebook = Notebook()
    notebook.student(MEAN + "\n_helper = 5")
    assert _passed(notebook.check("def _helper(a):\n    return mean(a, a)\nassert _helper(1) == 1"))
    assert _passed(notebook.check("assert _helper(2) == 2", uses=["_helper"]))


def test_hidden_tests_find_everything_as_it_was_at_the_check_s_place():
    notebook = Notebook()
    notebook.student("memory = []\ndef mean(a, b):\n    assert not memory\n    return (a + b) / 2")
    assert _passed(notebook.check(waits=True))
    notebook.student("memory.append(1)\nmean = None")
    assert _passed(notebook.hidden("assert mean(-4, 4) == 0"))


def test_hidden_tests_count_only_when_they_ended():
    notebook = Notebook()
    ends = {"os._exit(0)": "RuntimeError", "time.sleep(60)": "TimeoutError", "raise SystemExit": "SystemExit"}
    for end, kind in ends.items():
        notebook.student(
            f"import os, time\nME = os.getpid()\n{MEAN[:16]}\n    if os.getpid() != ME:\n        {end}\n    return 1.5"
        )
        assert _passed(notebook.check(waits=True))
        reply = notebook.hidden("mean(-4, 4)", seconds=1)
        assert reply["status"] == "error" and reply["ename"] == kind
    notebook.student(MEAN)
    assert _passed(notebook.check(waits=True)) and not _passed(notebook.hidden("assert mean(1, 1) == 2, 'wrong'"))


def test_what_says_yes_to_everything_passes_no_check():
    notebook = Notebook()
    for code in (
        "class Any:\n    __eq__ = lambda self, other: True\ndef mean(a, b):\n    return Any()",
        "class Any:\n    __lt__ = __ge__ = lambda *a: True\ndef mean(a, b):\n    return Any()",
        "from unittest.mock import ANY\ndef mean(a, b):\n    return ANY",
    ):
        notebook.student(code)
        for test in ("assert mean(1, 2) == 1.5", "assert 1.5 == mean(1, 2)", "assert mean(1, 2) in (1.5,)"):
            reply = notebook.check(test if "__eq__" in code or "ANY" in code else "assert mean(1, 2) < 1.5")
            assert not _passed(reply) and "what a check compared says yes to everything" in reply["findings"]
    notebook.student("from dataclasses import dataclass\n@dataclass(order=True)\nclass P:\n    x: int")
    notebook.student("def mean(a, b):\n    return P(a)")
    assert _passed(notebook.check("assert mean(1, 2) == mean(1, 3) and mean(1, 2) < mean(2, 2) and mean(1, 2) != 5"))


def test_hooks_and_replaced_functions_are_found_and_undone():
    before = (builtins.callable, ast.parse, sys.gettrace())
    notebook = Notebook()
    notebook.student("def mean(a, b):\n    return 0")
    notebook.space |= {"shell": notebook.shell, "ast": ast, "builtins": builtins, "sys": sys}
    notebook.student("shell.ast_transformers = [mean]\nshell.events.callbacks['pre_run_cell'].append(mean)")
    notebook.student("builtins.callable = ast.parse = lambda *a: True\ntype(shell.kernel.session).send2 = mean")
    reply = notebook.check()
    assert not _passed(reply)
    words = "; ".join(reply["findings"])
    assert "an AST transformer was added" in words and "a pre_run_cell hook was added" in words
    assert "replaced: ast.parse, builtins.callable" in words and "send2" not in words
    assert (builtins.callable, ast.parse, sys.gettrace()) == before and notebook.shell.ast_transformers == []
    assert notebook.check()["findings"] == []


def test_what_a_library_wraps_late_is_not_conspicuous(monkeypatch):
    """PyTorch puts a function around `torch.manual_seed` when an optimizer is used for the first time."""
    original = torch.random.manual_seed
    monkeypatch.setattr(torch, "manual_seed", original)
    notebook = Notebook()
    notebook.ask("modules", names=["torch"])
    notebook.student(f"import torch\n{MEAN}\ntorch.manual_seed = torch._disable_dynamo(torch.manual_seed)")
    notebook.student("torch.set_default_dtype(torch.float64)")
    assert torch.manual_seed is not original and notebook.check()["findings"] == []
    torch.set_default_dtype(torch.float32)
    notebook.student(
        "seed = torch.manual_seed\ntorch.manual_seed = lambda s: seed(0)\ntorch.manual_seed.__wrapped__ = seed"
    )
    assert notebook.check()["findings"] == ["replaced: torch.manual_seed"] and torch.manual_seed is original


def test_a_check_s_words_quote_no_sentences():
    notebook = Notebook()
    notebook.student(
        "import sys\nclass Talker(float):\n    __format__ = __repr__ = lambda self, *a: 'secret'\n"
        "def mean(a, b):\n    return str(sys._getframe(1).f_code.co_consts) * 9 if a else Talker(7)"
    )
    assert notebook.check("assert mean(1, 2) == 1.5, f'a long hidden sentence, not {mean(1, 2)}'")["evalue"].endswith(
        "<str>"
    )
    assert "secret" not in notebook.check("assert mean(0, 2) == 1.5, f'not {mean(0, 2)}'")["evalue"]
    notebook.student("def mean(a, b):\n    return [1.25, 2.5, None]")
    assert notebook.check("assert mean(1, 2) == 1, f'not {mean(1, 2)}'")["evalue"] == "not [1.25, 2.5, None]"


def test_what_a_check_prints_goes_nowhere(capsys):
    notebook = Notebook()
    notebook.student("def mean(a, b):\n    print('seen')\n    return (a + b) / 2")
    assert _passed(notebook.check()) and capsys.readouterr().out == ""
