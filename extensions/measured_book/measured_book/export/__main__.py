"""The command `measured-book`: the book and its pages as PDF files, or the book as an EPUB file."""

import argparse
import fnmatch
import os
import sys
from pathlib import Path

from . import document, epub, finish, printing
from .site import NotBuilt, Site


def parser():
    """The command line."""
    top = argparse.ArgumentParser("measured-book", description=__doc__)
    top.add_argument("site", type=Path, help="the folder of the built site")
    top.add_argument("target", type=Path, help="the folder to write to")
    top.add_argument("--name", default="book", help="what the file of the whole book is called (default: book)")
    top.add_argument("--leave-out", nargs="+", default=[], metavar="PAGE", help="pages that are in no file: a/b, a/*")
    top.add_argument("--epub", action="store_true", help="write an EPUB file of the book instead of PDF files")
    top.add_argument("--chromium", default=os.environ.get("CHROMIUM"), help="(default: the variable CHROMIUM)")
    return top


def chosen(book, leave_out):
    """The entries of a `Site` but for those whose names match a pattern of `leave_out`.

    Raises ValueError for a pattern that no page matches.
    """
    for pattern in leave_out:
        if not any(fnmatch.fnmatch(entry.name, pattern) for entry in book.entries):
            raise ValueError(f"--leave-out {pattern}: the site has no such page")
    return [e for e in book.entries if not any(fnmatch.fnmatch(e.name, pattern) for pattern in leave_out)]


def make_epub(site, target, name, leave_out):
    """Write an EPUB file of the book in the folder `site` into the folder `target`; return its path in a list.

    Raises NotBuilt, FileNotFoundError and ValueError as `make` does.
    """
    book = Site(site)
    content = epub.compose(book, chosen(book, leave_out))
    target.mkdir(parents=True, exist_ok=True)
    path = target / f"{name}.epub"
    path.write_bytes(content)
    return [path]


def make(site, target, name, leave_out, chromium):
    """Print the book and its pages from the folder `site` into the folder `target`; return the paths written.

    Pages whose names match a pattern of `leave_out` are in no file. Raises NotBuilt, NoChromium, FileNotFoundError
    for a picture that the site lacks, and ValueError for a pattern that no page matches or two pages of one name.
    """
    book = Site(site)
    entries = chosen(book, leave_out)
    names = [name, *(entry.slug for entry in entries[1:])]
    if twice := {each for each in names if names.count(each) > 1}:
        raise ValueError(f"more than one page would be {min(twice)}.pdf: leave all but one out")
    with printing.chromium(chromium) as browser:
        files = {f"{entry.slug}.pdf": _print(browser, book, [entry]) for entry in entries[1:]}
        files[f"{name}.pdf"] = _print(browser, book, entries)
    target.mkdir(parents=True, exist_ok=True)
    for old in target.glob("*.pdf"):
        old.unlink()
    for file, content in files.items():
        (target / file).write_bytes(content)
    return [target / file for file in files]


def _print(browser, book, entries):
    """The PDF of a document with these entries."""
    text = document.compose(book, entries)
    parts = [entry.part for entry in entries] if len(entries) > 1 else [""]
    return finish.finish(printing.print_document(browser, text, book.root), book.author, document.headings(text), parts)


def main(arguments=None):
    """Run the command line; what a user can put right is said in one paragraph, with exit status 2."""
    options = parser().parse_args(arguments)
    try:
        if options.epub:
            paths = make_epub(options.site, options.target, options.name, options.leave_out)
        else:
            paths = make(options.site, options.target, options.name, options.leave_out, options.chromium)
    except (NotBuilt, printing.NoChromium, FileNotFoundError, ValueError) as error:
        print(f"measured-book: {error}", file=sys.stderr)
        return 2
    for path in paths:
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
