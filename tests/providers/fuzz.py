"""What a vendor should never send, and a decoder must survive."""

import json
from typing import Any

import msgspec
from hypothesis import strategies as st

WORDS = ("SUCCESS", "failed", " Running ", "t_1", "cd-1", "100%", "99.5 %", "1e999", "-1", "\x00", "\u00e9", "")
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.sampled_from(WORDS)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def keys(shape: type[msgspec.Struct]) -> list[str]:
    return [field.encode_name for field in msgspec.structs.fields(shape)]


def objects(shape: type[msgspec.Struct], **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with this wire type's keys and anything in them."""
    return st.fixed_dictionaries({}, optional={key: fixed.get(key, values) for key in keys(shape)})


def bodies(shaped: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[bytes]:
    """Anything at all: bytes, JSON, the vendor's shape with nonsense in it, and each of them cut short."""
    whole = (shaped | values).map(lambda value: json.dumps(value).encode())
    cut = st.tuples(whole, st.integers(0, 200)).map(lambda pair: pair[0][: pair[1]])
    marked = whole.map(lambda body: b"\xef\xbb\xbf" + body)
    return st.binary() | whole | cut | marked


HOSTILE = {
    "nothing": b"",
    "deep": b"[" * 200_000,
    "deep object": b'{"data":' * 100_000,
    "deep and whole": b'{"success":true,"data":' + b"[" * 900 + b"]" * 900 + b"}",
    "huge number": b'{"success":true,"data":{"progress":' + b"9" * 5000 + b"}}",
    "infinite": b'{"success":true,"data":{"progress":1e999}}',
    "not a number": b'{"success":NaN}',
    "latin-1": '{"success":"\u00e9"}'.encode("latin-1"),
    "lone surrogate": b'{"success":true,"data":{"status":"\\ud800"}}',
    "two values": b'{"success":true}{"success":true}',
    "array": b"[]",
    "text": b'"success"',
    "null": b"null",
    "markup": b"<html>",
}
