"""A blocked event loop is measured, counted, logged and told to whoever sends work."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from graph.http.watchdog import INTERVAL_SECONDS, RECOVERY_SECONDS, TOLERATED_SECONDS, Watchdog
from graph.provider_file import read_providers
from resolvers.clock import Clock
from tests.emulator.process import Emulator
from tests.graph.served import served

HASTE = 4.0


class HastyClock(Clock):
    """Runs four times as fast as the machine's, and knows whose loop sleeps on it."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None

    def monotonic(self) -> float:
        return super().monotonic() * HASTE

    async def sleep(self, seconds: float) -> None:
        self.loop = asyncio.get_running_loop()
        await super().sleep(seconds / HASTE)


class LateClock(Clock):
    """Moves only by sleeping, oversleeps by what is handed in, and ends with it."""

    def __init__(self, *late_seconds: float) -> None:
        self.at = 0.0
        self._late = list(late_seconds)

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        if not self._late:
            raise asyncio.CancelledError
        self.at += seconds + self._late.pop(0)


async def watched(watchdog: Watchdog) -> list[Any]:
    """What it logs until its clock ends."""
    with capture_logs() as logged, pytest.raises(asyncio.CancelledError):
        await watchdog.watch()
    return list(logged)


def counted() -> float:
    return REGISTRY.get_sample_value("precheck_loop_blocked_total") or 0.0


@pytest.mark.row("L6")
def test_a_blocked_loop_is_shown_and_gets_no_work_for_a_moment(emulator: Emulator, provider_file: Path) -> None:
    clock = HastyClock()
    with (
        served(read_providers(provider_file), clock=clock) as server,
        httpx.Client(base_url=server.url, timeout=20) as http,
    ):
        until(lambda: http.get("/readyz").status_code == 200)
        before = counted()
        blocks(clock, real_seconds=2.5 * TOLERATED_SECONDS / HASTE)
        refused = http.get("/readyz")
        assert refused.status_code == 503
        assert refused.json() == {"status": "not ready", "reason": "The event loop was blocked a moment ago."}
        assert http.get("/healthz").status_code == 200, "a restart would not help"
        families = {each.name: each for each in text_string_to_metric_families(http.get("/metrics").text)}
        assert families["precheck_loop_blocked"].samples[0].value > before
        until(lambda: http.get("/readyz").json() == {"status": "ready"})


def blocks(clock: HastyClock, real_seconds: float) -> None:
    """Block the loop that sleeps on this clock; returns once it is blocked."""
    is_blocked = threading.Event()

    def block() -> None:
        is_blocked.set()
        time.sleep(real_seconds)

    assert clock.loop is not None
    clock.loop.call_soon_threadsafe(block)
    assert is_blocked.wait(10)


def until(holds: Callable[[], bool]) -> None:
    """Ask again and again; the time limit of the test ends what never comes."""
    while not holds():
        pass


async def test_each_block_is_one_line_and_one_count() -> None:
    before = counted()
    logged = await watched(Watchdog(LateClock(0.0, 2.5, 0.0, TOLERATED_SECONDS, 1.5)))
    assert logged == [
        {"event": "event_loop_blocked", "seconds": 2.5, "log_level": "warning"},
        {"event": "event_loop_blocked", "seconds": 1.5, "log_level": "warning"},
    ]
    assert counted() == before + 2


async def test_the_last_lag_is_shown_however_small() -> None:
    assert await watched(Watchdog(LateClock(3.0, 0.125))) != []
    assert REGISTRY.get_sample_value("precheck_loop_lag_seconds") == pytest.approx(0.125)


async def test_trouble_passes_five_seconds_after_the_block() -> None:
    wakings = int(RECOVERY_SECONDS / INTERVAL_SECONDS)
    for on_time, is_over in ((0, False), (wakings - 1, False), (wakings, True)):
        watchdog = Watchdog(LateClock(0.0, 2.0, *[0.0] * on_time))
        assert watchdog.trouble() is None
        await watched(watchdog)
        assert (watchdog.trouble() is None) is is_over


async def test_a_probe_that_comes_before_the_watchdog_wakes_is_told_too() -> None:
    clock = LateClock(0.0)
    watchdog = Watchdog(clock)
    await watched(watchdog)
    clock.at += INTERVAL_SECONDS + TOLERATED_SECONDS
    assert watchdog.trouble() is None
    clock.at += 0.001
    assert watchdog.trouble() is not None
