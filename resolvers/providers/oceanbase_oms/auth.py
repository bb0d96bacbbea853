"""Signing in to OMS: its documentation names no way, so each installation says which one it wants."""

import re
from collections.abc import Generator
from typing import Literal

import httpx2 as httpx

from resolvers.errors import Unauthenticated
from resolvers.upstream.contract import ProviderSettings, Secret

_HEADER_NAME = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")


class OceanBaseOmsSettings(ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of an OMS installation. `edition` is for whoever reads the file: both are understood anyway."""

    edition: Literal["community", "enterprise"] = "community"
    auth: Literal["none", "basic", "digest", "bearer", "header"] = "basic"
    username: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    header_name: str | None = None
    header_value: Secret | None = None


class HeaderAuth(httpx.Auth):
    """One header with a fixed value."""

    def __init__(self, name: str, value: str) -> None:
        self._name = name
        self._value = value

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Set the header."""
        request.headers[self._name] = self._value
        yield request


class DigestAuth(httpx.DigestAuth):
    """Digest as the HTTP client has it, for which a challenge it cannot answer is no accident."""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Answer the challenge, once there is one. Raises Unauthenticated."""
        try:
            yield from super().auth_flow(request)
        except (ValueError, NotImplementedError, httpx.ProtocolError) as error:
            self._last_challenge = None  # else the next call would trip over it again
            raise Unauthenticated(
                "The vendor asks to sign in by a digest of a kind that is not understood. Try another `auth`."
            ) from error


def auth_of(settings: OceanBaseOmsSettings) -> httpx.Auth | None:
    """How this installation is signed in to. Raises ValueError, naming the key that is missing or unfit."""
    match settings.auth:
        case "basic":
            return httpx.BasicAuth(_given(settings, "username"), _given(settings, "password"))
        case "digest":
            return DigestAuth(_given(settings, "username"), _given(settings, "password"))
        case "bearer":
            return HeaderAuth("Authorization", "Bearer " + _sendable(settings, "token", _HEADER_VALUE))
        case "header":
            name = _sendable(settings, "header_name", _HEADER_NAME)
            return HeaderAuth(name, _sendable(settings, "header_value", _HEADER_VALUE))
        case "none":
            return None


def _given(settings: OceanBaseOmsSettings, key: str) -> str:
    value: str | Secret | None = getattr(settings, key)
    plain = value.reveal() if isinstance(value, Secret) else value
    if not plain:
        raise ValueError(f'Provider {settings.id!r} signs in with auth = "{settings.auth}": add the key `{key}`.')
    return plain


def _sendable(settings: OceanBaseOmsSettings, key: str, allowed: re.Pattern[str]) -> str:
    value = _given(settings, key)
    if not allowed.fullmatch(value):
        raise ValueError(
            f"Provider {settings.id!r}: `{key}` holds signs that an HTTP header cannot carry; remove them."
        )
    return value
