"""What is particular to DTS; what holds for every vendor stands in test_contract."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.domain import Precheck, PrecheckRemedy
from resolvers.errors import NotFound, PrecheckError, UnreadableAnswer
from resolvers.providers import tencent_dts
from resolvers.providers.tencent_dts.decode import (
    CATALOGUE,
    ONLY_LINKS,
    WireAnswer,
    WireError,
    WireFinding,
    WirePrecheck,
    WireStep,
    decode_precheck,
    decode_response,
)
from resolvers.providers.tencent_dts.refusals import REFUSALS
from resolvers.reference import Reference
from resolvers.upstream.refusals import Refused, meaning
from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckItemState,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckStatus,
    PrecheckVerdict,
)
from tests.providers import fuzz
from tests.providers.bench import Bench
from tests.providers.folders import EMULATOR

WIRE = EMULATOR / "tencent_dts" / "wire"
REFERENCE = Reference("dts", "dts-1ewjspuw")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

CODES = {
    "AUTHENTICATION": "AuthFailure.AuthFailureError AuthFailure.AuthorizedOperationDenyError"
    " AuthFailure.UnauthorizedOperationError AuthFailure.InvalidAuthorization AuthFailure.InvalidSecretId"
    " AuthFailure.MFAFailure AuthFailure.SecretIdNotFound AuthFailure.SignatureExpire AuthFailure.SignatureFailure"
    " AuthFailure.TokenFailure AuthFailure",
    "FORBIDDEN": "UnauthorizedOperation UnauthorizedOperation.UnauthorizedOperationError"
    " UnauthorizedOperation.NotEnoughPrivileges UnauthorizedOperation.PermissionDenied",
    "NOT_FOUND": "ResourceNotFound ResourceNotFound.ResourceNotFoundError"
    " ResourceNotFound.BizResourceNotFoundError ResourceNotFound.JobNotExist"
    " ResourceNotFound.ResourceNotFound InvalidParameter.InstanceNotFound",
    "INVALID_REFERENCE": "InvalidParameter InvalidParameter.InvalidParameterError"
    " InvalidParameter.ControllerNotFoundError InvalidParameterValue.InvalidParameterValueError"
    " InvalidParameterValue.BizInvalidParameterValueError InvalidParameterValue.DataConvertError"
    " InvalidParameterValue.InvalidParameterValue MissingParameter MissingParameter.MissingParameterError"
    " UnknownParameter UnknownParameter.UnknownParameterError",
    "CONFLICT": "FailedOperation.FailedOperationError FailedOperation.NotAllowOperation"
    " FailedOperation.StartJobFailed FailedOperation.StatusInConflict FailedOperation.StatusInConflictError"
    " FailedOperation.UserNotAuthed OperationDenied.OperationDeniedError OperationDenied.BizOperationDeniedError"
    " OperationDenied.JobOperationDeniedError OperationDenied.NotEnoughMoneyError OperationDenied.OperationDenied"
    " ResourceInUse.ResourceInUseError FailedOperation OperationDenied ResourceInUse",
    "RATE_LIMITED": "RequestLimitExceeded RequestLimitExceeded.RequestLimitExceededError"
    " RequestLimitExceeded.UinLimitExceeded RequestLimitExceeded.GlobalRegionUinLimitExceeded",
    "UNREACHABLE": "InternalError InternalError.InternalErrorError InternalError.AddTaskError"
    " InternalError.CeleryError InternalError.CgwSystemError InternalError.DatabaseError"
    " InternalError.ExecHttpRequestError InternalError.InternalHttpServerError"
    " InternalError.InternalInnerCommonError InternalError.InternalTradeError InternalError.LockError"
    " InternalError.ParseBinlogError InternalError.ProtocolError InternalError.UndefinedError"
    " InternalError.UnknownError InternalError.DuplicateJob InternalError.NotEnoughMoneyError InternalError.X-Y.Z",
    "VENDOR_ERROR": "DryRunOperation.DryRunOperationError LimitExceeded.LimitExceededError"
    " LimitExceeded.MaxUnusedJobs ResourceInsufficient.ResourceInsufficientError"
    " ResourceUnavailable.ResourceUnavailableError ResourcesSoldOut.ResourcesSoldOutError"
    " UnsupportedOperation.UnsupportedOperationError UnsupportedOperation.IntraNetUserNotTaggedError"
    " UnsupportedOperation.IntraNetUserNotTaggedForSyncJobError ActionOffline InvalidAction NoSuchVersion"
    " UnsupportedRegion ResourceUnavailable UnsupportedOperation NeverHeardOf.This AuthFailures InternalErrors.X",
}
RETRYABLE = {"RATE_LIMITED", "UNREACHABLE"}
PERMANENT = {"InternalError.DuplicateJob", "InternalError.NotEnoughMoneyError"}


def read(body: bytes) -> Precheck:
    return decode_precheck(decode_response(body, "dts"), REFERENCE, NOW)


def decoded(*steps: Any, **more: Any) -> Precheck:
    response = {"Status": "success", "CheckFlag": "checkPass", "StepInfo": steps, "RequestId": "r1", **more}
    return read(json.dumps({"Response": response}).encode())


def step(**more: Any) -> dict[str, Any]:
    return {"StepNo": 0, "StepId": "ConnectDBCheck", "StepName": "A step", "StepStatus": "pass", **more}


def finding(**more: Any) -> dict[str, Any]:
    return {"CheckItemName": "A finding", "CheckResult": "warning", **more}


def test_seed_gives_the_golden_numbers() -> None:
    precheck = read((WIRE / "seed.json").read_bytes())
    counts = precheck.counts
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.COMPLETED, PrecheckVerdict.READY_WITH_WARNINGS)
    assert (counts.total, counts.passed, counts.warning) == (13, 11, 1)
    assert (counts.failed, counts.skipped, counts.blocking) == (1, 1, 0)
    assert (precheck.task_id, precheck.purpose) == ("dts-1ewjspuw", PrecheckPurpose.MIGRATION)
    assert (precheck.direction, precheck.vendor.message, precheck.vendor.disagrees) == (None, "success", False)
    assert precheck.vendor.request_id == "11d35c90-01bb-11ed-bad9-7b3bbe11abda"


def test_seeds_skipped_step_failed_and_does_not_block() -> None:
    skipped = read((WIRE / "seed.json").read_bytes()).items[-1]
    assert (skipped.code, skipped.state, skipped.blocking) == ("OptimizeCheck", PrecheckItemState.FAILED, False)
    assert (skipped.skip.applied, skipped.skip.allowed) == (True, None)
    assert (skipped.category, skipped.side) == (PrecheckCategory.PLATFORM, PrecheckSide.UNKNOWN)
    assert [(detail.state, detail.log, detail.remedy) for detail in skipped.details] == [
        (PrecheckItemState.WARNING, ("skipped",), None)
    ]


def test_findings_carry_reason_remedy_and_consequence() -> None:
    first = finding(
        CheckResult="failed",
        Description="d",
        FailureReason="Same name.",
        Solution="Rename it.",
        ErrorLog=["one", " ", None, 2],
        HelpDoc=["", " https://help/1 "],
        SkipInfo="Rows are lost.",
    )
    second = finding(HelpDoc=["https://help/2"], SkipInfo="Rows are lost.", Solution=" ")
    item = decoded(step(StepStatus="failed", DetailCheckItems=[first, second]), CheckFlag="checkNotPass").items[0]
    assert (item.reason, item.skip.consequence) == ("Same name.", "Rows are lost.")
    assert item.remedy == PrecheckRemedy(
        text=f"Rename it. {ONLY_LINKS}", links=("https://help/1", "https://help/2")
    )
    one, two = item.details
    assert (one.reason, one.description, one.log) == ("Same name.", "d", ("one", "2"))
    assert one.remedy == PrecheckRemedy(text="Rename it.", links=("https://help/1",))
    assert two.remedy == PrecheckRemedy(text=ONLY_LINKS, links=("https://help/2",))


def test_steps_own_message_goes_before_its_findings() -> None:
    details = [finding(FailureReason="inner")]
    assert decoded(step(StepMessage="outer", DetailCheckItems=details)).items[0].reason == "outer"


@pytest.mark.parametrize(
    ("status", "inner", "state"),
    [
        ("pass", None, "PASSED"),
        ("pass", "pass", "PASSED"),
        ("pass", "warning", "WARNING"),
        ("pass", "failed", "WARNING"),
        (" PASS ", "Warning", "WARNING"),
        ("warning", "failed", "WARNING"),
        ("failed", "pass", "FAILED"),
        ("blocked", "warning", "NOT_RUN"),
        ("notStarted", None, "PENDING"),
        ("skipped", None, "UNKNOWN"),
        (None, "warning", "UNKNOWN"),
        (True, None, "UNKNOWN"),
    ],
)
def test_state_of_a_step(status: object, inner: str | None, state: str) -> None:
    details = [finding(CheckResult=inner)] if inner else None
    item = decoded(step(StepStatus=status, DetailCheckItems=details)).items[0]
    assert item.state is PrecheckItemState(state)


@pytest.mark.parametrize(
    ("status", "flag", "step_status", "expected"),
    [
        ("failed", "checkNotPass", "pass", "COMPLETED"),
        ("failed", None, "failed", "COMPLETED"),
        ("failed", None, "blocked", "COMPLETED"),
        ("failed", None, "pass", "ERRORED"),
        ("FAILED ", "checkPass", "notStarted", "ERRORED"),
        ("success", None, "pass", "COMPLETED"),
        ("running", "checkNotPass", "failed", "RUNNING"),
        ("notStarted", "", "notStarted", "PENDING"),
        ("paused", None, "pass", "UNKNOWN"),
        (None, None, "pass", "UNKNOWN"),
        (1, None, "pass", "UNKNOWN"),
    ],
)
def test_status_of_a_run(status: object, flag: str | None, step_status: str, expected: str) -> None:
    precheck = decoded(step(StepStatus=step_status), Status=status, CheckFlag=flag)
    assert precheck.status is PrecheckStatus(expected)


def test_steps_are_ordered_by_their_numbers_and_not_indexed_by_them() -> None:
    shuffled = [step(StepNo=number, StepId=f"S{number}") for number in (40, -1, 7, 7)]
    assert [item.code for item in decoded(*shuffled).items] == ["S-1", "S7", "S7", "S40"]
    assert [item.ordinal for item in decoded(*shuffled).items] == [0, 1, 2, 3]
    unnumbered = [step(StepNo=2, StepId="b"), step(StepNo=None, StepId="a"), step(StepNo=1, StepId="c")]
    assert [item.code for item in decoded(*unnumbered).items] == ["b", "a", "c"]


def test_step_without_a_name_is_spelt_out() -> None:
    titles = [item.title for item in decoded(step(StepName=""), step(StepName=None, StepId="检查")).items]
    assert titles == ["Connect DB check", "检查"]


@pytest.mark.parametrize("nonsense", [{}, 7, "text", [], {"StepId": {}, "StepStatus": "passed"}])
def test_nonsense_among_the_steps_lets_nothing_pass(nonsense: Any) -> None:
    precheck = decoded(step(), nonsense)
    assert precheck.items[1].state is PrecheckItemState.UNKNOWN
    assert precheck.verdict is PrecheckVerdict.INCONCLUSIVE


@pytest.mark.parametrize("body", [b"{}", b'{"Response":null}', b'{"Response":[]}', b'{"response":{}}'])
def test_no_envelope_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        read(body)


def test_error_keeps_code_and_request() -> None:
    body = {"Error": {"Code": "ResourceNotFound.JobNotExist", "Message": "gone"}, "RequestId": "r9"}
    with pytest.raises(NotFound, match="Check the job id") as raised:
        read(json.dumps({"Response": body}).encode())
    problem = raised.value.problem
    assert (problem.vendor_code, problem.vendor_request_id) == ("ResourceNotFound.JobNotExist", "r9")


@pytest.mark.parametrize(
    "error", [{}, "text", 7, [], {"Code": None}, {"Code": ["x"], "Message": "see https://x/y"}]
)
def test_shapeless_error_is_an_error_all_the_same(error: object) -> None:
    with pytest.raises(PrecheckError) as raised:
        decoded(step(), Error=error)
    assert raised.value.problem.code.value == "VENDOR_ERROR"
    assert "://" not in raised.value.problem.message


@pytest.mark.parametrize(
    ("code", "error"), [(code, error) for error, codes in CODES.items() for code in codes.split()]
)
def test_every_code_has_its_meaning(code: str, error: str) -> None:
    for spelt in (code, code.upper()):
        problem = meaning(REFUSALS, Refused("dts", spelt, "The vendor's words")).problem
        assert (problem.code.value, problem.vendor_code) == (error, spelt)
        assert problem.retryable == (error in RETRYABLE and code not in PERMANENT)
        assert "{" not in problem.message


def test_every_step_of_the_catalogue_is_placed() -> None:
    assert len(CATALOGUE.checks) == 15
    assert CATALOGUE.category("SrcNewPrivilegeCheck") is PrecheckCategory.PRIVILEGE
    assert CATALOGUE.category("WalLevelCheck") is PrecheckCategory.CHANGE_LOG
    assert CATALOGUE.side("DstNewCheck") is PrecheckSide.TARGET


@pytest.mark.parametrize(
    "external_id", ["dts-", "dts_1ewjspuw", "DTS-1EWJSPUW", "sync-1ewjspuw", "dts-1/2", "dts-é"]
)
def test_identifier_of_another_shape_is_refused_with_an_example(bench: Bench, external_id: str) -> None:
    why = bench.provider("dts").validate(external_id)
    assert why is not None
    assert "`dts-1ewjspuw`" in why


SHAPED = fuzz.objects(
    WireAnswer,
    Response=fuzz.objects(
        WirePrecheck,
        Error=st.none() | fuzz.objects(WireError),
        StepInfo=st.lists(
            fuzz.objects(WireStep, DetailCheckItems=st.lists(fuzz.objects(WireFinding) | fuzz.values, max_size=2))
            | fuzz.values,
            max_size=3,
        )
        | fuzz.values,
    ),
)


@given(fuzz.bodies(SHAPED))
def test_whatever_comes_is_a_reading_or_a_problem(body: bytes) -> None:
    survive(body)


@pytest.mark.parametrize("body", fuzz.HOSTILE.values(), ids=fuzz.HOSTILE)
def test_hostile_bodies_are_refused(body: bytes) -> None:
    survive(body)


def survive(body: bytes) -> None:
    try:
        provider_id: str | None = read(body).provider_id
    except PrecheckError as error:
        provider_id = error.problem.provider_id
    assert provider_id == "dts"


def test_every_wire_file_that_the_manual_names_is_there() -> None:
    named = {word for word in (tencent_dts.__doc__ or "").split("`") if word.endswith(".json")}
    assert named
    assert not named - {path.name for path in WIRE.glob("*.json")}
