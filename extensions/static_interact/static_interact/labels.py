r"""Labels with mathematics: ``$\alpha$`` as TeX for what can set it, and in plain words for what cannot."""

import re

MATHEMATICS = re.compile(r"\$([^$]+)\$")
_GREEK = dict(
    zip(
        "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
        "omega".split(),
        "αβγδεζηθικλμνξπρστυφχψω",
        strict=True,
    )
)
_BETWEEN = {"times": "×", "cdot": "·", "pm": "±", "le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "to": "→", "in": "∈"}
_SIGNS = {"varepsilon": "ε", "varphi": "φ", "partial": "∂", "nabla": "∇", "sqrt": "√", "infty": "∞", "ell": "ℓ"}
_NAMES = {**_GREEK, **{name.capitalize(): sign.upper() for name, sign in _GREEK.items()}, **_SIGNS}
_RAISED = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")


def pieces(label: str) -> list[tuple[bool, str]]:
    """The parts of a label in order, each with whether it is mathematics, without its dollar signs."""
    parts = MATHEMATICS.split(label)
    return [(bool(number % 2), part) for number, part in enumerate(parts) if part]


def spoken(label: str) -> str:
    r"""A label without TeX: ``$\alpha_1$`` is α₁. Options of a menu, a screen reader and a caption have it so."""
    return "".join(_plain(part) if is_mathematics else part for is_mathematics, part in pieces(label))


def _plain(tex: str) -> str:
    tex = re.sub(
        r"\\(?:text|mathrm|mathbf|mathbb|mathcal|mathit|operatorname|hat|bar|tilde)\s*\{([^{}]*)\}", r"\1", tex
    )
    tex = re.sub(r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"\1/\2", tex)
    tex = re.sub(r"\\[,;:! ]|\\(?:left|right|displaystyle)\b", " ", tex)
    tex = re.sub(r"\\([A-Za-z]+)\s*", lambda found: _named(found[1]), tex)
    tex = re.sub(r"\^(?:\{([\d+\-n]+)\}|([\dn]))", lambda f: (f[1] or f[2]).translate(_RAISED), tex)
    tex = re.sub(r"_(?:\{([\d+\-]+)\}|(\d))", lambda f: (f[1] or f[2]).translate(_LOWERED), tex)
    return re.sub(r"\s+", " ", tex.replace("{", "").replace("}", "").replace("\\", "")).strip()


def _named(name: str) -> str:
    return f" {_BETWEEN[name]} " if name in _BETWEEN else _NAMES.get(name, f"{name} ")
