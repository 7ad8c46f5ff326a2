"""Questions whose numbers vary: from a template in a study file, twenty variants with the same wording.

A template names the values that each of its `numbers` may take, what must hold between them (`given`) and the formula
of its `answer`. Its texts have ``<<n>>`` where a number goes, or any expression of the numbers, such as ``<<n + 2*p>>``
or ``<<"%.2f" % (n / 3)>>``; `why` may use ``<<answer>>``.
"""

import functools
import itertools
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import jinja2
import jinja2.meta

COUNT = 20
MOST = 100_000  # combinations that are looked at
NAMES = {name: getattr(math, name) for name in ("sqrt", "exp", "log", "log2", "tanh", "pi", "ceil", "floor")} | {
    "abs": abs, "len": len, "max": max, "min": min, "round": round, "sum": sum, "sorted": sorted, "zip": zip,
    "range": range,
}  # fmt: skip


class TemplateError(ValueError):
    """A template that gives no variants; `part` is the key in the study file at which it went wrong."""

    def __init__(self, part: str, words: str) -> None:
        super().__init__(words)
        self.part = part


def written(value: object) -> str:
    """A number as a reader would write it: four significant digits at most, no zeros behind them."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return str(value) if not isinstance(value, list) else ", ".join(map(written, value))
    if isinstance(value, int) or float(value).is_integer():
        return str(int(value))
    return f"{value:.4g}" if 1e-4 <= abs(value) < 1e6 else f"{value:.2e}"


TEXTS = jinja2.Environment(
    variable_start_string="<<",
    variable_end_string=">>",
    block_start_string="<<%",
    block_end_string="%>>",
    comment_start_string="<<#",
    comment_end_string="#>>",
    undefined=jinja2.StrictUndefined,
    finalize=written,
    autoescape=False,  # Markdown, of which HTML is made elsewhere
)


def variants(template: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The twenty variants of a `template`, each as a question of the kind number with its `numbers`.

    They are the same in each build: drawn from all combinations of the numbers by a generator that the template's id
    seeds. Raises `TemplateError` if there are fewer than twenty, an expression fails, an answer is no finite number,
    two variants read alike, or a text does not show a number.
    """
    numbers = {name: _values(name, given) for name, given in template["numbers"].items()}
    found = list(itertools.islice(_combinations(numbers, template.get("given", [])), MOST))
    if len(found) < COUNT:
        raise TemplateError("numbers", f"they give {len(found)} combinations, and {COUNT} variants are needed")
    drawn = random.Random(template["id"]).sample(found, COUNT)
    for name in numbers:
        if name not in _names_in(template["question"]):
            raise TemplateError("question", f"it does not say {name}: write <<{name}>> where that number goes")
    return [_variant(template, chosen) for chosen in drawn]


def _values(name: str, given: Sequence[Any] | Mapping[str, float]) -> list[Any]:
    """The values that a number may take: those of a list, or from, to (with it) and step of a range."""
    if not isinstance(given, Mapping):
        return list(given)
    start, stop, step = given["from"], given["to"], given.get("step", 1)
    count = math.floor((stop - start) / step + 1e-9) + 1
    if count < 2:
        raise TemplateError("numbers", f"the range of {name} has one value or none")
    return [start + i * step if isinstance(step, int) else round(start + i * step, 10) for i in range(count)]


def _combinations(numbers: Mapping[str, list[Any]], given: Sequence[str]) -> Iterator[dict[str, Any]]:
    for values in itertools.product(*numbers.values()):
        chosen = dict(zip(numbers, values, strict=True))
        if all(_value("given", condition, chosen) for condition in given):
            yield chosen


@functools.cache
def _compiled(expression: str) -> Any:
    return compile(expression, "<study file>", "eval")


def _value(part: str, expression: str | float, numbers: Mapping[str, Any]) -> Any:
    """The value of an expression of the `numbers`; a number stands for itself."""
    if isinstance(expression, (int, float)):
        return expression
    try:
        # generators and comprehensions see globals alone
        return eval(_compiled(expression), {"__builtins__": {}, **NAMES, **numbers})
    except Exception as error:
        values = ", ".join(f"{name} = {value}" for name, value in numbers.items())
        words = f"{expression} raises {type(error).__name__} for {values}: {error}"
        raise TemplateError(part, words) from None


def _names_in(text: str) -> set[str]:
    try:
        return jinja2.meta.find_undeclared_variables(TEXTS.parse(text))
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError("question", f"what stands between << and >> cannot be read: {error}") from None


def _text(template: Mapping[str, Any], part: str, values: Mapping[str, Any]) -> str:
    try:
        return TEXTS.from_string(template[part]).render({**NAMES, **values})
    except (jinja2.TemplateError, ArithmeticError, TypeError, ValueError) as error:
        raise TemplateError(part, f"what stands between << and >> cannot be computed: {error}") from None


def _variant(template: Mapping[str, Any], numbers: dict[str, Any]) -> dict[str, Any]:
    answer = _value("answer", template["answer"], numbers)
    if isinstance(answer, bool) or not isinstance(answer, (int, float)) or not math.isfinite(answer):
        shown = ", ".join(f"{name} = {value}" for name, value in numbers.items())
        raise TemplateError("answer", f"it is {answer} for {shown}, which is no number that one can type")
    answer = float(f"{answer:.12g}")  # 25 and not 24.999999999999996
    answer = int(answer) if answer.is_integer() else answer
    values = numbers | {"answer": answer}
    tolerance = _value("tolerance", template["tolerance"], values)
    return {
        "id": template["id"],
        "kind": "number",
        "question": _text(template, "question", values),
        "answer": answer,
        "tolerance": tolerance,
        "why": _text(template, "why", values),
        "see": template["see"],
        "check": template["check"],
        "numbers": numbers,
    } | {key: template[key] for key in ("unit",) if key in template}
