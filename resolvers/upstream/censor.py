"""Strikes a connection's secrets out of what its vendor sends, before anything reads it."""

import json
from collections.abc import Iterable, Sequence
from urllib.parse import quote

# A shorter one may stand in a text by chance.
_LEAST_SIGNS = 8
_STRUCK = b"***"

RawHeaders = Sequence[tuple[bytes, bytes]]


class Censor:
    """Knows secrets by name; a vendor that echoes one, in whatever spelling, has told it to nobody."""

    def __init__(self) -> None:
        self._spellings: dict[str, frozenset[bytes]] = {}

    def learn(self, name: str, secret: str) -> None:
        """Know a secret; a new one of the same name replaces it."""
        self._spellings[name] = _spellings(secret)

    def clean(self, data: bytes, authorization: str) -> bytes:
        """The bytes without secrets, nor what the request signed in with."""
        for spelling in (*self._known(), *_spellings(authorization), *_spellings(authorization.split(" ")[-1])):
            if spelling in data:
                data = data.replace(spelling, _STRUCK)
        return data

    def clean_headers(self, headers: RawHeaders) -> RawHeaders:
        """The headers without secrets."""
        return [(name, self.clean(value, "")) for name, value in headers]

    def _known(self) -> Iterable[bytes]:
        return (spelling for spellings in self._spellings.values() for spelling in spellings)


def _spellings(secret: str) -> frozenset[bytes]:
    if len(secret) < _LEAST_SIGNS:
        return frozenset()
    escaped = json.dumps(secret)[1:-1]
    in_json = (secret, escaped, escaped.replace("/", "\\/"), json.dumps(secret, ensure_ascii=False)[1:-1])
    return frozenset(spelling.encode() for spelling in (*in_json, quote(secret), quote(secret, safe="")))
