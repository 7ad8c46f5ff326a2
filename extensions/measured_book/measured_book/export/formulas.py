"""Formulas in one line of words and signs, for those who hear a page or search in it."""

import re
import unicodedata

BINARY = re.compile(r"[=<>≤≥≠≈≡∝∼→←↔⇒⇔↦∈∉⊂⊆∪∩+−±×÷·⋅∗⊙⊗∘∣|:∧∨⊕]|≪|≫")
ACCENTS = {"^": ("\u0302", "hat"), "~": ("\u0303", "tilde"), "¯": ("\u0304", "bar"), "―": ("\u0304", "bar")}
BRACES = ("\u23de", "\u23df")
UNSEEN = dict.fromkeys(map(ord, "\u2062\u2063\u2064\u200b")) | {0x2061: " "}  # the last applies a function
NEGATIVE = re.compile(r"(?<![^\s(\[])(?<![\w)\]}|‖⌋⌉…⋯!′] )− (?=\S)")  # a minus sign after nothing to subtract from


def in_words(element):
    """The formula of a MathML element (BeautifulSoup) in one line, such as f = 1/(t_ref + τ ln(2))."""
    words = re.sub(r"\s+([,;.)\]])|([(\[])\s+", r"\1\2", " ".join(_line(element).split()))
    return NEGATIVE.sub("−", words)


def _line(node):
    if isinstance(node, str):
        return node.translate(UNSEEN)
    parts = [_line(child) for child in node.children if not isinstance(child, str) or child.strip()]
    match node.name, parts:
        case "mphantom", _:
            return ""
        case "mspace", _:
            return " "
        case "mo", _:
            sign = "".join(parts).strip()
            return f" {sign} " if not sign or BINARY.fullmatch(sign) else f"{sign} " if sign in (",", ";") else sign
        case "mfrac", [above, below]:
            return f"{_whole(above)}/{_whole(below)}"
        case "msqrt", _:
            return f"√({''.join(parts)})"
        case "mroot", [base, degree]:
            return f"{_whole(base)}^(1/{degree.strip()})"
        case "mover", [base, accent] if accent.strip() in ACCENTS:
            mark, name = ACCENTS[accent.strip()]
            accented = unicodedata.normalize("NFC", base.strip() + mark)
            return accented if len(accented) == 1 else f"{base.strip()} {name}"  # few fonts have a lone mark
        case (("mover" | "munder"), [base, brace]) if brace.strip() in BRACES:
            return base
        case (("msup" | "mover"), [base, above]):
            return f"{base}^{_whole(above)}"
        case (("msub" | "munder"), [base, below]):
            return f"{base}_{_whole(below)} "
        case (("msubsup" | "munderover"), [base, below, above]):
            return f"{base}_{_whole(below)}^{_whole(above)} "
        case "mtr", _:
            return " ".join(parts) + "; "
        case _:
            return "".join(parts)


def _whole(part):
    part = " ".join(part.split())
    return part if len(part) < 2 or re.fullmatch(r"\w+|\([^()]*\)", part) else f"({part})"
