"""A file of bearer tokens as a person would write it; the token of somebody is made of the name."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

from graph.settings import Settings


def token_of(name: str) -> str:
    return f"token-of-{name}"


def table(
    name: str,
    providers: Sequence[str] | None = None,
    rights: Sequence[str] | None = None,
    expires: str | None = None,
) -> str:
    """A `[[token]]` table; what is not given is left out."""
    lines = ["[[token]]", f'name = "{name}"', f'sha256 = "{hashlib.sha256(token_of(name).encode()).hexdigest()}"']
    if providers is not None:
        lines.append(f"providers = {json.dumps(list(providers))}")
    if rights is not None:
        lines.append(f"rights = {json.dumps(list(rights))}")
    if expires is not None:
        lines.append(f"expires = {expires}")
    return "\n".join(lines) + "\n"


def tokens_file(folder: Path, *tables: str) -> Path:
    file = folder / "tokens.toml"
    file.write_text("\n".join(tables), encoding="utf-8")
    return file


def settings_for(folder: Path, *tables: str) -> Settings:
    """The settings of a server that knows these tokens."""
    return Settings(tokens_file=str(tokens_file(folder, *tables)))
