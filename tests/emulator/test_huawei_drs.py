"""The results of the emulated DRS against the documentation's examples and rules."""

import json
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.emulator.drs_client import BATCH, DDS, FOLDER, MYSQL, Drs, problem, wire
from tests.emulator.process import Emulator

UNKNOWN = "00000000-0000-4000-8000-0000000jb999"


@pytest.fixture
def drs(emulator: Emulator) -> Iterator[Drs]:
    client = Drs(emulator)
    with client.http:
        yield client


# Documented examples


@pytest.mark.parametrize(("job", "name"), [(MYSQL, "seed-mysql.json"), (DDS, "seed-dds.json")])
def test_seed_is_answered_value_for_value(drs: Drs, job: str, name: str) -> None:
    reply = drs.batch(job)

    assert reply.json() == wire(name)
    assert reply.headers["Content-Type"] == "application/json"
    assert len(bytes.fromhex(reply.headers["X-Request-Id"])) == 16


def test_batch_joins_the_examples(drs: Drs) -> None:
    reply = drs.batch(DDS, MYSQL)

    assert reply.json() == {
        "count": 2,
        "results": [*wire("seed-mysql.json")["results"], *wire("seed-dds.json")["results"]],
    }


# Validation


@pytest.mark.parametrize(
    ("jobs", "code"),
    [
        ([], "DRS.M00201"),
        (["not-an-id"], "DRS.M00202"),
        ([MYSQL.upper()], "DRS.M00202"),
        ([MYSQL, 7], "DRS.M00202"),
        ([""], "DRS.M00202"),
        ([MYSQL, DDS, MYSQL], "DRS.M00301"),
        ([f"00000000-0000-4000-8000-{number:012d}" for number in range(11)], "DRS.M00300"),
    ],
)
def test_wrong_lists_of_jobs_are_refused(drs: Drs, jobs: list[object], code: str) -> None:
    assert problem(drs.batch(*jobs)) == (400, code)


def test_body_without_jobs_is_refused(drs: Drs) -> None:
    assert problem(drs.signed("POST", BATCH, body=b"nonsense")) == (400, "DRS.M00201")


def test_unknown_job_alone_is_an_error_in_results(drs: Drs) -> None:
    reply = drs.batch(UNKNOWN)

    assert reply.status_code == 400
    assert [each["error_code"] for each in reply.json()["results"]] == ["DRS.M00289"]


def test_unknown_job_in_a_batch_spoils_only_its_entry(drs: Drs) -> None:
    reply = drs.batch(MYSQL, UNKNOWN)
    unknown, known = reply.json()["results"]

    assert reply.status_code == 200
    assert (unknown["precheck_id"], unknown["error_code"]) == (UNKNOWN, "DRS.M00289")
    assert known == wire("seed-mysql.json")["results"][0]


def test_unknown_v5_job(drs: Drs) -> None:
    assert problem(drs.detail(f"{MYSQL}/c5c1ffb3-c902-4b31-a606-dfa1231831f9")) == (400, "DRS.10000010")


def test_v5_needs_a_query_id(drs: Drs) -> None:
    assert problem(drs.detail(MYSQL)) == (400, "DRS.M00202")


def test_errors_are_worded_in_the_language_asked_for(drs: Drs) -> None:
    english = drs.batch(UNKNOWN).json()["results"][0]["error_msg"]
    chinese = drs.batch(UNKNOWN, headers={"x-language": "zh-cn"}).json()["results"][0]["error_msg"]

    assert english.isascii()
    assert not chinese.isascii()


# Scenarios


def unfolded(drs: Drs, seconds: float, read: Callable[[], Any]) -> list[Any]:
    """What `read` gives at the beginning and after every eighth of a run."""
    drs.advance(0.01)
    bodies = [read()]
    for _ in range(8):
        drs.advance(seconds / 8)
        bodies.append(read())
    return bodies


@pytest.mark.parametrize(
    ("scenario", "result", "not_passed"),
    [
        ("clean", True, []),
        ("warning", True, [("srcCollHasTtlIndex", "ALARM")]),
        ("blocked", False, [("dstDbPrivilegesIsEnough", "FAILED"), ("srcBinlogFormatCheck", "FAILED")]),
    ],
)
def test_v3_scenario_unfolds(drs: Drs, scenario: str, result: bool, not_passed: list[tuple[str, str]]) -> None:
    job = drs.run(scenario=scenario, seconds=8000)
    bodies = unfolded(drs, 8000, lambda: drs.batch(job).json()["results"][0])
    first, last = bodies[0], bodies[-1]

    assert (first["process"], "precheck_result" in first) == ("0%", False)
    assert all(before != after for before, after in pairwise(bodies))
    assert [each["result"] for each in bodies[:-1]] == [False] * 8
    assert (last["precheck_id"], last["process"], last["result"]) == (job, "100%", result)
    assert len(last["precheck_result"]) >= 8
    assert [(each["item"], each["result"]) for each in last["precheck_result"] if each["result"] != "PASSED"] == (
        not_passed
    )


