"""An emulated vendor whose prechecks change when they are told to, polled as often as wanted."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.emulated import Emulated, emulated
from benchmarks.live.relay import Relay, relay
from benchmarks.population import oms_body

PROVIDER = "oms-ce"
ITEMS = 40
_AT_ONCE = 20
_STEPS = 8


class Stage:
    """Runs of one provider. Its vendor takes one precheck in a call, so that both can be compared."""

    def __init__(self, vendors: Emulated, relay: Relay) -> None:
        self.vendors = vendors
        self.url = relay.url
        self._relay = relay
        self._words = itertools.count()

    def providers_file(self, poll_seconds: float) -> Path:
        """One provider, reached through the relay, asked no more often than that about one precheck."""
        tables = self.vendors.providers_file.read_text(encoding="utf-8").split("[[provider]]\n")
        lines = next(table for table in tables if f'id = "{PROVIDER}"\n' in table).splitlines()
        kept = [line for line in lines if not line.startswith(("track = ", "base_url = "))]
        limits = f"requests_per_second = 1000000.0\nconcurrency = 50\npoll_seconds = {poll_seconds}"
        text = [
            "[[provider]]",
            *kept,
            f'base_url = "{self.url}"',
            "track = []",
            "[provider.limits]",
            limits,
            "",
        ]
        path = self.vendors.providers_file.with_name(f"polled-{poll_seconds}.toml")
        path.write_text("\n".join(text), encoding="utf-8")
        return path

    async def change(self, reference: str, items: int = ITEMS) -> "asyncio.Future[float]":
        """Something in this precheck is new; when the vendor first said so."""
        word = f"change {next(self._words)};"
        passed = self._relay.expect(word)
        await self._begin(reference, [body(word, items)])
        return passed

    async def keep_changing(self, references: Sequence[str], step_seconds: float, items: int = ITEMS) -> None:
        """Every reading farther apart than a step differs from the one before."""
        for some in _cut(references):
            bodies = [body(f"change {next(self._words)};", items) for _ in range(_STEPS)]
            await asyncio.gather(*(self._begin(each, bodies, step_seconds) for each in some))

    def asked_since(self, began: float) -> dict[str, list[float]]:
        """When each reference was asked for since then, on the monotonic clock."""
        return {each: [at for at in times if at >= began] for each, times in self._relay.asked.items()}

    async def rest(self, references: Sequence[str], items: int = ITEMS) -> None:
        """Nothing happens any more, though these are not over."""
        for some in _cut(references):
            await asyncio.gather(*(self._begin(each, [body("rest", items)]) for each in some))

    async def finish(self, references: Sequence[str], items: int = ITEMS) -> None:
        """These are over."""
        for some in _cut(references):
            await asyncio.gather(*(self._begin(each, [body("over", items, is_over=True)]) for each in some))

    async def begin_scenario(self, reference: str, scenario: str, seconds: float) -> None:
        """A run that is over after so many seconds."""
        await self._run(reference, scenario=scenario, seconds=seconds)

    async def _begin(self, reference: str, bodies: Sequence[Any], seconds: float = 1.0) -> None:
        script = [{"body": each, "seconds": seconds} for each in bodies]
        more = {"repeat": True, "hold_seconds": 0.0} if len(bodies) > 1 else {}
        await self._run(reference, script=script, **more)

    async def _run(self, reference: str, **more: Any) -> None:
        await self.vendors.ask("POST", "/runs", {"provider": PROVIDER, "reference": reference, **more})


def references(number: int, kind: str = "") -> list[str]:
    """So many external ids."""
    return [f"t_live{kind}{each:05d}" for each in range(number)]


def body(word: str, items: int = ITEMS, *, is_over: bool = False) -> dict[str, Any]:
    """What the vendor says of a run at work, or over; one check warns with this word."""
    made = oms_body(items)
    checks = made["data"]["preCheckResults"]
    checks[0] |= {"status": "WARNING", "message": word}
    if not is_over:
        checks[-1] |= {"status": "PENDING"}
        made["data"] |= {"preCheckStatus": "RUNNING", "progress": 50.0}
    return made


def _cut(references: Sequence[str]) -> list[Sequence[str]]:
    return [references[start : start + _AT_ONCE] for start in range(0, len(references), _AT_ONCE)]


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    """Start the vendor; it ends with the block."""
    async with emulated() as vendors, relay(vendors.settings[PROVIDER].base_url) as between:
        yield Stage(vendors, between)


def asked(reference: str, selection: str) -> bytes:
    """What a viewer of one precheck subscribes to."""
    query = f"subscription($refs: [PrecheckRefInput!]!) {{ precheckUpdates(refs: $refs) {{ {selection} }} }}"
    variables = {"refs": [{"providerId": PROVIDER, "externalId": reference}]}
    return json.dumps({"query": query, "variables": variables}).encode()
