"""SDK-HMAC-SHA256: proves who sent a request without sending the secret key; the only place that reveals it."""

import hashlib
import hmac
from collections.abc import Generator, Mapping
from urllib.parse import parse_qsl, quote, unquote

import httpx2 as httpx

from resolvers.upstream.answer import VendorClock
from resolvers.upstream.contract import Secret

ALGORITHM = "SDK-HMAC-SHA256"
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
SIGNED_HEADERS = frozenset(
    {"content-type", "host", "x-language", "x-project-id", "x-sdk-date", "x-security-token"}
)


class SignatureAuth(httpx.Auth):
    """Signs the bytes as they are sent, with the host as it is sent, by the vendor's clock."""

    requires_request_body = True

    def __init__(
        self, access_key: str, secret_key: Secret, security_token: Secret | None, clock: VendorClock
    ) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._security_token = security_token
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the date, the signature and, with temporary keys, their token."""
        request.headers["X-Sdk-Date"] = self._clock.now().strftime(DATE_FORMAT)
        if self._security_token is not None:
            request.headers["X-Security-Token"] = self._security_token.reveal()
        headers = {name: value for name, value in request.headers.items() if name in SIGNED_HEADERS}
        target = request.url.raw_path.decode("ascii")
        canonical = canonical_request(request.method, target, headers, request.content)
        request.headers["Authorization"] = authorization(
            self._access_key, self._secret_key.reveal(), canonical, headers
        )
        yield request


def authorization(access_key: str, secret_key: str, canonical: str, headers: Mapping[str, str]) -> str:
    """The `Authorization` header for a canonical request over these headers, `X-Sdk-Date` among them."""
    date = {name.lower(): value for name, value in headers.items()}["x-sdk-date"]
    text = f"{ALGORITHM}\n{date}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    signature = hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
    names = ";".join(sorted(name.lower() for name in headers))
    return f"{ALGORITHM} Access={access_key}, SignedHeaders={names}, Signature={signature}"


def canonical_request(method: str, target: str, headers: Mapping[str, str], body: bytes) -> str:
    """The text that both sides hash; `target` is path and query as they stand in the request line."""
    path, _, query = target.partition("?")
    lines = sorted((name.lower(), value.strip()) for name, value in headers.items())
    return "\n".join(
        (
            method.upper(),
            _canonical_path(path),
            _canonical_query(query),
            "".join(f"{name}:{value}\n" for name, value in lines),
            ";".join(name for name, _ in lines),
            hashlib.sha256(body).hexdigest(),
        )
    )


def _canonical_path(path: str) -> str:
    encoded = quote(unquote(path), safe="/~")
    return encoded if encoded.endswith("/") else encoded + "/"


def _canonical_query(query: str) -> str:
    pairs = sorted(parse_qsl(query, keep_blank_values=True))
    return "&".join(f"{quote(name, safe='~')}={quote(value, safe='~')}" for name, value in pairs)
