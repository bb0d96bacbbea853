"""Checks requests signed with TC3-HMAC-SHA256 the way Tencent Cloud's gateway does."""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from emulator.vendor import Request

ALGORITHM = "TC3-HMAC-SHA256"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
CLOCK_WINDOW_SECONDS = 300
AUTHORIZATION = re.compile(
    rf"^{ALGORITHM} Credential=([^/,]+)/(\d{{4}}-\d\d-\d\d)/([^/,]+)/tc3_request, ?"
    r"SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$"
)


@dataclass(frozen=True)
class Credential:
    """The parts of an Authorization header."""

    secret_id: str
    date: str
    service: str
    names: list[str]
    signature: str


@dataclass(frozen=True)
class Refusal:
    """Why the gateway turns a request away, in its own code."""

    code: str
    message: str


INVALID = Refusal("AuthFailure.InvalidAuthorization", "The Authorization header is missing or malformed.")
EXPIRED = Refusal("AuthFailure.SignatureExpire", "The timestamp is too far from the server's clock.")
UNKNOWN_ID = Refusal("AuthFailure.SecretIdNotFound", "The SecretId does not exist.")
MISMATCH = Refusal("AuthFailure.SignatureFailure", "The signature does not match the request.")


def refusal(request: Request, secret_keys: Mapping[str, str], now: datetime) -> Refusal | None:
    """Say why a signed request is refused; None when it may pass."""
    credential = read_credential(request)
    if credential is None:
        return INVALID
    timestamp = _timestamp(request)
    if timestamp is None or abs(now.timestamp() - timestamp) > CLOCK_WINDOW_SECONDS:
        return EXPIRED
    secret_key = secret_keys.get(credential.secret_id)
    if secret_key is None:
        return UNKNOWN_ID
    return None if _holds(request, credential, secret_key, timestamp) else MISMATCH


def read_credential(request: Request) -> Credential | None:
    """Take an Authorization header apart; None when it has another shape."""
    parts = AUTHORIZATION.match(request.headers.get("authorization", ""))
    if parts is None:
        return None
    secret_id, date, service, names, signature = parts.groups()
    return Credential(secret_id, date, service, names.split(";"), signature)


def sign(request: Request, secret_key: str, scope: tuple[str, str], names: list[str]) -> str:
    """Return the hexadecimal signature for a scope of (date, service) over the headers named."""
    date, service = scope
    digest = hashlib.sha256(canonical_request(request, names)).hexdigest()
    timestamp = request.headers["x-tc-timestamp"]
    text = f"{ALGORITHM}\n{timestamp}\n{date}/{service}/tc3_request\n{digest}"
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def canonical_request(request: Request, names: list[str]) -> bytes:
    """Return the canonical form of a request over exactly the headers the caller says it has signed."""
    lines = "".join(f"{name}:{_canonical_value(request, name)}\n" for name in names)
    parts = (request.method.upper(), "/", request.query, lines, ";".join(names), _payload_hash(request))
    # ASGI hands headers over as Latin-1; this way back gives the very bytes that were signed.
    return "\n".join(parts).encode("latin-1")


def _holds(request: Request, credential: Credential, secret_key: str, timestamp: int) -> bool:
    names = credential.names
    if not {"content-type", "host"} <= set(names) or any(name not in request.headers for name in names):
        return False
    if credential.service != "dts" or credential.date != f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d}":
        return False
    expected = sign(request, secret_key, (credential.date, credential.service), names)
    return hmac.compare_digest(expected, credential.signature)


def _timestamp(request: Request) -> int | None:
    text = request.headers.get("x-tc-timestamp", "")
    return int(text) if re.fullmatch("[0-9]{1,12}", text) else None


def _canonical_value(request: Request, name: str) -> str:
    value = request.headers[name].strip()
    return value.lower() if name == "x-tc-action" else value


def _payload_hash(request: Request) -> str:
    unsigned = request.headers.get("x-tc-content-sha256") == UNSIGNED_PAYLOAD
    return hashlib.sha256(UNSIGNED_PAYLOAD.encode() if unsigned else request.body).hexdigest()
