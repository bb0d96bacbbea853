"""Strikes a connection's secrets out of what its vendor sends, before anything reads it."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

# A shorter one may stand in a text by chance.
_LEAST_SIGNS = 8
_STRUCK = b"***"
# Where none of these stands, quotes are all that is escaped, and need no sign to be looked at by itself.
_RARER_THAN_QUOTES = (rb"\\", rb"\/", rb"\u")
_OCTET = re.compile(rb"%[0-9a-fA-F]{2}")  # and no percentage
_ESCAPE = re.compile(rb'\\u([0-9a-fA-F]{4})|\\(["\\/])|%([0-9a-fA-F]{2})')

RawHeaders = Sequence[tuple[bytes, bytes]]


class Censor:
    """Knows secrets by name; who echoes one, in whatever spelling of JSON or URLs, tells it to nobody."""

    def __init__(self) -> None:
        self._secrets: dict[str, str] = {}

    def learn(self, name: str, secret: str) -> None:
        """Know a secret; a new one of the same name replaces it."""
        self._secrets[name] = secret

    def clean(self, data: bytes, credentials: Iterable[str] = ()) -> bytes:
        """The bytes without secrets, nor what the request at hand signed in with."""
        plain = _unescaped(data)
        for secret in self._long(credentials):
            spelt = secret.encode()
            if spelt in data or spelt in plain:
                data = _any_spelling(secret).sub(_STRUCK, data)
                plain = _unescaped(data)
                if spelt in plain:  # spelt in a way that is not foreseen: better no answer than that one
                    data = plain = plain.replace(spelt, _STRUCK)
        return data

    def clean_headers(self, headers: RawHeaders, credentials: Iterable[str] = ()) -> RawHeaders:
        """The headers without secrets, but for a new token, which is not known yet."""
        known = list(credentials)
        together = b"\n".join([value for _, value in headers])
        if self.clean(together, known) is together:
            return headers
        return [(name, self.clean(value, known)) for name, value in headers]

    def _long(self, credentials: Iterable[str]) -> Iterable[str]:
        secrets = (*self._secrets.values(), *credentials)
        # The longest first: one may be a part of another.
        return sorted({each for each in secrets if len(each) >= _LEAST_SIGNS}, key=len, reverse=True)


def credentials_of(values: Iterable[str]) -> list[str]:
    """What headers sign in with: each value, and its part after the scheme."""
    return [part for value in values for part in {value, value.rpartition(" ")[2]}]


def _unescaped(data: bytes) -> bytes:
    if b"\\" not in data and b"%" not in data:
        return data
    if not any(rare in data for rare in _RARER_THAN_QUOTES) and not _OCTET.search(data):
        return data.replace(b'\\"', b'"')
    return _ESCAPE.sub(_plain_sign, data)


def _plain_sign(escape: re.Match[bytes]) -> bytes:
    unit, sign, octet = escape.groups()
    if unit is not None:
        return chr(int(unit, 16)).encode("utf-8", "surrogatepass")
    return sign if sign is not None else bytes([int(octet, 16)])


@lru_cache(maxsize=64)
def _any_spelling(secret: str) -> re.Pattern[bytes]:
    return re.compile(b"".join(b"(?:%s)" % b"|".join(_spellings(sign)) for sign in secret), re.IGNORECASE)


def _spellings(sign: str) -> list[bytes]:
    raw = sign.encode()
    units = sign.encode("utf-16-be").hex()
    escaped = "".join(rf"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))
    return [
        re.escape(raw),
        escaped.encode(),
        rb"\\" + re.escape(raw),
        "".join(f"%{octet:02x}" for octet in raw).encode(),
    ]
