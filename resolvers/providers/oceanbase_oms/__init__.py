"""OceanBase Migration Service (OMS): `POST /api/v2?Action=GetPreCheckResult`.

Community Edition from V4.2.12-CE and Enterprise Edition from V4.2.2; one precheck per call. What surprises:

The wire files named here stand in `emulator/oceanbase_oms/wire/`:

- The editions differ in two key names only, `preCheckId`/`preCheckStatus` and `projectId`/`projectStatus`:
  `seed-ce.json`, `seed-ee.json`. Both are read whatever the configured edition is.
- `projectId` carries the precheck's id although it is documented as the task's, and is masked: `seed-ee.json`.
- `data` is documented as an array and is an object; for `preCheckResults` it is the reverse: `seed-ee.json`.
  Both are taken either way: `data-array-of-one.json`, `items-single-object.json`.
- `FAILED` does not tell a run that broke from one in which a check failed; the items do:
  `run-failed-without-item.json`, `run-failed-with-item.json`.
- The documented item has four fields, the example eleven: `item-four-fields.json`, `seed-ce.json`.
- `skippable` is documented as "is skipped" but means "may be skipped", in the console only: it is true on
  passed checks in `seed-ce.json`. There is no API to skip.
- Six check types stand on both sides: `seed-ce.json`. Names vary in style and identify nothing.
- `errorDetail` is an object in the envelope and a string in an item: `error-detail-object.json`,
  `item-error-detail-string.json`.
- How to sign in is documented nowhere, hence the setting `auth`; nor is any error code:
  `error-not-found-code.json` and `error-not-found-message.json` are guesses.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from resolvers.catalogue import read_catalogue
from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckSkip, PrecheckVendorView
from resolvers.errors import NotFound, UnreadableAnswer
from resolvers.providers.oceanbase_oms.auth import OceanBaseOmsSettings, auth_of
from resolvers.reference import Reference, is_plain
from resolvers.report import Report
from resolvers.upstream.answer import Answer
from resolvers.upstream.contract import Outcome, Provider
from resolvers.upstream.limiter import Limiter
from resolvers.upstream.refusals import Refusal, Refused, meaning, settle
from resolvers.upstream.wire import (
    about_another,
    decode_object,
    flag,
    listed,
    percent,
    raw_text,
    shaped,
    text,
    unreadable,
    word,
)
from resolvers.vocabulary import (
    PrecheckEndpointRole,
    PrecheckItemState,
    PrecheckLocale,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckStatus,
    ProviderCapability,
)

PATH = "/api/v2"
ACTION = "GetPreCheckResult"
CATALOGUE = read_catalogue(Path(__file__).with_name("catalogue.toml"))
# The documentation masks the end of its ids with asterisks, and so do some answers.
EXTERNAL_ID = re.compile(r"t_[0-9A-Za-z]+\**")
UNNAMED = "UNNAMED"

STATUSES = {
    "INIT": PrecheckStatus.PENDING,
    "PENDING": PrecheckStatus.PENDING,
    "RUNNING": PrecheckStatus.RUNNING,
    "FINISHED": PrecheckStatus.COMPLETED,
    "FAILED": PrecheckStatus.ERRORED,  # but COMPLETED where a failed item explains it
    "SKIPPED": PrecheckStatus.SKIPPED,
}
ITEM_STATES = {
    "PENDING": PrecheckItemState.PENDING,
    "RUNNING": PrecheckItemState.RUNNING,
    "PASSED": PrecheckItemState.PASSED,
    "WARNING": PrecheckItemState.WARNING,
    "FAILED": PrecheckItemState.FAILED,
}
WITH_REASON = (PrecheckItemState.WARNING, PrecheckItemState.FAILED)
SIDES = {
    "SOURCE": PrecheckSide.SOURCE,
    "DEST": PrecheckSide.TARGET,
    # Seen nowhere yet; the operations beside this one call the target so.
    "DESTINATION": PrecheckSide.TARGET,
    "SINK": PrecheckSide.TARGET,
    "TARGET": PrecheckSide.TARGET,
}
# The documentation describes roles in whole words, the examples send tokens.
ROLES = {
    "MASTER": PrecheckEndpointRole.PRIMARY,
    "PRIMARY": PrecheckEndpointRole.PRIMARY,
    "PRIMARY DATABASE": PrecheckEndpointRole.PRIMARY,
    "SLAVE": PrecheckEndpointRole.STANDBY,
    "STANDBY": PrecheckEndpointRole.STANDBY,
    "STANDBY DATABASE": PrecheckEndpointRole.STANDBY,
    "PRIMARY DATABASE + STANDBY DATABASE": PrecheckEndpointRole.PRIMARY_AND_STANDBY,
}
REFUSALS = (
    Refusal(
        NotFound,
        "OMS knows no such precheck. Check the identifier, which SubmitPreCheck returned.",
        pattern=re.compile(r"not[ _-]?found|not[ _-]?exist", re.IGNORECASE),
    ),
)


class WireAnswer(msgspec.Struct, rename="camel"):
    """The envelope of every OMS operation."""

    success: object = None
    code: object = None
    message: object = None
    advice: object = None
    error_detail: object = None
    request_id: object = None
    data: object = None


class WireErrorDetail(msgspec.Struct):
    """The envelope's `errorDetail` where it is an object."""

    code: object = None
    message: object = None
    proposal: object = None


