"""What is sent to a vendor: requests, made once, and the answers that a sign-in is shown."""

from collections.abc import Mapping
from functools import lru_cache

import httpx2 as httpx

from resolvers.upstream.answer import Answer
from resolvers.upstream.body import ACCEPT_ENCODING

_HEADERS = {
    "accept": "*/*",
    "accept-encoding": ACCEPT_ENCODING,
    "connection": "keep-alive",
    "user-agent": f"python-httpx2/{httpx.__version__}",
}


class Requests:
    """Makes the requests of one connection."""

    def __init__(self, base_url: str, connect_seconds: float) -> None:
        self._base_url = base_url.rstrip("/")
        # All but connecting is timed above the transport, which times only single reads.
        self._extensions = {"timeout": {"connect": connect_seconds, "read": None, "write": None, "pool": None}}

    def request(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        content: bytes | None,
        headers: Mapping[str, str] | None,
    ) -> httpx.Request:
        """A request to a path below the base URL, or to an absolute URL."""
        target = _target(self._base_url + url if url.startswith("/") else url, *(params or {}).items())
        fields = {**_HEADERS, **(headers or {})}
        return httpx.Request(method, target, headers=fields, content=content, extensions=self._extensions)


def response_of(answer: Answer, request: httpx.Request) -> httpx.Response:
    """An answer as the HTTP client's `Auth` reads it."""
    raw = httpx.Headers(answer.headers).raw  # as bytes: what a vendor sends need not be ASCII
    headers = [(name, value) for name, value in raw if name.lower() != b"content-encoding"]
    return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)


@lru_cache(maxsize=256)
def _target(url: str, *params: tuple[str, str]) -> httpx.URL:
    target = httpx.URL(url)
    return target.copy_merge_params(dict(params)) if params else target