def test_skipped_needs_v5(drs: Drs) -> None:
    reference = drs.run(scenario="skipped", seconds=8000)
    bodies = unfolded(drs, 8000, lambda: drs.detail(reference).json()["job"])
    result = bodies[-1]["precheck_result"]
    skipped = [each for each in result["precheck_results"] if each["is_skipped"]]

    assert bodies[0]["precheck_result"]["process"] == "0%"
    assert all(before != after for before, after in pairwise(bodies))
    assert (bodies[-1]["id"], result["process"], result["result"]) == (reference.split("/")[0], "100%", True)
    assert [(each["item"], each["result"], each["is_support_skip"]) for each in skipped] == [
        ("srcBinlogFormatCheck", "FAILED", True)
    ]


def test_broken_run_ends_in_an_entry_error_that_is_no_not_found(drs: Drs) -> None:
    job = drs.run(scenario="broken", seconds=8000)
    last = unfolded(drs, 8000, lambda: drs.batch(job).json()["results"][0])[-1]

    assert (last["precheck_id"], last["error_code"]) == (job, "DRS.M05066")


def test_stuck_run_never_ends(drs: Drs) -> None:
    job = drs.run(scenario="stuck", seconds=8)
    drs.advance(100_000)

    assert drs.batch(job).json()["results"][0]["process"] == "50%"


def test_any_scenario_can_be_had_from_v5(drs: Drs) -> None:
    reference = drs.run(scenario="clean", seconds=1, api="v5")
    drs.advance(2)

    assert drs.detail(reference).json()["job"]["precheck_result"]["result"] is True


# Scripts, faults, ledger


def test_scripted_body_is_stamped_and_joins_a_batch(drs: Drs) -> None:
    job = drs.run(script=[{"body": wire("failed.json")}])
    results = drs.batch(MYSQL, job).json()["results"]

    assert sorted(each["precheck_id"] for each in results) == sorted([MYSQL, job])


def test_verbatim_script_is_not_stamped(drs: Drs) -> None:
    job = drs.run(script=[{"body": wire("failed.json"), "verbatim": True}])

    assert drs.batch(job).json() == wire("failed.json")


def test_stamp_leaves_another_jobs_entry_alone(drs: Drs) -> None:
    job = drs.run(script=[{"body": wire("another-job-beside.json")}])
    ours, other = drs.batch(job).json()["results"]

    assert (ours["precheck_id"], other["precheck_id"]) == (job, "c27e90b4-1a6d-4f83-b5c8-6e4d1f9jb202")


def test_scripted_refusal_answers_the_whole_call(drs: Drs) -> None:
    job = drs.run(script=[{"body": wire("error-400-too-often.json"), "status": 400}])

    assert problem(drs.batch(MYSQL, job)) == (400, "DRS.M01503")


def test_scripted_v5_body(drs: Drs) -> None:
    reference = drs.run(script=[{"body": wire("v5-passed.json")}], api="v5")

    assert drs.detail(reference).json()["job"]["id"] == reference.split("/")[0]


def test_rate_limit_comes_from_the_gateway(drs: Drs) -> None:
    drs.fault("rate_limit", times=1, retry_after=2.5)
    reply = drs.batch(MYSQL)

    assert problem(reply) == (429, "APIGW.0308")
    assert reply.headers["Retry-After"] == "3"
    assert drs.batch(MYSQL).status_code == 200


def test_expired_token_voids_tokens_and_refuses_signatures(drs: Drs) -> None:
    token = drs.token().headers["X-Subject-Token"]
    drs.fault("expired_token", times=1)
    assert problem(drs.with_token(token, MYSQL)) == (401, "APIGW.0301")
    assert problem(drs.with_token(token, MYSQL)) == (401, "APIGW.0301")
    assert drs.with_token(drs.token().headers["X-Subject-Token"], MYSQL).status_code == 200

    drs.fault("expired_token", times=1)
    assert problem(drs.batch(MYSQL)) == (401, "APIGW.0301")
    assert drs.batch(MYSQL).status_code == 200


def test_partial_batch_leaves_ids_out(drs: Drs) -> None:
    drs.fault("partial_batch", times=1)
    reply = drs.batch(DDS, MYSQL)

    assert reply.json() == wire("seed-dds.json")


def test_ledger_notes_operations_and_external_ids(drs: Drs) -> None:
    reference = drs.run(scenario="skipped", seconds=1)
    drs.token()
    drs.batch(MYSQL, DDS, secret_key="another")
    drs.detail(reference)

    assert drs.emulator.calls("drs") == {
        "iam-token": {"count": 1, "ids": [[]]},
        "batch-precheck-result": {"count": 1, "ids": [[MYSQL, DDS]]},
        "job-detail": {"count": 1, "ids": [[reference]]},
    }


# Expectations


def test_every_wire_file_has_its_expectation() -> None:
    expected = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))

    assert set(expected) == {path.name for path in (FOLDER / "wire").iterdir()}
