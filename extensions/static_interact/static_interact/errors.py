"""The one error of this package, and how its messages are put together."""


class StaticInteractError(Exception):
    """A slider that cannot be frozen; the message names the place, what is wrong and the way out."""


def describe_call(function, values):
    """Write a call as a reader would: ``plot_losses(lr=0.1, momentum=0.9)``; a long value, say a table, is cut."""
    arguments = ", ".join(f"{name}={_short(value)}" for name, value in values.items())
    return f"{getattr(function, '__name__', repr(function))}({arguments})"


def _short(value, longest=60):
    text = " ".join(repr(value).split())
    return text if len(text) <= longest else text[:longest] + "…"
