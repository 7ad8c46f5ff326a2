"""A course, and a browser for the tests that look at pages as students do."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import submissions
from grading import course, notebooks
from nbformat import NotebookNode
from playwright.sync_api import Browser, sync_playwright


class OwnBrowser:
    """A plugin with the fixture `browser`."""

    @pytest.fixture(scope="session")
    @classmethod
    def browser(cls) -> Iterator[Browser]:
        """Chromium: the one that CHROMIUM names, else the system's, else Playwright's own."""
        path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
        with sync_playwright() as playwright:
            running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            yield running
            running.close()


def pytest_configure(config: pytest.Config) -> None:
    """Bring a browser, unless these tests run beside others that have one: a process bears one Playwright."""
    if not any(hasattr(plugin, "browser") for plugin in config.pluginmanager.get_plugins()):
        config.pluginmanager.register(OwnBrowser())


@pytest.fixture(scope="session")
def empty_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the small exercise and nobody in it. Copy it: a new grade book takes seconds."""
    folder = tmp_path_factory.mktemp("empty")
    submissions.write(submissions.small_exercise(), folder / "solutions/numbers/numbers.ipynb")
    course.new(folder / "course", folder / "solutions")
    return folder / "course"


@pytest.fixture(scope="session")
def right_answer(empty_course: Path) -> NotebookNode:
    """What a student with every answer right hands in for it; copy it before you change it."""
    source, released = (
        notebooks.read(empty_course / folder / "numbers/numbers.ipynb") for folder in ("source", "release")
    )
    return submissions.solved(source, released)
