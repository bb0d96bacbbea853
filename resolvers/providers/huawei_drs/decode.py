"""DRS answers become prechecks or problems. Pure."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from resolvers.catalogue import read_catalogue
from resolvers.domain import (
    Precheck,
    PrecheckProblem,
    PrecheckSkip,
    PrecheckSubJob,
    PrecheckVendorView,
)
from resolvers.errors import PrecheckError, UnreadableAnswer, VendorError
from resolvers.providers.huawei_drs.evidence import decode_evidence
from resolvers.providers.huawei_drs.refusals import ABOUT_THE_CALL, REFUSALS
from resolvers.providers.huawei_drs.titles import title_of
from resolvers.reference import Reference
from resolvers.report import NO_SKIP, Report
from resolvers.upstream.answer import Answer
from resolvers.upstream.refusals import Refused, meaning
from resolvers.upstream.wire import (
    about_another,
    decode_object,
    flag,
    listed,
    note_other_reference,
    percent,
    raw_text,
    shaped,
    text,
    unreadable,
    word,
)
from resolvers.vocabulary import PrecheckDirection, PrecheckItemState, PrecheckStatus

CATALOGUE = read_catalogue(Path(__file__).with_name("catalogue.toml"))
UNNAMED = "UNNAMED"

# There is no pending or running item: a check is not listed before it has run.
ITEM_STATES = {
    "PASSED": PrecheckItemState.PASSED,
    "ALARM": PrecheckItemState.WARNING,
    "FAILED": PrecheckItemState.FAILED,
}
DIRECTIONS = {
    "UP": PrecheckDirection.INTO_CLOUD,
    "DOWN": PrecheckDirection.OUT_OF_CLOUD,
    "NON-DBS": PrecheckDirection.SELF_MANAGED,
    "NO-DBS": PrecheckDirection.SELF_MANAGED,
}


class WireAnswer(msgspec.Struct):
    """The top of every answer: v3 results, a v5 job, or one of the shapes of an error."""

    results: object = None
    job: object = None
    error_code: object = None
    error_msg: object = None
    error: object = None


class WireIamError(msgspec.Struct):
    """`error` of IAM and of some gateways."""

    code: object = None
    message: object = None


class WireJob(msgspec.Struct):
    """`job` of v5."""

    id: object = None
    precheck_result: object = None


class WirePrecheck(msgspec.Struct):
    """One entry of `results` (v3), or the job's `precheck_result` (v5), whose list is named in the plural."""

    precheck_id: object = None
    result: object = None
    process: object = None
    rds_instance_id: object = None
    job_direction: object = None
    precheck_result: object = None
    precheck_results: object = None
    error_code: object = None
    error_msg: object = None


class WireItem(msgspec.Struct):
    """One check; only v5 speaks of skipping."""

    item: object = None
    result: object = None
    group: object = None
    failed_reason: object = None
    data: object = None
    raw_error_msg: object = None
    failed_sub_jobs: object = None
    is_support_skip: object = None
    is_skipped: object = None


class WireSubJob(msgspec.Struct):
    """One failed child task of a many-to-one task."""

    id: object = None
    name: object = None
    check_result: object = None


class Reading(NamedTuple):
    """Whose answer is being read, and when and as what it came."""

    provider_id: str
    fetched_at: datetime
    request_id: str | None = None


def decode_answer(answer: Answer, provider_id: str) -> WireAnswer:
    """The top of a body. Raises UnreadableAnswer, except where the HTTP status alone tells an error."""
    try:
        return decode_object(answer.body, WireAnswer, provider_id)
    except UnreadableAnswer:
        if answer.status < 400:
            raise
        return WireAnswer()


def decode_refused(wire: WireAnswer, answer: Answer, provider_id: str) -> Refused:
    """What an answer says of the whole call; without code and message where it is no error."""
    nested = shaped(wire.error, WireIamError) if isinstance(wire.error, dict) else WireIamError(message=wire.error)
    return Refused(
        provider_id,
        code=text(wire.error_code) or text(nested.code),
        message=text(wire.error_msg) or text(nested.message),
        request_id=text(answer.headers.get("x-request-id")),
    )


def decode_batch(
    wire: WireAnswer, job_ids: Sequence[str], reading: Reading
) -> dict[str, Precheck | PrecheckProblem]:
    """What a v3 answer says of each job it was asked for; a job it does not mention is left out.

    Raises UnreadableAnswer where it holds no list of results, or only those of other jobs.
    """
    if not isinstance(wire.results, list):
        raise unreadable("it has no list of results", reading.provider_id, vendor_request_id=reading.request_id)
    named, unnamed = _entries(wire.results)
    strangers = named.keys() - set(job_ids)
    for _ in strangers:
        note_other_reference(reading.provider_id)
    outcomes = {job_id: _decode_entry(named[job_id], job_id, reading) for job_id in job_ids if job_id in named}
    if strangers and not outcomes:
        raise unreadable("it is about other jobs", reading.provider_id, vendor_request_id=reading.request_id)
    unanswered = [job_id for job_id in job_ids if job_id not in named]
    if not unnamed:
        return outcomes
    # An error may come without the id it is about. Whose it is, is certain only if it is everyone's.
    if len(unnamed) == len(unanswered) and len({text(entry.error_code) for entry in unnamed}) == 1:
        return outcomes | {job_id: _decode_entry(unnamed[0], job_id, reading) for job_id in unanswered}
    return outcomes | dict.fromkeys(unanswered, _nobodys_error(reading))


