import json
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

import emulator as package
from tests.emulator.process import Emulator

WIRE = Path(package.__file__).parent / "oceanbase_oms" / "wire"
ENVELOPE = {
    "success",
    "errorDetail",
    "code",
    "message",
    "advice",
    "requestId",
    "pageNumber",
    "pageSize",
    "totalCount",
    "cost",
    "data",
}
PATH = "/api/v2?Action=GetPreCheckResult"
Auth = httpx.Auth | tuple[str, str] | None


def wire(name: str) -> Any:
    return json.loads((WIRE / name).read_text(encoding="utf-8"))


def own_auth(emulator: Emulator, provider: str) -> Auth:
    sent = emulator.credentials(provider)
    kind = httpx.DigestAuth if sent["auth"] == "digest" else httpx.BasicAuth
    return kind(sent["username"], sent["password"])


def post(emulator: Emulator, body: Any, provider: str = "oms-ce", path: str = PATH) -> httpx.Response:
    url = emulator.url(provider) + path
    return httpx.post(url, json=body, auth=own_auth(emulator, provider))


def states(data: Any) -> list[str]:
    return [item["status"] for item in data["preCheckResults"]]


def test_community_seed_is_answered_value_for_value(emulator: Emulator) -> None:
    assert post(emulator, {"id": "t_7di1uvmxd340"}).json() == wire("seed-ce.json")


@pytest.mark.parametrize("asked", ["t_57p3m9qk2v1a", "t_57p****"])
def test_enterprise_seed_names_the_whole_reference(emulator: Emulator, asked: str) -> None:
    seed = wire("seed-ee.json")
    seed["data"]["projectId"] = "t_57p3m9qk2v1a"
    assert post(emulator, {"id": asked}, "oms-ee").json() == seed


@pytest.mark.parametrize(
    ("scenario", "status", "progress", "words"),
    [
        ("clean", "FINISHED", 100.0, {"PASSED"}),
        ("warning", "FINISHED", 100.0, {"PASSED", "WARNING"}),
        ("blocked", "FAILED", 100.0, {"PASSED", "FAILED"}),
        ("broken", "FAILED", 50.0, {"PASSED", "PENDING"}),
        ("stuck", "RUNNING", 50.0, {"PASSED", "RUNNING", "PENDING"}),
    ],
)
def test_scenario_ends_as_named(
    emulator: Emulator, scenario: str, status: str, progress: float, words: set[str]
) -> None:
    reference = emulator.create_run("oms-ce", scenario=scenario)
    emulator.advance(21)
    answer = post(emulator, {"id": reference}).json()
    data = answer["data"]
    assert set(answer) == ENVELOPE
    assert (data["preCheckId"], data["preCheckStatus"], data["progress"]) == (reference, status, progress)
    assert set(states(data)) == words
    assert len(states(data)) >= 8


def test_something_changes_every_eighth(emulator: Emulator) -> None:
    reference = emulator.create_run("oms-ee", scenario="clean", seconds=800)
    seen = []
    for _ in range(9):
        seen.append(post(emulator, {"id": reference}, "oms-ee").json()["data"])
        emulator.advance(100)
    assert [data["projectStatus"] for data in seen] == ["PENDING", *["RUNNING"] * 7, "FINISHED"]
    assert [data["progress"] for data in seen] == [eighth * 12.5 for eighth in range(9)]
    assert set(states(seen[0])) == {"PENDING"}
    assert len({tuple(states(data)) for data in seen}) == 9


def test_repeating_run_begins_again_after_its_hold(emulator: Emulator) -> None:
    order = {"scenario": "clean", "seconds": 800, "hold_seconds": 400, "repeat": True}
    reference = emulator.create_run("oms-ce", reference="t_again", **order)
    words = []
    for _ in range(4):
        words.append(post(emulator, {"id": reference}).json()["data"]["preCheckStatus"])
        emulator.advance(401)
    assert words == ["PENDING", "RUNNING", "FINISHED", "PENDING"]


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"id": "t_unheardof"}, PATH, "OMS-PRECHECK-NOTFOUND"),
        ({}, PATH, "OMS-PARAM-MISSING"),
        ([], PATH, "OMS-PARAM-MISSING"),
        ({"id": 7}, PATH, "OMS-PARAM-MISSING"),
        ({"id": "t_1"}, "/api/v2?Action=DropEverything", "OMS-ACTION-UNSUPPORTED"),
        ({"id": "t_1"}, "/api/v2", "OMS-ACTION-UNSUPPORTED"),
    ],
)
def test_failed_call_is_said_in_the_envelope(emulator: Emulator, body: Any, path: str, code: str) -> None:
    answer = post(emulator, body, path=path)
    assert (answer.status_code, answer.json()["success"]) == (200, False)
    assert (answer.json()["code"], answer.json()["data"]) == (code, None)
    assert set(answer.json()) == ENVELOPE


def headers_of(mode: str, sent: dict[str, str]) -> dict[str, str]:
    known = {
        "bearer": {"Authorization": f"Bearer {sent['token']}"},
        "header": {sent["header_name"]: sent["header_value"]},
    }
    return known.get(mode, {})


def auth_of(mode: str, sent: dict[str, str]) -> Auth:
    pair = sent["username"], sent["password"]
    return {"basic": httpx.BasicAuth(*pair), "digest": httpx.DigestAuth(*pair)}.get(mode)


@pytest.mark.parametrize("mode", ["none", "basic", "digest", "bearer", "header"])
def test_auth_mode_admits_its_own_and_refuses_the_rest(emulator: Emulator, mode: str) -> None:
    sent = emulator.ask("PUT", "/auth/oms-ce", {"mode": mode})
    try:
        url = emulator.url("oms-ce") + PATH
        body = {"id": "t_7di1uvmxd340"}
        good = httpx.post(url, json=body, headers=headers_of(mode, sent), auth=auth_of(mode, sent))
        bad = httpx.post(url, json=body, auth=("nobody", "wrong"))
    finally:
        emulator.ask("PUT", "/auth/oms-ce", {"mode": "basic"})
    assert good.json() == wire("seed-ce.json")
    assert bad.status_code == (200 if mode == "none" else 401)
    assert bad.headers["content-type"] == "application/json"


def test_digest_with_a_wrong_password_is_refused(emulator: Emulator) -> None:
    auth = httpx.DigestAuth("demo-oms-user", "wrong")
    answer = httpx.post(emulator.url("oms-ee") + PATH, json={"id": "t_57p3m9qk2v1a"}, auth=auth)
    assert answer.status_code == 401


@pytest.mark.parametrize("name", sorted(path.name for path in WIRE.glob("*.json")))
def test_wire_body_is_served_as_written(emulator: Emulator, name: str) -> None:
    step = {"seconds": 1, "body": wire(name), "verbatim": True}
    reference = emulator.create_run("oms-ce", script=[step])
    assert post(emulator, {"id": reference}).json() == wire(name)


def test_script_stamps_the_reference_in_an_array_too(emulator: Emulator) -> None:
    reference = emulator.create_run("oms-ee", script=[{"body": wire("data-array-of-one.json")}])
    data = post(emulator, {"id": reference}, "oms-ee").json()["data"]
    assert [entry["projectId"] for entry in data] == [reference]
