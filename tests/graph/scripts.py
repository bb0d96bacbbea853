"""What the emulator serves in a phase of a scenario, and what it means, read from the vendors' own words.

Written from the vendors' documentation, as the decoders are, and shares no code with them.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from emulator.huawei_drs import scenarios as drs
from emulator.ninedata import scenarios as ninedata
from emulator.oceanbase_oms import scenarios as oms
from emulator.oceanbase_oms.envelope import success
from emulator.runs import PHASES, Run
from emulator.tencent_dts import scenarios as dts

SAID = {
    "PASSED": "PASSED", "pass": "PASSED", "Success": "PASSED",
    "ALARM": "WARNING", "WARNING": "WARNING", "warning": "WARNING",
    "FAILED": "FAILED", "failed": "FAILED", "Failed": "FAILED",
    "RUNNING": "RUNNING", "running": "RUNNING", "Running": "RUNNING",
    "PENDING": "PENDING", "notStarted": "PENDING", "Unstarted": "PENDING",
    "blocked": "NOT_RUN",
}  # fmt: skip
SIDES = {
    "BOTH": ("dbClockConsistency", "ConnectDBCheck", "VersionCheck", "SimpleParamCheck", "WarningParamCheck"),
    "SOURCE": ("userSelectObjectsCheck", "BinlogParamCheck", "ConstraintCheck", "ConstraintRefCheck", "ViewCheck"),
    "UNKNOWN": ("OptimizeCheck",),
}
SIDE_OF = {code: side for side, codes in SIDES.items() for code in codes}
OMS_SIDES = {"SOURCE": "SOURCE:PRIMARY", "DEST": "TARGET:PRIMARY"}


class Item(NamedTuple):
    """One check; `said` is everything the vendor says of it."""

    state: str
    said: dict[str, Any]
    skipped: bool = False


class Reading(NamedTuple):
    """One answer; `percent` and `passed` only where the vendor itself says so."""

    status: str
    items: dict[str, Item]
    percent: float | None = None
    passed: bool | None = None

    @property
    def is_over(self) -> bool:
        return self.status in ("COMPLETED", "ERRORED")

    @property
    def states(self) -> dict[str, str]:
        return {key: item.state for key, item in self.items.items()}

    @property
    def verdict(self) -> str:
        states = set(self.states.values())
        if any(item.state == "FAILED" and not item.skipped for item in self.items.values()):
            return "BLOCKED"
        if not self.is_over:
            return "WAITING"
        if self.status == "ERRORED" or not states or states & {"PENDING", "RUNNING", "NOT_RUN"}:
            return "INCONCLUSIVE"
        return "READY_WITH_WARNINGS" if states & {"WARNING", "FAILED"} else "READY"

    @property
    def own_percent(self) -> float:
        if self.status == "COMPLETED" or not self.items:
            return 100.0 if self.status == "COMPLETED" else self.percent or 0.0
        if self.percent is not None:
            return self.percent
        open_states = ("PENDING", "RUNNING", "NOT_RUN") if self.status == "ERRORED" else ("PENDING", "RUNNING")
        return 100.0 * sum(state not in open_states for state in self.states.values()) / len(self.items)


def read_oms(body: dict[str, Any]) -> Reading:
    data = body["data"]
    items = {
        f"{OMS_SIDES[said['endpointType']]}:{said['checkType']}": Item(SAID[said["status"]], said)
        for said in data["preCheckResults"]
    }
    word = data.get("preCheckStatus") or data["projectStatus"]
    return Reading(_status({"FINISHED": "Success"}.get(word, word), items), items, data["progress"])


def read_drs(body: dict[str, Any]) -> Reading:
    if "job" in body:
        outcome = body["job"]["precheck_result"]
        return _read_outcome(outcome, outcome.get("precheck_results", []))
    [entry] = body["results"]
    if "error_code" in entry:
        return Reading("ERRORED", {})
    return _read_outcome(entry, entry.get("precheck_result", []))


def _read_outcome(outcome: dict[str, Any], listed: list[dict[str, Any]]) -> Reading:
    items = {
        _key(said["item"]): Item(SAID[said["result"]], said, said.get("is_skipped", False)) for said in listed
    }
    percent = float(outcome["process"].rstrip("%"))
    if percent == 100.0:
        return Reading("COMPLETED", items, percent, outcome["result"])
    return Reading("RUNNING" if percent or items else "PENDING", items, percent)


def read_dts(body: dict[str, Any]) -> Reading:
    response = body["Response"]
    items = {
        _key(said["StepId"]): Item(_step_state(said), said, said["HasSkipped"])
        for said in response["StepInfo"] or ()
    }
    passed = {"checkPass": True, "checkNotPass": False}.get(response["CheckFlag"])
    return Reading(_status(response["Status"], items, explained=passed is False), items, None, passed)


def read_ninedata(body: dict[str, Any]) -> Reading:
    data = body["data"]
    items = {_key(said["precheckItem"]): Item(SAID[said["status"]], said) for said in data["precheckItems"]}
    status = _status(data["status"], items)
    if status in ("COMPLETED", "ERRORED"):  # what has not begun by then never will
        items = {
            key: item._replace(state="NOT_RUN") if item.state == "PENDING" else item for key, item in items.items()
        }
    return Reading(status, items)


def _status(word: str, items: dict[str, Item], *, explained: bool = False) -> str:
    said = {"success": "PASSED", "Unstarted": "PENDING"}.get(word) or SAID[word]
    if said == "FAILED":
        has_failed = explained or any(item.state == "FAILED" for item in items.values())
        return "COMPLETED" if has_failed else "ERRORED"
    return "COMPLETED" if said == "PASSED" else said


def _step_state(said: dict[str, Any]) -> str:
    inside = {finding["CheckResult"] for finding in said["DetailCheckItems"]}
    return "WARNING" if said["StepStatus"] == "pass" and "warning" in inside else SAID[said["StepStatus"]]


def _key(code: str) -> str:
    return f"{SIDE_OF.get(code) or ('SOURCE' if 'src' in code.lower() else 'TARGET')}:{code}"


class Vendor(NamedTuple):
    """How a demo provider speaks."""

    scenarios: tuple[str, ...]
    body: Callable[[str, int], dict[str, Any]]
    read: Callable[[dict[str, Any]], Reading]

    def reading(self, scenario: str, phase: int) -> Reading:
        return self.read(self.body(scenario, phase))


def _run(scenario: str) -> Run:
    return Run(reference="task/precheck", started=0.0, scenario=scenario, seconds=PHASES)


def _oms_body(id_key: str, status_key: str) -> Callable[[str, int], dict[str, Any]]:
    return lambda scenario, phase: success(oms.unfolded(_run(scenario), phase + 0.5, id_key, status_key))


def _drs_body(scenario: str, phase: int) -> dict[str, Any]:
    phase = _run(scenario).phase(phase + 0.5)
    if scenario == "skipped":  # which only the newer API can say
        return drs.body_v5(_run(scenario), phase, "en-us")
    return {"count": 1, "results": [drs.entry_v3(_run(scenario), phase, "en-us")]}


def _dts_body(scenario: str, phase: int) -> dict[str, Any]:
    answer = dts.response(_run(scenario), _run(scenario).phase(phase + 0.5), "en-US")
    return {"Response": {**answer, "RequestId": "r"}}


def _ninedata_body(scenario: str, phase: int) -> dict[str, Any]:
    return {"success": True, "requestId": "r", "data": ninedata.unfolded(_run(scenario), phase + 0.5)}


ALL = ("clean", "warning", "blocked", "skipped", "broken", "stuck")
VENDORS = {
    "oms-ce": Vendor(oms.SCENARIOS, _oms_body("preCheckId", "preCheckStatus"), read_oms),
    "oms-ee": Vendor(oms.SCENARIOS, _oms_body("projectId", "projectStatus"), read_oms),
    "drs": Vendor(ALL, _drs_body, read_drs),
    "dts": Vendor(ALL, _dts_body, read_dts),
    "ninedata": Vendor(ninedata.SCENARIOS, _ninedata_body, read_ninedata),
}


Change = tuple[str, str | None, str]


class Told(NamedTuple):
    """What one event must tell, as a whole; a change is key, previous state and new state."""

    kind: str
    precheck: str
    run: int
    status: str
    verdict: str
    percent: float
    states: dict[str, str]
    changes: list[Change]
    problem: str | None = None


class Story:
    """What a viewer must be told of one precheck, reading by reading."""

    def __init__(self, external_id: str) -> None:
        self._external_id = external_id
        self._run = 1
        self._percent = 0.0
        self._before: Reading | None = None

    def told(self, reading: Reading) -> list[Told]:
        """The events that this reading makes, most often one."""
        before, self._before = self._before, reading
        if before == reading:
            return []
        has_restarted = before is not None and before.is_over and not reading.is_over
        self._run += has_restarted
        self._percent = max(0.0 if has_restarted else self._percent, reading.own_percent)
        if before is None:
            kinds = ["SNAPSHOT", *["COMPLETED"] * reading.is_over]
            return [self._event(kind, reading, []) for kind in kinds]
        kind = "RESTARTED" if has_restarted else "COMPLETED" if reading.is_over else "CHANGED"
        return [self._event(kind, reading, list(_changes(before, reading)))]

    def _event(self, kind: str, reading: Reading, changes: list[Change]) -> Told:
        status, verdict, states = reading.status, reading.verdict, reading.states
        percent = round(self._percent, 6)
        return Told(kind, self._external_id, self._run, status, verdict, percent, states, changes)


def _changes(before: Reading, now: Reading) -> Iterator[Change]:
    for key, item in now.items.items():
        was = before.items.get(key)
        if was != item:
            yield key, was and was.state, item.state
