"""How a NineData comparison precheck unfolds, item by item."""

from typing import Any

from emulator.runs import PHASES, Run, finished_items

# The vendor publishes no list of its items: the first four are documented, the others are made up.
CHECKS = (
    ("compareSrcPermissionCheck", "Source database privilege check"),
    ("targetDataSourceCheck", "Target Connection Check"),
    ("srcDataSourceCheck", "Source Connection Check"),
    ("targetDataExistCheck", "Target data check"),
    ("compareTargetPermissionCheck", "Target database privilege check"),
    ("srcDataExistCheck", "Source data check"),
    ("srcVersionCheck", "Source version check"),
    ("targetVersionCheck", "Target version check"),
)
FAILURES = {
    "targetDataExistCheck": "Target tables are missing _sign and _version columns."
    " Add the columns and run the precheck again.",
    "targetVersionCheck": "The target is of version 5.5. Upgrade it to 5.6 or later.",
}
SCENARIOS = ("clean", "blocked", "broken", "stuck")
BROKEN_AT = 4


def unfolded(run: Run, now: float) -> dict[str, Any]:
    """The `data` of a scenario as of `now`."""
    phase = run.phase(now)
    shown = min(phase, BROKEN_AT) if run.scenario == "broken" else phase
    task, _, precheck = run.reference.partition("/")
    return {
        "taskId": task,
        "precheckTaskId": precheck,
        "status": _run_status(run.scenario, phase),
        "precheckItems": _items(run.scenario, shown, moving=0 < phase < PHASES),
    }


def _run_status(scenario: str, phase: int) -> str:
    if phase < PHASES:
        return "Running" if phase else "Unstarted"
    return "Failed" if scenario in {"blocked", "broken"} else "Success"


def _items(scenario: str, phase: int, *, moving: bool) -> list[dict[str, Any]]:
    done = finished_items(phase, len(CHECKS))
    failures = FAILURES if scenario == "blocked" else {}
    return [
        _item(code, name, _status(place, done, code in failures, moving=moving), failures)
        for place, (code, name) in enumerate(CHECKS)
    ]


def _status(place: int, done: int, fails: bool, *, moving: bool) -> str:
    if place < done:
        return "Failed" if fails else "Success"
    return "Running" if moving and place == done else "Unstarted"


def _item(code: str, name: str, status: str, failures: dict[str, str]) -> dict[str, Any]:
    item = {"precheckItem": code, "itemName": name, "itemDescription": f"{name}.", "status": status}
    return item | {"errorMessage": failures[code]} if status == "Failed" else item
