"""The results of the emulated DTS against the documentation's example and rules."""

import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest

from emulator.tencent_dts import steps
from tests.emulator.dts_client import ACTION, FOLDER, SEED, Dts, code, wire
from tests.emulator.process import Emulator


@pytest.fixture
def dts(emulator: Emulator) -> Iterator[Dts]:
    client = Dts(emulator)
    with client.http:
        client.advance(2)  # the calls of the test before are out of this second
        yield client


# Validation


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, "MissingParameter"),
        ({"JobId": ""}, "MissingParameter"),
        ({"JobId": 7}, "InvalidParameter"),
        ({"JobId": SEED, "JobName": "x"}, "UnknownParameter"),
        ([SEED], "InvalidParameter"),
        (b"nonsense", "InvalidParameter"),
        ({"JobId": "dts-zzzzzzzz"}, "ResourceNotFound.ResourceNotFoundError"),
    ],
)
def test_wrong_parameters_are_refused(dts: Dts, body: Any, expected: str) -> None:
    assert code(dts.call(body)) == expected


def test_more_than_twenty_calls_in_a_second_are_too_many(dts: Dts) -> None:
    request = dts.request({"JobId": SEED})
    answers = [dts.http.send(request).json()["Response"] for _ in range(60)]
    codes = [answer.get("Error", {}).get("Code") for answer in answers]
    dts.advance(1)

    assert codes[:20] == [None] * 20
    assert "RequestLimitExceeded" in codes[20:]
    assert dts.read(SEED)["Status"] == "success"


# The documented example


def test_seed_is_answered_value_for_value(dts: Dts) -> None:
    reply = dts.call({"JobId": SEED})

    assert reply.json() == wire("seed.json")
    assert reply.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("headers", [{"x-tc-language": "zh-CN"}, {"x-tc-language": ""}])
def test_names_are_chinese_unless_english_is_asked_for(dts: Dts, headers: dict[str, str]) -> None:
    response = dts.read(SEED, headers=headers)
    named = {each["StepId"]: each["StepName"] for each in response["StepInfo"]}

    assert named == {step_id: steps.NAMES[step_id][1] for step_id in steps.RUN_ORDER}
    assert response["StepInfo"][2]["DetailCheckItems"][0]["CheckItemName"] == steps.NAMES["SrcPrivilegeCheck"][1]


# Scenarios


@pytest.mark.parametrize(
    ("scenario", "status", "flag", "not_passed"),
    [
        ("clean", "success", "checkPass", {}),
        ("warning", "success", "checkPass", {"WarningParamCheck": "warning"}),
        (
            "blocked",
            "failed",
            "checkNotPass",
            {
                "SrcPrivilegeCheck": "failed",
                "DstEmptyCheck": "failed",
                "BinlogParamCheck": "blocked",
                "ConstraintCheck": "blocked",
                "ConstraintRefCheck": "blocked",
                "ViewCheck": "blocked",
            },
        ),
        ("skipped", "success", "checkPass", {"WarningParamCheck": "warning", "OptimizeCheck": "failed"}),
        ("broken", "failed", "", {"WarningParamCheck": "notStarted", "OptimizeCheck": "notStarted"}),
    ],
)
def test_scenario_unfolds(dts: Dts, scenario: str, status: str, flag: str, not_passed: dict[str, str]) -> None:
    job = dts.run(scenario=scenario, seconds=8000)
    dts.advance(0.01)
    bodies = [dts.read(job)]
    for _ in range(8):
        dts.advance(1000)
        bodies.append(dts.read(job))
    last = bodies[-1]
    shown = [{key: value for key, value in each.items() if key != "RequestId"} for each in bodies]

    assert shown[0] == {"Status": "notStarted", "BriefMsg": "", "CheckFlag": "", "StepInfo": None}
    assert [each["Status"] for each in bodies[1:-1]] == ["running"] * 7
    assert [each["CheckFlag"] for each in bodies[:-1]] == [""] * 8
    assert all(before != after for before, after in pairwise(shown))
    assert (last["Status"], last["CheckFlag"], len(last["StepInfo"])) == (status, flag, 13)
    assert {
        each["StepId"]: each["StepStatus"] for each in last["StepInfo"] if each["StepStatus"] != "pass"
    } == not_passed


def test_skipped_step_is_failed_and_marked(dts: Dts) -> None:
    job = dts.run(scenario="skipped", seconds=1)
    dts.advance(2)
    last = dts.read(job)["StepInfo"][-1]

    assert (last["StepStatus"], last["HasSkipped"]) == ("failed", True)
    assert last["DetailCheckItems"][0]["ErrorLog"] == ["skipped"]


def test_stuck_run_never_ends(dts: Dts) -> None:
    job = dts.run(scenario="stuck", seconds=8)
    dts.advance(100_000)

    assert dts.read(job)["Status"] == "running"


# Scripts, faults, ledger


def test_script_is_answered_as_it_stands(dts: Dts) -> None:
    job = dts.run(script=[{"body": wire("nulls-in-steps.json")}])

    assert dts.call({"JobId": job}).json() == wire("nulls-in-steps.json")


@pytest.mark.parametrize(
    "name", ["nulls-in-steps.json", "all-null.json", "response-null.json", "steps-not-a-list.json"]
)
def test_oddities_survive_translation(dts: Dts, name: str) -> None:
    job = dts.run(script=[{"body": wire(name)}])

    assert dts.call({"JobId": job}, headers={"x-tc-language": "zh-CN"}).status_code == 200


def test_rate_limit_travels_under_200(dts: Dts) -> None:
    dts.fault("rate_limit", times=1)

    assert code(dts.call({"JobId": SEED})) == "RequestLimitExceeded"
    assert dts.read(SEED)["Status"] == "success"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, "AuthFailure.SignatureExpire"), ({"x-tc-token": "temporary"}, "AuthFailure.TokenFailure")],
)
def test_expired_credentials(dts: Dts, headers: dict[str, str], expected: str) -> None:
    dts.fault("expired_token", times=1)

    assert code(dts.call({"JobId": SEED}, headers=headers)) == expected


def test_ledger_notes_refused_calls(dts: Dts) -> None:
    dts.call({"JobId": SEED}, credentials={"secret_key": "another"})

    assert dts.emulator.calls("dts") == {ACTION: {"count": 1, "ids": [[SEED]]}}


# Expectations


def test_every_wire_file_has_its_expectation() -> None:
    expected = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))

    assert set(expected) == {path.name for path in (FOLDER / "wire").iterdir()}
