"""What the tests of streams share: a clock that moves by hand, quick providers, bodies of the vendors."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from graph.http.watchdog import INTERVAL_SECONDS
from graph.provider_file import read_providers
from resolvers.clock import Clock
from resolvers.upstream.contract import LimitSettings, ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import ref
from tests.graph.served import Served

LONG = 80  # seconds of one step of a script; tests move the emulator's clock, nobody waits for it
WATCH = """
subscription Watch($refs: [PrecheckRefInput!]!, $until: PrecheckStreamEnd) {
  precheckUpdates(refs: $refs, until: $until) {
    kind remaining
    precheck {
      run status progress { percent } items { code title } problems { code message retryable } freshness { source }
    }
    changes { previousState item { code title state } }
    problem { code retryable retryAfterSeconds }
  }
}"""

Stream = Callable[..., AsyncGenerator[dict[str, Any], None]]
SHOW = """
query Show($refs: [PrecheckRefInput!]!) {
  lookupPrechecks(refs: $refs, maxAgeSeconds: 0) {
    precheck { run status progress { percent } problems { code message retryable } }
  }
}"""


class MovableClock(Clock):
    """Goes as time goes, and farther when it is moved.

    `waits` are the seconds that somebody asked to sleep, but for the watchdog, which never does anything else.
    """

    def __init__(self) -> None:
        self.moved_seconds = 0.0
        self.waits: list[float] = []

    def move(self, seconds: float) -> None:
        self.moved_seconds += seconds

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.moved_seconds)

    def monotonic(self) -> float:
        return super().monotonic() + self.moved_seconds

    async def sleep(self, seconds: float) -> None:
        if seconds != INTERVAL_SECONDS:
            self.waits.append(seconds)
        due = self.monotonic() + seconds
        while (left := due - self.monotonic()) > 0:  # noqa: ASYNC110  # it is moved from another thread
            await asyncio.sleep(min(left, 0.005))

    async def asked_for(self, waits: int) -> None:
        """Until somebody has gone to sleep so many times."""
        await until(lambda: len(self.waits) >= waits)


def polled(provider_file: Path, poll_seconds: float) -> list[ProviderSettings]:
    """The emulator's providers, each polled so often."""
    limits = LimitSettings(poll_seconds=poll_seconds, timeout_seconds=2.0)
    return [replace(each, limits=limits, track=()) for each in read_providers(provider_file)]


async def until(holds: Callable[[], object]) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(15):
        while not holds():  # noqa: ASYNC110  # what is waited for lies in other threads and processes
            await asyncio.sleep(0.005)


async def polled_more(emulator: Emulator, provider: str, calls: int) -> None:
    """Wait until a vendor was asked so many times more."""
    await polled_in_all(emulator, provider, count(emulator, provider) + calls)


async def polled_in_all(emulator: Emulator, provider: str, calls: int) -> None:
    """Wait until a vendor was asked so many times."""
    await until(lambda: count(emulator, provider) >= calls)


def count(emulator: Emulator, provider: str) -> int:
    """The calls for results that a vendor has had."""
    return sum(int(operation["count"]) for operation in emulator.calls(provider).values())


def step(body: dict[str, Any]) -> dict[str, Any]:
    """One step of a script."""
    return {"seconds": LONG, "body": body}


def oms(status: str, percent: float | None, *states: str, reference: str = "t_x") -> dict[str, Any]:
    """An answer of OMS, which reports a percentage or leaves it to be derived."""
    items = [
        {
            "name": f"Check {place}",
            "endpointType": "SOURCE",
            "checkType": f"CHECK_{place}",
            "status": state,
            "role": "MASTER",
        }
        for place, state in enumerate(states)
    ]
    data = {"preCheckId": reference, "preCheckStatus": status, "progress": percent, "preCheckResults": items}
    return {"success": True, "requestId": "r", "data": data}


def dts(status: str, steps: Mapping[str, str], names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """An answer of DTS: step id to state; its percentage is always derived."""
    listed = [
        {"StepNo": place, "StepId": code, "StepName": (names or {}).get(code, code), "StepStatus": state}
        for place, (code, state) in enumerate(steps.items())
    ]
    flag = "checkPass" if status == "success" else ""
    return {"Response": {"RequestId": "r", "Status": status, "CheckFlag": flag, "StepInfo": listed}}


async def show(server: Served, provider: str, reference: str) -> Any:
    answer = await server.data(SHOW, refs=[ref(provider, reference)])
    return answer["lookupPrechecks"][0]["precheck"]


def told(events: list[dict[str, Any]]) -> list[tuple[str, int, float]]:
    return [
        (event["kind"], event["precheck"]["run"], event["precheck"]["progress"]["percent"]) for event in events
    ]
