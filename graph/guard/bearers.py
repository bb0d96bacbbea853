"""Who calls: one function for every transport, from an Authorization header to a caller."""

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry

from graph.guard.keys import Keys
from resolvers.caller import Caller
from resolvers.clock import Clock
from resolvers.errors import TokenRefused

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LEEWAY_SECONDS = 30
_MOST_CHARACTERS = 16 * 1024

_MISSING = "This server answers callers with a bearer token only: send the header `Authorization: Bearer <token>`."
_UNREADABLE = "The bearer token cannot be read: it is no signed JWT."
_UNACCEPTED = f"The bearer token is not signed in a way that is accepted here: {', '.join(ALGORITHMS)}."
_UNKNOWN_KEY = "The bearer token is signed with a key that its issuer does not publish."
_FORGED = "The signature of the bearer token does not hold."
_EXPIRED = "The bearer token has expired. Ask again with a new one."


class _Header(msgspec.Struct):
    alg: str
    kid: str | None = None
    crit: object = None


class _Algorithms(JWSRegistry):
    """Ours and no others, without the library's warning against EdDSA's name, which issuers go on using."""

    max_header_length = 8 * 1024  # some issuers send their certificates along

    def get_alg(self, name: str) -> JWSAlgModel:
        """The algorithm of that name. Raises UnsupportedAlgorithmError."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_ALGORITHMS = _Algorithms(strict_check_header=False)  # RFC 7515: what is not understood is ignored


class Bearers:
    """Checks tokens of one issuer for one audience."""

    def __init__(self, keys: Keys, issuer: str, audience: str, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock.now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            sub={"essential": True},
            exp={"essential": True},
        )

    async def caller(self, authorization: str | None) -> Caller:
        """Whom the value of an Authorization header names. Raises TokenRefused or KeysUnavailable.

        `nbf` and `iat` may lie 30 s ahead, for clocks that differ. `exp` is taken at its word: streams end by it.
        """
        token = _token(authorization)
        header = _header(token)
        if header.alg not in ALGORITHMS or header.crit is not None:
            raise TokenRefused(_UNACCEPTED)
        key = await self._keys.find(header.kid, header.alg)
        if key is None:
            raise TokenRefused(_UNKNOWN_KEY)
        try:
            claims = jwt.decode(token, key, registry=_ALGORITHMS).claims
        except (JoseError, ValueError, TypeError):
            raise TokenRefused(_FORGED) from None
        return self._named(claims)

    async def close(self) -> None:
        """Close the connection to the issuer."""
        await self._keys.close()

    def _named(self, claims: dict[str, Any]) -> Caller:
        try:
            self._claims.validate(claims)
            caller = Caller(claims["sub"], datetime.fromtimestamp(claims["exp"], UTC))
        except ExpiredTokenError:
            raise TokenRefused(_EXPIRED) from None
        except ClaimError as error:
            raise TokenRefused(f"The claim `{error.claim}` of the bearer token is missing or wrong.") from None
        except (OverflowError, OSError, ValueError):
            raise TokenRefused("The claim `exp` of the bearer token is no instant.") from None
        if caller.is_expired(self._clock):
            raise TokenRefused(_EXPIRED)
        return caller


def _token(authorization: str | None) -> str:
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenRefused(_MISSING)
    if not token.isascii() or len(token) > _MOST_CHARACTERS:
        raise TokenRefused(_UNREADABLE)
    return token.strip()


def _header(token: str) -> _Header:
    head = token.partition(".")[0]
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)), type=_Header)
    except (ValueError, RecursionError):
        raise TokenRefused(_UNREADABLE) from None
