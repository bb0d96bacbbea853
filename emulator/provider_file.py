"""Writes the provider file of the product that points at this emulator, and the secrets beside it."""

import json
import os
from pathlib import Path
from typing import Any

from emulator.demo import DemoProvider
from emulator.emulation import Emulation


def write_provider_file(path: Path, emulation: Emulation) -> None:
    """Write `path` and `secrets/` beside it (0700, each secret 0600); raises `OSError`."""
    secrets = path.absolute().parent / "secrets"
    secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
    secrets.chmod(0o700)
    tables = [_table(server.provider, emulation, secrets) for server in emulation.servers.values()]
    _write(path, "\n".join(tables), 0o644)


def _table(provider: DemoProvider, emulation: Emulation, secrets: Path) -> str:
    base_url = emulation.urls()[provider.id]
    head = {"id": provider.id, "vendor": provider.vendor, "name": provider.name, "region": provider.region}
    lines = ["[[provider]]", *(f"{key} = {_toml(value)}" for key, value in head.items() if value)]
    lines += [f"base_url = {_toml(base_url)}", f"track = {_toml(emulation.tracked(provider))}"]
    lines.append("allow_private = true")  # the emulator listens on loopback
    lines += [f"{key} = {_toml(_filled(value, base_url))}" for key, value in provider.settings.items()]
    for key, secret in provider.secrets.items():
        file = secrets / f"{provider.id}-{key}"
        _write(file, secret, 0o600)
        lines.append(f"{key} = {{ file = {_toml(str(file))} }}")
    return "\n".join([*lines, ""])


def _filled(value: Any, base_url: str) -> Any:
    return value.replace("{base_url}", base_url) if isinstance(value, str) else value


def _toml(value: Any) -> str:
    # strings, numbers, booleans and arrays of them are written alike in TOML and JSON
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str, mode: int) -> None:
    opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(opened, "w", encoding="utf-8") as file:
        os.fchmod(opened, mode)
        file.write(text)
