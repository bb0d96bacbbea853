"""Tokens and keys that are odd, or old, or more than one."""

from typing import Any

import httpx2 as httpx
import pytest
from joserfc.jwk import ECKey
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from graph.guard.bearers import Bearers
from graph.guard.keys import STALE_SECONDS
from tests.faults.issuer import Issuer, encoded
from tests.faults.test_bearers import ASK, DAY, outcome
from tests.graph.served import Served


@pytest.mark.row("C6")
async def test_after_a_long_idle_time_nobody_is_believed_by_a_key_that_was_withdrawn(
    bearers: Bearers, issuer: Issuer
) -> None:
    old = issuer.token(lasts=DAY)
    assert await outcome(bearers, old) == "alice"
    issuer.roll(ECKey.generate_key())
    issuer.clock.advance(STALE_SECONDS)
    assert await outcome(bearers, old) == "UNAUTHENTICATED"


@pytest.mark.row("C6")
async def test_keys_that_are_old_go_on_where_the_issuer_is_down(bearers: Bearers, issuer: Issuer) -> None:
    token = issuer.token(lasts=DAY)
    assert await outcome(bearers, token) == "alice"
    issuer.stop()
    issuer.clock.advance(STALE_SECONDS)
    assert [await outcome(bearers, token) for _ in range(2)] == ["alice", "alice"]


async def test_headers_that_are_nested_deep_are_refused_like_others(asking: Served, issuer: Issuer) -> None:
    kid = issuer.key.kid
    for depth in range(900, 1000):
        head = f'{{"alg":"ES256","kid":"{kid}","x":{"[" * depth}{"]" * depth}}}'
        answer = await asking.post(ASK, {"authorization": f"Bearer {encoded(head.encode())}.e30.AAAA"})
        assert answer.status_code == 401, depth


async def test_of_several_tokens_none_is_believed(asking: Served, issuer: Issuer) -> None:
    headers = [("authorization", f"Bearer {issuer.token(sub=name)}") for name in ("alice", "bob")]
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{asking.url}/graphql", json=ASK, headers=headers)
    assert (answer.status_code, "several" in answer.text) == (401, True)
    url = asking.url.replace("http://", "ws://") + "/graphql"
    async with connect(url, subprotocols=[Subprotocol("graphql-transport-ws")], additional_headers=headers) as ws:
        await ws.send('{"type": "connection_init"}')
        with pytest.raises(ConnectionClosed) as closed:
            await ws.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_a_token_that_is_not_valid_yet_is_told_as_such(asking: Served, issuer: Issuer) -> None:
    ahead = issuer.clock.now().timestamp() + 300
    for claim in ("nbf", "iat"):
        ahead_of_it: dict[str, Any] = {claim: ahead}
        answer = await asking.post(ASK, {"authorization": f"Bearer {issuer.token(**ahead_of_it)}"})
        assert f"`{claim}` of the bearer token is in the future" in answer.json()["errors"][0]["message"]
