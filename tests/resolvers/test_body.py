"""Bodies of any encoding and length, in bounded memory."""

import gzip
import tracemalloc
import zlib

import pytest

from resolvers.upstream.body import MAX_BODY_BYTES, Body, UnreadableBody

TEXT = b'{"success": true}' * 1000


def read(encoding: str, sent: bytes, step: int = 1000) -> bytes:
    body = Body(encoding)
    for start in range(0, len(sent), step):
        body.feed(sent[start : start + step])
    return body.whole()


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT)),
        ("X-GZIP", gzip.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)),
    ],
)
@pytest.mark.parametrize("step", [1, 1000, 10**9])
def test_what_was_sent_is_read(encoding: str, sent: bytes, step: int) -> None:
    assert read(encoding, sent, step) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip"])
def test_nothing_is_nothing(encoding: str) -> None:
    assert read(encoding, b"") == b""


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("gzip", b"plain"),
        ("gzip", gzip.compress(TEXT)[:-9]),
        ("br", b"anything"),
        ("gzip, gzip", gzip.compress(TEXT)),
        ("gzip", gzip.compress(TEXT) + b"and more"),
        ("gzip", gzip.compress(TEXT) * 2),
    ],
)
def test_what_cannot_be_decoded_is_refused(encoding: str, sent: bytes) -> None:
    with pytest.raises(UnreadableBody, match="compress"):
        read(encoding, sent)


def test_eight_megabytes_are_read_and_not_one_byte_more() -> None:
    assert len(read("", b" " * MAX_BODY_BYTES, 65536)) == MAX_BODY_BYTES
    with pytest.raises(UnreadableBody, match="larger"):
        read("", b" " * (MAX_BODY_BYTES + 1), 65536)


def test_a_bomb_takes_no_more_memory_than_a_long_body() -> None:
    bomb = gzip.compress(b" " * (300 * 1024 * 1024))
    tracemalloc.start()
    with pytest.raises(UnreadableBody, match="larger"):
        read("gzip", bomb, len(bomb))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * MAX_BODY_BYTES
