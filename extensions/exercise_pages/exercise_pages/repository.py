"""Where this book's files can be opened: its repository, from the environment or from git, or nowhere."""

import os
import re
import subprocess
from dataclasses import dataclass
from urllib.parse import quote

GITHUB = re.compile(
    r"(?:https?://(?:[^@/]+@)?|ssh://git@|git@)github\.com[/:](?P<owner>[\w.-]+)/(?P<name>[\w.-]+?)(?:\.git)?/?"
)


@dataclass(frozen=True)
class Repository:
    """A public repository on GitHub, and the branch that readers get."""

    owner: str
    name: str
    branch: str = "main"

    def colab(self, path):
        """The address that opens the notebook at `path` in Colab."""
        return (
            f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/{quote(self.branch)}/{quote(path)}"
        )

    def binder(self, path):
        """The address that opens the notebook at `path` in JupyterLab on Binder."""
        branch, opened = quote(self.branch, safe=""), quote(f"lab/tree/{path}", safe="")
        return f"https://mybinder.org/v2/gh/{self.owner}/{self.name}/{branch}?urlpath={opened}"


def find(folder, environment=os.environ):
    """The `Repository` of the checkout in `folder`; None if it is not on GitHub, since a link would be dead.

    The variables BOOK_REPOSITORY (an address; empty: no links) and BOOK_BRANCH come before what git says of ``origin``.
    """
    address = environment.get("BOOK_REPOSITORY")
    if address is None:
        command = ["git", "-C", str(folder), "remote", "get-url", "origin"]
        try:
            address = subprocess.run(command, capture_output=True, text=True).stdout.strip()
        except FileNotFoundError:
            return None
    match = GITHUB.fullmatch(address.strip())
    return Repository(match["owner"], match["name"], environment.get("BOOK_BRANCH") or "main") if match else None
