import hashlib
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

import emulator as package
from emulator.ninedata.server import signature
from tests.emulator.process import Emulator

WIRE = Path(package.__file__).parent / "ninedata" / "wire"
PATH = "/openapi/v1/comparedata/precheck/status"
SEED = {"taskId": "cd-tg3isu1xgs", "precheckTaskId": "pcte-dj02vti9tabd"}


def wire(name: str) -> Any:
    return json.loads((WIRE / name).read_text(encoding="utf-8"))


def emulator_now(emulator: Emulator) -> datetime:
    answer = httpx.get(emulator.url("ninedata") + "/openapi/now").json()
    assert answer["success"] is True
    return datetime.fromisoformat(answer["data"])


def signed(emulator: Emulator, *, off: float = 0) -> dict[str, str]:
    known = emulator.credentials("ninedata")
    timestamp = (emulator_now(emulator) + timedelta(seconds=off)).strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = hashlib.sha256(f"{PATH}/{known['secret_key']}&{timestamp}".encode()).hexdigest()
    return {"access-key-id": known["access_key_id"], "timestamp": timestamp, "signature": digest}


def get(emulator: Emulator, params: dict[str, str]) -> Any:
    return httpx.get(emulator.url("ninedata") + PATH, params=params, headers=signed(emulator)).json()


def result(emulator: Emulator, reference: str) -> Any:
    task, _, precheck = reference.partition("/")
    return get(emulator, {"taskId": task, "precheckTaskId": precheck})["data"]


def states(data: Any) -> list[str]:
    return [item["status"] for item in data["precheckItems"]]


def test_signature_of_the_golden_vector() -> None:
    wanted = "86c27236a1764ad0a994a2fded11db53a79886a4ad98c610ca8c520af4cea61b"
    assert signature(PATH, "SECRETEXAMPLE", "2023-11-14T22:13:20Z") == wanted


def test_seed_is_answered_value_for_value(emulator: Emulator) -> None:
    assert get(emulator, SEED) == wire("seed.json")


def test_documented_json_body_is_read_where_the_query_is_empty(emulator: Emulator) -> None:
    url = emulator.url("ninedata") + PATH
    assert httpx.request("GET", url, json=SEED, headers=signed(emulator)).json() == wire("seed.json")


@pytest.mark.parametrize(
    ("scenario", "status", "words"),
    [
        ("clean", "Success", {"Success"}),
        ("blocked", "Failed", {"Success", "Failed"}),
        ("broken", "Failed", {"Success", "Unstarted"}),
        ("stuck", "Running", {"Success", "Running", "Unstarted"}),
    ],
)
def test_scenario_ends_as_named(emulator: Emulator, scenario: str, status: str, words: set[str]) -> None:
    reference = emulator.create_run("ninedata", scenario=scenario, seconds=10)
    emulator.advance(11)
    data = result(emulator, reference)
    assert (data["taskId"] + "/" + data["precheckTaskId"], data["status"]) == (reference, status)
    assert set(states(data)) == words
    assert len(states(data)) == 8
    assert {"errorMessage" in item for item in data["precheckItems"] if item["status"] != "Failed"} == {False}


def test_something_changes_every_eighth(emulator: Emulator) -> None:
    reference = emulator.create_run("ninedata", scenario="blocked", seconds=800)
    seen = []
    for _ in range(9):
        seen.append(result(emulator, reference))
        emulator.advance(100)
    assert [data["status"] for data in seen] == ["Unstarted", *["Running"] * 7, "Failed"]
    assert len({tuple(states(data)) for data in seen}) == 9


@pytest.mark.parametrize("scenario", ["warning", "skipped"])
def test_scenario_without_words_is_refused(emulator: Emulator, scenario: str) -> None:
    status, text = emulator.refusal("POST", "/runs", {"provider": "ninedata", "scenario": scenario})
    assert status == 400
    assert text == (
        f"scenario '{scenario}' cannot be said in ninedata's words; it can clean, blocked, broken, stuck"
    )


def test_unknown_and_missing_ids_are_failures_under_200(emulator: Emulator) -> None:
    unknown = get(emulator, SEED | {"precheckTaskId": "pcte-other"})
    missing = get(emulator, {"precheckTaskId": "pcte-other"})
    assert (unknown["success"], unknown["message"]) == (False, "precheck task not found")
    assert (missing["success"], missing["message"]) == (False, "parameter taskId is required")
    assert len(missing["requestId"]) == 32


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"signature": "0" * 64}, "signature verification failed"),
        ({"signature": "ü"}, "signature verification failed"),
        ({"signature": ""}, "signature verification failed: header signature is missing"),
        ({"access_key_id": "other"}, "signature verification failed: unknown access-key-id"),
        ({"timestamp": "2026-11-21T00:00:00Z"}, "signature verification failed"),
    ],
)
def test_bad_signature_is_refused(emulator: Emulator, change: dict[str, str], message: str) -> None:
    sent = signed(emulator) | {name.replace("_", "-"): value for name, value in change.items()}
    headers = {name.encode(): value.encode() for name, value in sent.items()}
    answer = httpx.get(emulator.url("ninedata") + PATH, params=SEED, headers=headers)
    assert answer.status_code == 200
    assert (answer.json()["success"], answer.json()["message"]) == (False, message)


@pytest.mark.parametrize(("off", "success"), [(-590, True), (590, True), (-611, False), (620, False)])
def test_signature_holds_ten_minutes_of_the_emulator_clock(
    emulator: Emulator, off: float, *, success: bool
) -> None:
    url = emulator.url("ninedata") + PATH
    assert httpx.get(url, params=SEED, headers=signed(emulator, off=off)).json()["success"] is success


@pytest.mark.parametrize("name", sorted(path.name for path in WIRE.glob("*.json")))
def test_wire_body_is_served_as_written(emulator: Emulator, name: str) -> None:
    reference = emulator.create_run("ninedata", script=[{"body": wire(name), "verbatim": True}])
    task, _, precheck = reference.partition("/")
    assert get(emulator, {"taskId": task, "precheckTaskId": precheck}) == wire(name)


def test_script_stamps_both_parts(emulator: Emulator) -> None:
    reference = emulator.create_run("ninedata", script=[{"body": wire("seed.json")}])
    data = result(emulator, reference)
    assert f"{data['taskId']}/{data['precheckTaskId']}" == reference
