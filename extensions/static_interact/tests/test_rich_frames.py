"""Frames of HTML, LaTeX and Markdown, and what is refused because a page without a kernel cannot show it."""

import pytest
from IPython.display import HTML, Latex, Markdown, clear_output, display
from static_interact.capture import run_and_capture
from static_interact.errors import StaticInteractError
from static_interact.frames import store
from static_interact.markup import slider_html
from static_interact.rich import as_text, what_a_page_cannot_show

pytestmark = pytest.mark.usefixtures("shell")


class Table:
    """As a data frame: a text, and a table."""

    def __repr__(self):
        return "a  b"

    def _repr_html_(self):
        return "<style>#T th {color: red}</style><table id='T'><tr><th>a</th><td>b</td></tr></table>"


class Formula:
    """As a formula of SymPy."""

    def __repr__(self):
        return "x**2"

    def _repr_latex_(self):
        return r"$\displaystyle x^{2}$"


def test_the_best_form_is_shown_and_all_forms_keep_their_order():
    def function():
        print("before")
        display(Table(), Formula(), Latex("$y$"), Markdown("*z*"))
        print("after")

    assert run_and_capture(function, {}) == [
        {"type": "text", "text": "before"},
        {"type": "html", "text": Table()._repr_html_()},
        {"type": "latex", "text": r"$\displaystyle x^{2}$"},
        {"type": "latex", "text": "$y$"},
        {"type": "markdown", "text": "*z*"},
        {"type": "text", "text": "after"},
    ]
    assert [part["type"] for part in run_and_capture(Formula, {})] == ["latex"]


@pytest.mark.parametrize(
    ("html", "problem"),
    [
        ("<p>a</p><SCRIPT src='a.js'></SCRIPT>", "has a <script>"),
        ("<iframe srcdoc='x'></iframe>", "has a <iframe>"),
        ("<b onclick='x()'>a</b>", "runs a script (onclick)"),
        ("<a href=' java\tscript:x()'>a</a>", "runs a script (href)"),
        ("<img src='https://example.org/a.png'>", "asks another host (https://example.org/a.png)"),
        ("<img srcset='a.png 1x, //example.org/a.png 2x'>", "asks another host"),
        ("<p style='background: url(//example.org/a.png)'>a</p>", "asks another host (in a style)"),
        ("<style>@import 'https://example.org/a.css';</style>", "asks another host (in a style)"),
        ("<link rel=stylesheet href=a.css>", "has a <link>"),
        ("<a href='https://example.org'>a</a> <code>&lt;script&gt;</code> <img src='data:image/png;base64,AA=='>", ""),
        ("<p>a style: @import, url(http://example.org)</p>", ""),
    ],
)
def test_html_that_needs_a_script_or_another_host_is_told(html, problem):
    found = what_a_page_cannot_show(html)
    assert problem in found and bool(problem) == bool(found)


def test_the_words_of_html_keep_rows_and_columns():
    rows = "<tr><th></th><th>long name</th></tr><tr><th>1</th><td>a <b>b</b></td><td>c&amp;</td></tr>"
    html = f"<style>td {{color: red}}</style><p>Before,\n on a line</p><table>{rows}</table>after"
    assert as_text(html).splitlines() == ["Before, on a line", "   long name", "1  a b        c&", "after"]


class Breaks:
    """An object whose own display fails."""

    def __init__(self, error):
        self.error = error

    def _ipython_display_(self):
        raise self.error


class ShowsAScript:
    """An object that shows itself, by what cannot be frozen."""

    def _ipython_display_(self):
        display(HTML("<script>draw()</script>"))


def test_an_error_while_an_object_is_displayed_is_not_swallowed():
    with pytest.raises(ValueError, match="no colour"):
        display(Breaks(ValueError("no colour")))
    with pytest.raises(ValueError, match="no colour"):
        run_and_capture(lambda: display(Breaks(ValueError("no colour"))), {})
    with pytest.raises(StaticInteractError, match="its HTML has a <script>"):
        run_and_capture(lambda: ShowsAScript(), {})


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("10 %\r20 %\r100 %\n", "100 %"),
        ("a long line\rshort", "shortg line"),
        ("kept\nabc\rx\n", "kept\nxbc"),
        ("ends with one\r\nnext", "ends with one\nnext"),
    ],
)
def test_a_carriage_return_writes_over_its_line(written, shown):
    assert run_and_capture(lambda: print(written, end=""), {}) == [{"type": "text", "text": shown}]


def test_rich_parts_are_stored_once_and_weigh(tmp_path):
    html, text = {"type": "html", "text": "<b>ä</b>"}, {"type": "text", "text": "ü"}
    stored = store([[html, text], [text, html], [{"type": "latex", "text": "$x$"}]], tmp_path)
    assert stored.rich == [("html", "<b>ä</b>"), ("latex", "$x$")]
    assert stored.frames == [[{"rich": 0}, {"text": "ü"}], [{"text": "ü"}, {"rich": 0}], [{"rich": 1}]]
    assert stored.weight() == 9 + 3 + 2 * 2


def test_the_page_has_the_default_part_and_the_others_aside():
    control = {"name": "n", "label": "n", "kind": "range", "labels": ["1", "2"], "default": 1}
    slider = {"identifier": "f", "alternative": "", "controls": [control], "index": [0, 1], "default": 1}
    slider |= {"frames": [[{"rich": 0}], [{"rich": 1}]], "button": "Run <it>"}
    page = slider_html(slider, "", ["<i>a</i>", "<i>b</i>"])
    assert '<div class="static-interact-rich" tabindex="0"><i>b</i></div>' in page
    assert '<template data-rich="0"><i>a</i></template>' in page
    assert '<template data-rich="1"><i>b</i></template>' in page
    assert '<button type="button" class="static-interact-button">Run &lt;it&gt;</button>' in page


def test_clearing_keeps_to_what_a_frame_shows():
    def function():
        display(Table())
        clear_output()
        print("left")

    assert run_and_capture(function, {}) == [{"type": "text", "text": "left"}]
