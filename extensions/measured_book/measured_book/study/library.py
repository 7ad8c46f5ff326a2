"""The book as the study aids see it: its chapters in their parts, and the study files that go with them."""

from collections.abc import Container, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from .sources import Chapter, Source, StudyFileError, read_chapter, read_sheet, read_study


class Library:
    """All study files of a book; each is read and checked when it is first asked for.

    `root` is the book's folder, `assets` the folder of the study files below it, `contents` the parts of the book in
    order: pairs of a caption and the page names of its chapters, such as ``("Training", ["chapters/optimizers"])``.
    """

    def __init__(self, root: str | Path, assets: str, contents: Sequence[tuple[str, Sequence[str]]]) -> None:
        self.root, self.assets = Path(root), assets
        self.contents = contents
        self.docnames = {name.rpartition("/")[2]: name for _, names in contents for name in names}

    @cached_property
    def chapters(self) -> dict[str, Chapter]:
        """The chapters in the order of the book, by their slugs."""
        return {slug: read_chapter(self.notebook(slug)) for slug in self.docnames}

    @cached_property
    def studies(self) -> dict[str, Source]:
        """The study file of each chapter that has one, by its slug, in the order of the book."""
        found = {path.stem: path for path in sorted((self.root / self.assets / "study").glob("*.yml"))}
        read = {slug: read_study(path, self.chapters, self.shown(path)) for slug, path in found.items()}
        ids = [entry["id"] for study in read.values() for part in study.data.values() for entry in part]
        assert len(ids) == len(set(ids)), "each id begins with its chapter's slug"
        return {slug: read[slug] for slug in self.docnames if slug in read}

    @cached_property
    def cheatsheet(self) -> Source:
        """The cheat sheet with receipts."""
        return self._sheet("cheatsheet")

    @cached_property
    def formulas(self) -> Source:
        """The formulas of the chapters."""
        return self._sheet("formulas")

    @cached_property
    def glossary(self) -> Source:
        """The terms of the chapters."""
        return self._sheet("glossary")

    def _sheet(self, kind: str) -> Source:
        path = self.root / self.assets / f"{kind}.yml"
        return read_sheet(path, kind, self.chapters, self.shown(path))

    def notebook(self, slug: str) -> Path:
        """The path of a chapter's notebook."""
        return self.root / f"{self.docnames[slug]}.ipynb"

    def shown(self, path: str | Path) -> str:
        """How messages name a file: by its path below the book's folder."""
        return Path(path).relative_to(self.root).as_posix()

    def parts(self, slugs: Container[str]) -> Iterator[tuple[str, list[str]]]:
        """Those of the chapters `slugs` that the book has, as (caption, slugs) for each part that has some."""
        for caption, docnames in self.contents:
            here = [slug for name in docnames if (slug := name.rpartition("/")[2]) in slugs]
            if here:
                yield caption, here

    def check(self) -> None:
        """Read all that is there; raise `StudyFileError` with all that is wrong."""
        problems = []
        for name in ("studies", "cheatsheet", "formulas", "glossary"):
            try:
                if name == "studies" or (self.root / self.assets / f"{name}.yml").exists():
                    getattr(self, name)
            except StudyFileError as error:
                problems.append(str(error))
        if problems:
            raise StudyFileError("\n".join(problems))
