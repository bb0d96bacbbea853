"""Reads an answer's body decoded and bounded, so that neither a long one nor a bomb fills the memory."""

import zlib

MAX_BODY_BYTES = 8 * 1024 * 1024
# What is asked for, and all that is understood.
ACCEPT_ENCODING = "gzip, deflate"
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
        room = MAX_BODY_BYTES - len(self._bytes)
        if self._decoder is None:
            self._bytes += chunk[: room + 1]
        else:
            try:
                # Never more than the room and one byte, however much the chunk would become.
                self._bytes += self._decoder.decompress(chunk, room + 1)
            except zlib.error:
                raise UnreadableBody("its compression is broken") from None
        if len(self._bytes) > MAX_BODY_BYTES:
            raise UnreadableBody(f"it is larger than {MAX_BODY_BYTES} bytes")

    def whole(self) -> bytes:
        """Everything, once the answer has ended."""
        if self._decoder is not None and not self._is_empty and not self._decoder.eof:
            raise UnreadableBody("its compression is broken")
        return bytes(self._bytes)
