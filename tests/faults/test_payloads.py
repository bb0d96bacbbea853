"""The rows P1 to P8 of the fault matrix: bodies that are refusals, broken, huge or hostile."""

import gzip
from collections.abc import Callable

import pytest

from resolvers.domain import PrecheckProblem
from resolvers.vocabulary import PrecheckProblemCode as Code
from tests.emulator.process import Emulator
from tests.faults import faults, surgery
from tests.faults.bench import PROVIDERS, Wired, Wiring
from tests.faults.faults import altered, replied
from tests.faults.memory import growth
from tests.providers import folders
from tests.providers.bench import without_times
from tests.providers.folders import WireCase

MEGABYTE = 1024 * 1024
MOST_MEGABYTES = 8
HUGE_BYTES = 300 * MEGABYTE
# What the two ends of a connection may hold between them.
IN_FLIGHT_BYTES = 4 * MEGABYTE
CASES = [case for folder in folders.complete() for case in folders.wire_cases(folder)]

row = pytest.mark.row
every_provider = pytest.mark.parametrize("provider_id", PROVIDERS)
any_provider = pytest.mark.parametrize("provider_id", PROVIDERS[:1])


async def assert_unreadable(wired: Wired, *, attempts: int = 2) -> PrecheckProblem:
    """The usual answer of the line is unreadable, and asked for once more."""
    before = len(wired.line.requests)
    problem = await wired.refused()
    assert problem.code is Code.UNREADABLE_ANSWER
    assert "zanzibar" not in str(problem).lower()
    assert len(wired.line.requests) - before == attempts
    return problem


REFUSALS = [case for case in CASES if case.problem and case.order["script"][0]["status"] == 200]


@row("P1")
@pytest.mark.parametrize("case", REFUSALS, ids=lambda case: f"{case.folder}/{case.file}")
async def test_a_refusal_inside_a_success_has_its_own_word(
    wiring: Wiring, emulator: Emulator, case: WireCase
) -> None:
    reference = emulator.ask("POST", "/runs", case.order)["reference"]
    wired = await wiring(case.provider_id, reference=reference)
    problem = await wired.refused()
    assert case.problem
    assert (problem.code.value, problem.vendor_code) == (case.problem["code"], case.problem["vendor_code"])
    assert all(reply.status == 200 for reply in wired.line.replies)


@row("P2")
@every_provider
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: body[:-1], id="truncated"),
        pytest.param(lambda body: body[: len(body) // 2], id="cut-in-half"),
        pytest.param(lambda body: body + b"}", id="trailing"),
        pytest.param(lambda body: body + b"zanzibar", id="trailing-text"),
        pytest.param(lambda body: body * 2, id="doubled"),
    ],
)
async def test_broken_json_is_unreadable_and_asked_once_more(
    wiring: Wiring, provider_id: str, change: Callable[[bytes], bytes]
) -> None:
    wired = await wiring(provider_id)
    wired.line.next(altered(change))
    await wired.answered()
    wired.line.always(altered(change))
    assert (await assert_unreadable(wired)).retryable


@row("P3")
@every_provider
@pytest.mark.parametrize("kind", ["text/html; charset=gbk", "application/octet-stream", "nonsense", ""])
async def test_json_is_json_whatever_it_is_called(wiring: Wiring, provider_id: str, kind: str) -> None:
    wired = await wiring(provider_id)
    plain = await wired.answered()
    wired.line.always(altered(lambda body: b"\xef\xbb\xbf" + body, content_type=kind))
    assert without_times(await wired.answered()) == without_times(plain)


@row("P4")
@every_provider
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("预检查".encode("gbk"), id="gbk"),
        pytest.param(b"\xff\xfe", id="no-utf-8"),
        pytest.param(b"\xc0\xaf", id="overlong"),
        pytest.param(b"\xed\xa0\x80", id="surrogate"),
        pytest.param(b"\\ud800", id="escaped-surrogate"),
    ],
)
async def test_text_in_no_known_encoding_is_unreadable(wiring: Wiring, provider_id: str, text: bytes) -> None:
    wired = await wiring(provider_id)
    wired.line.always(altered(lambda body: surgery.begun_with(b'"zanzibar":"' + text + b'"', body)))
    await assert_unreadable(wired)


@row("P5")
@every_provider
@pytest.mark.parametrize(
    "number", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b"9" * 5000], ids=lambda text: text[:9]
)
async def test_what_no_number_is_makes_an_answer_unreadable(
    wiring: Wiring, provider_id: str, number: bytes
) -> None:
    wired = await wiring(provider_id)
    wired.line.always(altered(lambda body: surgery.begun_with(b'"zanzibar":' + number, body)))
    await assert_unreadable(wired)


@row("P6")
@every_provider
@pytest.mark.parametrize(
    "deep",
    [
        pytest.param(b"[" * 200_000 + b"]" * 200_000, id="lists"),
        pytest.param(b'{"a":' * 200_000 + b"1" + b"}" * 200_000, id="objects"),
        pytest.param(b"[" * 200_000, id="never-closed"),
    ],
)
async def test_what_is_nested_too_deep_is_unreadable(wiring: Wiring, provider_id: str, deep: bytes) -> None:
    wired = await wiring(provider_id)
    wired.line.always(altered(lambda body: surgery.begun_with(b'"zanzibar":' + deep, body)))
    await assert_unreadable(wired)
    wired.line.always(replied(200, deep))
    await assert_unreadable(wired)


@row("P7")
@any_provider
async def test_a_huge_body_is_cut_off(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.always(faults.endless(HUGE_BYTES))
    with growth() as grown:
        problem = await wired.refused()
    assert problem.code is Code.UNREADABLE_ANSWER
    assert wired.line.sent_bytes <= len(wired.line.requests) * (MOST_MEGABYTES * MEGABYTE + IN_FLIGHT_BYTES)
    assert grown.megabytes <= 16


@row("P8")
@any_provider
async def test_what_unfolds_to_a_huge_body_is_cut_off(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    small = faults.bomb(HUGE_BYTES)
    assert HUGE_BYTES / len(small) > 900
    wired.line.always(replied(200, small, content_encoding="gzip"))
    with growth() as grown:
        problem = await wired.refused()
    assert problem.code is Code.UNREADABLE_ANSWER
    assert grown.megabytes <= 16


@row("P8")
@every_provider
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda body: b"zanzibar" + body, id="no-gzip"),
        pytest.param(lambda body: gzip.compress(body)[:-20], id="truncated"),
        pytest.param(lambda body: gzip.compress(body)[:20] + b"\x00" * 40, id="damaged"),
    ],
)
async def test_broken_compression_is_unreadable(
    wiring: Wiring, provider_id: str, change: Callable[[bytes], bytes]
) -> None:
    wired = await wiring(provider_id)
    wired.line.next(altered(gzip.compress, content_encoding="gzip"))
    await wired.answered()
    wired.line.always(altered(change, content_encoding="gzip"))
    await assert_unreadable(wired)
