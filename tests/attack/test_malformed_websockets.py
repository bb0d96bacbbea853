"""Dialogues that keep to no protocol: each is closed with a proper code or gets an `error`; siblings live on."""

import asyncio
from collections.abc import Callable

import pytest

from tests.attack.dialogue import Outcome, handshake, held, raw
from tests.attack.dialogues import CLOSED, FRAMES, HANDSHAKES, HARMLESS, REFUSED, SIBLING, generated
from tests.graph.served import Served

pytestmark = pytest.mark.attack("malformed WebSockets")

PROPER = frozenset({1002, 1003, 1007, 1009, 4400, 4401, 4403, 4406, 4408, 4409, 4429})


@pytest.mark.parametrize("name", CLOSED)
async def test_what_is_no_message_closes_the_socket(server: Served, name: str) -> None:
    code, sent = CLOSED[name]
    assert (await held(server.url, sent)).closed == code


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_executed_is_an_error_and_siblings_live_on(server: Served, name: str) -> None:
    outcome = await held(server.url, [REFUSED[name]], sibling=SIBLING)
    assert outcome.closed is None, outcome
    assert outcome.told("1") == ["error"]
    [payload] = [each["payload"] for each in outcome.messages if each.get("id") == "1"]
    assert all(error["message"] and error["extensions"]["code"] for error in payload)
    assert "complete" not in outcome.told("sibling")


@pytest.mark.parametrize("name", HARMLESS)
async def test_what_is_only_odd_is_put_up_with(server: Served, name: str) -> None:
    outcome = await held(server.url, HARMLESS[name])
    assert outcome.closed is None, outcome
    assert outcome.told("afterwards") == ["next", "complete"]


@pytest.mark.parametrize("name", FRAMES)
async def test_broken_frames_close_the_socket(server: Served, name: str) -> None:
    codes, frames = FRAMES[name]
    assert await raw(server.url, frames) in codes


@pytest.mark.parametrize("subprotocol", ["graphql-ws", "nonsense", "graphql-transport-ws2", "mqtt"])
async def test_other_protocols_are_refused(server: Served, subprotocol: str) -> None:
    assert await raw(server.url, b"", subprotocol) == 4406


@pytest.mark.parametrize("name", HANDSHAKES)
async def test_broken_handshakes_are_refused(server: Served, name: str) -> None:
    statuses, given = HANDSHAKES[name]
    assert await handshake(server.url, **given) in statuses


async def test_generated_dialogues_are_closed_or_answered(
    server: Served, record_property: Callable[[str, object], None]
) -> None:
    open_ones = asyncio.Semaphore(20)

    async def outcome_of(seed: int) -> tuple[int, Outcome]:
        async with open_ones:
            return seed, await held(server.url, generated(seed))

    outcomes = await asyncio.gather(*map(outcome_of, range(400)))
    assert [(seed, outcome) for seed, outcome in outcomes if not is_proper(outcome)] == []
    closed = sum(outcome.closed is not None for _, outcome in outcomes)
    kept = len(CLOSED) + len(REFUSED) + len(HARMLESS) + len(FRAMES) + len(HANDSHAKES)
    record_property("figure", f"{len(outcomes)} generated, {closed} of them closed, beside {kept} kept dialogues")


def is_proper(outcome: Outcome) -> bool:
    """Closed with a code that says why, or alive and answering."""
    return outcome.closed in PROPER if outcome.closed is not None else "complete" in outcome.told("afterwards")


def test_generated_dialogues_are_wrong_in_many_ways() -> None:
    assert len({repr(generated(seed)) for seed in range(400)}) > 300
