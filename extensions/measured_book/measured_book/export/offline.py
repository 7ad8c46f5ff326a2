"""The whole site as one file that works from disk: ``python -m measured_book.export.offline SITE TARGET.zip``."""

import sys
import zipfile
from pathlib import Path

import lxml.html


def from_disk(html: str) -> str:
    """A page of the site as it opens from disk, where a browser fetches no font ahead and would complain of it."""
    tree = lxml.html.document_fromstring(html)
    links = tree.xpath("//link[@rel='preload'][@as='font']")
    if not links:
        return html
    for link in links:
        link.drop_tree()
    return lxml.html.tostring(tree, encoding="unicode", doctype="<!DOCTYPE html>")


def pack(site: Path, target: Path) -> None:
    """Pack the built `site` into the ZIP file `target`, in a folder that is named as the file is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in site.rglob("*") if path.is_file()):
            name = f"{target.stem}/{path.relative_to(site).as_posix()}"
            if path.suffix == ".html":
                archive.writestr(name, from_disk(path.read_text(encoding="utf-8")))
            else:
                archive.write(path, name)


if __name__ == "__main__":
    pack(Path(sys.argv[1]), Path(sys.argv[2]))
