"""Questions whose numbers vary: twenty variants with an answer each, or a mistake that is told with its place."""

import re

import pytest
import yaml
from measured_book.execution import checks
from measured_book.study import variants

SIZE = {
    "id": "slopes-p-size",
    "question": "A kernel of <<k>> on <<n>> pixels?",
    "numbers": {"n": {"from": 8, "to": 40, "step": 4}, "k": [1, 3, 5]},
    "given": ["n > k"],
    "answer": "n - k + 1",
    "tolerance": 0,
    "unit": "pixels",
    "why": "<<n>> − <<k>> + 1 = <<answer>>, a share of <<'%.2f' % (answer / n)>>",
    "see": "a-line-rises",
    "check": ["len(range(n - k + 1)) == answer"],
}


def test_a_template_gives_twenty_variants_and_the_same_in_each_build():
    found = variants.variants(SIZE)
    assert len(found) == variants.COUNT == len({str(variant["numbers"]) for variant in found})
    assert found == variants.variants(SIZE)
    assert found != variants.variants(SIZE | {"id": "slopes-p-other"})
    for variant in found:
        n, k = variant["numbers"]["n"], variant["numbers"]["k"]
        assert n in range(8, 41, 4) and k in (1, 3, 5)
        assert variant["answer"] == n - k + 1 and variant["kind"] == "number" and variant["unit"] == "pixels"
        assert variant["question"] == f"A kernel of {k} on {n} pixels?"
        assert variant["why"] == f"{n} − {k} + 1 = {n - k + 1}, a share of {(n - k + 1) / n:.2f}"


def test_ranges_end_where_they_say_and_conditions_hold():
    template = SIZE | {"numbers": {"n": {"from": 0.1, "to": 0.3, "step": 0.01}, "k": [1]}, "given": ["n > 0.1"]}
    template |= {"answer": "n", "question": "<<n>> <<k>>"}
    assert {variant["numbers"]["n"] for variant in variants.variants(template)} == {
        round(0.11 + 0.01 * i, 10) for i in range(20)
    }


WRITTEN = {
    2: "2",
    3.0: "3",
    0.12345: "0.1235",
    -0.5: "-0.5",
    1e-7: "1.00e-07",
    123456.7: "1.235e+05",
    (1, 0.5): "1, 0.5",
}


@pytest.mark.parametrize("value", WRITTEN)
def test_numbers_are_written_as_a_reader_would(value):
    assert variants.written(list(value) if isinstance(value, tuple) else value) == WRITTEN[value]


MISTAKES = {
    "too few": ({"numbers": {"n": [8, 9], "k": [1]}}, "numbers", "2 combinations, and 20 variants are needed"),
    "nothing left": ({"given": ["n < 0"]}, "numbers", "0 combinations"),
    "a range of one": (
        {"numbers": {"n": {"from": 1, "to": 1}, "k": [1]}},
        "numbers",
        "range of n has one value or none",
    ),
    "a name that is none": ({"answer": "n - kk"}, "answer", "n - kk raises NameError for n = "),
    "a condition that fails": ({"given": ["n / 0 > 1"]}, "given", "raises ZeroDivisionError"),
    "infinite": ({"answer": "1e400 * n"}, "answer", "it is inf for n = "),
    "no number": ({"answer": "n > k"}, "answer", "which is no number that one can type"),
    "not said": ({"question": "A kernel of <<k>>?"}, "question", "it does not say n: write <<n>>"),
    "open": ({"question": "A kernel of <<k>> on <<n pixels?"}, "question", "cannot be read"),
    "unknown in a text": ({"why": "<<m>>"}, "why", "cannot be computed: 'm' is undefined"),
    "impossible in a text": ({"why": "<<1 / (n - n)>>"}, "why", "cannot be computed"),
    "tolerance": ({"tolerance": "answer / nothing"}, "tolerance", "raises NameError"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_template_that_gives_none_is_told_with_its_part(mistake):
    change, part, words = MISTAKES[mistake]
    with pytest.raises(variants.TemplateError, match=re.escape(words)) as caught:
        variants.variants(SIZE | change)
    assert caught.value.part == part


def test_each_variant_is_checked_with_its_own_numbers_and_a_wrong_answer_fails(tmp_path):
    path = tmp_path / "slopes.yml"
    path.write_text(yaml.safe_dump({"cards": [], "quiz": [], "practice": [SIZE]}), encoding="utf-8")
    found = checks.entries(path)
    assert len(found) == variants.COUNT == len({checks.key(entry) for entry in found})
    for entry in found:
        assert checks.evaluate(entry, {}) == []
        for wrong in checks.perturbed(entry):
            (said,) = checks.evaluate(wrong, {})
            assert said.startswith(f"slopes-p-size, k = {entry['numbers']['k']}, n = ")
