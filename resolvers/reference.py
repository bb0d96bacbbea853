"""What names a precheck here: a provider and the vendor's own identifier, and the ids computed from them."""

import base64
import binascii
import functools
import re
from typing import NamedTuple

MAX_EXTERNAL_ID_LENGTH = 200
_MOST_SIGNS = 1000
_PLAIN = re.compile(rf"[!-~]{{1,{MAX_EXTERNAL_ID_LENGTH}}}")
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_PRECHECK_PREFIX = "pc1."
_ITEM_PREFIX = "pi1."


class Reference(NamedTuple):
    """One precheck as its vendor addresses it; two-part identifiers are joined by a slash."""

    provider_id: str
    external_id: str

    @property
    def id(self) -> str:
        """The opaque, stable `Precheck.id`, computed without a call. It carries no secret."""
        return _PRECHECK_PREFIX + _packed(f"{self.provider_id}/{self.external_id}".encode())


def reference_of(precheck_id: str) -> Reference | None:
    """The reference behind a `Precheck.id`, or None if this API never made that id."""
    return _reference_of(precheck_id) if len(precheck_id) <= _MOST_SIGNS else None


# Whoever shows a precheck again and again names it every time.
@functools.lru_cache(maxsize=4096)
def _reference_of(precheck_id: str) -> Reference | None:
    text = _unpacked(precheck_id, _PRECHECK_PREFIX)
    provider_id, slash, external_id = (text or "").partition("/")
    return Reference(provider_id, external_id) if slash and provider_id and external_id else None


class ItemIds:
    """The opaque ids of one precheck's items; what is the same in all of them is worked out once."""

    def __init__(self, precheck_id: str) -> None:
        stem = f"{precheck_id}/".encode()
        whole = len(stem) - len(stem) % 3  # base64 packs three bytes at a time
        self._head = _ITEM_PREFIX + _packed(stem[:whole])
        self._rest = stem[whole:]

    def of(self, key: str) -> str:
        """The `PrecheckItem.id` of the item with this key."""
        return self._head + _packed(self._rest + key.encode())


def item_reference_of(item: str) -> tuple[Reference, str] | None:
    """The reference and the key behind a `PrecheckItem.id`, or None if this API never made that id."""
    precheck_id, slash, key = (_unpacked(item, _ITEM_PREFIX) or "").partition("/")
    reference = reference_of(precheck_id)
    return (reference, key) if reference and slash and key else None


def is_plain(external_id: str) -> bool:
    """Whether a vendor could have given this identifier: short, printable, no blanks inside."""
    return _PLAIN.fullmatch(external_id) is not None


def _packed(plain: bytes) -> str:
    return binascii.b2a_base64(plain, newline=False).rstrip(b"=").translate(_URL_SAFE).decode()


def _unpacked(packed: str, prefix: str) -> str | None:
    if not packed.startswith(prefix):
        return None
    body = packed.removeprefix(prefix)
    try:
        text = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text if _packed(text.encode()) == body else None  # one id, one spelling
