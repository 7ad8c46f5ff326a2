"""Types of the packages' functions and the scripts of the pages are looked over, and each look can fail."""

import shutil
import subprocess
import sys
import tomllib

import book
import lint_scripts
import pytest

PACKAGES = [book.ROOT / "extensions" / name for name in ("measured_book", "static_interact", "grading")]
SETTINGS = tomllib.loads((book.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]


def check_types(*arguments):
    """mypy's exit status and words, with the settings of pyproject.toml and a cache that lasts."""
    command = [sys.executable, "-m", "mypy", "--cache-dir", "_build/.mypy_cache", "--no-error-summary", *arguments]
    done = subprocess.run(command, cwd=book.ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_types_fit():
    assert check_types() == (0, "")


def test_a_type_that_does_not_fit_is_told(tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text("from measured_book.pages.parts import page_link\n\npage_link(1, 'reference/status')\n")
    status, words = check_types(str(wrong))
    assert status == 1 and 'Argument 1 to "page_link" has incompatible type "int"; expected "str"' in words


def test_the_settings_name_modules_that_exist():
    """A module that moved would lose its strictness without a word."""
    for override in SETTINGS["overrides"]:
        for name in override["module"]:
            path = name.removesuffix(".*").replace(".", "/")
            found = [p / f"{path}{end}" for p in PACKAGES for end in (".py", "/__init__.py")]
            assert any(file.exists() for file in found), f"pyproject.toml, [tool.mypy]: there is no {name}"


def test_the_linter_of_scripts_finds_nothing():
    assert lint_scripts.lint()[0] == 0, lint_scripts.lint()[1]


@pytest.mark.parametrize(
    "script, finding",
    [
        ("(() => { nowhere(); })();\n", "noUndeclaredVariables"),
        ("(() => { const unused = 1; })();\n", "noUnusedVariables"),
        ("(() => { let once = 1; console.log(once); })();\n", "useConst"),
        ("(() => { if (location.hash == 0) return; })();\n", "noDoubleEquals"),
    ],
)
def test_the_linter_of_scripts_finds_a_mistake(tmp_path, script, finding):
    shutil.copy(book.ROOT / "biome.jsonc", tmp_path)
    (tmp_path / "extensions").mkdir()
    (tmp_path / "extensions/page.js").write_text(script, encoding="utf-8")
    status, words = lint_scripts.lint(tmp_path)
    assert status == 1 and finding in words
