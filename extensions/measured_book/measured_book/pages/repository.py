"""Where this book's files can be opened: its repository, from the environment or from git, or nowhere."""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

if TYPE_CHECKING:
    from ..application import BookApplication

GITHUB = re.compile(
    r"(?:https?://(?:[^@/]+@)?|ssh://git@|git@)github\.com[/:](?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)
ADDRESS = re.compile(r"https?://[\w.-]+(:\d+)?(/[\w./~%-]*)?")


@dataclass(frozen=True)
class Repository:
    """A public repository on GitHub, the branch that readers get, and the address of a JupyterHub of theirs."""

    owner: str
    name: str
    branch: str = "main"
    hub: str = ""

    def colab(self, path: str) -> str:
        """The address that opens the notebook at `path` in Colab."""
        return (
            f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/{quote(self.branch)}/{quote(path)}"
        )

    def binder(self, path: str) -> str:
        """The address that opens the notebook at `path` in JupyterLab on Binder."""
        branch, opened = quote(self.branch, safe=""), quote(f"lab/tree/{path}", safe="")
        return f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/{branch}?urlpath={opened}"

    def jupyterhub(self, path: str) -> str:
        """The address that fetches the repository to a reader's own JupyterHub and opens the notebook at `path`.

        nbgitpuller on the hub does that: https://nbgitpuller.readthedocs.io
        """
        address = quote(f"https://github.com/{self.owner}/{self.name}", safe="")
        branch, opened = quote(self.branch, safe=""), quote(f"lab/tree/{self.name}/{path}", safe="")
        return f"{self.hub}/hub/user-redirect/git-pull?repo={address}&branch={branch}&urlpath={opened}"


def find(folder: str | Path, environment: Mapping[str, str] = os.environ) -> Repository | None:
    """The `Repository` of the checkout in `folder`; None if it is not on GitHub, since a link would be dead.

    The variables BOOK_REPOSITORY (an address; empty: no links) and BOOK_BRANCH come before what git says of ``origin``;
    BOOK_JUPYTERHUB is the address of a JupyterHub. Raises ExtensionError if that is none.
    """
    hub = environment.get("BOOK_JUPYTERHUB", "").strip().rstrip("/").removesuffix("/hub")
    if hub and not ADDRESS.fullmatch(hub):
        raise ExtensionError(f"BOOK_JUPYTERHUB is {hub!r}, which is no address of a hub: write https://host/path")
    address = environment.get("BOOK_REPOSITORY")
    if address is None:
        command = ["git", "-C", str(folder), "remote", "get-url", "origin"]
        try:
            address = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        except FileNotFoundError:
            return None
    match = GITHUB.fullmatch(address.strip())
    return Repository(match["owner"], match["name"], environment.get("BOOK_BRANCH") or "main", hub) if match else None


def of(app: Sphinx) -> Repository | None:
    """The `Repository` of the book that `app` builds, or None: see `find`, which is asked once for a build."""
    book = cast("BookApplication", app)
    if not hasattr(book, "book_repository"):
        book.book_repository = find(app.srcdir)
    return book.book_repository
