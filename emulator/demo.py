"""A vendor folder's demo providers as its demo.toml states them."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class DemoError(ValueError):
    """A demo.toml that cannot be used; the text names the file, the provider and the key."""


@dataclass(frozen=True, slots=True)
class DemoRun:
    """A run that the emulator begins at its start, so that there is something alive to look at."""

    reference: str
    scenario: str
    seconds: float = 60.0
    repeat: bool = False
    hold_seconds: float = 20.0


@dataclass(frozen=True, slots=True)
class DemoProvider:
    """One `[[provider]]` of a demo.toml: one connection, one port, its settings and plainly fake secrets."""

    folder: str
    id: str
    port_offset: int
    name: str
    region: str
    track: tuple[str, ...]
    settings: dict[str, Any]
    secrets: dict[str, str]
    runs: tuple[DemoRun, ...]

    @property
    def vendor(self) -> str:
        """The vendor's name as a provider file spells it."""
        return self.folder.replace("_", "-")


def read_demo(folder: Path) -> list[DemoProvider]:
    """Every demo provider of one vendor folder, in the file's order."""
    path = folder / "demo.toml"
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))["provider"]
        return [_provider(folder.name, table) for table in tables]
    except (KeyError, TypeError, ValueError) as error:
        raise DemoError(f"emulator/{folder.name}/demo.toml: {_said(error)}") from error


def _provider(folder: str, table: dict[str, Any]) -> DemoProvider:
    rest = dict(table)
    runs = tuple(DemoRun(**run) for run in rest.pop("run", []))
    provider = DemoProvider(
        folder=folder,
        id=rest.pop("id"),
        port_offset=rest.pop("port_offset"),
        name=rest.pop("name"),
        region=rest.pop("region", ""),
        track=tuple(rest.pop("track")),
        settings=rest.pop("settings", {}),
        secrets=rest.pop("secrets", {}),
        runs=runs,
    )
    if rest:
        raise ValueError(f"provider {provider.id!r} has unknown keys: {', '.join(sorted(rest))}")
    return provider


def _said(error: Exception) -> str:
    return f"missing {error}" if isinstance(error, KeyError) else str(error)
