"""What breaks for those who hold an older schema.graphql of this repository, and what the changelog says of it."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from graph.contract import Change, breaking_changes, contract, dangerous_changes

SCHEMA = "schema.graphql"
_TELLING = re.compile(r"^### (?:Breaking|Changed|Removed)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


# Of git in whose hook this may run, and which would mean another repository.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


class Version(NamedTuple):
    """A schema that was checked in, and the commit that did."""

    commit: str
    sdl: str


class History:
    """The versions of the schema since the newest release, or since the first one where nothing was released.

    Without git there are none; `missing` says in words what cannot be compared.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.missing: str | None = None
        self.release = ""
        self.versions: list[Version] = []
        if not (root / ".git").exists():
            self.missing = "this is no clone of the repository: no older schema was compared"
            return
        self.release = self._git("describe", "--tags", "--abbrev=0", "--match=v[0-9]*") or ""
        commits = (self._git("log", "--first-parent", "--format=%h", *self._since(), "--", SCHEMA) or "").split()
        self.versions = [version for each in [*commits, self.release] if (version := self._version(each))]
        if self._git("rev-parse", "--is-shallow-repository") != "false":
            oldest = self.versions[-1].commit if self.versions else "the newest"
            self.missing = f"no schema before {oldest} was compared: this clone is shallow (git fetch --unshallow)"

    def _since(self) -> list[str]:
        return [f"{self.release}.."] if self.release else []

    def _version(self, commit: str) -> Version | None:
        sdl = self._git("show", f"{commit}:{SCHEMA}") if commit else None
        return Version(commit, sdl) if sdl else None

    def _git(self, *arguments: str) -> str | None:
        """What git says; None where it is not there or says no."""
        command = ["git", "-C", str(self._root), *arguments]
        try:
            return subprocess.run(
                command, env=ENVIRONMENT, capture_output=True, text=True, check=True
            ).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            return None


class Compared(NamedTuple):
    """What differs for those who hold one of the versions, each with the newest commit it differs from."""

    breaking: dict[Change, str]
    dangerous: dict[Change, str]


def compared(versions: list[Version], printed: str) -> Compared:
    """Each version with the schema that is printed now, so that what was taken back is no change."""
    now, found = contract(printed), Compared({}, {})
    for version in versions:
        held = contract(version.sdl)
        for kinds, changes in zip(found, (breaking_changes(held, now), dangerous_changes(held, now)), strict=True):
            for change in changes:
                kinds.setdefault(change, version.commit)
    return found


def told(changelog: str, release: str) -> set[str]:
    """What stands in backticks below Breaking, Changed or Removed, above the part of the newest release."""
    heading = f"\n## [{release.removeprefix('v')}]"
    since = changelog.partition(heading)[0] if release else changelog
    return {" ".join(each.split()) for part in _TELLING.findall(since) for each in re.findall(r"`([^`]+)`", part)}


def untold(found: Compared, known: set[str]) -> list[str]:
    """A sentence or two for each breaking change whose name is not known."""
    return [_what_to_do(change, commit) for change, commit in found.breaking.items() if change.name not in known]


def _what_to_do(change: Change, commit: str) -> str:
    return (
        f"This breaks {change.matters_to}: {change.says} It was there in {commit}. Keep it, or say below "
        "`### Changed` or `### Removed` in the unreleased part of CHANGELOG.md what to do instead, "
        f"with `{change.name}` in the line."
    )
