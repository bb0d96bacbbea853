"""Answers `POST /api/v2?Action=GetPreCheckResult` in the words of both OMS editions."""

import re
import secrets
import string
from collections.abc import Mapping
from typing import Any

from emulator.clock import Clock
from emulator.demo import DemoProvider
from emulator.oceanbase_oms.envelope import failure, success
from emulator.oceanbase_oms.gate import MODES, Gate
from emulator.oceanbase_oms.scenarios import SCENARIOS, unfolded
from emulator.runs import Runs
from emulator.vendor import Call, Reply, Request, VendorServer

PATH = "/api/v2"
ACTION = "GetPreCheckResult"
ID_LETTERS = string.ascii_lowercase + string.digits
EDITIONS = {
    "community": ("preCheckId", "preCheckStatus", {"t_7di1uvmxd340": "seed-ce.json"}),
    "enterprise": ("projectId", "projectStatus", {"t_57p3m9qk2v1a": "seed-ee.json"}),
}
# The enterprise page masks its id; whoever sends it masked is answered too.
UNMASKED = {"t_57p****": "t_57p3m9qk2v1a"}


class Server(VendorServer):
    """One OMS installation. The documentation names no error code: all `OMS-…` codes here are made up."""

    operations = (ACTION,)
    scenarios = SCENARIOS
    reference_pattern = re.compile(r"t_[0-9A-Za-z]+")
    auth_modes = MODES

    def __init__(self, provider: DemoProvider, clock: Clock, runs: Runs) -> None:
        super().__init__(provider, clock, runs)
        settings = provider.settings
        self._id_key, self._status_key, self._seeds = EDITIONS[settings["edition"]]
        password = provider.secrets.get("password", "demo-oms-password-not-a-secret")
        self._gate = Gate(settings["auth"], settings.get("username", "demo-oms-user"), password, clock)

    def seeds(self) -> Mapping[str, str]:
        """The documented example of the edition."""
        return self._seeds

    def credentials(self) -> Mapping[str, str]:
        """What every mode would want, and the mode in force under `auth`."""
        return self._gate.credentials()

    def switch_auth(self, mode: str) -> None:
        """Demand this mode from now on."""
        self._gate.mode = mode

    def new_reference(self, scenario: str = "", api: str = "") -> str:  # noqa: ARG002  # one API
        """`t_` and twelve characters, as documented."""
        return "t_" + "".join(secrets.choice(ID_LETTERS) for _ in range(12))

    def identify(self, request: Request) -> Call:
        """The action is named in the query string, its argument in a JSON body."""
        if request.path != PATH or request.parameter("Action") != ACTION:
            return Call()
        sent = request.json.get("id") if isinstance(request.json, dict) else None
        return Call(ACTION, (sent,) if isinstance(sent, str) and sent else (), result=True)

    def answer(self, request: Request, call: Call) -> Reply:
        """Failures travel under HTTP 200 with `success: false`; only the gate and the path use HTTP."""
        if not self._gate.admits(request):
            return self._refusal()
        if request.path != PATH or request.method != "POST":
            return Reply(failure("OMS-NO-ROUTE", "No such route.", f"POST {PATH}"), 404)
        if not call.operation:
            action = request.parameter("Action")
            return Reply(failure("OMS-ACTION-UNSUPPORTED", f"Action {action} is not supported.", ACTION))
        if not call.references:
            return Reply(failure("OMS-PARAM-MISSING", "The parameter id is required.", "Send id as a string."))
        return self._result(call.references[0])

    def throttled(self, request: Request, call: Call, retry_after: float) -> Reply:  # noqa: ARG002  # the same for every call
        """Undocumented, so plain HTTP 429."""
        body = failure("OMS-TOO-MANY-REQUESTS", "Too many requests.", "Retry later.")
        return Reply(body, 429, {"retry-after": f"{retry_after:g}"})

    def expired(self, request: Request, call: Call) -> Reply | None:  # noqa: ARG002  # the same for every call
        """The refusal of bad credentials."""
        return self._refusal()

    def stamp(self, body: dict[str, Any], reference: str) -> dict[str, Any]:
        """In `data`, which may also be an array of one, under the key of either edition."""
        data = body.get("data")
        if isinstance(data, list):
            return body | {"data": [_stamped(entry, reference) for entry in data]}
        return body | {"data": _stamped(data, reference)} if isinstance(data, dict) else body

    def _result(self, reference: str) -> Reply:
        run = self.runs.find(UNMASKED.get(reference, reference))
        if run is None:
            return Reply(
                failure("OMS-PRECHECK-NOTFOUND", f"Precheck {reference} not found.", "Check the precheck id.")
            )
        if run.script:
            return self.scripted(run)
        return Reply(success(unfolded(run, self.clock.time(), self._id_key, self._status_key)))

    def _refusal(self) -> Reply:
        body = failure("OMS-UNAUTHORIZED", "The credentials are missing or wrong.", "Sign in again.")
        return Reply(body, 401, self._gate.challenge())


def _stamped(data: Any, reference: str) -> Any:
    if not isinstance(data, dict):
        return data
    return data | {key: reference for key in ("preCheckId", "projectId") if key in data}
