"""Who calls, by tokens that are listed in a file: known by their hashes only."""

import asyncio
import hashlib
from collections.abc import Container, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from graph.guard.authorization import EXPIRED, token_in
from resolvers.caller import Caller, Right
from resolvers.clock import Clock
from resolvers.errors import TokenRefused

_UNKNOWN = "The bearer token is none of those that this server knows."
_log = structlog.get_logger()


class Listed(NamedTuple):
    """One token: its SHA-256, whom it names, what it may see (None: all) and do, when it ends (None: never)."""

    digest: bytes
    name: str
    providers: frozenset[str] | None = None
    rights: frozenset[Right] = frozenset({Right.READ})
    expires_at: datetime | None = None


class Tokens:
    """Checks tokens by a list that may be exchanged.

    Found by hash, so that how long it takes says nothing of how much of a token was right.
    """

    def __init__(self, listed: Sequence[Listed], clock: Clock, providers: Container[str] = ()) -> None:
        """`providers` are the ids that are configured at the time."""
        self._clock = clock
        self._providers = providers
        self._known: dict[bytes, tuple[Listed, Caller]] = {}
        self.exchange(listed)

    async def caller(self, authorization: str | None) -> Caller:
        """Whom the value of an Authorization header names. Raises TokenRefused."""
        known = self._known.get(hashlib.sha256(token_in(authorization).encode()).digest())
        if known is None:
            raise TokenRefused(_UNKNOWN)
        caller = known[1]
        if caller.is_expired(self._clock):
            raise TokenRefused(EXPIRED)
        return caller

    def exchange(self, listed: Sequence[Listed]) -> None:
        """Know these from now on. What a token that is gone or changed has opened ends."""
        before, self._known = self._known, {}
        for each in listed:
            known = before.get(each.digest)
            is_same = known is not None and known[0] == each
            self._known[each.digest] = before.pop(each.digest) if is_same else (each, _caller(each))
            self._warn(each)
        for each, caller in before.values():
            _log.info("token_withdrawn", name=each.name)
            if caller.withdrawn is not None:
                caller.withdrawn.set()

    async def close(self) -> None:
        """Nothing is held."""

    def _warn(self, listed: Listed) -> None:
        """Tell the operator of what is allowed, and hardly meant."""
        unknown = sorted(each for each in listed.providers or () if each not in self._providers)
        if unknown:
            _log.warning("token_names_unknown_providers", name=listed.name, providers=unknown)
        if listed.expires_at is not None and listed.expires_at <= self._clock.now():
            _log.warning("token_has_expired", name=listed.name)


def _caller(listed: Listed) -> Caller:
    return Caller(listed.name, listed.expires_at, listed.providers, listed.rights, asyncio.Event())
