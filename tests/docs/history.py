"""What breaks for those who hold an older schema.graphql of this repository, and what the changelog says of it."""

import os
import re
import subprocess
from pathlib import Path
from typing import NamedTuple

from graph.contract import Change, Contract, UnreadableSchema, breaking_changes, contract, dangerous_changes

SCHEMA = "schema.graphql"
_TELLING = re.compile(r"^### (Changed|Removed)\n(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


# Of git in whose hook this may run, and which would mean another repository.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}


class Version(NamedTuple):
    """A schema that was checked in, and the commit that did."""

    commit: str
    schema: Contract


class History:
    """The versions of the schema since the newest release, or since the first one where nothing was released.

    Without git there are none; `missing` says in words what cannot be compared.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._missing: list[str] = []
        self.release = ""
        self.versions: list[Version] = []
        if self._git("rev-parse", "--is-inside-work-tree") != "true":
            self._missing.append("this is no clone of the repository: no older schema was compared")
            return
        self.release = self._git("describe", "--tags", "--abbrev=0", "--match=v[0-9]*") or ""
        commits = (self._git("log", "--first-parent", "--format=%h", *self._since(), "--", SCHEMA) or "").split()
        self.versions = [version for each in [*commits, self.release] if (version := self._version(each))]
        if self._git("rev-parse", "--is-shallow-repository") != "false":
            self._missing.append(
                f"no schema before {self._oldest()} was compared: this clone is shallow (git fetch --unshallow)"
            )
        elif not self.versions:
            self._missing.append(
                f"no readable {SCHEMA} of this folder was ever committed: no older schema was compared"
            )

    @property
    def missing(self) -> str | None:
        return "; ".join(self._missing) or None

    def _oldest(self) -> str:
        return self.versions[-1].commit if self.versions else "the newest"

    def _since(self) -> list[str]:
        return [f"{self.release}.."] if self.release else []

    def _version(self, commit: str) -> Version | None:
        sdl = self._git("show", f"{commit}:./{SCHEMA}") if commit else None
        try:
            return Version(commit, contract(sdl)) if sdl else None
        except UnreadableSchema as error:
            self._missing.append(f"the schema of {commit} was not compared: {error}")
            return None

    def _git(self, *arguments: str) -> str | None:
        """What git says; None where it is not there or says no."""
        command = ["git", "-C", str(self._root), *arguments]
        try:
            said = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return None
        return said.decode(errors="replace").strip()


class Compared(NamedTuple):
    """What differs for those who hold one of the versions, each with the newest commit it differs from."""

    breaking: dict[Change, str]
    dangerous: dict[Change, str]


def compared(versions: list[Version], printed: str) -> Compared:
    """Each version with the schema that is printed now, so that what was taken back is no change."""
    now, found = contract(printed), Compared({}, {})
    for version in versions:
        changed = breaking_changes(version.schema, now), dangerous_changes(version.schema, now)
        for kinds, changes in zip(found, changed, strict=True):
            for change in changes:
                kinds.setdefault(change, version.commit)
    return found


class Told(NamedTuple):
    """What stands in backticks, by the heading above it."""

    heading: str
    name: str


def told(changelog: str, release: str) -> set[Told]:
    """What stands below Changed and Removed, above the part of the newest release."""
    heading = f"\n## [{release.removeprefix('v')}]"
    since = changelog.partition(heading)[0] if release else changelog
    return {
        Told(part[1], " ".join(name.split()))
        for part in _TELLING.finditer(since)
        for name in re.findall(r"`([^`]+)`", part[2])
    }


def untold(found: Compared, known: set[Told]) -> list[str]:
    """A few sentences for each breaking change that is not told below its heading."""
    return [_what_to_do(each, commit) for each, commit in found.breaking.items() if to_tell(each) not in known]


def to_tell(change: Change) -> Told:
    return Told("Removed" if change.removes else "Changed", change.name)


def _what_to_do(change: Change, commit: str) -> str:
    heading, name = to_tell(change)
    what = "What is gone" if change.removes else "What is there and has changed"
    return (
        f"This breaks {change.matters_to}: {change.says} {commit} has it as it was. Keep it so, or say below "
        f"`### {heading}` in the unreleased part of CHANGELOG.md what to do instead, with `{name}` in the line. "
        f"{what} is told there and under no other heading."
    )