class WirePrecheck(msgspec.Struct, rename="camel"):
    """`data`, with the keys of both editions."""

    pre_check_id: object = None
    pre_check_status: object = None
    project_id: object = None
    project_status: object = None
    progress: object = None
    pre_check_results: object = None


class WireItem(msgspec.Struct, rename="camel"):
    """One entry of `preCheckResults`."""

    name: object = None
    endpoint_type: object = None
    check_type: object = None
    status: object = None
    message: object = None
    skippable: object = None
    role: object = None
    skip_consequence: object = None
    error_detail: object = None


def decode_precheck(body: bytes, reference: Reference, fetched_at: datetime) -> Precheck:
    """The precheck in an answer. Raises PrecheckError for a refusal and for what cannot be read."""
    answer = decode_object(body, WireAnswer, reference.provider_id)
    if answer.success is not True:
        raise meaning(REFUSALS, decode_refused(answer, reference.provider_id))
    wire = decode_data(answer, reference)
    report = Report(reference, fetched_at)
    for entry in listed(wire.pre_check_results, reference.provider_id):
        add_item(report, shaped(entry, WireItem) if isinstance(entry, dict) else WireItem())
    vendor_status = text(wire.pre_check_status) or text(wire.project_status)
    return report.close(
        decode_status(vendor_status, report),
        vendor=PrecheckVendorView(
            status=vendor_status, message=text(answer.message), request_id=text(answer.request_id)
        ),
        reported_percent=percent(wire.progress),
        purpose=PrecheckPurpose.UNKNOWN,
    )


def decode_refused(answer: WireAnswer, provider_id: str) -> Refused:
    """What OMS says in an envelope without success. Raises UnreadableAnswer where it says nothing."""
    detail = shaped(answer.error_detail, WireErrorDetail) if isinstance(answer.error_detail, dict) else None
    detail = detail or WireErrorDetail(message=answer.error_detail)
    refused = Refused(
        provider_id,
        code=text(answer.code) or text(detail.code),
        message=text(answer.message) or text(detail.message),
        advice=text(answer.advice) or text(detail.proposal),
        request_id=text(answer.request_id),
    )
    if answer.success is None and not (refused.code or refused.message):
        raise unreadable("it does not say whether the call succeeded", provider_id)
    return refused


def decode_facts(body: bytes, provider_id: str) -> dict[str, Any]:
    """What a body adds to an error that the HTTP status has told already; empty where it cannot be read."""
    try:
        return decode_refused(decode_object(body, WireAnswer, provider_id), provider_id).facts
    except UnreadableAnswer:
        return {}


def decode_data(answer: WireAnswer, reference: Reference) -> WirePrecheck:
    """The `data` of a success. Raises UnreadableAnswer if there is none or it belongs to another precheck."""
    data = answer.data[0] if isinstance(answer.data, list) and len(answer.data) == 1 else answer.data
    wire = shaped(data, WirePrecheck) if isinstance(data, dict) else None
    if wire is None:
        raise unreadable("it holds no precheck", reference.provider_id, vendor_request_id=text(answer.request_id))
    if not is_echo_of(wire, reference.external_id):
        raise about_another(reference.provider_id, vendor_request_id=text(answer.request_id))
    return wire


