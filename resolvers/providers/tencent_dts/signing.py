"""TC3-HMAC-SHA256: proves who sent a request without sending the secret key; the only place that reveals it."""

import hashlib
import hmac
from collections.abc import Generator, Mapping
from datetime import UTC, datetime

import httpx2 as httpx

from resolvers.upstream.answer import VendorClock
from resolvers.upstream.contract import Secret

ALGORITHM = "TC3-HMAC-SHA256"
SERVICE = "dts"
# What the vendor's own example signs. Of other headers it is not written whether their case counts.
SIGNED_HEADERS = frozenset({"content-type", "host", "x-tc-action"})


class TencentAuth(httpx.Auth):
    """Signs the bytes as they are sent, with the host as it is sent, by the vendor's clock."""

    requires_request_body = True

    def __init__(
        self, secret_id: str, secret_key: Secret, session_token: Secret | None, clock: VendorClock
    ) -> None:
        self._secret_id = secret_id
        self._secret_key = secret_key
        self._session_token = session_token
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the time, the signature and, with temporary keys, their token."""
        timestamp = int(self._clock.now().timestamp())
        request.headers["X-TC-Timestamp"] = str(timestamp)
        if self._session_token is not None:
            request.headers["X-TC-Token"] = self._session_token.reveal()
        headers = {name: value for name, value in request.headers.items() if name in SIGNED_HEADERS}
        request.headers["Authorization"] = authorization(
            self._secret_id, self._secret_key.reveal(), headers, request.content, timestamp
        )
        yield request


def authorization(
    secret_id: str,
    secret_key: str,
    headers: Mapping[str, str],
    body: bytes,
    timestamp: int,
    service: str = SERVICE,
) -> str:
    """The `Authorization` header for a POST to `/` over these headers, `timestamp` in seconds since 1970."""
    date = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
    scope = f"{date}/{service}/tc3_request"
    digest = hashlib.sha256(canonical_request(headers, body).encode()).hexdigest()
    signature = _hmac(
        _signing_key(secret_key, date, service), f"{ALGORITHM}\n{timestamp}\n{scope}\n{digest}"
    ).hex()
    names = ";".join(sorted(name.lower() for name in headers))
    return f"{ALGORITHM} Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def canonical_request(headers: Mapping[str, str], body: bytes) -> str:
    """The text that both sides hash."""
    lines = sorted((name.lower(), value.strip()) for name, value in headers.items())
    spelt = "".join(f"{name}:{value.lower() if name == 'x-tc-action' else value}\n" for name, value in lines)
    names = ";".join(name for name, _ in lines)
    return f"POST\n/\n\n{spelt}\n{names}\n{hashlib.sha256(body).hexdigest()}"


def _signing_key(secret_key: str, date: str, service: str) -> bytes:
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
