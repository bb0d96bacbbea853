"""Who calls, by the tokens of an issuer: from an Authorization header to a caller."""

import base64
from datetime import UTC, datetime
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.errors import ClaimError, ExpiredTokenError, InvalidTokenError, JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry

from graph.guard.authorization import EXPIRED, token_in
from graph.guard.claims import Claims
from graph.guard.keys import Keys
from resolvers.caller import Caller
from resolvers.clock import Clock
from resolvers.errors import TokenRefused

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
LEEWAY_SECONDS = 30

_UNREADABLE = "The bearer token cannot be read: it is no signed JWT."
_UNACCEPTED = f"The bearer token is not signed in a way that is accepted here: {', '.join(ALGORITHMS)}."
_UNKNOWN_KEY = (
    "The bearer token is signed with a key that its issuer did not publish when it was asked last. For a new key "
    "the issuer is asked again within a minute."
)
_FORGED = "The signature of the bearer token does not hold."


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

    def __init__(
        self,
        keys: Keys,
        issuer: str,
        audience: str,
        clock: Clock,
        claims: Claims = Claims(),  # noqa: B008  # it cannot be changed
    ) -> None:
        self._keys = keys
        self._clock = clock
        self._allowed = claims
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
        token = token_in(authorization)
        header = _header(token)
        if header.alg not in ALGORITHMS or header.crit is not None:
            raise TokenRefused(_UNACCEPTED)
        key = await self._keys.find(header.kid, header.alg)
        if key is None:
            raise TokenRefused(_UNKNOWN_KEY)
        try:
            claims = jwt.decode(token, key, registry=_ALGORITHMS).claims
        except (JoseError, ValueError, TypeError, RecursionError):
            raise TokenRefused(_FORGED) from None
        return self._named(claims)

    async def close(self) -> None:
        """Close the connection to the issuer."""
        await self._keys.close()

    def _named(self, claims: dict[str, Any]) -> Caller:
        try:
            self._claims.validate(claims)
            expires_at = datetime.fromtimestamp(claims["exp"], UTC)
        except ExpiredTokenError:
            raise TokenRefused(EXPIRED) from None
        except InvalidTokenError as error:
            said = "is in the future: is a clock wrong, here or at the issuer's?"
            raise TokenRefused(f"The claim `{error.claim}` of the bearer token {said}") from None
        except ClaimError as error:
            raise TokenRefused(f"The claim `{error.claim}` of the bearer token is missing or wrong.") from None
        except (OverflowError, OSError, ValueError):
            raise TokenRefused("The claim `exp` of the bearer token is no instant.") from None
        allowed = self._allowed
        caller = Caller(claims["sub"], expires_at, allowed.providers_of(claims), allowed.rights_of(claims))
        if caller.is_expired(self._clock):
            raise TokenRefused(EXPIRED)
        return caller


def _header(token: str) -> _Header:
    head = token.partition(".")[0]
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)), type=_Header)
    except (ValueError, RecursionError):
        raise TokenRefused(_UNREADABLE) from None
