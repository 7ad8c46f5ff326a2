"""The book and its chapters as PDF files, printed by Chromium from the built site (see README.md)."""

__version__ = "1.0.0"
