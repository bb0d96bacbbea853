"""DTS behind Tencent Cloud's gateway: one path, the action in a header, every answer under HTTP 200."""

import re
import secrets
import string
import uuid
from collections import deque
from collections.abc import Mapping
from typing import Any

from emulator.clock import Clock
from emulator.demo import DemoProvider
from emulator.runs import SCENARIOS, Runs
from emulator.tencent_dts import scenarios, signature
from emulator.tencent_dts.steps import renamed
from emulator.vendor import Call, Reply, Request, VendorServer

ACTION = "DescribeMigrationCheckJob"
VERSION = "2021-12-06"
CALLS_PER_SECOND = 20
ALPHABET = string.ascii_lowercase + string.digits


class Server(VendorServer):
    """Serves one account in one region."""

    operations = (ACTION,)
    scenarios = SCENARIOS
    reference_pattern = re.compile(r"dts-[0-9a-z]{8}")

    def __init__(self, provider: DemoProvider, clock: Clock, runs: Runs) -> None:
        super().__init__(provider, clock, runs)
        self._recent: dict[str, deque[float]] = {}

    def seeds(self) -> Mapping[str, str]:
        """The example of the documentation."""
        return {"dts-1ewjspuw": "seed.json"}

    def credentials(self) -> Mapping[str, str]:
        """The key pair."""
        return {"secret_id": self.provider.settings["secret_id"], **self.provider.secrets}

    def new_reference(self, scenario: str = "", api: str = "") -> str:  # noqa: ARG002  # one API serves all
        """A job id."""
        return "dts-" + "".join(secrets.choice(ALPHABET) for _ in range(8))

    def identify(self, request: Request) -> Call:
        """Go by the action header; the job id is read even from a request that will be refused."""
        if request.path != "/" or request.headers.get("x-tc-action") != ACTION:
            return Call()
        job_id = request.json.get("JobId") if isinstance(request.json, dict) else None
        return Call(ACTION, (job_id,) if isinstance(job_id, str) else (), result=True)

    def answer(self, request: Request, call: Call) -> Reply:
        """Check in the gateway's order, then answer for the one job."""
        refusal = self._refusal(request)
        if refusal is not None:
            return failure(*refusal)
        run = self.runs.find(call.references[0]) if call.references else None
        if run is None:
            return failure("ResourceNotFound.ResourceNotFoundError", "The migration job does not exist.")
        language = request.headers.get("x-tc-language", "zh-CN")
        if not run.script:
            now = self.clock.time()
            return response(scenarios.response(run, run.phase(now), language))
        reply = self.scripted(run)
        if isinstance(reply.body, dict) and not run.step(self.clock.time()).verbatim:
            return Reply(renamed(reply.body, language), reply.status, reply.headers)
        return reply

    def throttled(self, request: Request, call: Call, retry_after: float) -> Reply:  # noqa: ARG002  # no such field
        """The quota of the API; the vendor never says when to come back."""
        return failure("RequestLimitExceeded", f"The request exceeds the limit of {CALLS_PER_SECOND} per second.")

    def expired(self, request: Request, call: Call) -> Reply | None:  # noqa: ARG002  # whatever was asked
        """The refusal of a signature, or of temporary keys, past their time."""
        if "x-tc-token" in request.headers:
            return failure("AuthFailure.TokenFailure", "The token is invalid or has expired.")
        return failure(signature.EXPIRED.code, signature.EXPIRED.message)

    def stamp(self, body: dict[str, Any], reference: str) -> dict[str, Any]:  # noqa: ARG002  # never echoed
        """Nothing to stamp: an answer of DTS does not name its job."""
        return dict(body)

    def _refusal(self, request: Request) -> tuple[str, str] | None:
        known = self.credentials()
        bad = signature.refusal(request, {known["secret_id"]: known["secret_key"]}, self.clock.now())
        if bad is not None:
            return bad.code, bad.message
        return _wrong_action(request) or self._too_often(known["secret_id"]) or _wrong_parameters(request.json)

    def _too_often(self, secret_id: str) -> tuple[str, str] | None:
        now = self.clock.time()
        recent = self._recent.setdefault(secret_id, deque())
        while recent and not now - 1.0 < recent[0] <= now:
            recent.popleft()
        if len(recent) >= CALLS_PER_SECOND:
            return "RequestLimitExceeded", f"The request exceeds the limit of {CALLS_PER_SECOND} per second."
        recent.append(now)
        return None


def response(fields: dict[str, Any]) -> Reply:
    """A documented answer."""
    return Reply({"Response": {**fields, "RequestId": str(uuid.uuid4())}})


def failure(code: str, message: str) -> Reply:
    """An error, which travels under HTTP 200 as well."""
    return response({"Error": {"Code": code, "Message": message}})


def _wrong_action(request: Request) -> tuple[str, str] | None:
    action = request.headers.get("x-tc-action", "")
    if request.method != "POST" or request.path != "/" or action != ACTION:
        return "InvalidAction", f"The action {action!r} does not exist."
    version = request.headers.get("x-tc-version", "")
    return None if version == VERSION else ("NoSuchVersion", f"The version {version!r} does not exist.")


def _wrong_parameters(body: Any) -> tuple[str, str] | None:
    if not isinstance(body, dict):
        return "InvalidParameter", "The request body is not a JSON object."
    unknown = sorted(set(body) - {"JobId"})
    if unknown:
        return "UnknownParameter", f"The parameter `{unknown[0]}` is not recognized."
    if body.get("JobId") in (None, ""):
        return "MissingParameter", "The parameter `JobId` is missing."
    return None if isinstance(body["JobId"], str) else ("InvalidParameter", "`JobId` must be a string.")
