"""What the tests themselves rely on."""

import os
import re

import book

NAMES = ("SPREAD", "TOGETHER")


def test_the_tests_of_a_file_stay_on_one_process(request):
    """pytest-xdist keeps its groups in the names of tests, where a release of pytest may not look for them."""
    parallel = "PYTEST_XDIST_WORKER" in os.environ
    assert request.node.nodeid.endswith(f"@{request.node.path}") == parallel


def test_every_folder_of_tests_is_run():
    """The Makefile names the folders, for their order; those with a server or another computer have a command."""
    named = re.search(r"^TESTS := (.*)$", (book.ROOT / "Makefile").read_text(encoding="utf-8"), re.M)[1].split()
    files = [path for root in ("tests", "extensions/*/tests") for path in book.ROOT.glob(f"{root}/**/test_*.py")]
    folders = {path.parent.relative_to(book.ROOT).as_posix() for path in files}
    assert folders == {*named, "tests/gradebook", "tests/matrix"}


def test_no_small_book_is_built_once_by_each_process():
    """Where tests go to whichever process is free, a file that builds a book of its own has to be named."""
    text = (book.ROOT / "conftest.py").read_text(encoding="utf-8")
    spread, together = (re.findall(r'"(.+?)"', re.search(rf"^{name} = {{(.*)}}$", text, re.M)[1]) for name in NAMES)
    files = [path for room in spread for path in (book.ROOT / "tests" / room).glob("test_*.py")]
    builders = {path.name for path in files if "book.build(" in path.read_text(encoding="utf-8")}
    assert builders and builders <= set(together)
