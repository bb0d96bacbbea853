"""How a DTS migration check unfolds: all steps listed from the start, flipping one after the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from emulator.runs import PHASES, Run, finished_items
from emulator.tencent_dts.steps import RUN_ORDER, SAID, finding, localized, step


@dataclass(frozen=True)
class Outcome:
    """How one step ends, where that is not a plain pass; texts are keys of `steps.SAID`."""

    status: str
    result: str = ""
    reason: str = ""
    remedy: str = ""
    skipped: bool = False


SHORT_TIMEOUT = Outcome("warning", "warning", "wait_timeout", "raise it")
OUTCOMES: Mapping[str, Mapping[str, Outcome]] = {
    "warning": {
        "WarningParamCheck": SHORT_TIMEOUT,
        "SimpleParamCheck": Outcome("pass", "warning", "wait_timeout", "raise it"),
    },
    "blocked": {
        "SrcPrivilegeCheck": Outcome("failed", "failed", "grants", "grant it"),
        "DstEmptyCheck": Outcome("failed", "failed", "tables", "remove them"),
        "BinlogParamCheck": Outcome("blocked"),
        "ConstraintCheck": Outcome("blocked"),
        "ConstraintRefCheck": Outcome("blocked"),
        "ViewCheck": Outcome("blocked"),
    },
    "skipped": {
        "WarningParamCheck": SHORT_TIMEOUT,
        "OptimizeCheck": Outcome("failed", "warning", "skipped", skipped=True),
    },
    "broken": {"WarningParamCheck": Outcome("notStarted"), "OptimizeCheck": Outcome("notStarted")},
}
ENDED: Mapping[str, tuple[str, str, str]] = {
    "blocked": ("failed", "checkNotPass", "not passed"),
    "broken": ("failed", "", "broke off"),
}


def response(run: Run, phase: int, language: str) -> dict[str, Any]:
    """The `Response` of a run, without its RequestId."""
    status, flag, message = _overall(run.scenario, phase)
    steps = [_step(run.scenario, phase, number, language) for number in range(len(RUN_ORDER))]
    brief = localized(SAID[message], language) if message else ""
    return {"Status": status, "BriefMsg": brief, "CheckFlag": flag, "StepInfo": steps if phase else None}


def _overall(scenario: str, phase: int) -> tuple[str, str, str]:
    if phase == 0:
        return "notStarted", "", ""
    return ("running", "", "") if phase < PHASES else ENDED.get(scenario, ("success", "checkPass", "passed"))


def _step(scenario: str, phase: int, number: int, language: str) -> dict[str, Any]:
    step_id = RUN_ORDER[number]
    if number >= finished_items(phase, len(RUN_ORDER)):
        return step(number, step_id, "notStarted", language)
    outcome = OUTCOMES.get(scenario, {}).get(step_id, Outcome("pass"))
    ended = step(number, step_id, outcome.status, language)
    if outcome.result:
        found = finding(step_id, outcome.result, language, reason=outcome.reason, remedy=outcome.remedy)
        ended.update(DetailCheckItems=[found], HasSkipped=outcome.skipped)
    return ended