def is_echo_of(wire: WirePrecheck, external_id: str) -> bool:
    """Whether an answer may be about this precheck: it names it, masked or whole, or names none."""
    echoed = text(wire.pre_check_id)
    if echoed is None:
        echoed = text(wire.project_id)
        # What the documentation says of `projectId`, unlike its example: the task's id, which nobody asked for.
        if echoed is not None and echoed.startswith("np_"):
            return True
    if echoed is None or "*" not in echoed + external_id:
        return echoed in (None, external_id)
    shown, asked = echoed.partition("*")[0], external_id.partition("*")[0]
    return shown.startswith(asked) or asked.startswith(shown)


def decode_status(vendor_status: str | None, report: Report) -> PrecheckStatus:
    """The run's status; OMS does not tell a run that broke from one in which a check failed, the items do."""
    status = STATUSES.get(word(vendor_status), PrecheckStatus.UNKNOWN)
    if status is PrecheckStatus.ERRORED and any(item.state is PrecheckItemState.FAILED for item in report.items):
        return PrecheckStatus.COMPLETED
    return status


def add_item(report: Report, wire: WireItem) -> None:
    """Add one check to the report; nonsense becomes a check in an unknown state, so that nothing passes by it."""
    code = text(wire.check_type) or UNNAMED
    status = text(wire.status)
    state = ITEM_STATES.get(status.upper() if status else "", PrecheckItemState.UNKNOWN)
    role = word(wire.role)
    report.add(
        code=code,
        title=text(wire.name) or code,
        state=state,
        category=CATALOGUE.category(code.upper()),
        side=SIDES.get(word(wire.endpoint_type), PrecheckSide.UNKNOWN),
        side_inferred=False,
        vendor_state=status,
        skip=PrecheckSkip(allowed=flag(wire.skippable), consequence=text(wire.skip_consequence)),
        role=ROLES.get(role, PrecheckEndpointRole.OTHER) if role else None,
        reason=text(wire.message) if state in WITH_REASON else None,
        raw_error=raw_text(wire.error_detail),
    )


class OceanBaseOms(Provider):
    """One OMS installation, of either edition."""

    settings_type = OceanBaseOmsSettings
    capabilities = frozenset(
        {
            ProviderCapability.REPORTS_PROGRESS,
            ProviderCapability.REPORTS_SIDE,
            ProviderCapability.REPORTS_ROLE,
            ProviderCapability.REPORTS_WARNINGS,
            ProviderCapability.REPORTS_SKIP_CONSEQUENCE,
        }
    )
    probe_external_id = "t_000000000000"

    def __init__(self, settings: OceanBaseOmsSettings, limiter: Limiter, clock: Clock) -> None:
        super().__init__(settings, limiter, clock)
        self._auth = auth_of(settings)

    def validate(self, external_id: str) -> str | None:
        """Accept `t_` and letters or digits."""
        if is_plain(external_id) and EXTERNAL_ID.fullmatch(external_id):
            return None
        return "A precheck of OMS is named by `t_` and letters or digits, for example `t_7di1uvmxd340`."

    async def ask(self, external_ids: Sequence[str], locale: PrecheckLocale) -> Mapping[str, Outcome]:  # noqa: ARG002  # OMS has one language
        """One call for the one identifier."""
        (external_id,) = external_ids
        answer = await self.connection.send(
            "POST",
            PATH,
            params={"Action": ACTION},
            content=msgspec.json.encode({"id": external_id}),
            headers={"content-type": "application/json"},
            auth=self._auth,
        )
        return {external_id: self._read(answer, Reference(self.id, external_id))}

    def _read(self, answer: Answer, reference: Reference) -> Precheck:
        facts = decode_facts(answer.body, self.id) if answer.status >= 400 else {}
        told = self.connection.refusal(answer, **facts)
        return settle(answer.status, told, lambda: decode_precheck(answer.body, reference, self.clock.now()))
