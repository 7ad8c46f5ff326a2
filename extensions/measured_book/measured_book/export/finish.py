"""What Chromium leaves open in a PDF: the pages of its headings, parts in its outline, who wrote it."""

import io
import itertools

import pikepdf


def page_numbers(pdf):
    """The page, from 1, of each anchor that a link of the PDF (bytes) leads to."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        numbers = {page.obj.objgen: number for number, page in enumerate(document.pages, start=1)}
        places = document.Root.get("/Dests", pikepdf.Dictionary())
        return {name.removeprefix("/"): numbers[place[0].objgen] for name, place in places.items()}


def finish(pdf, author, headings, parts):
    """The PDF (bytes) with its author, and with an outline in which its pages are grouped into `parts`.

    `headings` are the texts of all headings in order: Chromium's outline knows where they are, and doubles the words
    of some. `parts` has the caption of the part of each page, in order; a page without one ("") stands alone.
    """
    titles = iter(headings)

    def settle(item):
        item.title = next(titles)
        item.is_closed = True
        for below in item.children:
            settle(below)

    finished = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        with document.open_outline() as outline:
            for item in outline.root:
                settle(item)
            pages = zip(parts, outline.root, strict=True)
            rows: list[pikepdf.OutlineItem] = []
            for part, group in itertools.groupby(pages, key=lambda pair: pair[0]):
                items = [item for _, item in group]
                rows += [_part(part, items)] if part else items
            outline.root[:] = rows
        document.docinfo["/Author"] = author
        document.save(finished)
    return finished.getvalue()


def _part(caption, items):
    """An item of the outline in bold, with the pages of a part below it; it leads to the first of them."""
    place = pikepdf.Array([items[0].destination[0], pikepdf.Name.Fit])
    row = pikepdf.OutlineItem(caption, place, flags=pikepdf.OutlineItemFlag.Bold)
    row.children += items
    return row
