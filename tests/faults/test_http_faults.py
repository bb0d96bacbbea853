"""The rows H of the fault matrix but for throttling: HTTP that refuses, redirects, or has nothing to say."""

import pytest

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.vocabulary import PrecheckProblemCode as Code
from tests.emulator.process import Emulator
from tests.faults.bench import PROVIDERS, Wired, Wiring
from tests.faults.faults import MARKUP, replied
from tests.faults.line import Exchange, forwarded
from tests.providers import folders
from tests.providers.folders import WireCase

ATTEMPTS = 3
CASES = [case for folder in folders.complete() for case in folders.wire_cases(folder) if case.problem]
CREDENTIALS = (Code.AUTHENTICATION.value, Code.FORBIDDEN.value)

row = pytest.mark.row
every_provider = pytest.mark.parametrize("provider_id", PROVIDERS)
any_provider = pytest.mark.parametrize("provider_id", PROVIDERS[:1])


def cases(*codes: str) -> pytest.MarkDecorator:
    """The vendors' own bodies that mean these codes."""
    chosen = [case for case in CASES if case.problem and case.problem["code"] in codes]
    return pytest.mark.parametrize("case", chosen, ids=lambda case: f"{case.folder}/{case.file}")


async def wired_for(wiring: Wiring, emulator: Emulator, case: WireCase) -> tuple[Wired, bytes]:
    """The case's provider and precheck, and the body that its vendor really sends."""
    reference = emulator.ask("POST", "/runs", case.order)["reference"]
    wired = await wiring(case.provider_id, reference=reference)
    await wired.asked()
    body = wired.line.replies[-1].body
    again = await wiring(case.provider_id, reference=reference)
    return again, body


@row("H5")
@every_provider
@pytest.mark.parametrize("status", [502, 503])
async def test_an_error_page_is_unreachable_and_not_shown(wiring: Wiring, provider_id: str, status: int) -> None:
    wired = await wiring(provider_id)
    wired.line.next(replied(status, MARKUP, content_type="text/html"))
    await wired.answered()
    wired.line.always(replied(status, MARKUP, content_type="text/html"))
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.UNREACHABLE, True)
    assert_without_markup(problem)
    assert len(wired.line.requests) == 2 + ATTEMPTS


def assert_without_markup(problem: PrecheckProblem) -> None:
    assert not [
        sign for sign in ("zanzibar", "<", "html") if sign in str(problem).lower().replace("<precheck", "")
    ]


@row("H6")
@every_provider
async def test_a_page_to_sign_in_is_unreadable_and_not_shown(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.next(replied(200, MARKUP, content_type="text/html"))
    await wired.answered()
    wired.line.always(replied(200, MARKUP, content_type="text/html"))
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.UNREADABLE_ANSWER, True)
    assert_without_markup(problem)
    assert len(wired.line.requests) == 4


async def assert_not_followed(wiring: Wiring, provider_id: str, status: int) -> None:
    wired = await wiring(provider_id)
    elsewhere = await wiring.line(wiring.bench.settings(provider_id).base_url, wired.clock)
    wired.line.always(replied(status, b"", Location=f"{elsewhere.url}/latest/meta-data/"))
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.UNREADABLE_ANSWER, False)
    assert "redirect" in problem.message
    assert "meta-data" not in str(problem)
    assert (len(wired.line.requests), elsewhere.connections) == (1, 0)


@row("H7")
@every_provider
async def test_no_vendor_leads_elsewhere(wiring: Wiring, provider_id: str) -> None:
    await assert_not_followed(wiring, provider_id, 302)


@row("H7")
@any_provider
@pytest.mark.parametrize("status", [300, 301, 303, 304, 307, 308])
async def test_no_kind_of_redirect_is_followed(wiring: Wiring, provider_id: str, status: int) -> None:
    await assert_not_followed(wiring, provider_id, status)


@row("H8")
@cases(*CREDENTIALS)
async def test_refused_credentials_are_sent_once(wiring: Wiring, emulator: Emulator, case: WireCase) -> None:
    wired, body = await wired_for(wiring, emulator, case)
    wired.line.always(replied(case.order["script"][0]["status"], body))
    problem = await wired.refused()
    assert case.problem
    assert (problem.code.value, problem.retryable) == (case.problem["code"], False)
    assert len(wired.line.requests) == 1


@row("H8")
@every_provider
async def test_a_bare_401_is_no_reason_to_try_again(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.always(replied(401))
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.AUTHENTICATION, False)
    assert len(wired.line.requests) == 1


@row("H8")
async def test_a_refused_token_is_renewed_once(wiring: Wiring, emulator: Emulator) -> None:
    wired = await wiring("drs", auth="token", iam_url="{line}")
    await wired.answered()
    emulator.fault("drs", "expired_token", times=1)
    await wired.answered()
    assert [is_sign_in(request) for request in wired.line.requests] == [True, False, False, True, False]
    wired.line.always(unwelcome)
    before = len(wired.line.requests)
    assert (await wired.refused()).code is Code.AUTHENTICATION
    assert [is_sign_in(request) for request in wired.line.requests[before:]] == [False, True, False]


def is_sign_in(request: bytes) -> bool:
    return b"/auth/tokens" in request.splitlines()[0]


async def unwelcome(exchange: Exchange) -> None:
    """Hand out tokens and refuse them."""
    await (forwarded if is_sign_in(exchange.request) else replied(401))(exchange)


@row("H9")
@cases(Code.NOT_FOUND.value)
@pytest.mark.parametrize("status", [None, 404], ids=["as-documented", "404"])
async def test_what_the_vendor_does_not_know_is_not_found(
    wiring: Wiring, emulator: Emulator, case: WireCase, status: int | None
) -> None:
    wired, body = await wired_for(wiring, emulator, case)
    wired.line.always(replied(status or case.order["script"][0]["status"], body))
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.NOT_FOUND, False)
    assert len(wired.line.requests) == 1


@row("H9")
@every_provider
async def test_a_404_of_something_else_says_nothing_of_the_precheck(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.always(replied(404, MARKUP, content_type="text/html"))
    problem = await wired.refused()
    assert problem.code in (Code.UNREACHABLE, Code.UNREADABLE_ANSWER)
    assert_without_markup(problem)


@row("H10")
@every_provider
@pytest.mark.parametrize("status", [200, 204])
async def test_an_empty_answer_is_unreadable(wiring: Wiring, provider_id: str, status: int) -> None:
    wired = await wiring(provider_id)
    wired.line.next(replied(status, b""))
    assert isinstance(await wired.asked(), Precheck)
    wired.line.always(replied(status, b""))
    problem = await wired.refused()
    assert (problem.code, problem.retryable) == (Code.UNREADABLE_ANSWER, True)
    assert len(wired.line.requests) == 4
