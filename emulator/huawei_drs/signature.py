"""Checks requests signed with SDK-HMAC-SHA256 the way Huawei's API gateway does."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

from emulator.vendor import Request

ALGORITHM = "SDK-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
CLOCK_WINDOW = timedelta(minutes=15)
DATE_FORMAT = "%Y%m%dT%H%M%SZ"
AUTHORIZATION = re.compile(rf"^{ALGORITHM} Access=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{{64}})$")


@dataclass(frozen=True)
class Refusal:
    """Why the gateway turns a request away, in its own code."""

    code: str
    message: str


BAD_SIGNATURE = Refusal("APIGW.0301", "Incorrect IAM authentication information: the signature does not match")
BAD_DATE = Refusal("APIGW.0303", "Incorrect authentication information: X-Sdk-Date is missing or out of range")


def refusal(request: Request, secret_keys: Mapping[str, str], now: datetime) -> Refusal | None:
    """Say why a signed request is refused; None when it may pass."""
    parts = AUTHORIZATION.match(request.headers.get("authorization", ""))
    if parts is None:
        return BAD_SIGNATURE
    access_key, names, signature = parts.groups()
    if not _within_window(request.headers.get("x-sdk-date", ""), now):
        return BAD_DATE
    secret_key = secret_keys.get(access_key)
    if secret_key is None or not _covers_enough(request, names.split(";")):
        return BAD_SIGNATURE
    expected = sign(request, secret_key, names.split(";"))
    return None if hmac.compare_digest(expected, signature) else BAD_SIGNATURE


def sign(request: Request, secret_key: str, names: list[str]) -> str:
    """Return the hexadecimal signature of a request over the headers named."""
    digest = _sha256(canonical_request(request, names))
    text = f"{ALGORITHM}\n{request.headers['x-sdk-date']}\n{digest}"
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def canonical_request(request: Request, names: list[str]) -> bytes:
    """Return the canonical form of a request over exactly the headers the caller says it has signed."""
    lines = "".join(f"{name}:{request.headers[name].strip()}\n" for name in names)
    parts = (
        request.method.upper(),
        _canonical_path(request.path),
        _canonical_query(request.parameters),
        lines,
        ";".join(names),
        _payload_hash(request),
    )
    # ASGI hands headers over as Latin-1; this way back gives the very bytes that were signed.
    return "\n".join(parts).encode("latin-1")


def _within_window(date: str, now: datetime) -> bool:
    try:
        sent = datetime.strptime(date, DATE_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs(now - sent) <= CLOCK_WINDOW


def _covers_enough(request: Request, names: list[str]) -> bool:
    if not {"host", "x-sdk-date"} <= set(names) or any(name not in request.headers for name in names):
        return False
    declared = request.headers.get("x-sdk-content-sha256", UNSIGNED_PAYLOAD)
    return declared in (UNSIGNED_PAYLOAD, _sha256(request.body))


def _canonical_path(path: str) -> str:
    encoded = "/".join(quote(unquote(segment), safe="~") for segment in path.split("/"))
    return encoded if encoded.endswith("/") else f"{encoded}/"


def _canonical_query(parameters: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(key, safe='~')}={quote(value, safe='~')}" for key, value in sorted(parameters))


def _payload_hash(request: Request) -> str:
    declared = request.headers.get("x-sdk-content-sha256") if request.body else None
    return declared or _sha256(request.body)


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
