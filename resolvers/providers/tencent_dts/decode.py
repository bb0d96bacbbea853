"""DTS answers become prechecks. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from resolvers.catalogue import read_catalogue
from resolvers.domain import Precheck, PrecheckItemDetail, PrecheckRemedy, PrecheckSkip, PrecheckVendorView
from resolvers.providers.tencent_dts.refusals import REFUSALS
from resolvers.reference import Reference
from resolvers.report import Report
from resolvers.upstream.refusals import Refused, meaning
from resolvers.upstream.wire import decode_object, flag, listed, shaped, text, unreadable, word
from resolvers.vocabulary import PrecheckItemState, PrecheckPurpose, PrecheckStatus

CATALOGUE = read_catalogue(Path(__file__).with_name("catalogue.toml"))
UNNAMED = "UNNAMED"
ONLY_LINKS = "The vendor's help describes what to do."

STATUSES = {
    "NOTSTARTED": PrecheckStatus.PENDING,
    "RUNNING": PrecheckStatus.RUNNING,
    "SUCCESS": PrecheckStatus.COMPLETED,
    "FAILED": PrecheckStatus.ERRORED,  # but COMPLETED where the flag or a step explains it
}
FLAGS = {"CHECKPASS": True, "CHECKNOTPASS": False}
STEP_STATES = {
    "NOTSTARTED": PrecheckItemState.PENDING,
    "PASS": PrecheckItemState.PASSED,  # but WARNING where something inside is worse
    "WARNING": PrecheckItemState.WARNING,
    "FAILED": PrecheckItemState.FAILED,
    "BLOCKED": PrecheckItemState.NOT_RUN,
}
FINDING_STATES = {
    "PASS": PrecheckItemState.PASSED,
    "WARNING": PrecheckItemState.WARNING,
    "FAILED": PrecheckItemState.FAILED,
}
WORSE_THAN_PASSED = (PrecheckItemState.WARNING, PrecheckItemState.FAILED)
EXPLAINS_A_FAILED_RUN = (PrecheckItemState.FAILED, PrecheckItemState.NOT_RUN)


class WireAnswer(msgspec.Struct, rename="pascal"):
    """The envelope of every answer."""

    response: object = None


class WirePrecheck(msgspec.Struct, rename="pascal"):
    """`Response`, with a result or with an error."""

    status: object = None
    brief_msg: object = None
    check_flag: object = None
    step_info: object = None
    request_id: object = None
    error: object = None


class WireError(msgspec.Struct, rename="pascal"):
    """`Error`."""

    code: object = None
    message: object = None


class WireStep(msgspec.Struct, rename="pascal"):
    """One entry of `StepInfo`."""

    step_no: object = None
    step_id: object = None
    step_name: object = None
    step_status: object = None
    step_message: object = None
    detail_check_items: object = None
    has_skipped: object = None


class WireFinding(msgspec.Struct, rename="pascal"):
    """One entry of `DetailCheckItems`."""

    check_item_name: object = None
    description: object = None
    check_result: object = None
    failure_reason: object = None
    solution: object = None
    error_log: object = None
    help_doc: object = None
    skip_info: object = None


def decode_response(body: bytes, provider_id: str) -> WirePrecheck:
    """What is inside the envelope. Raises UnreadableAnswer where nothing is."""
    answer = decode_object(body, WireAnswer, provider_id)
    if not isinstance(answer.response, dict):
        raise unreadable("it has no `Response`", provider_id)
    return shaped(answer.response, WirePrecheck)


def decode_refused(wire: WirePrecheck, provider_id: str) -> Refused | None:
    """The error in a response, if there is one."""
    if wire.error is None:
        return None
    error = shaped(wire.error, WireError) if isinstance(wire.error, dict) else WireError(message=wire.error)
    return Refused(provider_id, text(error.code), text(error.message), request_id=text(wire.request_id))


def decode_precheck(wire: WirePrecheck, reference: Reference, fetched_at: datetime) -> Precheck:
    """The precheck in a response. Raises PrecheckError for a refusal and for what cannot be read."""
    if (refused := decode_refused(wire, reference.provider_id)) is not None:
        raise meaning(REFUSALS, refused)
    report = Report(reference, fetched_at)
    for step in decode_steps(wire.step_info, reference.provider_id):
        add_item(report, step)
    passed = FLAGS.get(word(wire.check_flag))
    return report.close(
        decode_status(wire.status, passed, report),
        vendor=PrecheckVendorView(
            status=text(wire.status),
            passed=passed,
            message=text(wire.brief_msg),
            request_id=text(wire.request_id),
        ),
        sends_flag=True,
        task_id=reference.external_id,
        purpose=PrecheckPurpose.MIGRATION,
    )


def decode_steps(value: object, provider_id: str) -> Sequence[WireStep]:
    """The steps in the order of their numbers, or as listed where a number is missing."""
    entries = listed(value, provider_id)
    steps = [shaped(entry, WireStep) if isinstance(entry, dict) else WireStep() for entry in entries]
    numbers = [step.step_no for step in steps if isinstance(step.step_no, int)]
    if len(numbers) < len(steps):
        return steps
    return [step for _, step in sorted(zip(numbers, steps, strict=True), key=lambda pair: pair[0])]


def decode_status(value: object, passed: bool | None, report: Report) -> PrecheckStatus:
    """The run's status; DTS does not tell a run that broke from one in which a check failed."""
    status = STATUSES.get(word(value), PrecheckStatus.UNKNOWN)
    explained = passed is False or any(item.state in EXPLAINS_A_FAILED_RUN for item in report.items)
    return PrecheckStatus.COMPLETED if status is PrecheckStatus.ERRORED and explained else status


