"""The file of bearer tokens: whom each names, what it may see and do; says in one line what to change."""

import contextlib
import re
import stat
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import structlog

from graph.guard.claims import these_or_all
from graph.guard.tokens import Listed
from graph.settings import ConfigurationError
from graph.tables import tables_of
from resolvers.caller import Right

_SHA256 = re.compile("[0-9a-fA-F]{64}")
_log = structlog.get_logger()


class TokenTable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys that a `[[token]]` table takes; the token itself is never one of them."""

    name: Annotated[str, msgspec.Meta(min_length=1)]
    sha256: str
    providers: tuple[str, ...] = ("*",)
    rights: tuple[Right, ...] = (Right.READ,)
    expires: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


def read_tokens(path: Path) -> list[Listed]:
    """The `[[token]]` tables of a file. Raises ConfigurationError, with the file, the token and what to change."""
    read: dict[bytes, Listed] = {}
    for number, table in enumerate(tables_of(path, "token", "client", least=0), 1):
        where = f"{path}: token {number}"
        listed = _listed(table, where)
        if listed.digest in read:
            raise ConfigurationError(f"{where} has the `sha256` of another one; give each a token of its own.")
        read[listed.digest] = listed
    _warn(path, read)
    return list(read.values())


def _warn(path: Path, read: Collection[bytes]) -> None:
    if not read:
        _log.warning("tokens_file_empty", path=str(path), why="nobody is let in")
    with contextlib.suppress(OSError):
        if path.stat().st_mode & stat.S_IWOTH:
            _log.warning("tokens_file_writable", path=str(path), why="everybody on this machine may add tokens")


def _listed(table: dict[str, Any], where: str) -> Listed:
    try:
        token = msgspec.convert(table, TokenTable)
    except msgspec.ValidationError as error:
        accepted = ", ".join(TokenTable.__struct_fields__)
        hint = f" It takes: {accepted}." if "unknown field" in str(error) or "missing" in str(error) else ""
        raise ConfigurationError(f"{where}: {error}.{hint}") from None
    if not _SHA256.fullmatch(token.sha256):
        raise ConfigurationError(
            f"{where}: `sha256` takes the 64 hexadecimal digits of the token's SHA-256, never the token."
        )
    return Listed(
        bytes.fromhex(token.sha256),
        token.name,
        these_or_all(frozenset(token.providers)),
        frozenset(token.rights),
        token.expires,
    )
