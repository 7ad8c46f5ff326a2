"""What an earlier build left in the site's folder and this book no longer has."""

from pathlib import Path

FOLDERS = ("_images", "_downloads")  # what stands there is there for pages that lead to it


def note_page(app, pagename, templatename, context, doctree):
    """Note a page that is written, also one that no source file stands for, such as the search."""
    if not hasattr(app, "written_pages"):
        app.written_pages = set()
    app.written_pages.add(pagename)


def pages(app) -> list[Path]:
    """The pages of the book in the site's folder; those of chapters that are gone are deleted."""
    root = Path(app.outdir)
    names = {*app.env.found_docs, *getattr(app, "written_pages", ())}
    wanted = {root / app.builder.get_target_uri(name) for name in names}
    found = [path for path in sorted(root.rglob("*.html")) if not path.is_relative_to(root / "_static")]
    for path in found:
        if path not in wanted:
            path.unlink()
    return [path for path in found if path in wanted]


def sweep(app, records: dict) -> None:
    """Delete pictures, downloads and sources of pages that are gone, empty folders, a site map without an address."""
    root = Path(app.outdir)
    used = {path for record in records.values() for path in record["uses"]}
    for folder in FOLDERS:
        for path in (root / folder).rglob("*"):
            if path.is_file() and path.relative_to(root).as_posix() not in used:
                path.unlink()
    sources = {app.env.doc2path(name, base=False) for name in app.env.found_docs}
    for path in (root / "_sources").rglob("*"):
        name = path.relative_to(root / "_sources").as_posix().removesuffix(app.config.html_sourcelink_suffix)
        if path.is_file() and name not in sources:
            path.unlink()
    if not app.config.html_baseurl:
        (root / "sitemap.xml").unlink(missing_ok=True)
    for path in sorted((path for path in root.rglob("*") if path.is_dir()), reverse=True):
        if not any(path.iterdir()):
            path.rmdir()