def _entries(results: list[object]) -> tuple[dict[str, WirePrecheck], list[WirePrecheck]]:
    named: dict[str, WirePrecheck] = {}
    unnamed = []
    for result in results:
        entry = shaped(result, WirePrecheck) if isinstance(result, dict) else WirePrecheck()
        precheck_id = text(entry.precheck_id)
        if precheck_id is not None:
            named.setdefault(precheck_id, entry)
        elif text(entry.error_code) is not None:
            unnamed.append(entry)
    return named, unnamed


def _nobodys_error(reading: Reading) -> PrecheckProblem:
    return VendorError(
        "The vendor refused some of the jobs asked for, but does not say which. Ask for them one by one.",
        provider_id=reading.provider_id,
        vendor_request_id=reading.request_id,
    ).problem


def _decode_entry(entry: WirePrecheck, job_id: str, reading: Reading) -> Precheck | PrecheckProblem:
    try:
        return decode_precheck(entry, job_id, reading)
    except PrecheckError as error:
        return error.problem


def decode_job(wire: WireAnswer, external_id: str, reading: Reading) -> Precheck:
    """The precheck in a v5 answer. Raises UnreadableAnswer if there is none or it is another job's."""
    job_id = external_id.partition("/")[0]
    job = shaped(wire.job, WireJob) if isinstance(wire.job, dict) else None
    if job is None:
        raise unreadable("it holds no job", reading.provider_id, vendor_request_id=reading.request_id)
    if text(job.id) not in (None, job_id):
        raise about_another(reading.provider_id, vendor_request_id=reading.request_id)
    if not isinstance(job.precheck_result, dict | None):
        raise unreadable("it holds no precheck", reading.provider_id, vendor_request_id=reading.request_id)
    return decode_precheck(shaped(job.precheck_result or {}, WirePrecheck), external_id, reading)


def decode_precheck(wire: WirePrecheck, external_id: str, reading: Reading) -> Precheck:
    """One precheck of either version. Raises NotFound where the vendor says so, UnreadableAnswer for nonsense."""
    report = Report(Reference(reading.provider_id, external_id), reading.fetched_at)
    entries = wire.precheck_results if wire.precheck_results is not None else wire.precheck_result
    for entry in listed(entries, reading.provider_id):
        add_item(report, shaped(entry, WireItem) if isinstance(entry, dict) else WireItem())
    problems = decode_problems(wire, reading)
    status = PrecheckStatus.ERRORED if problems else decode_status(wire.process, listed_any=bool(report.items))
    direction = word(wire.job_direction)
    return report.close(
        status,
        vendor=PrecheckVendorView(
            status=text(wire.process),
            # False from the start of a run, it begins to mean something at the end.
            passed=flag(wire.result) if status is PrecheckStatus.COMPLETED else None,
            message=text(wire.error_msg),
            request_id=reading.request_id,
            instance_id=text(wire.rds_instance_id),
        ),
        sends_flag=True,
        reported_percent=percent(wire.process),
        lists_all_items=False,
        task_id=external_id.partition("/")[0],
        direction=DIRECTIONS.get(direction, PrecheckDirection.OTHER) if direction else None,
        problems=problems,
    )


def decode_status(process: object, *, listed_any: bool) -> PrecheckStatus:
    """The run's status; DRS sends none, only how far it has come."""
    done = percent(process)
    if done is None:
        is_absent = process is None or (isinstance(process, str) and not process.strip())
        return PrecheckStatus.PENDING if is_absent and not listed_any else PrecheckStatus.UNKNOWN
    if done >= 100:
        return PrecheckStatus.COMPLETED
    return PrecheckStatus.RUNNING if done > 0 or listed_any else PrecheckStatus.PENDING


def decode_problems(wire: WirePrecheck, reading: Reading) -> tuple[PrecheckProblem, ...]:
    """The error of one entry, if it has one: the run broke. Raises what is about the call and not the run."""
    code = text(wire.error_code)
    if code is None:
        return ()
    refused = Refused(reading.provider_id, code, text(wire.error_msg), request_id=reading.request_id)
    error = meaning(REFUSALS, refused)
    if isinstance(error, ABOUT_THE_CALL) or error.problem.retryable:
        raise error
    return (error.problem,)


def add_item(report: Report, wire: WireItem) -> None:
    """Add one check to the report; nonsense becomes a check in an unknown state, so that nothing passes by it."""
    code = text(wire.item) or UNNAMED
    group = text(wire.group)
    result = text(wire.result)
    report.add(
        code=code,
        title=title_of(code),
        state=ITEM_STATES.get(result.upper() if result else "", PrecheckItemState.UNKNOWN),
        category=CATALOGUE.category(code, group.lower() if group else None),
        side=CATALOGUE.side(code),
        side_inferred=True,
        vendor_state=result,
        skip=decode_skip(wire),
        vendor_group=group,
        reason_code=text(wire.failed_reason),
        raw_error=raw_text(wire.raw_error_msg),
        evidence=decode_evidence(wire.data),
        sub_jobs=decode_sub_jobs(wire.failed_sub_jobs, report.reference.provider_id),
    )


def decode_skip(wire: WireItem) -> PrecheckSkip:
    """Whether the check may be skipped and is; v3 says nothing of it."""
    if wire.is_support_skip is None and wire.is_skipped is None:
        return NO_SKIP
    return PrecheckSkip(allowed=flag(wire.is_support_skip), applied=flag(wire.is_skipped) is True)


def decode_sub_jobs(value: object, provider_id: str) -> tuple[PrecheckSubJob, ...]:
    """The child tasks that failed."""
    if not isinstance(value, list | dict):
        return ()
    wires = [shaped(entry, WireSubJob) for entry in listed(value, provider_id) if isinstance(entry, dict)]
    return tuple(
        PrecheckSubJob(id=text(wire.id), name=text(wire.name), result=text(wire.check_result)) for wire in wires
    )
