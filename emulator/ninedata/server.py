"""Answers `GET /openapi/v1/comparedata/precheck/status` as NineData documents it."""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from emulator.ninedata.scenarios import SCENARIOS, unfolded
from emulator.vendor import Call, Reply, Request, VendorServer

PATH = "/openapi/v1/comparedata/precheck/status"
NOW_PATH = "/openapi/now"
OPERATION = "precheck-status"
WINDOW_SECONDS = 600.0
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PARAMETERS = ("taskId", "precheckTaskId")
LETTERS = string.ascii_letters + string.digits


class Server(VendorServer):
    """One NineData account; failures travel under HTTP 200 with `success: false`."""

    operations = (OPERATION,)
    scenarios = SCENARIOS
    reference_pattern = re.compile(r"cd-[0-9A-Za-z]+/pcte-[0-9A-Za-z]+")

    def seeds(self) -> Mapping[str, str]:
        """The documented example."""
        return {"cd-tg3isu1xgs/pcte-dj02vti9tabd": "seed.json"}

    def credentials(self) -> Mapping[str, str]:
        """The key pair of the account."""
        return {
            "access_key_id": self.provider.settings["access_key_id"],
            "secret_key": self.provider.secrets["secret_key"],
        }

    def new_reference(self, scenario: str = "", api: str = "") -> str:  # noqa: ARG002  # one API
        """A task and a precheck of it."""
        return f"cd-{_letters(10).lower()}/pcte-{_letters(12).lower()}"

    def identify(self, request: Request) -> Call:
        """The query string first; the documented JSON body of this GET is taken too."""
        if request.path != PATH:
            return Call()
        given = [_parameter(request, name) for name in PARAMETERS]
        return Call(OPERATION, ("/".join(given),) if all(given) else (), result=True)

    def answer(self, request: Request, call: Call) -> Reply:
        """The signature first, then the route, then the parameters."""
        if request.path == NOW_PATH:
            now = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
            return Reply({"success": True, "requestId": _request_id(), "data": now})
        refusal = self._signature_problem(request)
        if refusal:
            return _failure(refusal)
        if not call.operation or request.method != "GET":
            return _failure(f"no such api: {request.method} {request.path}", status=404)
        if not call.references:
            missing = next(name for name in PARAMETERS if not _parameter(request, name))
            return _failure(f"parameter {missing} is required", error_code="INVALID_PARAM")
        return self._result(call.references[0])

    def throttled(self, request: Request, call: Call, retry_after: float) -> Reply:  # noqa: ARG002  # the same for every call
        """Undocumented, so plain HTTP 429 around the vendor's own shape."""
        reply = _failure("too many requests", status=429)
        return Reply(reply.body, reply.status, {"retry-after": f"{retry_after:g}"})

    def expired(self, request: Request, call: Call) -> Reply | None:  # noqa: ARG002  # the same for every call
        """The refusal of an old timestamp."""
        return _failure("timestamp expired")

    def stamp(self, body: dict[str, Any], reference: str) -> dict[str, Any]:
        """In `data`, both parts."""
        data = body.get("data")
        if not isinstance(data, dict):
            return body
        parts = dict(zip(PARAMETERS, reference.split("/"), strict=True))
        return body | {"data": data | {name: part for name, part in parts.items() if name in data}}

    def _result(self, reference: str) -> Reply:
        run = self.runs.find(reference)
        if run is None:
            return _failure("precheck task not found")
        if run.script:
            return self.scripted(run)
        data = unfolded(run, self.clock.time())
        return Reply({"success": True, "requestId": _request_id(), "data": data})

    def _signature_problem(self, request: Request) -> str:
        """Empty if the request is signed; the signature covers the path and the timestamp only."""
        sent = {name: request.headers.get(name, "") for name in ("access-key-id", "timestamp", "signature")}
        for name, value in sent.items():
            if not value:
                return f"signature verification failed: header {name} is missing"
        if sent["access-key-id"] != self.provider.settings["access_key_id"]:
            return "signature verification failed: unknown access-key-id"
        secret = self.provider.secrets["secret_key"]
        wanted = signature(request.path, secret, sent["timestamp"])
        if not hmac.compare_digest(wanted.encode(), sent["signature"].encode()):
            return "signature verification failed"
        return "" if self._recent(sent["timestamp"]) else "timestamp expired: more than 10 minutes off"

    def _recent(self, timestamp: str) -> bool:
        if not TIMESTAMP.fullmatch(timestamp):
            return False
        try:
            sent = datetime.fromisoformat(timestamp)
        except ValueError:
            return False
        return abs((self.clock.now() - sent).total_seconds()) <= WINDOW_SECONDS


def signature(path: str, secret_key: str, timestamp: str) -> str:
    """A plain hash and no HMAC; it covers neither the query nor the body."""
    return hashlib.sha256(f"{path}/{secret_key}&{timestamp}".encode()).hexdigest()


def _parameter(request: Request, name: str) -> str:
    sent = request.parameter(name)
    if sent is None and isinstance(request.json, dict):
        sent = request.json.get(name)
    return sent if isinstance(sent, str) else ""


def _failure(message: str, *, status: int = 200, error_code: str = "") -> Reply:
    body: dict[str, Any] = {"success": False, "requestId": _request_id(), "message": message}
    return Reply(body | ({"errorCode": error_code} if error_code else {}), status)


def _request_id() -> str:
    return f"{_letters(8)}-{_letters(23)}"


def _letters(count: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(count))
