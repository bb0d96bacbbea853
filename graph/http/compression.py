"""Answers compressed for clients that accept it, where it is worth the time; streams never."""

from starlette.middleware import Middleware
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

_LEAST_BYTES = 1024
_BYTES_IN_THE_LOOP = 32 * 1024  # about a millisecond's work; more of it is done in a thread
_LEVEL = 5
_STREAMS = ("multipart/mixed",)  # event streams are left out by default


def compression() -> Middleware:
    """Gzip from 1 KiB on."""
    return Middleware(
        GZipMiddleware,
        minimum_size=_LEAST_BYTES,
        compresslevel=_LEVEL,
        thread_minimum_size=_BYTES_IN_THE_LOOP,
        exclude_content_types=(*DEFAULT_EXCLUDED_CONTENT_TYPES, *_STREAMS),
    )
