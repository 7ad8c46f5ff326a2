"""What Chromium leaves open in a PDF: the pages of its headings, parts in its outline, who wrote it."""

import io

from pypdf import PdfReader, PdfWriter
from pypdf.generic import Fit


def page_numbers(pdf):
    """The page, from 1, of each anchor that a link of the PDF (bytes) leads to."""
    reader = PdfReader(io.BytesIO(pdf))
    return {
        name.removeprefix("/"): number + 1
        for name, destination in reader.named_destinations.items()
        if (number := reader.get_destination_page_number(destination)) is not None
    }


def finish(pdf, author, headings, parts):
    """The PDF (bytes) with its author, and with an outline in which its pages are grouped into `parts`.

    `headings` are the texts of all headings in order: Chromium's outline knows where they are, and doubles the words
    of some. `parts` has the caption of the part of each page, in order; a page without one ("") stands alone.
    """
    reader = PdfReader(io.BytesIO(pdf))
    # what is new comes after what Chromium wrote, which stays as it is, tags and all
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)
    writer.add_metadata({"/Author": author})
    del writer.root_object["/Outlines"]
    titles, captions = iter(headings), iter(parts)
    part = None

    def add(items, parent, depth=0):
        nonlocal part
        added = parent
        for item in items:
            if isinstance(item, list):  # what is below the item before
                add(item, added, depth + 1)
                continue
            number = reader.get_destination_page_number(item)
            if depth == 0 and (caption := next(captions)) != part:
                part = caption
                parent = writer.add_outline_item(title=caption, page_number=number, bold=True) if caption else None
            fit = Fit.xyz(item.left, item.top)
            added = writer.add_outline_item(
                title=next(titles), page_number=number, parent=parent, fit=fit, is_open=False
            )

    add(reader.outline, None)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()
