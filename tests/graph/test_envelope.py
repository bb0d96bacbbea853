"""Whatever is posted or written into an address is a GraphQL request, or is refused in words."""

from contextlib import suppress
from typing import Any
from urllib.parse import quote_from_bytes, urlencode

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.http.envelope import Envelope, in_address, object_of
from graph.http.refusals import Refusal

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
NAMES = st.sampled_from(["query", "variables", "operationName", "extensions", "documentId", "other"])


@given(st.binary(max_size=200) | JSON.map(orjson.dumps))
def test_a_body_is_an_object_or_refused(body: bytes) -> None:
    with suppress(Refusal):
        assert isinstance(object_of(body), dict)


@given(
    st.binary(max_size=200) | st.dictionaries(NAMES, JSON.map(orjson.dumps) | st.text(), max_size=5).map(urlencode)
)
def test_an_address_is_a_request_or_refused(query_string: Any) -> None:
    sent = query_string.encode() if isinstance(query_string, str) else query_string
    with suppress(Refusal):
        asked = in_address(sent)
        assert isinstance(asked.variables, dict | None)
        assert isinstance(asked.query, str | None)
        assert isinstance(asked.extensions, dict | None)


def test_an_address_holds_all_that_a_body_may() -> None:
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": "x"}}
    parameters = {
        "query": "{ a } # ü",
        "variables": '{"a": "+&%"}',
        "operationName": "",
        "documentId": "sha256:x",
        "extensions": orjson.dumps(extensions).decode(),
        "cacheBuster": "5",
    }
    asked = in_address(urlencode(parameters).encode())
    assert asked == Envelope("{ a } # ü", {"a": "+&%"}, None, extensions, "sha256:x")


@pytest.mark.parametrize(
    ("query_string", "says"),
    [
        (b"query=a&query=b", "twice"),
        (b"query=%ff", "UTF-8"),
        (b"query=\xff", "UTF-8"),
        (b"&".join([b"a"] * 50), "20 parameters"),
        (b"variables=%7B", "not JSON"),
        (b"variables=[]", "must be an object"),
        (b"extensions=5", "must be an object"),
        (b"variables=NaN", "not JSON"),
        (b"variables=" + b"[" * 5000, "not JSON"),
        (b"extensions=" + quote_from_bytes(b'{"persistedQuery": []}').encode(), "sha256Hash"),
        (b"extensions=" + quote_from_bytes(b'{"persistedQuery": {"sha256Hash": null}}').encode(), "sha256Hash"),
    ],
)
def test_a_parameter_that_means_nothing_is_refused(query_string: bytes, says: str) -> None:
    with pytest.raises(Refusal, match=says):
        in_address(query_string)
