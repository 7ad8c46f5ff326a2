"""What parts of the book keep on Sphinx's application, for whoever reads and for the type checker.

A build makes a plain `Sphinx`; the handlers of an event get it, and find there what an earlier event left.
"""

from pathlib import Path

from sphinx.application import Sphinx

from .pages.repository import Repository
from .study.library import Library


class BookApplication(Sphinx):
    """Sphinx's application while the book is built."""

    book_repository: Repository | None
    live_code_repository: Repository | None
    live_code_thebe: Path
    finished_pages: dict[str, dict]
    study_library: Library
