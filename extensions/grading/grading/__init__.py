"""Exercises that instructors can hand out, collect, grade and return (see README.md)."""

__version__ = "1.0.0"
