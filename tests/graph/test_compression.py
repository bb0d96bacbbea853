"""Answers are compressed where a client asks for it and it is worth it; streams are not."""

from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tests.graph.documents import DASHBOARD
from tests.graph.served import Served

STREAM = 'subscription { precheckUpdates(refs: [{ providerId: "drs", externalId: "x" }]) { kind } }'


@pytest.fixture
def http(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=20) as client:
        yield client


def test_a_big_answer_is_compressed_for_who_accepts_it(http: httpx.Client) -> None:
    plain = http.post("/graphql", json={"query": DASHBOARD}, headers={"accept-encoding": "identity"})
    packed = http.post("/graphql", json={"query": DASHBOARD}, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.json()["data"]["prechecks"]["totalCount"] == plain.json()["data"]["prechecks"]["totalCount"] > 0
    assert "accept-encoding" in plain.headers["vary"].lower()


def test_a_small_answer_is_not_compressed(http: httpx.Client) -> None:
    answer = http.post("/graphql", json={"query": "{ __typename }"}, headers={"accept-encoding": "gzip"})
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize("accept", ["text/event-stream", "multipart/mixed;subscriptionSpec=1.0, application/json"])
def test_a_stream_is_not_compressed(http: httpx.Client, accept: str) -> None:
    headers = {"accept": accept, "accept-encoding": "gzip"}
    with http.stream("POST", "/graphql", json={"query": STREAM}, headers=headers) as answer:
        assert answer.headers["content-type"].startswith(accept.partition(";")[0])
        assert "content-encoding" not in answer.headers
        assert "precheckUpdates" in answer.read().decode()
