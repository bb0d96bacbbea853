"""NineData data comparison: `GET /openapi/v1/comparedata/precheck/status`.

OpenAPI v1; one precheck per call, named by its task and by itself. What surprises:

The wire files named here stand in `emulator/ninedata/wire/`:

- The documentation shows a JSON body for this GET; a query string is what its other GETs take.
- `errorMessage`, reason and remedy in one text, is absent from a check that passed, and `message` from a
  call that did: `seed.json`, `failed-with-item.json`.
- `Failed` says of a run both "a check failed" and "the run broke"; only its checks tell which:
  `failed-with-item.json`, `failed-without-item.json`.
- `Unstarted` is a check still to come, or one that an ended run never came to: `failed-then-unstarted.json`.
- `Success` is the run's state and its verdict in one word; there is no flag, and neither progress nor sides
  nor warnings nor times are sent: `seed.json`.
- A refusal travels under `success: false`, its HTTP status undocumented: `error-task-not-found.json`,
  `error-400-invalid-param.json`. `errorCode` is documented nowhere.
- The signature is a plain hash of path, key and time, and covers neither query nor body: it can be replayed for
  ten minutes, so HTTPS only. A timestamp more than ten minutes off is refused: `error-timestamp.json`.
"""

import hashlib
import re
from collections.abc import Generator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx2 as httpx
import msgspec

from resolvers.catalogue import read_catalogue
from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckVendorView
from resolvers.errors import InvalidReference, NotFound, Unauthenticated, UnreadableAnswer
from resolvers.reference import Reference, is_plain
from resolvers.report import Report
from resolvers.upstream.answer import Answer, VendorClock
from resolvers.upstream.contract import Outcome, Provider, ProviderSettings, Secret
from resolvers.upstream.limiter import Limiter
from resolvers.upstream.refusals import Refusal, Refused, meaning, settle
from resolvers.upstream.wire import about_another, decode_object, listed, shaped, text, unreadable, word
from resolvers.vocabulary import (
    PrecheckItemState,
    PrecheckLocale,
    PrecheckPurpose,
    PrecheckStatus,
    ProviderCapability,
)

PATH = "/openapi/v1/comparedata/precheck/status"
CATALOGUE = read_catalogue(Path(__file__).with_name("catalogue.toml"))
EXTERNAL_ID = re.compile(r"cd-[0-9A-Za-z]+/pcte-[0-9A-Za-z]+")
UNNAMED = "unnamed"

STATUSES = {
    "UNSTARTED": PrecheckStatus.PENDING,
    "RUNNING": PrecheckStatus.RUNNING,
    "SUCCESS": PrecheckStatus.COMPLETED,
    "FAILED": PrecheckStatus.ERRORED,  # but COMPLETED where a failed item explains it
}
ITEM_STATES = {
    "UNSTARTED": PrecheckItemState.PENDING,  # but NOT_RUN once the run has ended
    "RUNNING": PrecheckItemState.RUNNING,
    "SUCCESS": PrecheckItemState.PASSED,
    "FAILED": PrecheckItemState.FAILED,
}
REFUSALS = (
    Refusal(
        Unauthenticated,
        "NineData refuses the configured key pair or this server's clock. Check both.",
        pattern=re.compile(r"signature|timestamp|access[ -]?key", re.IGNORECASE),
    ),
    Refusal(
        NotFound,
        "NineData knows no such precheck. Check both identifiers.",
        pattern=re.compile(r"not[ _]?found", re.IGNORECASE),
    ),
    Refusal(
        InvalidReference,
        "NineData does not take this for an identifier. Check both parts.",
        codes=frozenset({"INVALID_PARAM"}),
    ),
)


class WireAnswer(msgspec.Struct, rename="camel"):
    """The envelope of every operation."""

    success: object = None
    request_id: object = None
    message: object = None
    error_code: object = None
    data: object = None


class WirePrecheck(msgspec.Struct, rename="camel"):
    """`data`."""

    task_id: object = None
    precheck_task_id: object = None
    status: object = None
    precheck_items: object = None


class WireItem(msgspec.Struct, rename="camel"):
    """One entry of `precheckItems`."""

    precheck_item: object = None
    item_name: object = None
    item_description: object = None
    status: object = None
    error_message: object = None


