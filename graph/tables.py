"""The tables of a TOML file; says in one line what to change."""

import tomllib
from pathlib import Path
from typing import Any

from graph.settings import ConfigurationError


def tables_of(path: Path, kind: str, what_for: str, least: int = 1) -> list[dict[str, Any]]:
    """The `[[kind]]` tables of a file that holds nothing else, so many at least. Raises ConfigurationError."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: there is no such {kind} file; README.md shows one.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: cannot be read: {error}.") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: is not TOML: {error}.") from None
    if unknown := sorted(content.keys() - {kind}):
        raise ConfigurationError(f"{path}: unknown key {unknown[0]!r}; the file holds [[{kind}]] tables only.")
    tables = content.get(kind, [])
    if not isinstance(tables, list) or len(tables) < least or not all(isinstance(table, dict) for table in tables):
        raise ConfigurationError(f"{path}: holds no [[{kind}]] table; add one for each {what_for}.")
    return tables
