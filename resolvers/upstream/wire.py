"""Reads vendors' JSON leniently: whatever arrives becomes a value or a problem, never an unforeseen exception."""

import json
import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from resolvers.errors import PrecheckError, UnreadableAnswer
from resolvers.metrics import WIRE_ODDITIES

Wire = TypeVar("Wire", bound=msgspec.Struct)

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_PERCENT = re.compile(r"([+-]?\d{1,20}(?:\.\d{0,20})?)\s*%?", re.ASCII)
# A scheme of any length, or one that may begin anywhere, would take time by the square of the text.
_ADDRESS = re.compile(r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,20}://\S+", re.IGNORECASE)
# The quote before a colon, unless it is escaped and so ends no key; one behind two backslashes may.
_COLON = re.compile(rb'"(?=\s*:)(?<!(?<!\\)\\")')
_FLAGS = {"TRUE": True, "FALSE": False}
_MOST_SIGNS_QUOTED = 300
_MOST_SIGNS_LOOKED_AT = 2_000
# A hundred times what vendors send; a body of nothing but values would hold up everyone while it is read.
MOST_VALUES = 200_000
_MOST_BYTES_UNCOUNTED = 65_536
_MOST_BYTES_SEARCHED_FOR_REPEATED_KEYS = 1_048_576
# Ten times what vendors list; a body of nothing but commas would make millions.
MOST_ITEMS = 20_000


def decode_json(body: bytes, provider_id: str) -> object:
    """The JSON value of a body. Raises UnreadableAnswer."""
    if len(body) > _MOST_BYTES_UNCOUNTED and _counted_values(body) > MOST_VALUES:
        raise unreadable(f"it holds more than {MOST_VALUES} values", provider_id)
    try:
        value = msgspec.json.decode(body.removeprefix(_BYTE_ORDER_MARK))
        if _may_repeat_keys(body, value) and (repeated := _repeated_keys(body)):
            WIRE_ODDITIES.labels(provider_id, "duplicate_key").inc(repeated)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise unreadable("it is not JSON" if body else "it is empty", provider_id) from error
    return value


def _counted_values(body: bytes) -> int:
    """About how many values there are, by the signs that part them; those within texts count too."""
    return body.count(b",") + body.count(b"{") + body.count(b"[")


def _may_repeat_keys(body: bytes, value: object) -> bool:
    """Whether there are more colons after quotes than keys that were kept; huge bodies are not looked at."""
    if len(body) > _MOST_BYTES_SEARCHED_FOR_REPEATED_KEYS:
        return False
    return len(_COLON.findall(body)) > _count_keys(value)


def _count_keys(value: object) -> int:
    number, found = 0, [value]
    for each in found:  # which grows meanwhile
        if type(each) is dict:
            number += len(each)
            found += each.values()
        elif type(each) is list:
            found += each
    return number


def _repeated_keys(body: bytes) -> int:
    repeated = 0

    def note(pairs: list[tuple[str, object]]) -> None:
        nonlocal repeated
        repeated += len(pairs) - len({name for name, _ in pairs})

    json.loads(body.removeprefix(_BYTE_ORDER_MARK), object_pairs_hook=note)
    return repeated


def decode_object(body: bytes, shape: type[Wire], provider_id: str) -> Wire:
    """The JSON object of a body in the shape of a wire type. Raises UnreadableAnswer."""
    value = decode_json(body, provider_id)
    if not isinstance(value, dict):
        raise unreadable("it is not a JSON object", provider_id)
    return shaped(value, shape)


def shaped(value: dict[str, object], shape: type[Wire]) -> Wire:
    """An object as a wire type, whose fields are all `object` with a default and so take anything."""
    return msgspec.convert(value, shape)


def listed(value: object, provider_id: str) -> Sequence[object]:
    """The entries of a list without its nulls; one object stands for a list of one, null for an empty one."""
    if value is None:
        return ()
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and len(value) > MOST_ITEMS:
        raise unreadable(f"it lists more than {MOST_ITEMS} checks", provider_id)
    if isinstance(value, list):
        return [entry for entry in value if entry is not None]
    raise unreadable("its list of checks is not a list", provider_id)


def word(value: object) -> str:
    """A vendor's word as the tables spell it: trimmed, in upper case; empty where there is none."""
    said = text(value)
    return said.upper() if said else ""


def text(value: object) -> str | None:
    """A text with something in it; numbers are spelt out, anything else is no text."""
    if isinstance(value, str):
        return value.strip() or None
    if value is None or isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return f"{value:g}" if isinstance(value, float) else str(value)


def flag(value: object) -> bool | None:
    """True or false, also where they are spelt as words; None for anything else."""
    return value if value is None or value is True or value is False else _FLAGS.get(word(value))


def raw_text(value: object) -> str | None:
    """A text, or an object or a list as its JSON; None for whatever is empty."""
    if value is None or isinstance(value, str):
        return text(value)
    if not isinstance(value, dict | list):
        return text(value)
    try:
        return msgspec.json.encode(value).decode() if value else None
    except RecursionError:  # what could just be read may be too deep to write
        return None


def percent(value: object) -> float | None:
    """A percentage from a number or from texts such as "99.5 %"; None where there is none to read."""
    if isinstance(value, str):
        match = _PERCENT.fullmatch(value.strip())
        return float(match[1]) if match else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e20 else None  # no float holds a number of 400 digits


def quoted(value: str | None) -> str:
    """What a vendor said, to be shown in a sentence: without addresses, not endless, ready to follow a word."""
    if not value:
        return ""
    said = _ADDRESS.sub("…", " ".join(value[:_MOST_SIGNS_LOOKED_AT].split()))
    return f": “{said[:_MOST_SIGNS_QUOTED].rstrip('.')}”"


def note_other_reference(provider_id: str) -> None:
    """Count an answer that nobody asked for: it may be a mix-up at the vendor, or an attack."""
    WIRE_ODDITIES.labels(provider_id, "other_reference").inc()


def about_another(provider_id: str, *, vendor_request_id: str | None = None) -> PrecheckError:
    """The error for an answer about a precheck that was not asked for."""
    note_other_reference(provider_id)
    return unreadable("it is about another precheck", provider_id, vendor_request_id=vendor_request_id)


def unreadable(why: str, provider_id: str, *, vendor_request_id: str | None = None) -> PrecheckError:
    """The error for an answer that is not what the vendor documents."""
    return UnreadableAnswer(
        f"The vendor's answer could not be read: {why}.",
        provider_id=provider_id,
        vendor_request_id=vendor_request_id,
    )
