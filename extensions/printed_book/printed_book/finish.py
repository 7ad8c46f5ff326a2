"""What Chromium leaves open in a PDF: the pages of its headings, parts in its outline, who wrote it."""

import io

from pypdf import PdfReader, PdfWriter
from pypdf.generic import Fit


def page_numbers(pdf):
    """The page, from 1, of each anchor that a link of the PDF (bytes) leads to."""
    reader = PdfReader(io.BytesIO(pdf))
    return {
        name.removeprefix("/"): reader.get_destination_page_number(destination) + 1
        for name, destination in reader.named_destinations.items()
    }


def finish(pdf, author, parts=None):
    """The PDF (bytes) with its author and, for a book, an outline in which its pages are grouped into `parts`.

    `parts` has the caption of the part of each page, in order; a page without one ("") stands alone.
    """
    # what is new comes after what Chromium wrote, which stays as it is, tags and all
    writer = PdfWriter(io.BytesIO(pdf), incremental=True)
    writer.add_metadata({"/Author": author})
    if parts:
        reader = PdfReader(io.BytesIO(pdf))
        del writer.root_object["/Outlines"]
        part = parent = None
        for (item, below), caption in zip(_tree(reader.outline), parts, strict=True):
            if caption != part:
                part, number = caption, reader.get_destination_page_number(item)
                parent = writer.add_outline_item(caption, number, bold=True) if caption else None
            _add(writer, reader, item, below, parent)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def _tree(outline):
    """Pairs of an item and the outline below it, from pypdf's list, where what is below follows as a list."""
    pairs = []
    for item in outline:
        if isinstance(item, list):
            pairs[-1] = (pairs[-1][0], item)
        else:
            pairs.append((item, []))
    return pairs


def _add(writer, reader, item, below, parent):
    fit = Fit.xyz(item.left, item.top)
    number = reader.get_destination_page_number(item)
    added = writer.add_outline_item(item.title, number, parent, fit=fit, is_open=False)
    for child, grandchildren in _tree(below):
        _add(writer, reader, child, grandchildren, added)
