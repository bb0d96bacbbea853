"""What an Authorization header holds, and what every way to check it has in common."""

from typing import Protocol

from resolvers.caller import Caller
from resolvers.errors import TokenRefused

_MOST_CHARACTERS = 16 * 1024

_MISSING = "This server answers callers with a bearer token only: send the header `Authorization: Bearer <token>`."
_UNREADABLE = "The bearer token cannot be read: it is too long, or no ASCII."
EXPIRED = "The bearer token has expired. Ask again with a new one."


class Authority(Protocol):
    """The one that decides who is let in, for all transports alike."""

    async def caller(self, authorization: str | None) -> Caller:
        """Whom the value of an Authorization header names. Raises TokenRefused or KeysUnavailable."""

    async def close(self) -> None:
        """Give back what it holds."""


def token_in(authorization: str | None) -> str:
    """The bearer token of a header. Raises TokenRefused where there is none that could be one."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused(_MISSING)
    if not token.isascii() or len(token) > _MOST_CHARACTERS:
        raise TokenRefused(_UNREADABLE)
    return token.strip()
