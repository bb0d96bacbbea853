"""The keys of a DRS connection, and the two ways to sign in that they choose from."""

from typing import Literal, Protocol

import httpx2 as httpx

from resolvers.clock import Clock
from resolvers.providers.huawei_drs.iam import TokenAccess, User
from resolvers.providers.huawei_drs.signing import SignatureAuth
from resolvers.upstream.answer import Answer
from resolvers.upstream.connection import Connection
from resolvers.upstream.contract import ProviderSettings, Secret

CLOCK_CODES = frozenset({"APIGW.0303", "APIG.0303"})


class HuaweiDrsSettings(ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One project of one account; `auth` says which of the keys below it are needed."""

    project_id: str
    auth: Literal["signature", "token"] = "signature"
    access_key: str | None = None
    secret_key: Secret | None = None
    security_token: Secret | None = None
    iam_url: str | None = None
    username: str | None = None
    domain: str | None = None
    password: Secret | None = None


class Access(Protocol):
    """A way to sign in."""

    async def auth(self) -> httpx.Auth:
        """What the next call proves itself with. Raises PrecheckError."""

    async def renew(self, used: httpx.Auth, answer: Answer, code: str | None) -> bool:
        """Whether a refused call is worth exactly one more try, now that something has been learnt."""

    async def close(self) -> None:
        """Give up what is under way."""


class SignedAccess:
    """Signs every request with a key pair; right the first time unless the clocks differ."""

    def __init__(self, auth: SignatureAuth, connection: Connection) -> None:
        self._auth = auth
        self._connection = connection

    async def auth(self) -> httpx.Auth:
        """The signer."""
        return self._auth

    async def renew(self, used: httpx.Auth, answer: Answer, code: str | None) -> bool:  # noqa: ARG002  # one signer for all
        """Whether the vendor refused our time and told its own."""
        return (code or "").upper() in CLOCK_CODES and self._connection.clock.learn(answer)

    async def close(self) -> None:
        """Nothing is ever under way."""


def access_of(settings: HuaweiDrsSettings, connection: Connection, clock: Clock) -> Access:
    """How this connection signs in. Raises ValueError, naming the key that is missing."""
    if settings.auth == "signature":
        access_key, secret_key = _given(settings, "access_key"), Secret(_given(settings, "secret_key"))
        signer = SignatureAuth(access_key, secret_key, settings.security_token, connection.clock)
        return SignedAccess(signer, connection)
    user = User(
        name=_given(settings, "username"),
        domain=_given(settings, "domain"),
        password=Secret(_given(settings, "password")),
        project_id=settings.project_id,
    )
    iam_url = settings.iam_url or f"https://iam.{_given(settings, 'region')}.myhuaweicloud.com"
    return TokenAccess(user, iam_url, connection, clock)


def _given(settings: HuaweiDrsSettings, key: str) -> str:
    value: str | Secret | None = getattr(settings, key)
    plain = value.reveal() if isinstance(value, Secret) else value
    if not plain:
        raise ValueError(f'Provider {settings.id!r} signs in with auth = "{settings.auth}": add the key `{key}`.')
    return plain