class NineDataSettings(ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The keys of a NineData account."""

    access_key_id: str
    secret_key: Secret


class NineDataAuth(httpx.Auth):
    """Signs with the vendor's time as far as it is known."""

    def __init__(self, access_key_id: str, secret_key: Secret, clock: VendorClock) -> None:
        self._access_key_id = access_key_id
        self._secret_key = secret_key
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Set the three headers of a signed call."""
        timestamp = self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        request.headers["access-key-id"] = self._access_key_id
        request.headers["timestamp"] = timestamp
        request.headers["signature"] = signature(PATH, self._secret_key.reveal(), timestamp)
        yield request


def signature(api_path: str, secret_key: str, timestamp: str) -> str:
    """The signature of a call; `api_path` has no query, and no prefix that a proxy in between takes off."""
    return hashlib.sha256(f"{api_path}/{secret_key}&{timestamp}".encode()).hexdigest()


def decode_precheck(body: bytes, reference: Reference, fetched_at: datetime) -> Precheck:
    """The precheck in an answer. Raises PrecheckError for a refusal and for what cannot be read."""
    answer = decode_object(body, WireAnswer, reference.provider_id)
    if answer.success is not True:
        raise meaning(REFUSALS, decode_refused(answer, reference.provider_id))
    wire = decode_data(answer, reference)
    items = [
        shaped(entry, WireItem) if isinstance(entry, dict) else WireItem()
        for entry in listed(wire.precheck_items, reference.provider_id)
    ]
    status = decode_status(wire, items)
    report = Report(reference, fetched_at)
    for item in items:
        add_item(report, item, status)
    return report.close(
        status,
        vendor=PrecheckVendorView(
            status=text(wire.status), message=text(answer.message), request_id=text(answer.request_id)
        ),
        task_id=reference.external_id.partition("/")[0],
        purpose=PrecheckPurpose.COMPARISON,
    )


def decode_refused(answer: WireAnswer, provider_id: str) -> Refused:
    """What NineData says in an answer without success. Raises UnreadableAnswer where it says nothing."""
    refused = Refused(
        provider_id,
        code=text(answer.error_code),
        message=text(answer.message),
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
    """Whether an answer may be about this precheck: it repeats its two identifiers, or leaves them out."""
    task, _, precheck = external_id.partition("/")
    return text(wire.task_id) in (None, task) and text(wire.precheck_task_id) in (None, precheck)


def decode_status(wire: WirePrecheck, items: Sequence[WireItem]) -> PrecheckStatus:
    """The run's status; the items tell a run that broke from one in which a check failed."""
    status = STATUSES.get(word(wire.status), PrecheckStatus.UNKNOWN)
    if status is PrecheckStatus.ERRORED and any(word(item.status) == "FAILED" for item in items):
        return PrecheckStatus.COMPLETED
    return status


def add_item(report: Report, wire: WireItem, status: PrecheckStatus) -> None:
    """Add one check to the report; nonsense becomes a check in an unknown state, so that nothing passes by it."""
    code = text(wire.precheck_item) or UNNAMED
    state = ITEM_STATES.get(word(wire.status), PrecheckItemState.UNKNOWN)
    if state is PrecheckItemState.PENDING and status.is_final:
        state = PrecheckItemState.NOT_RUN
    report.add(
        code=code,
        title=text(wire.item_name) or code,
        description=text(wire.item_description),
        state=state,
        category=CATALOGUE.category(code),
        side=CATALOGUE.side(code),
        side_inferred=True,
        vendor_state=text(wire.status),
        reason=text(wire.error_message) if state is PrecheckItemState.FAILED else None,
    )


class NineData(Provider):
    """One NineData account."""

    settings_type = NineDataSettings
    capabilities: ClassVar[frozenset[ProviderCapability]] = frozenset()
    probe_external_id = "cd-0000000000/pcte-000000000000"

    def __init__(self, settings: NineDataSettings, limiter: Limiter, clock: Clock) -> None:
        super().__init__(settings, limiter, clock)
        if not is_plain(settings.access_key_id):
            raise ValueError(f"Provider {settings.id!r}: `access_key_id` is empty or holds blanks; put it right.")
        self._auth = NineDataAuth(settings.access_key_id, settings.secret_key, self.connection.clock)

    def validate(self, external_id: str) -> str | None:
        """Accept `cd-…/pcte-…`."""
        if is_plain(external_id) and EXTERNAL_ID.fullmatch(external_id):
            return None
        return (
            "A precheck of NineData is named by its task and by itself, joined by a slash, "
            "for example `cd-tg3isu1xgs/pcte-dj02vti9tabd`."
        )

    async def ask(self, external_ids: Sequence[str], locale: PrecheckLocale) -> Mapping[str, Outcome]:  # noqa: ARG002  # NineData has one language
        """One call for the one identifier, and a second one if the vendor's clock had to be learnt first."""
        (external_id,) = external_ids
        reference = Reference(self.id, external_id)
        answer = await self._send(reference)
        try:
            return {external_id: self._read(answer, reference)}
        except Unauthenticated:
            if not self.connection.clock.learn(answer):
                raise
        return {external_id: self._read(await self._send(reference), reference)}

    async def _send(self, reference: Reference) -> Answer:
        task, _, precheck = reference.external_id.partition("/")
        return await self.connection.send(
            "GET", PATH, params={"taskId": task, "precheckTaskId": precheck}, auth=self._auth
        )

    def _read(self, answer: Answer, reference: Reference) -> Precheck:
        facts = decode_facts(answer.body, self.id) if answer.status >= 400 else {}
        told = self.connection.refusal(answer, **facts)
        return settle(answer.status, told, lambda: decode_precheck(answer.body, reference, self.clock.now()))
