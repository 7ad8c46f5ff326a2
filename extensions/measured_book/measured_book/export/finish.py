"""What Chromium leaves open in a PDF: the pages of its headings, parts in its outline, who wrote it."""

import io
import itertools

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject, NumberObject, TextStringObject

BOLD = 2  # the flag of an outline's item


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
    update = _Update(reader)
    titles = iter(headings)

    def settle(item):
        """Put the title of a heading into its item, fold what is below it, and return it."""
        update.put(item, {"/Title": TextStringObject(next(titles))})
        if below := [settle(each) for each in _below(item)]:
            update.put(item, {"/Count": NumberObject(-len(below))})
        return item

    outline = reader.root_object.raw_get("/Outlines")
    rows, unfolded = [], 0
    pages = zip(parts, [settle(item) for item in _below(outline)], strict=True)
    for part, group in itertools.groupby(pages, key=lambda pair: pair[0]):
        items = [item for _, item in group]
        unfolded += len(items) + bool(part)
        if part:
            place = ArrayObject([items[0].get_object()["/Dest"][0], NameObject("/Fit")])
            rows.append(update.new({"/Title": TextStringObject(part), "/Dest": place, "/F": NumberObject(BOLD)}))
            update.chain(rows[-1], items, len(items))
        else:
            rows += items
    update.chain(outline, rows, unfolded)
    update.put(reader.trailer.raw_get("/Info"), {"/Author": TextStringObject(author)})
    return pdf + update.content(pdf)


def _below(item):
    """References to the items right below an item of an outline, in order."""
    name, item = "/First", item.get_object()
    while name in item:
        yield (reference := item.raw_get(name))
        name, item = "/Next", reference.get_object()


class _Update:
    """What follows a PDF as Chromium wrote it, which stays as it is, tags and all: objects that are new or changed."""

    def __init__(self, reader):
        self._reader = reader
        self._objects = {}
        self._size = reader.trailer["/Size"]

    def new(self, entries):
        """Add a dictionary; return the reference to it."""
        reference = IndirectObject(self._size, 0, self._reader)
        self._size += 1
        self._objects[reference.idnum] = DictionaryObject()
        self.put(reference, entries)
        return reference

    def put(self, reference, entries):
        """Set entries of a dictionary; None takes one away."""
        if reference.idnum not in self._objects:
            self._objects[reference.idnum] = DictionaryObject(reference.get_object())
        changed = self._objects[reference.idnum]
        for name, value in entries.items():
            changed.pop(NameObject(name), None)
            if value is not None:
                changed[NameObject(name)] = value

    def chain(self, parent, items, unfolded):
        """Put `items` below their `parent` in an outline; `unfolded` are those that are seen below it at first."""
        for before, item, after in zip([None, *items], items, [*items[1:], None], strict=False):
            self.put(item, {"/Parent": parent, "/Prev": before, "/Next": after})
        self.put(parent, {"/First": items[0], "/Last": items[-1], "/Count": NumberObject(unfolded)})

    def content(self, pdf):
        """The bytes to put after those of the `pdf`."""
        written = io.BytesIO()
        written.write(b"\n")
        places = []
        for number, changed in sorted(self._objects.items()):
            places.append(b"%d 1\n%010d 00000 n \n" % (number, len(pdf) + written.tell()))
            written.write(b"%d 0 obj\n" % number)
            changed.write_to_stream(written)
            written.write(b"\nendobj\n")
        table = len(pdf) + written.tell()
        written.write(b"xref\n0 1\n0000000000 65535 f \n" + b"".join(places) + b"trailer\n")
        trailer = DictionaryObject(self._reader.trailer)
        trailer[NameObject("/Size")] = NumberObject(self._size)
        trailer[NameObject("/Prev")] = NumberObject(int(pdf[pdf.rindex(b"startxref") :].split()[1]))
        trailer.write_to_stream(written)
        written.write(b"\nstartxref\n%d\n%%%%EOF\n" % table)
        return written.getvalue()
