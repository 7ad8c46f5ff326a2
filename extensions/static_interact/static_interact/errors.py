"""The one error of this package, and how its messages are put together."""

import re
from collections.abc import Callable, Mapping
from typing import Any

ANSI_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class StaticInteractError(Exception):
    """A slider that cannot be frozen; the message names the place, what is wrong and the way out."""


def message_in(traceback: str) -> str:
    """The message of a `StaticInteractError` at the end of a kernel's traceback; empty if another error ended it."""
    _, found, message = ANSI_ESCAPE.sub("", traceback).rpartition(f"{StaticInteractError.__name__}: ")
    return message.strip() if found else ""


def describe_call(function: Callable[..., Any], values: Mapping[str, Any]) -> str:
    """Write a call as a reader would: ``plot_losses(lr=0.1, momentum=0.9)``; a long value, say a table, is cut."""
    arguments = ", ".join(f"{name}={_short(value)}" for name, value in values.items())
    return f"{getattr(function, '__name__', repr(function))}({arguments})"


def _short(value: Any, longest: int = 60) -> str:
    text = " ".join(repr(value).split())
    return text if len(text) <= longest else text[:longest] + "…"