def add_item(report: Report, step: WireStep) -> None:
    """Add one step to the report; nonsense becomes a step in an unknown state, so that nothing passes by it."""
    code = text(step.step_id) or UNNAMED
    findings = decode_findings(step.detail_check_items)
    details = tuple(decode_detail(finding) for finding in findings)
    consequences = dict.fromkeys(said for finding in findings if (said := text(finding.skip_info)))
    report.add(
        code=code,
        title=text(step.step_name) or spelt_out(code),
        state=decode_step_state(step.step_status, details),
        category=CATALOGUE.category(code),
        side=CATALOGUE.side(code),
        side_inferred=True,
        vendor_state=text(step.step_status),
        skip=PrecheckSkip(applied=flag(step.has_skipped) is True, consequence=" ".join(consequences) or None),
        reason=text(step.step_message)
        or " ".join(dict.fromkeys(each.reason for each in details if each.reason))
        or None,
        remedy=joined([detail.remedy for detail in details if detail.remedy]),
        details=details,
    )


def decode_step_state(value: object, details: Sequence[PrecheckItemDetail]) -> PrecheckItemState:
    """The state of a step; one that passed with a worse finding inside has passed with a warning."""
    state = STEP_STATES.get(word(value), PrecheckItemState.UNKNOWN)
    is_qualified = any(detail.state in WORSE_THAN_PASSED for detail in details)
    return PrecheckItemState.WARNING if state is PrecheckItemState.PASSED and is_qualified else state


def decode_findings(value: object) -> Sequence[WireFinding]:
    """The findings inside a step; what is no object says nothing."""
    entries = value if isinstance(value, list) else [value]
    return [shaped(entry, WireFinding) for entry in entries if isinstance(entry, dict)]


def decode_detail(finding: WireFinding) -> PrecheckItemDetail:
    """One finding, which DTS names only in words of the language asked for."""
    return PrecheckItemDetail(
        title=text(finding.check_item_name) or "Finding",
        state=FINDING_STATES.get(word(finding.check_result), PrecheckItemState.UNKNOWN),
        description=text(finding.description),
        reason=text(finding.failure_reason),
        remedy=decode_remedy(finding),
        log=texts(finding.error_log),
    )


def decode_remedy(finding: WireFinding) -> PrecheckRemedy | None:
    """What to do, in words or as links or both."""
    solution, links = text(finding.solution), texts(finding.help_doc)
    return PrecheckRemedy(text=solution or ONLY_LINKS, links=links) if solution or links else None


def joined(remedies: Sequence[PrecheckRemedy]) -> PrecheckRemedy | None:
    """What to do about a step: whatever its findings say."""
    if not remedies:
        return None
    links = dict.fromkeys(link for remedy in remedies for link in remedy.links)
    return PrecheckRemedy(text=" ".join(dict.fromkeys(each.text for each in remedies)), links=tuple(links))


def texts(value: object) -> tuple[str, ...]:
    """The entries of a list of texts that have something in them; one text stands for a list of one."""
    entries = value if isinstance(value, list) else [value]
    return tuple(said for entry in entries if (said := text(entry)) is not None)


def spelt_out(code: str) -> str:
    """A step's id word by word, where DTS sends no name."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+", code)
    spelt = " ".join(part if len(part) > 1 and part.isupper() else part.lower() for part in words)
    return spelt[:1].upper() + spelt[1:] or code
