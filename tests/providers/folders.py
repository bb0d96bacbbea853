"""What there is to test, found by scan: vendor modules, emulator folders, wire files with their meaning."""

import json
import pkgutil
import tomllib
from pathlib import Path
from typing import Any, NamedTuple

import emulator
from resolvers import providers

EMULATOR = Path(emulator.__file__).parent
PARTS = ("server.py", "wire", "expected.json", "demo.toml")


class WireCase(NamedTuple):
    """One entry of an expected.json: a body, how to serve it, and what a right client makes of it."""

    folder: str
    file: str
    order: dict[str, Any]
    precheck: dict[str, Any] | None
    problem: dict[str, Any] | None

    @property
    def provider_id(self) -> str:
        return str(self.order["provider"])


def modules() -> set[str]:
    return {info.name for info in pkgutil.iter_modules(providers.__path__)}


def folders() -> set[str]:
    return {path.name for path in EMULATOR.iterdir() if path.is_dir() and path.name[0] not in "._"}


def missing_parts(name: str) -> list[str]:
    home = EMULATOR / name
    missing = [f"emulator/{name}/{part}" for part in PARTS if not (home / part).exists()]
    if (home / "wire").is_dir() and not any((home / "wire").glob("*.json")):
        missing.append(f"emulator/{name}/wire/*.json")
    return missing if name in modules() else [f"resolvers/providers/{name}", *missing]


def complete() -> list[str]:
    return sorted(name for name in modules() & folders() if not missing_parts(name))


def demo_ids(folder: str) -> list[str]:
    demo = tomllib.loads((EMULATOR / folder / "demo.toml").read_text(encoding="utf-8"))
    return [provider["id"] for provider in demo["provider"]]


def expected(folder: str) -> dict[str, Any]:
    meanings: dict[str, Any] = json.loads((EMULATOR / folder / "expected.json").read_text(encoding="utf-8"))
    return meanings


def wire_files(folder: str) -> set[str]:
    return {path.name for path in (EMULATOR / folder / "wire").glob("*.json")}


def wire_cases(folder: str) -> list[WireCase]:
    meanings = expected(folder)
    return [_case(folder, file, meanings[file]) for file in sorted(wire_files(folder) & set(meanings))]


def _case(folder: str, file: str, entry: dict[str, Any]) -> WireCase:
    step = {"seconds": 1.0, "status": entry["http_status"], "body": _body(EMULATOR / folder / "wire" / file)}
    api = {"api": entry["api"]} if "api" in entry else {}
    order = {"provider": entry["provider"], "script": [step], **api}
    return WireCase(folder, file, order, entry.get("precheck"), entry.get("problem"))


def _body(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    try:
        body = json.loads(text)
    except ValueError:
        return text
    return body if isinstance(body, dict) else text
