import re
from typing import Any

import msgspec
import pytest

from resolvers.errors import NotFound, PrecheckError, RateLimited, UnreadableAnswer, VendorError
from resolvers.report import Report
from resolvers.upstream import wire
from resolvers.upstream.refusals import Refusal, Refused, meaning, settle
from tests.faults.bench import counted

TABLE = (
    Refusal(RateLimited, "Slower.", codes=frozenset({"E.429"})),
    Refusal(NotFound, "Gone.", pattern=re.compile("not found", re.IGNORECASE)),
)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("100%", 100.0),
        ("99.5 %", 99.5),
        (" 7 ", 7.0),
        (100, 100.0),
        (100.0, 100.0),
        (-3, -3.0),
        (10**30, None),
        (10**400, None),
        (float("inf"), None),
        (None, None),
        ("", None),
        ("%", None),
        ("ten", None),
        ("1e5", None),
        (True, None),
        ([100], None),
    ],
)
def test_percentages(sent: Any, read: float | None) -> None:
    assert wire.percent(sent) == read


@pytest.mark.parametrize(
    ("sent", "read"), [(" a ", "a"), ("  ", None), (None, None), (7, "7"), (1.5, "1.5"), (True, None), ({}, None)]
)
def test_texts(sent: Any, read: str | None) -> None:
    assert wire.text(sent) == read


@pytest.mark.parametrize(
    ("sent", "read"), [(True, True), (False, False), (" TRUE ", True), ("False", False), (1, None), (None, None)]
)
def test_flags(sent: Any, read: bool | None) -> None:
    assert wire.flag(sent) is read


@pytest.mark.parametrize(("sent", "read"), [(None, []), ([], []), ([1, None, 2], [1, 2]), ({"a": 1}, [{"a": 1}])])
def test_lists(sent: Any, read: list[Any]) -> None:
    assert list(wire.listed(sent, "p")) == read


@pytest.mark.parametrize("sent", ["text", 7, True, [0] * (wire.MOST_ITEMS + 1)], ids=["text", "7", "True", "long"])
def test_what_is_no_list_is_unreadable(sent: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        wire.listed(sent, "p")


def test_value_that_is_too_deep_to_write_is_left_out() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert wire.raw_text(deep) is None


def test_byte_order_mark_is_taken_off() -> None:
    assert wire.decode_json(b"\xef\xbb\xbf[1]", "p") == [1]


def test_quotation_has_an_end_and_no_address() -> None:
    assert wire.quoted("see  https://a.example/?key=1 \n now") == ": “see … now”"
    assert len(wire.quoted("x" * 5000)) < 400
    assert wire.quoted(None) == ""


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        ("e.429", "not found", RateLimited),
        ("JOB NOT FOUND", None, NotFound),
        (None, "It was Not Found.", NotFound),
        ("E.430", "boom", VendorError),
        (None, None, VendorError),
    ],
)
def test_first_family_that_fits_decides(code: str | None, message: str | None, error: type[PrecheckError]) -> None:
    raised = meaning(TABLE, Refused("p", code, message, "Wait.", "r-1"))
    assert type(raised) is error
    problem = raised.problem
    assert (problem.provider_id, problem.vendor_code) == ("p", code)
    assert (problem.vendor_advice, problem.vendor_request_id) == ("Wait.", "r-1")


class Shape(msgspec.Struct):
    a: object = None


def test_object_takes_anything_for_a_key_and_ignores_others() -> None:
    assert wire.decode_object(b'{"a":[{}],"b":1}', Shape, "p").a == [{}]
    with pytest.raises(UnreadableAnswer):
        wire.decode_object(b"[]", Shape, "p")


@pytest.mark.parametrize(
    ("status", "body", "raised"),
    [
        (401, NotFound, RateLimited),
        (503, NotFound, NotFound),
        (503, VendorError, RateLimited),
        (503, UnreadableAnswer, RateLimited),
        (503, None, RateLimited),
    ],
)
def test_status_and_body_disagree(status: int, body: type[PrecheckError] | None, raised: type[Exception]) -> None:
    def decode() -> Any:
        if body is not None:
            raise body("of the body")
        return Report

    with pytest.raises(raised):
        settle(status, RateLimited("of the status"), decode)


def test_quoting_a_long_text_takes_no_time() -> None:
    assert len(wire.quoted("a." * 4_000_000)) < 400


def test_an_address_is_not_quoted_wherever_it_stands() -> None:
    said = wire.quoted("see https://10.0.0.1/x, x.ftp://y and a+b-c.d://e")
    assert "//" not in said
    assert said.startswith(": “see …")


def test_a_body_of_nothing_but_values_is_not_read_at_all() -> None:
    with pytest.raises(UnreadableAnswer, match="values"):
        wire.decode_json(b"[" + b"0," * 3_000_000 + b"0]", "dts")


@pytest.mark.parametrize(
    ("body", "repeated"),
    [
        (rb'{"a": 1, "a": 2}', 1),
        (rb'{"a\\": 1, "a\\": 2}', 1),  # an escaped backslash, then the quote that ends the key
        (rb'{"a\"": 1, "a\"": 2}', 1),
        (rb'{"a": "{\"b\": 1, \"b\": 2}"}', 0),  # JSON within a text is the text's own affair
        (rb'{"a": "b\\", "c": 1}', 0),
    ],
)
def test_repeated_keys_are_counted_whatever_they_end_with(body: bytes, repeated: int) -> None:
    before = counted("precheck_wire_oddities", provider="repeating", kind="duplicate_key")
    wire.decode_json(body, "repeating")
    assert counted("precheck_wire_oddities", provider="repeating", kind="duplicate_key") - before == repeated
