"""Everything that the book's build does beyond Jupyter Book, as one Sphinx extension (see README.md).

The rooms are `execution` (notebooks before Sphinx reads them), `pages` (what stands on them), `study` (cards, quizzes,
sheets), `site` (the written files) and `export` (PDF and EPUB, from the built site; no part of the extension).
"""

from pathlib import Path

from .execution import cache, mistakes, stamp
from .pages import boxes, exercises, folding, launch_links, live_code, mathematics
from .site import address, finishing, fonts, leftovers, theme
from .study import aids

__version__ = "1.0.0"

PARTS = [
    cache,
    mistakes,
    stamp,
    boxes,
    launch_links,
    exercises,
    folding,
    mathematics,
    live_code,
    aids,
    theme,
    fonts,
    finishing,
    leftovers,
    address,
]
STATIC = [Path(__file__).parent / room / "static" for room in ("pages", "study", "site")]


def add_static_folders(app, config):
    """Have Sphinx copy the rooms' styles and scripts."""
    config.html_static_path += map(str, STATIC)


# What happens when, in the order of a build. Within an event the smaller priority comes first (Sphinx's own have
# 500 unless they say otherwise), and of equal ones the first in this list.
EVENTS = [
    # settings, before anything is read
    ("config-inited", 100, mistakes.check_files),  # before anybody stumbles over them
    ("config-inited", 500, add_static_folders),
    ("config-inited", 500, theme.complete_config),
    ("config-inited", 500, mathematics.choose),
    ("config-inited", 500, finishing.note_version),
    ("config-inited", 500, address.settle),
    ("config-inited", 500, cache.choose_cache),
    ("config-inited", 800, exercises.choose_contents),  # before sphinx-external-toc reads the contents, at 900
    ("builder-inited", 500, mathematics.start),
    ("builder-inited", 500, fonts.write_fonts),
    ("builder-inited", 500, live_code.find),
    ("builder-inited", 500, aids.open_library),
    # notebooks are executed before myst-nb asks the cache for them
    ("env-before-read-docs", 500, cache.fill_cache),
    ("env-purge-doc", 500, stamp.purge),
    ("env-merge-info", 500, stamp.merge),
    # each page as it was written: first the cards, whose figures Sphinx collects at 500 with those of the page, then
    # the exercises, whose downloads it collects, and at the page's end the stamp
    ("source-read", 500, aids.append_sections),
    ("doctree-read", 380, mistakes.check_outputs),  # before others add what no cell puts out
    ("doctree-read", 390, aids.complete),
    ("doctree-read", 400, launch_links.add_line),
    ("doctree-read", 400, exercises.add_links),
    ("doctree-read", 440, folding.fold),  # before the stamp, which has the reading time of what is not folded
    ("doctree-read", 450, stamp.stamp),
    ("doctree-read", 500, boxes.mark),
    # each page when all are known
    ("doctree-resolved", 500, stamp.fill_tables),
    ("doctree-resolved", 500, live_code.add_panel),
    ("doctree-resolved", 900, theme.remove_thebe_settings),  # when Thebe has appended them
    # what the theme's templates get
    ("html-page-context", 400, address.describe),  # before Open Graph makes its tags
    ("html-page-context", 500, aids.add_assets),
    ("html-page-context", 500, live_code.add_assets),
    ("html-page-context", 500, folding.add_assets),
    ("html-page-context", 500, folding.name_contents),
    ("html-page-context", 900, theme.escape_title),  # when the theme has made it
    ("html-page-context", 500, leftovers.note_page),
    ("html-page-context", 950, fonts.preload),  # when others have settled how addresses are written
    # all files are written
    ("build-finished", 500, mathematics.stop),
    ("build-finished", 500, fonts.copy_fonts),
    ("build-finished", 500, theme.remove_icon_library),
    ("build-finished", 500, theme.search_for_text),
    ("build-finished", 600, finishing.finish_site),  # when other extensions have written theirs, at 500
    ("build-finished", 700, aids.write_deck),  # from the finished pages
    ("build-finished", 700, live_code.copy_thebe),  # after the bundle, which takes each word of a script for a class
]


def connect(app, parts):
    """Declare the settings and nodes of some `parts` and connect them to a build's events, in the order of `EVENTS`."""
    names = {part.__name__ for part in parts}
    for part in parts:
        if hasattr(part, "register"):
            part.register(app)
    for event, priority, handler in EVENTS:
        if handler.__module__ in names | {__name__}:
            app.connect(event, handler, priority=priority)


def setup(app):
    """Register the extension; README.md explains the settings."""
    connect(app, PARTS)
    return {"version": __version__, "parallel_read_safe": True, "parallel_write_safe": False}
