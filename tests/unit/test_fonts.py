"""web_fonts: cut fonts hold the characters asked for, and a site serves them itself."""

import logging
import re
from pathlib import Path

import book
import matplotlib
import pytest
from fontTools.ttLib import TTFont
from measured_book.site.fonts import DEFAULT_UNICODES, LOCAL, average_width, cut, fallback_rules, font_file, stacks
from sphinx.errors import ExtensionError
from sphinx.testing.util import SphinxTestApp
from sphinx.util import logging as sphinx_logging

FACE = {
    "family": "Source Sans",
    "weight": "600 700",
    "package": "font_source_sans_pro",
    "file": "files/SourceSansPro-Semibold.ttf",
}


def characters(path):
    font = TTFont(path)
    return {chr(code) for code in font.getBestCmap()}


def test_a_cut_font_has_the_characters_asked_for_and_no_others(tmp_path):
    target = tmp_path / "cut.woff2"
    cut(font_file(FACE), "U+41-43,U+E9", target)
    assert characters(target) == set("ABCé")
    assert TTFont(target).flavor == "woff2"
    assert target.stat().st_size < 10_000
    # the licence travels with the font
    assert "SIL Open Font License" in " ".join(str(name) for name in TTFont(target)["name"].names)


def test_the_default_keeps_what_a_course_writes_and_drops_other_scripts(tmp_path):
    source, target = font_file(FACE), tmp_path / "cut.woff2"
    parts = []
    for unicodes in DEFAULT_UNICODES:
        cut(source, unicodes, target)
        parts.append(characters(target))
        assert "kern" in {record.FeatureTag for record in TTFont(target)["GPOS"].table.FeatureList.FeatureRecord}
    common, rare = parts
    assert not common & rare, "a browser would fetch both for one character"
    assert set("Aaéßñ ²–—“”…→≤≈−") <= common and set("αβηλ₀€∞∂√") <= rare
    assert "Ж" in characters(source)
    assert "Ж" not in common | rare


@pytest.mark.parametrize(
    "change",
    [{"package": "no_such_font_package"}, {"package": "no_such_font_package.part"}, {"file": "files/Missing.ttf"}],
)
def test_a_missing_package_or_file_is_an_error_with_the_remedy(change):
    face = FACE | change
    with pytest.raises(ExtensionError) as caught:
        font_file(face)
    message = str(caught.value)
    assert f"Source Sans 600 700: there is no {face['file']} in the package {face['package']}" in message
    assert "Install the package" in message


def test_a_package_without_a_place_of_its_own_is_an_error_too(tmp_path, monkeypatch):
    (tmp_path / "namespace_of_fonts").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ExtensionError, match="Install the package"):
        font_file(FACE | {"package": "namespace_of_fonts"})


def test_an_incomplete_face_is_an_error_that_says_what_it_lacks():
    with pytest.raises(ExtensionError, match="lacks file, weight: {'family': 'A', 'package': 'b'}"):
        font_file({"family": "A", "package": "b"})


def build(folder, faces, **settings):
    """Build a page with `faces` and other settings, and return the folder of its HTML."""
    settings |= {"html_theme": "basic", "web_fonts_unicodes": ["U+41-43", "U+44"]}
    settings["web_fonts_faces"] = faces
    book.write_configuration(folder, settings, "measured_book.site.fonts")
    (folder / "index.rst").write_text("Title\n=====\n")
    app = SphinxTestApp(srcdir=folder)
    try:
        app.build()
        assert app.warning.getvalue() == ""
        return app.outdir
    finally:
        app.cleanup()
        # Sphinx's handlers would write into this build's closed streams
        logging.getLogger(sphinx_logging.NAMESPACE).handlers.clear()


def test_a_site_serves_its_fonts_itself_and_drops_those_no_longer_used(tmp_path):
    italic = FACE | {"style": "italic", "weight": 400, "file": "files/SourceSansPro-It.ttf"}
    folder = build(tmp_path, [FACE | {"preload": True}, italic])
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert re.search(r'<link [^>]*href="_static/web_fonts\.css', page)
    css = (folder / "_static/web_fonts.css").read_text(encoding="utf-8")
    rules = re.findall(r"@font-face\{(.*?)\}", css)
    assert [rule.partition("unicode-range:")[2] for rule in rules] == ["U+41-43", "U+44"] * 2
    assert 'font-family:"Source Sans";font-weight:600 700;font-style:normal;' in rules[0]
    assert 'font-family:"Source Sans";font-weight:400;font-style:italic;' in rules[2]
    urls = re.findall(r'url\("([^"]+)"\)', css)
    files = [folder / "_static" / url for url in urls]
    ahead = re.findall(r'<link rel="preload" href="([^"]+)" as="font" type="font/woff2" crossorigin>', page)
    assert ahead == [f"_static/{urls[0]}"], "the common characters of the one face that is marked"
    assert [characters(file) for file in files] == [set("ABC"), set("D")] * 2
    assert files[0].read_bytes() != files[2].read_bytes()

    build(tmp_path, [FACE | {"preload": True}], web_fonts_preload_pages=["other"])
    assert 'rel="preload"' not in (folder / "index.html").read_text(encoding="utf-8")
    assert set((folder / "_static/fonts").iterdir()) == set(files[:2])
    # no half-written font is left behind
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("name", ["DejaVuSerif", "DejaVuSans-Bold"])
def test_the_widths_of_local_fonts_are_those_of_their_files(name):
    # matplotlib brings the DejaVu fonts along
    font = TTFont(Path(matplotlib.get_data_path(), f"fonts/ttf/{name}.ttf"))
    table = {
        file: faces[0] for kinds in LOCAL.values() for group in kinds.values() for faces in group for file in faces[1:]
    }
    assert average_width(font) == pytest.approx(table[font["name"].getBestFullName().removesuffix(" Book")], rel=0.01)


def test_a_fallback_has_the_width_and_the_lines_of_the_face():
    face = FACE | {"weight": 400, "file": "files/SourceSansPro-Regular.ttf", "fallback": "sans-serif"}
    rules = fallback_rules(face)
    assert len(re.findall("@font-face", rules)) == len(LOCAL["sans-serif"])
    font = TTFont(font_file(face))
    (rule,) = [rule for rule in rules.splitlines() if 'local("DejaVu Sans")' in rule]
    percent = {name: float(value) / 100 for name, value in re.findall(r"([\w-]+):([\d.]+)%", rule)}
    assert percent["size-adjust"] * 0.5084 == pytest.approx(average_width(font), rel=1e-3)
    for override, measure in {"ascent": font["hhea"].ascent, "descent": -font["hhea"].descent}.items():
        assert percent[f"{override}-override"] * percent["size-adjust"] == pytest.approx(measure / 1000, rel=1e-3)
    bold = fallback_rules(face | {"weight": "600 700"})
    assert 'local("Arial Bold")' in bold and 'local("Arial")' not in bold
    assert stacks([face]).startswith(':root{--font-source-sans:"Source Sans","Source Sans as Arial",')
