from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx2 as httpx
import pytest

from tests.emulator.process import Emulator

KNOWN = ("oms-ce", "oms-ee", "drs", "dts", "ninedata")
OPERATIONS = {
    "oms-ce": {"GetPreCheckResult"},
    "oms-ee": {"GetPreCheckResult"},
    "drs": {"batch-precheck-result", "job-detail", "iam-token"},
    "dts": {"DescribeMigrationCheckJob"},
    "ninedata": {"precheck-status"},
}


def ask_oms(emulator: Emulator, reference: str) -> httpx.Response:
    sent = emulator.credentials("oms-ce")
    url = emulator.url("oms-ce") + "/api/v2?Action=GetPreCheckResult"
    return httpx.post(url, json={"id": reference}, auth=(sent["username"], sent["password"]))


def test_every_provider_is_listed_with_its_seeds(emulator: Emulator) -> None:
    providers = emulator.providers()
    assert set(KNOWN) <= set(providers)
    for provider in providers.values():
        assert set(provider) == {"vendor", "url", "credentials", "references"}
        assert provider["references"]
    assert providers["oms-ce"]["references"][0] == "t_7di1uvmxd340"
    assert providers["oms-ce"]["vendor"] == "oceanbase-oms"


def test_created_run_is_listed(emulator: Emulator) -> None:
    reference = emulator.create_run("ninedata", scenario="stuck")
    assert reference in emulator.providers()["ninedata"]["references"]


def test_every_operation_is_counted_from_nought(emulator: Emulator) -> None:
    calls = emulator.ask("GET", "/calls")
    assert {name: set(calls[name]) for name in KNOWN} == OPERATIONS
    assert all(call == {"count": 0, "ids": []} for name in KNOWN for call in calls[name].values())


def test_calls_are_counted_with_their_ids_refused_ones_too(emulator: Emulator) -> None:
    url = emulator.url("oms-ce") + "/api/v2?Action=GetPreCheckResult"
    ask_oms(emulator, "t_7di1uvmxd340")
    ask_oms(emulator, "t_unknown")
    assert httpx.post(url, json={"id": "t_refused"}).status_code == 401
    httpx.post(url, content=b"no json")
    assert emulator.calls("oms-ce") == {
        "GetPreCheckResult": {"count": 4, "ids": [["t_7di1uvmxd340"], ["t_unknown"], ["t_refused"], []]}
    }
    emulator.ask("DELETE", "/calls")
    assert emulator.calls("oms-ce") == {"GetPreCheckResult": {"count": 0, "ids": []}}


def test_clock_moves_the_date_header(emulator: Emulator) -> None:
    before = emulator.ask("POST", "/clock", {"advance_seconds": 0})
    after = emulator.ask("POST", "/clock", {"advance_seconds": 3600})
    answer = ask_oms(emulator, "t_7di1uvmxd340")
    shown = parsedate_to_datetime(answer.headers["date"])
    assert after["offset_seconds"] - before["offset_seconds"] == 3600
    assert abs((shown - datetime.fromisoformat(after["now"])).total_seconds()) < 5
    assert "server" not in answer.headers


def test_script_serves_each_step_for_its_time(emulator: Emulator) -> None:
    steps: list[dict[str, Any]] = [
        {"seconds": 2, "body": {"data": {"preCheckId": "t_other", "projectId": "t_other"}, "n": 1}},
        {"seconds": 2, "status": 503, "body": "busy", "headers": {"Retry-After": "9"}},
        {"body": {"data": {"preCheckId": "t_other"}}, "verbatim": True},
    ]
    reference = emulator.create_run("oms-ce", script=steps, reference="t_scripted")
    first = ask_oms(emulator, reference)
    emulator.advance(2)
    second = ask_oms(emulator, reference)
    emulator.advance(50)
    third = ask_oms(emulator, reference)
    assert first.json() == {"data": {"preCheckId": "t_scripted", "projectId": "t_scripted"}, "n": 1}
    assert (second.status_code, second.text, second.headers["retry-after"]) == (503, "busy", "9")
    assert third.json() == {"data": {"preCheckId": "t_other"}}


