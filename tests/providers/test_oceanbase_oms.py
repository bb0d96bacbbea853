"""What is particular to OMS; what holds for every vendor stands in test_contract."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.domain import Precheck
from resolvers.errors import NotFound, PrecheckError, UnreadableAnswer, VendorError
from resolvers.providers.oceanbase_oms import (
    CATALOGUE,
    WireAnswer,
    WireItem,
    WirePrecheck,
    decode_facts,
    decode_precheck,
)
from resolvers.reference import Reference
from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckEndpointRole,
    PrecheckItemState,
    PrecheckProblemCode,
    PrecheckSide,
    PrecheckStatus,
    PrecheckVerdict,
)
from tests.emulator.process import Emulator
from tests.providers import fuzz
from tests.providers.bench import Bench, refused
from tests.providers.folders import EMULATOR

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REFERENCE = Reference("oms", "t_7di1uvmxd340")


def seed(name: str, external_id: str) -> Precheck:
    body = (EMULATOR / "oceanbase_oms" / "wire" / name).read_bytes()
    return decode_precheck(body, Reference("oms", external_id), NOW)


def decoded(data: Any, reference: Reference = REFERENCE, **envelope: Any) -> Precheck:
    return decode_precheck(json.dumps({"success": True, "data": data, **envelope}).encode(), reference, NOW)


def finished(*items: Any, **more: Any) -> dict[str, Any]:
    return {"preCheckStatus": "FINISHED", "preCheckResults": list(items), **more}


def check(**more: Any) -> dict[str, Any]:
    return {"name": "A check", "endpointType": "SOURCE", "checkType": "RDB_CONNECT", "status": "PASSED", **more}


def test_community_seed_gives_the_golden_numbers() -> None:
    precheck = seed("seed-ce.json", "t_7di1uvmxd340")
    counts = precheck.counts
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.COMPLETED, PrecheckVerdict.READY_WITH_WARNINGS)
    assert (counts.total, counts.passed, counts.warning, counts.failed, counts.blocking) == (30, 29, 1, 0, 0)
    sides = [item.side for item in precheck.items]
    assert (sides.count(PrecheckSide.SOURCE), sides.count(PrecheckSide.TARGET)) == (17, 13)
    assert sum(item.skip.allowed is True for item in precheck.items) == 7
    assert not any(item.skip.applied for item in precheck.items)
    assert {item.role for item in precheck.items} == {PrecheckEndpointRole.PRIMARY}


def test_enterprise_seed_gives_the_golden_numbers_though_its_id_is_masked() -> None:
    precheck = seed("seed-ee.json", "t_57p3m9qk2v1a")
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.COMPLETED, PrecheckVerdict.READY)
    assert (precheck.counts.total, precheck.counts.passed) == (2, 2)


def test_check_types_on_both_sides_have_two_keys() -> None:
    items = seed("seed-ce.json", "t_7di1uvmxd340").items
    sides: dict[str, set[PrecheckSide]] = {}
    for item in items:
        sides.setdefault(item.code, set()).add(item.side)
    assert sum(len(found) == 2 for found in sides.values()) == 6
    assert len({item.key for item in items}) == len({item.id for item in items}) == len(items)


def test_only_a_warning_or_failure_has_a_reason_and_none_has_a_description() -> None:
    items = seed("seed-ce.json", "t_7di1uvmxd340").items
    assert [item.code for item in items if item.reason] == ["DB_LOWER_CASE_TABLE_NAMES"]
    assert not any(item.description for item in items)


def test_every_check_of_the_seed_is_catalogued() -> None:
    codes = {item.code for item in seed("seed-ce.json", "t_7di1uvmxd340").items}
    assert codes == set(CATALOGUE.checks)
    assert seed("seed-ce.json", "t_7di1uvmxd340").items[0].category is PrecheckCategory.PLATFORM


@pytest.mark.parametrize(
    "data", [finished(check()), [finished(check())], finished() | {"preCheckResults": check()}]
)
def test_arrays_and_single_objects_are_one(data: Any) -> None:
    assert decoded(data).verdict is PrecheckVerdict.READY


@pytest.mark.parametrize("data", [None, [], "text", 7, [1], [{}, {}], {"preCheckResults": "text"}])
def test_data_that_is_no_precheck_is_unreadable(data: Any) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        decoded(data, requestId="r-1")
    assert caught.value.problem.retryable


@pytest.mark.parametrize(
    "echo",
    [
        {},
        {"preCheckId": None},
        {"preCheckId": " t_7di1uvmxd340 "},
        {"projectId": "t_7di1uvmxd340"},
        {"projectId": "t_7di****"},
        {"projectId": "np_4v9c1z"},
    ],
)
def test_an_echo_of_the_id_is_taken(echo: dict[str, Any]) -> None:
    assert decoded(finished(check(), **echo)).external_id == "t_7di1uvmxd340"


@pytest.mark.parametrize("key", ["preCheckId", "projectId"])
@pytest.mark.parametrize("other", ["t_7di1uvmxd341", "t_57p****", "np-1", "T_7DI1UVMXD340"])
def test_an_answer_for_another_id_is_refused(key: str, other: str) -> None:
    with pytest.raises(UnreadableAnswer, match="another precheck"):
        decoded(finished(check(), **{key: other}))


@pytest.mark.parametrize(
    ("role", "ours"),
    [
        ("master", PrecheckEndpointRole.PRIMARY),
        ("Primary Database", PrecheckEndpointRole.PRIMARY),
        ("SLAVE", PrecheckEndpointRole.STANDBY),
        ("Standby Database", PrecheckEndpointRole.STANDBY),
        ("Primary Database + Standby Database", PrecheckEndpointRole.PRIMARY_AND_STANDBY),
        ("ARBITER", PrecheckEndpointRole.OTHER),
        (None, None),
        ("", None),
    ],
)
def test_roles(role: Any, ours: PrecheckEndpointRole | None) -> None:
    assert decoded(finished(check(role=role))).items[0].role is ours


@pytest.mark.parametrize(
    ("detail", "raw"),
    [(None, None), ("", None), ("ORA-1", "ORA-1"), ({"code": "X"}, '{"code":"X"}'), ({}, None), (["a"], '["a"]')],
)
def test_error_detail_of_an_item_is_kept_raw(detail: Any, raw: str | None) -> None:
    assert decoded(finished(check(status="FAILED", errorDetail=detail))).items[0].raw_error == raw


def test_failed_item_says_why_and_what_skipping_would_cost() -> None:
    failed = check(status=" failed ", message="No SELECT.", skippable=True, skipConsequence="Rows are lost.")
    precheck = decoded(finished(failed) | {"preCheckStatus": "FAILED"})
    item = precheck.items[0]
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.COMPLETED, PrecheckVerdict.BLOCKED)
    assert (item.reason, item.skip.allowed, item.skip.applied) == ("No SELECT.", True, False)
    assert (item.skip.consequence, item.blocking, item.vendor_state) == ("Rows are lost.", True, "failed")


def test_failed_run_without_a_failed_item_broke() -> None:
    precheck = decoded(finished(check()) | {"preCheckStatus": "FAILED"})
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.ERRORED, PrecheckVerdict.INCONCLUSIVE)


@pytest.mark.parametrize("nonsense", [{}, 7, "text", [], {"status": ["PASSED"]}, {"status": "PERHAPS"}])
def test_nonsense_among_the_items_lets_nothing_pass(nonsense: Any) -> None:
    precheck = decoded(finished(check(), nonsense))
    assert precheck.items[1].state is PrecheckItemState.UNKNOWN
    assert precheck.verdict is PrecheckVerdict.INCONCLUSIVE


def test_null_among_the_items_is_no_item() -> None:
    assert decoded(finished(check(), None)).counts.total == 1


REFUSALS = [
    (200, {"success": False, "code": "OMS-PRECHECK-NOTFOUND"}, PrecheckProblemCode.NOT_FOUND),
    (200, {"success": False, "message": "Precheck t_1 does NOT EXIST"}, PrecheckProblemCode.NOT_FOUND),
    (200, {"success": False, "errorDetail": {"message": "no: not found"}}, PrecheckProblemCode.NOT_FOUND),
    (200, {"success": False, "errorDetail": "not found"}, PrecheckProblemCode.NOT_FOUND),
    (500, {"success": False, "message": "not found"}, PrecheckProblemCode.NOT_FOUND),
    (200, {"success": False, "code": "CM-RESOAT1111"}, PrecheckProblemCode.VENDOR_ERROR),
    (200, {"success": False}, PrecheckProblemCode.VENDOR_ERROR),
    (200, {"success": "true"}, PrecheckProblemCode.VENDOR_ERROR),
    (200, {"success": None, "code": "X"}, PrecheckProblemCode.VENDOR_ERROR),
    (400, {"success": False, "code": "X"}, PrecheckProblemCode.VENDOR_ERROR),
    (401, {"success": False, "message": "user not found"}, PrecheckProblemCode.AUTHENTICATION),
    (403, {}, PrecheckProblemCode.FORBIDDEN),
    (429, {"success": True, "data": {}}, PrecheckProblemCode.RATE_LIMITED),
    (502, {"success": True, "data": {}}, PrecheckProblemCode.UNREACHABLE),
    (503, {"success": False, "code": "X"}, PrecheckProblemCode.UNREACHABLE),
    (200, {}, PrecheckProblemCode.UNREADABLE_ANSWER),
    (404, {"error": "no route"}, PrecheckProblemCode.UNREADABLE_ANSWER),
]


@pytest.mark.parametrize(("status", "body", "code"), REFUSALS, ids=str)
async def test_refusals(
    bench: Bench, emulator: Emulator, status: int, body: dict[str, Any], code: PrecheckProblemCode
) -> None:
    emulator.fault("oms-ce", "status", status=status, body=body)
    assert (await refused(bench.provider("oms-ce"), "t_1")).code is code


def test_unlisted_refusal_keeps_what_the_vendor_said_without_its_address() -> None:
    said = {"code": "CM-1", "message": "See https://oms.example/x?token=1", "advice": "Wait.", "requestId": "r-1"}
    with pytest.raises(VendorError) as caught:
        decode_precheck(json.dumps({"success": False, **said}).encode(), REFERENCE, NOW)
    problem = caught.value.problem
    assert (problem.vendor_code, problem.vendor_advice, problem.vendor_request_id) == ("CM-1", "Wait.", "r-1")
    assert "example" not in problem.message
    assert not problem.retryable


def test_not_found_says_what_to_do() -> None:
    with pytest.raises(NotFound, match="Check the identifier"):
        decode_precheck(b'{"success":false,"code":"X-NOT-FOUND"}', REFERENCE, NOW)


@pytest.mark.parametrize("body", fuzz.HOSTILE.values(), ids=fuzz.HOSTILE)
def test_hostile_bodies_are_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        decode_precheck(body, REFERENCE, NOW)
    assert decode_facts(body, "oms") is not None


ITEMS = st.lists(fuzz.objects(WireItem) | fuzz.values, max_size=4) | fuzz.objects(WireItem) | fuzz.values
DATA = fuzz.objects(WirePrecheck, preCheckResults=ITEMS, preCheckId=st.none(), projectId=st.none())
ANSWERS = fuzz.objects(WireAnswer, success=st.just(True) | fuzz.values, data=DATA | fuzz.objects(WirePrecheck))


@given(fuzz.bodies(ANSWERS))
def test_decoders_raise_nothing_but_precheck_errors(body: bytes) -> None:
    decode_facts(body, "oms")
    try:
        precheck = decode_precheck(body, REFERENCE, NOW)
    except PrecheckError:
        return
    assert len({item.key for item in precheck.items}) == precheck.counts.total
