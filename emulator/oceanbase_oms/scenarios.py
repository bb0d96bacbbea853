"""How an OMS precheck unfolds: the documented items, one after the other."""

import json
from pathlib import Path
from typing import Any

from emulator.runs import PHASES, Run, finished_items

SEED = json.loads((Path(__file__).parent / "wire" / "seed-ce.json").read_text(encoding="utf-8"))
CHECKS = (
    ("SOURCE", "RDB_CONNECT"),
    ("SOURCE", "DB_INCR_LOG"),
    ("SOURCE", "DB_VERSION"),
    ("SOURCE", "RDB_SCHEMA_EXIST"),
    ("SOURCE", "DB_LOWER_CASE_TABLE_NAMES"),
    ("SOURCE", "DB_ACCOUNT_FULL_READ_PRIVILEGE"),
    ("SOURCE", "RDB_OBJECT_DEPENDENCY_INTEGRITY"),
    ("DEST", "RDB_CONNECT"),
    ("DEST", "DB_INCR_LOG"),
    ("DEST", "DB_MAX_ALLOWED_PACKET"),
    ("DEST", "DB_ACCOUNT_WRITER_PRIVILEGE"),
    ("DEST", "DB_TIME_SYNC"),
)
DOCUMENTED = {(item["endpointType"], item["checkType"]): item for item in SEED["data"]["preCheckResults"]}
CASE = ("SOURCE", "DB_LOWER_CASE_TABLE_NAMES")
FINDINGS: dict[str, dict[tuple[str, str], dict[str, Any]]] = {
    "warning": {
        CASE: {"status": "WARNING", "message": DOCUMENTED[CASE]["message"]},
        ("DEST", "DB_MAX_ALLOWED_PACKET"): {
            "status": "WARNING",
            "message": "max_allowed_packet is 16777216 on the source end and 4194304 on the destination end.",
            "skipConsequence": "Rows larger than 4 MiB fail during full migration.",
        },
    },
    "blocked": {
        ("SOURCE", "DB_ACCOUNT_FULL_READ_PRIVILEGE"): {
            "status": "FAILED",
            "message": "The account lacks the SELECT privilege on schema orders.",
            "errorDetail": "SELECT command denied to user 'oms'@'10.0.0.8' for table 'orders'.'line'",
        },
        ("SOURCE", "RDB_OBJECT_DEPENDENCY_INTEGRITY"): {
            "status": "FAILED",
            "message": "View orders.v_open depends on a table that is not selected.",
            "skipConsequence": "The view cannot be created on the destination end.",
            "removable": True,
            "blackObjectsInfo": {"views": [{"schema": "orders", "name": "v_open"}]},
        },
    },
}
SCENARIOS = ("clean", "warning", "blocked", "broken", "stuck")
BROKEN_AT = 4


def unfolded(run: Run, now: float, id_key: str, status_key: str) -> dict[str, Any]:
    """The `data` of a scenario as of `now`, under the edition's two key names."""
    phase = run.phase(now)
    shown = min(phase, BROKEN_AT) if run.scenario == "broken" else phase
    return {
        id_key: run.reference,
        status_key: _run_status(run.scenario, phase),
        "preCheckResults": _items(run.scenario, shown, moving=0 < phase < PHASES),
        "progress": shown * 100.0 / PHASES,
    }


def _run_status(scenario: str, phase: int) -> str:
    if phase < PHASES:
        return "RUNNING" if phase else "PENDING"
    return "FAILED" if scenario in {"blocked", "broken"} else "FINISHED"


def _items(scenario: str, phase: int, *, moving: bool) -> list[dict[str, Any]]:
    done = finished_items(phase, len(CHECKS))
    findings = FINDINGS.get(scenario, {})
    return [
        DOCUMENTED[check] | _state(place, done, findings.get(check, {}), moving=moving)
        for place, check in enumerate(CHECKS)
    ]


def _state(place: int, done: int, finding: dict[str, Any], *, moving: bool) -> dict[str, Any]:
    if place < done:
        return {"status": "PASSED", "message": None} | finding
    return {"status": "RUNNING" if moving and place == done else "PENDING", "message": None}