RUN: dict[str, Any] = {"provider": "oms-ce", "scenario": "clean"}
STEP: dict[str, Any] = {"provider": "oms-ce", "script": [{"body": {}}]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([], "the body must be a JSON object"),
        ({}, "provider must be one of oms-ce, oms-ee"),
        ({"provider": "nobody"}, "provider must be one of oms-ce, oms-ee"),
        ({"provider": "oms-ce"}, "scenario (one of clean, warning"),
        (RUN | {"scenario": "sunny"}, "scenario must be one of clean, warning, blocked, skipped"),
        (RUN | {"scenario": "skipped"}, "scenario 'skipped' cannot be said"),
        (RUN | {"seconds": 0}, "seconds must be a number over 0"),
        (RUN | {"seconds": True}, "seconds must be a number over 0"),
        (RUN | {"repeat": 1}, "repeat must be true or false"),
        (RUN | {"hold_seconds": -1}, "hold_seconds must be a number of at least 0"),
        (RUN | {"reference": "np_1"}, "reference must look like t_"),
        (RUN | {"colour": "red"}, "colour: unknown field; accepted: provider, scenario"),
        (RUN | {"script": [{"body": {}}]}, "scenario and script exclude each other"),
        (STEP | {"script": []}, "script must be a list of at least one step"),
        (STEP | {"script": [7]}, "script[0]. must be a JSON object"),
        (STEP | {"script": [{"body": {}}, {}]}, "script[1].body must be a JSON object or a string"),
        (STEP | {"script": [{"body": {}, "status": 99}]}, "script[0].status must be a whole number"),
        (STEP | {"script": [{"body": {}, "status": 599}]}, "script[0].status must be a registered"),
        (STEP | {"script": [{"body": {}, "headers": {"A": 1}}]}, "script[0].headers must be an object"),
        (STEP | {"script": [{"body": {}, "sec": 1}]}, "script[0].sec: unknown field"),
    ],
)
def test_bad_run_is_refused_by_the_name_of_its_field(emulator: Emulator, body: Any, said: str) -> None:
    status, text = emulator.refusal("POST", "/runs", body)
    assert status == 400
    assert said in text


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", "/clock", {}, 400, "advance_seconds must be a number of at least 0, not absent"),
        ("POST", "/clock", {"advance_seconds": "5"}, 400, "advance_seconds must be a number"),
        ("POST", "/clock", {"advance_seconds": 1e12}, 400, "advance_seconds must be at most"),
        ("POST", "/clock", {"advance_seconds": 1, "x": 1}, 400, "x: unknown field"),
        ("PUT", "/faults/nobody", {"kind": "delay"}, 404, "no provider 'nobody'; accepted: oms-ce"),
        ("PUT", "/faults/oms-ce", {}, 400, "kind must be one of delay, refuse, status"),
        ("PUT", "/faults/oms-ce", {"kind": "delay"}, 400, "seconds must be a number of at least 0"),
        ("PUT", "/faults/oms-ce", {"kind": "status"}, 400, "status must be a whole number"),
        ("PUT", "/faults/oms-ce", {"kind": "garbage", "times": 0}, 400, "times must be a whole number from 1"),
        ("PUT", "/faults/oms-ce", {"kind": "garbage", "seconds": 1}, 400, "seconds: unknown field"),
        ("PUT", "/faults/oms-ce", {"kind": "partial_batch"}, 400, "no partial_batch"),
        ("DELETE", "/faults/nobody", None, 404, "no provider 'nobody'"),
        ("PUT", "/auth/oms-ce", {"mode": "magic"}, 400, "mode must be one of none, basic, digest, bearer"),
        ("PUT", "/auth/ninedata", {"mode": "none"}, 400, "there is nothing to switch"),
        ("PUT", "/auth/nobody", {"mode": "none"}, 404, "no provider 'nobody'"),
        ("GET", "/nowhere", None, 404, "there are /, /runs, /clock"),
        ("GET", "/runs", None, 405, "there are /, /runs, /clock"),
    ],
)
def test_bad_request_is_told_what_is_accepted(
    emulator: Emulator, method: str, path: str, body: Any, status: int, said: str
) -> None:
    answered, text = emulator.refusal(method, path, body)
    assert answered == status
    assert said in text


def test_body_that_is_no_json_is_refused(emulator: Emulator) -> None:
    answer = emulator.http.post("/runs", content=b"{")
    assert answer.status_code == 400
    assert "the body is not JSON" in answer.json()["error"]
