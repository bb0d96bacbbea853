"""What is particular to NineData; what holds for every vendor stands in test_contract."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.clock import Clock
from resolvers.domain import Precheck
from resolvers.errors import NotFound, PrecheckError, UnreadableAnswer
from resolvers.providers.ninedata import (
    CATALOGUE,
    PATH,
    NineData,
    NineDataSettings,
    WireAnswer,
    WireItem,
    WirePrecheck,
    decode_facts,
    decode_precheck,
    signature,
)
from resolvers.reference import Reference
from resolvers.upstream.contract import Secret
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckItemState,
    PrecheckLocale,
    PrecheckProblemCode,
    PrecheckProgressSource,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckStatus,
    PrecheckVerdict,
)
from tests.emulator.process import Emulator
from tests.providers import fuzz
from tests.providers.bench import Bench, answered, refused
from tests.providers.folders import EMULATOR

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SEED = "cd-tg3isu1xgs/pcte-dj02vti9tabd"
REFERENCE = Reference("ninedata", SEED)


def decoded(data: Any) -> Precheck:
    return decode_precheck(json.dumps({"success": True, "data": data}).encode(), REFERENCE, NOW)


def check(**more: Any) -> dict[str, Any]:
    return {"precheckItem": "srcDataSourceCheck", "itemName": "A check", "status": "Success", **more}


def test_signature_is_the_golden_one() -> None:
    expected = "86c27236a1764ad0a994a2fded11db53a79886a4ad98c610ca8c520af4cea61b"
    assert signature(PATH, "SECRETEXAMPLE", "2023-11-14T22:13:20Z") == expected


def test_seed_gives_the_golden_numbers() -> None:
    body = (EMULATOR / "ninedata" / "wire" / "seed.json").read_bytes()
    precheck = decode_precheck(body, REFERENCE, NOW)
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.COMPLETED, PrecheckVerdict.READY)
    assert (precheck.counts.total, precheck.counts.passed, precheck.counts.blocking) == (2, 2, 0)
    assert (precheck.purpose, precheck.task_id) == (PrecheckPurpose.COMPARISON, "cd-tg3isu1xgs")
    assert [item.side for item in precheck.items] == [PrecheckSide.SOURCE, PrecheckSide.TARGET]
    assert all(item.side_inferred for item in precheck.items)
    assert [item.reason for item in precheck.items] == [None, None]
    assert precheck.progress.source is PrecheckProgressSource.DERIVED


def test_failed_item_says_why_and_the_rest_was_not_run() -> None:
    failed = check(precheckItem="targetDataExistCheck", status="Failed", errorMessage="Add the columns.")
    precheck = decoded({"status": "Failed", "precheckItems": [failed, check(status="Unstarted")]})
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.COMPLETED, PrecheckVerdict.BLOCKED)
    first, second = precheck.items
    assert (first.reason, first.category, first.blocking) == (
        "Add the columns.",
        PrecheckCategory.OBJECT_PRESENCE,
        True,
    )
    assert second.state is PrecheckItemState.NOT_RUN


def test_failed_run_without_a_failed_item_broke() -> None:
    precheck = decoded({"status": "FAILED ", "precheckItems": [check(), check(status="Unstarted")]})
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.ERRORED, PrecheckVerdict.INCONCLUSIVE)
    assert precheck.progress.percent == 50


def test_unstarted_item_of_a_running_precheck_is_pending() -> None:
    precheck = decoded({"status": "running", "precheckItems": check(status="unstarted")})
    assert precheck.items[0].state is PrecheckItemState.PENDING


@pytest.mark.parametrize(
    "echo", [{"taskId": "cd-other"}, {"precheckTaskId": "pcte-other"}, {"taskId": "pcte-dj02vti9tabd"}]
)
def test_an_answer_for_another_id_is_refused(echo: dict[str, str]) -> None:
    with pytest.raises(UnreadableAnswer, match="another precheck"):
        decoded({"status": "Success", "precheckItems": [check()], **echo})


@pytest.mark.parametrize("nonsense", [{}, 7, "text", [], {"status": True}, {"precheckItem": {}, "status": "Hm"}])
def test_nonsense_among_the_items_lets_nothing_pass(nonsense: Any) -> None:
    precheck = decoded({"status": "Success", "precheckItems": [check(), nonsense]})
    assert precheck.items[1].state is PrecheckItemState.UNKNOWN
    assert precheck.verdict is PrecheckVerdict.INCONCLUSIVE


@pytest.mark.parametrize("data", [None, [], "text", [1], [{}, {}], {"precheckItems": 7}])
def test_data_that_is_no_precheck_is_unreadable(data: Any) -> None:
    with pytest.raises(UnreadableAnswer):
        decoded(data)


@pytest.mark.parametrize(
    ("code", "side"),
    [
        ("targetNewDataSourceCheck", PrecheckSide.TARGET),
        ("replBidirectionLoopExistCheck", PrecheckSide.BOTH),
        ("newCheck", PrecheckSide.UNKNOWN),
    ],
)
def test_a_data_source_may_be_on_any_side(code: str, side: PrecheckSide) -> None:
    assert CATALOGUE.side(code) is side


REFUSALS = [
    (200, {"success": False, "message": "precheck task not found"}, PrecheckProblemCode.NOT_FOUND),
    (200, {"success": False, "message": "replication rp-1 not found"}, PrecheckProblemCode.NOT_FOUND),
    (400, {"success": False, "errorCode": "INVALID_PARAM"}, PrecheckProblemCode.INVALID_REFERENCE),
    (200, {"success": False, "errorCode": "invalid_param"}, PrecheckProblemCode.INVALID_REFERENCE),
    (200, {"success": False, "message": "Signature verification failed"}, PrecheckProblemCode.AUTHENTICATION),
    (200, {"success": False, "message": "timestamp expired"}, PrecheckProblemCode.AUTHENTICATION),
    (200, {"success": False, "message": "access key not found"}, PrecheckProblemCode.AUTHENTICATION),
    (401, {"success": False, "message": "not found"}, PrecheckProblemCode.AUTHENTICATION),
    (403, {}, PrecheckProblemCode.FORBIDDEN),
    (429, {"success": False}, PrecheckProblemCode.RATE_LIMITED),
    (500, {"success": False, "message": "boom"}, PrecheckProblemCode.UNREACHABLE),
    (200, {"success": False, "message": "boom", "errorCode": "E1"}, PrecheckProblemCode.VENDOR_ERROR),
    (200, {"success": 1}, PrecheckProblemCode.VENDOR_ERROR),
    (200, {}, PrecheckProblemCode.UNREADABLE_ANSWER),
]


@pytest.mark.parametrize(("status", "body", "code"), REFUSALS, ids=str)
async def test_refusals(
    bench: Bench, emulator: Emulator, status: int, body: dict[str, Any], code: PrecheckProblemCode
) -> None:
    emulator.fault("ninedata", "status", status=status, body=body)
    assert (await refused(bench.provider("ninedata"), SEED)).code is code


async def test_clock_is_learnt_once_from_a_vendor_that_refuses_the_time(bench: Bench, emulator: Emulator) -> None:
    emulator.advance(3600)
    provider = bench.provider("ninedata")
    await answered(provider, SEED)
    assert emulator.calls("ninedata")["precheck-status"]["count"] == 2
    await answered(provider, SEED)
    assert emulator.calls("ninedata")["precheck-status"]["count"] == 3


async def test_refusal_that_the_clock_does_not_explain_is_not_tried_again(
    bench: Bench, emulator: Emulator
) -> None:
    provider = bench.provider("ninedata")
    await answered(provider, SEED)
    emulator.fault("ninedata", "expired_token")
    emulator.ask("DELETE", "/calls")
    assert (await refused(provider, SEED)).code is PrecheckProblemCode.AUTHENTICATION
    assert emulator.calls("ninedata")["precheck-status"]["count"] == 1


@pytest.mark.parametrize("body", fuzz.HOSTILE.values(), ids=fuzz.HOSTILE)
def test_hostile_bodies_are_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        decode_precheck(body, REFERENCE, NOW)
    assert decode_facts(body, "ninedata") is not None


ITEMS = st.lists(fuzz.objects(WireItem) | fuzz.values, max_size=4) | fuzz.objects(WireItem) | fuzz.values
DATA = fuzz.objects(WirePrecheck, precheckItems=ITEMS, taskId=st.none(), precheckTaskId=st.none())
ANSWERS = fuzz.objects(WireAnswer, success=st.just(True) | fuzz.values, data=DATA | fuzz.objects(WirePrecheck))


@given(fuzz.bodies(ANSWERS))
def test_decoders_raise_nothing_but_precheck_errors(body: bytes) -> None:
    decode_facts(body, "ninedata")
    try:
        precheck = decode_precheck(body, REFERENCE, NOW)
    except PrecheckError:
        return
    assert len({item.key for item in precheck.items}) == precheck.counts.total


def test_not_found_says_what_to_do() -> None:
    with pytest.raises(NotFound, match="Check both identifiers"):
        decode_precheck(b'{"success":false,"message":"task not found"}', REFERENCE, NOW)


def test_access_key_that_no_header_can_carry_is_refused() -> None:
    settings = NineDataSettings(
        id="nd", vendor="ninedata", base_url="http://127.0.0.1:1", access_key_id="a b", secret_key=Secret("s")
    )
    with pytest.raises(ValueError, match="access_key_id"):
        NineData(settings, Limiter(None, Clock()), Clock())


async def test_the_identifiers_travel_in_the_query_and_there_is_no_body() -> None:
    """The documentation shows a JSON body for a GET; proxies drop those."""
    asked: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        asked.append(await reader.read())
        writer.close()

    listener = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    settings = NineDataSettings(
        id="nine",
        vendor="ninedata",
        base_url=f"http://127.0.0.1:{port}",
        allow_private=True,
        access_key_id="AK",
        secret_key=Secret("demo-not-a-secret"),
    )
    provider = NineData(settings, Limiter(None, Clock()), Clock())
    async with listener:
        await provider.fetch(["cd-a1/pcte-b2"], PrecheckLocale.EN)
        await provider.close()
    head = asked[0].decode().lower()
    assert head.startswith(f"get {PATH}?taskid=cd-a1&prechecktaskid=pcte-b2 http/1.1\r\n".lower())
    assert "content-length" not in head
