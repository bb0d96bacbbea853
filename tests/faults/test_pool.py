"""What stays between two calls of one connection, and what does not."""

import asyncio

import pytest

from resolvers.domain import Precheck
from resolvers.upstream.trust import tls_context
from tests.faults.bench import PROVIDERS, Wiring
from tests.faults.line import Exchange, Fault, forwarded

any_provider = pytest.mark.parametrize("provider_id", PROVIDERS[:1])
MANY = 30


async def with_cookie(exchange: Exchange) -> None:
    reply = await exchange.real()
    await exchange.send(reply._replace(headers=(*reply.headers, ("Set-Cookie", "session=one; Path=/"))).wire)


def together(number: int) -> Fault:
    """Nobody is answered before so many have asked."""
    barrier = asyncio.Barrier(number)

    async def wait(exchange: Exchange) -> None:
        await barrier.wait()
        await forwarded(exchange)

    return wait


@pytest.mark.parametrize("provider_id", PROVIDERS)
async def test_a_vendors_cookies_are_not_kept(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    wired.line.always(with_cookie)
    await wired.answered()
    await wired.answered()
    assert [request for request in wired.line.requests if b"\r\ncookie:" in request.lower()] == []


@any_provider
async def test_as_many_sockets_stay_open_as_calls_may_be_under_way(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id, concurrency=MANY)
    wired.line.always(together(MANY))
    for _ in range(2):
        answers = await asyncio.gather(*(wired.asked() for _ in range(MANY)))
        assert all(isinstance(answer, Precheck) for answer in answers)
    assert wired.line.connections == MANY


@any_provider
async def test_what_was_closed_sends_nothing_any_more(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    await wired.provider.connection.close()
    with pytest.raises(RuntimeError):
        await wired.provider.connection.send("GET", "/")
    assert wired.line.connections == 0


def test_who_trusts_alike_shares_what_was_read() -> None:
    assert tls_context(None, verify=True) is tls_context(None, verify=True)
    assert tls_context(None, verify=True) is not tls_context(None, verify=False)
