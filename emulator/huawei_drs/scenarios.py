"""How a DRS precheck unfolds: a percentage that grows and items that are listed once they have run."""

from typing import Any

from emulator.huawei_drs.refusals import entry
from emulator.runs import PHASES, Run, finished_items

SPACE = '{"diskSizeTimes":"1.5","dstVolumeSize":"37660000000","srcIndexSize":0,"size":"0","srcIndexAmount":0}'
TTL = '{"srcHasTtlIndexColls":"shop.sessions,shop.carts"}'
CHECKS: list[dict[str, Any]] = [
    {"item": "srcDbConnection", "result": "PASSED", "group": "network"},
    {"item": "dstDbConnection", "result": "PASSED", "group": "network"},
    {"item": "srcDbVersionSupport", "result": "PASSED", "group": "db_version"},
    {"item": "dstDbVersionSupport", "result": "PASSED", "group": "db_version"},
    {"item": "srcDbPrivilegesIsEnough", "result": "PASSED", "group": "db_user_privilege"},
    {"item": "dstDbPrivilegesIsEnough", "result": "PASSED", "group": "db_user_privilege"},
    {"item": "dstDbDiskSize", "result": "PASSED", "data": SPACE, "group": "db_disk_size"},
    {"item": "dstStatusCheck", "result": "PASSED", "data": "", "group": "db_target_status", "failed_reason": ""},
    {"item": "srcBinlogFormatCheck", "result": "PASSED", "group": "db_params"},
    {"item": "dbClockConsistency", "result": "PASSED", "group": "db_params"},
    {"item": "srcCollHasTtlIndex", "result": "PASSED", "group": "db_params"},
    {"item": "userSelectObjectsCheck", "result": "PASSED", "group": "db_params"},
]
ROW_FORMAT_WANTED: dict[str, Any] = {
    "result": "FAILED",
    "failed_reason": "SRC_BINLOG_FORMAT_IS_NOT_ROW",
    "data": '{"binlog_format":"STATEMENT"}',
}
CHANGED: dict[str, dict[str, dict[str, Any]]] = {
    "warning": {"srcCollHasTtlIndex": {"result": "ALARM", "data": TTL, "failed_reason": "SRC_HAS_TTL_INDEXES"}},
    "blocked": {
        "srcBinlogFormatCheck": ROW_FORMAT_WANTED,
        "dstDbPrivilegesIsEnough": {
            "result": "FAILED",
            "failed_reason": "DST_PRIVILEGES_NOT_ENOUGH",
            "raw_error_msg": "Access denied for user 'drs'@'%'",
        },
    },
    "skipped": {"srcBinlogFormatCheck": {**ROW_FORMAT_WANTED, "is_skipped": True}},
}


def entry_v3(run: Run, phase: int, language: str) -> dict[str, Any]:
    """One entry of a v3 answer's `results`."""
    if _broke_off(run, phase):
        return entry("DRS.M05066", language, run.reference)
    items = [{**check, **_change(run, check)} for check in CHECKS]
    for item in items:
        item.pop("is_skipped", None)  # v3 has no word for it
    return {"precheck_id": run.reference, **_outcome(phase, items, "precheck_result")}


def body_v5(run: Run, phase: int, language: str) -> dict[str, Any]:
    """A whole v5 answer; its container has no place for an error, so a broken run is one for the call."""
    if _broke_off(run, phase):
        return entry("DRS.M05066", language)
    plain = {"is_support_skip": False, "is_skipped": False}
    items = [{**check, **plain, **_skippable(check), **_change(run, check)} for check in CHECKS]
    job_id = run.reference.partition("/")[0]
    job = {"id": job_id, "status": "CONFIGURATION", "precheck_result": _outcome(phase, items, "precheck_results")}
    return {"job": job}


def _broke_off(run: Run, phase: int) -> bool:
    return run.scenario == "broken" and phase == PHASES


def _change(run: Run, check: dict[str, Any]) -> dict[str, Any]:
    return CHANGED.get(run.scenario, {}).get(check["item"], {})


def _skippable(check: dict[str, Any]) -> dict[str, Any]:
    return {"is_support_skip": check["item"] in {"srcBinlogFormatCheck", "dbClockConsistency"}}


def _outcome(phase: int, items: list[dict[str, Any]], items_key: str) -> dict[str, Any]:
    listed = items[: finished_items(phase, len(items))]
    passed = sum(item["result"] != "FAILED" or item.get("is_skipped", False) for item in listed)
    outcome: dict[str, Any] = {
        "result": phase == PHASES
        and passed == len(items),  # false until the end, when it begins to mean something
        "process": f"{phase * 100 // PHASES}%",
        "total_passed_rate": f"{passed * 100 // len(items)}%",
        "rds_instance_id": "e05a3679efe241d8b5dee80b17c1a863in01",
        "job_direction": "up",
    }
    return {**outcome, items_key: listed} if listed else outcome
