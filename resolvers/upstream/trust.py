"""Whom a connection believes to be its vendor."""

import re
import ssl
from functools import lru_cache

import httpx2 as httpx

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Authorities:
    """The certificates of an operator's own file, which alone are trusted then; `pem` holds nothing else."""

    def __init__(self, pem: str) -> None:
        self.pem = pem

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Authorities) and self.pem == other.pem

    def __hash__(self) -> int:
        return hash(self.pem)


def authorities_of(text: str) -> Authorities:
    """The certificates in the text of a PEM file. Raises ValueError where there is none or one is broken."""
    authorities = Authorities("\n".join(_CERTIFICATE.findall(text)))
    if not authorities.pem:
        raise ValueError("it holds no certificate in PEM form")
    try:
        ssl.create_default_context(cadata=authorities.pem)
    except (ssl.SSLError, ValueError) as error:
        raise ValueError("a certificate in it cannot be read") from error
    return authorities


@lru_cache(maxsize=16)
def tls_context(authorities: Authorities | None, *, verify: bool) -> ssl.SSLContext:
    """What connections are encrypted and verified by; without `authorities` the system's are trusted.

    One for all who trust alike: reading the system's authorities takes as long as ten calls.
    """
    if authorities is not None:
        return ssl.create_default_context(cadata=authorities.pem)
    return httpx.create_ssl_context(verify=verify, trust_env=False)


def is_tls_trouble(error: BaseException) -> bool:
    """Whether TLS could not be agreed upon: no network fault, so the next attempt ends alike."""
    cause: BaseException | None = error
    while cause is not None:
        # These two only say that more bytes were awaited when something else went wrong.
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLWantReadError | ssl.SSLWantWriteError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
