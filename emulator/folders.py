"""Finds the vendor folders by scan and says in one sentence what is wrong with one of them."""

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emulator.demo import DemoError, DemoProvider, read_demo
from emulator.vendor import VendorServer

HOME = Path(__file__).parent
PARTS = ("__init__.py", "server.py", "wire", "expected.json", "demo.toml")


class FolderError(Exception):
    """A vendor folder that cannot be used; the text names the folder and the part."""


@dataclass(frozen=True, slots=True)
class VendorFolder:
    """One vendor folder, complete and readable."""

    path: Path
    server: type[VendorServer]
    providers: list[DemoProvider]

    def wire(self, name: str) -> dict[str, Any]:
        """One vendor body of the folder."""
        try:
            body: dict[str, Any] = json.loads((self.path / "wire" / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise FolderError(f"emulator/{self.path.name}/wire/{name}: {error}") from error
        return body


def find_folders(home: Path = HOME) -> list[VendorFolder]:
    """Every vendor folder, in the order of their ports; raises `FolderError`."""
    paths = [path for path in home.iterdir() if path.is_dir() and path.name[0] not in "._"]
    folders = [_read(path) for path in sorted(paths)]
    _check_clashes([provider for folder in folders for provider in folder.providers])
    return sorted(folders, key=lambda folder: folder.providers[0].port_offset)


def _read(path: Path) -> VendorFolder:
    place = f"emulator/{path.name}"
    for part in PARTS:
        if not (path / part).exists():
            raise FolderError(f"{place}: {part} is missing")
    try:
        providers = read_demo(path)
    except DemoError as error:
        raise FolderError(str(error)) from error
    if not providers:
        raise FolderError(f"{place}/demo.toml: no [[provider]]")
    return VendorFolder(path, _server(path.name, place), providers)


def _server(name: str, place: str) -> type[VendorServer]:
    module = importlib.import_module(f"emulator.{name}.server")
    server = getattr(module, "Server", None)
    if not (isinstance(server, type) and issubclass(server, VendorServer)):
        raise FolderError(f"{place}/server.py: no class Server(VendorServer)")
    return server


def _check_clashes(providers: list[DemoProvider]) -> None:
    for key in ("id", "port_offset"):
        owners: dict[Any, str] = {}
        for provider in providers:
            value = getattr(provider, key)
            if value in owners:
                where = f"emulator/{owners[value]} and emulator/{provider.folder}"
                raise FolderError(f"{where}: both demo.toml files claim {key} {value!r}")
            owners[value] = provider.folder
