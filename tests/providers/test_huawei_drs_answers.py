"""Batches, refusals and nonsense from DRS."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.errors import PrecheckError, UnreadableAnswer
from resolvers.providers.huawei_drs.decode import (
    Reading,
    WireAnswer,
    WireItem,
    WireJob,
    WirePrecheck,
    WireSubJob,
    decode_answer,
    decode_batch,
    decode_job,
)
from resolvers.providers.huawei_drs.evidence import decode_evidence
from resolvers.providers.huawei_drs.refusals import REFUSALS
from resolvers.upstream.answer import Answer
from resolvers.upstream.refusals import Refused, meaning
from resolvers.vocabulary import PrecheckProblemCode, PrecheckStatus
from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.providers import fuzz
from tests.providers.bench import Bench, answered, refused

MYSQL = "140b5236-88ad-43c8-811c-1268453jb101"
DDS = "a281f62f-4631-45d6-a2d3-679a9f4jb105"
OTHER = "c27e90b4-1a6d-4f83-b5c8-6e4d1f9jb202"
RUN = f"{MYSQL}/c5c1ffb3-c902-4b31-a606-dfa1231831f9"
READING = Reading("drs", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "r1")

CODES = {
    "AUTHENTICATION": "APIGW.0301 APIG.0301 APIGW.0303 APIG.0303 DRS.M00100 DRS.M00103",
    "FORBIDDEN": "DRS.M00102 DRS.M00261",
    "NOT_FOUND": "DRS.M00289 DRS.M05003 DRS.M05004 DRS.M00101 DRS.10000010",
    "INVALID_REFERENCE": "DRS.M00007 DRS.M00200 DRS.M00201 DRS.M00202 DRS.M00301",
    "CONFLICT": "DRS.M00304 DRS.M01504",
    "RATE_LIMITED": "APIGW.0308 APIG.0308 DRS.M01503",
    "UNREACHABLE": "DRS.M00004",
    "VENDOR_ERROR": "DRS.M00105 DRS.M00210 DRS.M00211 DRS.M00299 DRS.M00300 DRS.M00305 DRS.M00002 DRS.M01501"
    " DRS.M05066 DRS.KE0002 DRS.M99999 nonsense",
}


def entries(*results: Any, job_ids: tuple[str, ...] = (MYSQL,)) -> dict[str, Precheck | PrecheckProblem]:
    body = json.dumps({"results": results}).encode()
    return decode_batch(decode_answer(Answer(200, {}, body), "drs"), job_ids, READING)


def item(**more: Any) -> dict[str, Any]:
    return {"item": "srcDbConnection", "result": "PASSED", **more}


def test_batch_is_matched_by_id_whatever_its_order_and_gaps() -> None:
    passed = {"process": "100%", "result": True, "precheck_result": [item()]}
    gone = {"precheck_id": OTHER, "error_code": "DRS.M05004"}
    broken = {"precheck_id": DDS, "error_code": "DRS.KE0002", "precheck_result": [item()]}
    foreign = {"precheck_id": MYSQL[:-1] + "9", **passed}
    twice = {"precheck_id": DDS, **passed}
    outcomes = entries(gone, foreign, 7, broken, twice, job_ids=(MYSQL, DDS, OTHER))
    assert set(outcomes) == {DDS, OTHER}
    assert isinstance(outcomes[OTHER], PrecheckProblem)
    precheck = outcomes[DDS]
    assert isinstance(precheck, Precheck)
    assert (precheck.status, precheck.counts.total) == (PrecheckStatus.ERRORED, 1)
    assert [problem.vendor_code for problem in precheck.problems] == ["DRS.KE0002"]


def test_error_without_an_id_is_everyones_or_nobodys() -> None:
    gone, busy = {"error_code": "DRS.M00289"}, {"error_code": "DRS.M01504"}
    assert set(entries(gone, gone, job_ids=(MYSQL, DDS))) == {MYSQL, DDS}
    for results in ((gone, busy), (gone,)):
        outcomes = entries(*results, job_ids=(MYSQL, DDS))
        problems = [outcome for outcome in outcomes.values() if isinstance(outcome, PrecheckProblem)]
        assert [problem.code for problem in problems] == [PrecheckProblemCode.VENDOR_ERROR] * 2


def test_one_unreadable_entry_spoils_only_itself() -> None:
    good = {"precheck_id": DDS, "process": "5%"}
    outcomes = entries({"precheck_id": MYSQL, "precheck_result": "none"}, good, job_ids=(MYSQL, DDS))
    spoilt = outcomes[MYSQL]
    assert isinstance(spoilt, PrecheckProblem)
    assert spoilt.code is PrecheckProblemCode.UNREADABLE_ANSWER
    assert isinstance(outcomes[DDS], Precheck)


@pytest.mark.parametrize("job", [None, 7, {"id": OTHER}, {"id": MYSQL, "precheck_result": "none"}])
def test_run_of_another_job_or_none_is_unreadable(job: object) -> None:
    with pytest.raises(UnreadableAnswer):
        decode_job(WireAnswer(job=job), RUN, READING)


@pytest.mark.parametrize(
    ("code", "error"), [(code, error) for error, codes in CODES.items() for code in codes.split()]
)
def test_every_code_has_its_meaning(code: str, error: str) -> None:
    for spelt in (code, code.lower()):
        problem = meaning(REFUSALS, Refused("drs", spelt)).problem
        assert (problem.code.value, problem.vendor_code) == (error, spelt)
        assert "{" not in problem.message
    listed = [family for family in REFUSALS if family.fits(code, None)]
    assert len(listed) == (code not in ("DRS.M99999", "nonsense"))


def test_another_operation_under_way_is_worth_asking_again() -> None:
    assert meaning(REFUSALS, Refused("drs", "DRS.M01504")).problem.retryable
    assert not meaning(REFUSALS, Refused("drs", "DRS.M00304")).problem.retryable


async def test_a_mixed_ask_is_one_batch_and_one_call_for_each_run(bench: Bench, emulator: Emulator) -> None:
    runs = [
        emulator.create_run("drs", scenario="clean", seconds=0.001, api=api) for api in ("v3", "v5", "v3", "v5")
    ]
    provider = bench.provider("drs")
    await answered(provider, runs[0])
    emulator.reset()
    unknown = [provider.probe_external_id, f"{provider.probe_external_id}/{MYSQL}"]
    outcomes = await provider.fetch([*runs, *unknown], provider.locales[0])
    assert all(isinstance(outcomes[run], Precheck) for run in runs)
    problems = [outcomes[each] for each in unknown]
    assert [problem.code for problem in problems if isinstance(problem, PrecheckProblem)] == [
        PrecheckProblemCode.NOT_FOUND
    ] * 2
    calls = emulator.calls("drs")
    assert (calls["batch-precheck-result"]["count"], calls["job-detail"]["count"]) == (1, 3)


async def test_vendor_says_when_to_ask_again(bench: Bench, emulator: Emulator) -> None:
    emulator.fault("drs", "rate_limit", retry_after=20)
    assert (await refused(bench.hurried("drs", Hurried()), MYSQL)).retry_after_seconds == 20
    emulator.reset()
    step = {
        "status": 400,
        "headers": {"Retry-After": "7"},
        "body": {"error_code": "DRS.M01503", "error_msg": "slow"},
    }
    later = bench.hurried("drs", Hurried())
    problem = await refused(later, emulator.create_run("drs", script=[step]))
    assert (problem.code, problem.retry_after_seconds) == (PrecheckProblemCode.RATE_LIMITED, 7)


@pytest.mark.parametrize(
    ("status", "code"), [(400, "UNREADABLE_ANSWER"), (500, "UNREACHABLE"), (302, "UNREADABLE_ANSWER")]
)
async def test_error_status_without_a_code_is_an_error(
    bench: Bench, emulator: Emulator, status: int, code: str
) -> None:
    step = {"status": status, "body": {"message": "no"}}
    problem = await refused(bench.provider("drs"), emulator.create_run("drs", script=[step]))
    assert problem.code.value == code


SHAPED = fuzz.objects(
    WireAnswer,
    results=st.lists(
        fuzz.objects(
            WirePrecheck,
            precheck_id=st.sampled_from([MYSQL, DDS]) | fuzz.values,
            precheck_result=st.lists(
                fuzz.objects(WireItem, failed_sub_jobs=st.lists(fuzz.objects(WireSubJob), max_size=2))
                | fuzz.values,
                max_size=3,
            )
            | fuzz.values,
        ),
        max_size=3,
    )
    | fuzz.values,
    job=fuzz.objects(WireJob, precheck_result=fuzz.objects(WirePrecheck) | fuzz.values),
)


@given(fuzz.bodies(SHAPED))
def test_whatever_comes_is_a_reading_or_a_problem(body: bytes) -> None:
    survive(body)


@pytest.mark.parametrize("body", fuzz.HOSTILE.values(), ids=fuzz.HOSTILE)
def test_hostile_bodies_are_refused(body: bytes) -> None:
    survive(body)


@given(st.text() | st.text("{}[]'\"\\:,ab1-+( u").map(lambda text: "{" + text))
def test_any_data_can_be_survived(data: str) -> None:
    for fact in decode_evidence(data):
        fact.value.encode()


def survive(body: bytes) -> None:
    for status in (200, 400):
        for problem in troubles(Answer(status, {}, body)):
            assert problem.provider_id == "drs"


def troubles(answer: Answer) -> Iterator[PrecheckProblem]:
    """The problems that one body gives, read as either version."""
    for version in ("v3", "v5"):
        try:
            wire = decode_answer(answer, "drs")
            _ = decode_batch(wire, [MYSQL, DDS], READING) if version == "v3" else decode_job(wire, RUN, READING)
        except PrecheckError as error:
            yield error.problem
