"""Reads an answer's body decoded and bounded, so that neither a long one nor a bomb fills the memory."""

import zlib
from collections.abc import Iterator

MAX_BODY_BYTES = 8 * 1024 * 1024
# What is asked for, and all that is understood.
ACCEPT_ENCODING = "gzip, deflate"
_PART_BYTES = 256 * 1024
_EITHER_ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
_PLAIN = ("", "identity")
_COMPRESSED = ("gzip", "x-gzip", "deflate")


class UnreadableBody(ValueError):
    """A body that is too long or not encoded as it says; the message completes "could not be read: ..."."""


class Body:
    """Collects the bytes as they come off the wire. Raises UnreadableBody as soon as they cannot be used."""

    def __init__(self, content_encoding: str) -> None:
        encoding = content_encoding.strip().lower()
        if encoding not in (*_PLAIN, *_COMPRESSED):
            raise UnreadableBody("it is compressed in a way that was not asked for")
        self._decoder = zlib.decompressobj(_EITHER_ZLIB_OR_GZIP) if encoding in _COMPRESSED else None
        self._bytes = bytearray()
        self._is_empty = True

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._is_empty = self._is_empty and not chunk
        for part in self._parts(chunk):
            self._bytes += part
            if len(self._bytes) > MAX_BODY_BYTES:
                raise UnreadableBody(f"it is larger than {MAX_BODY_BYTES} bytes")

    def _parts(self, chunk: bytes) -> Iterator[bytes]:
        """What the chunk becomes, in parts that are small however much that is."""
        if self._decoder is None:
            yield chunk
            return
        part = b""
        while chunk or len(part) == _PART_BYTES:
            try:
                part = self._decoder.decompress(chunk, _PART_BYTES)
            except zlib.error:
                raise UnreadableBody("its compression is broken") from None
            if self._decoder.unused_data:
                raise UnreadableBody("something follows after its compressed end")
            yield part
            chunk = self._decoder.unconsumed_tail

    def whole(self) -> bytes:
        """Everything, once the answer has ended."""
        if self._decoder is not None and not self._is_empty and not self._decoder.eof:
            raise UnreadableBody("its compression is broken")
        return bytes(self._bytes)
