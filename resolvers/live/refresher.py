"""Re-reads the tracked prechecks that are not finished, where the configuration asks for it."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple

import structlog

from resolvers.clock import Clock
from resolvers.snapshots import Snapshots
from resolvers.verdict import believed
from resolvers.vocabulary import PrecheckLocale

_log = structlog.get_logger()


class _Refreshing(NamedTuple):
    seconds: float
    task: asyncio.Task[None]


class Refresher:
    """One task for each provider whose table asks for it."""

    def __init__(self, snapshots: Snapshots, clock: Clock) -> None:
        self._snapshots = snapshots
        self._clock = clock
        self._running: dict[str, _Refreshing] = {}

    def follow(self, seconds: Mapping[str, float]) -> None:
        """Refresh these providers that often, and no others from now on."""
        for provider_id, running in list(self._running.items()):
            if seconds.get(provider_id) != running.seconds:
                self._running.pop(provider_id).task.cancel()
        for provider_id in seconds.keys() - self._running.keys():
            work = refresh(self._snapshots, provider_id, seconds[provider_id], self._clock)
            self._running[provider_id] = _Refreshing(seconds[provider_id], asyncio.create_task(work))

    async def close(self) -> None:
        """End every task."""
        tasks = [running.task for running in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def refresh(snapshots: Snapshots, provider_id: str, seconds: float, clock: Clock) -> None:
    """Every `seconds`, read what is tracked of this provider and still unfinished; until cancelled."""
    while True:
        await clock.sleep(max(seconds, snapshots.providers[provider_id].limits.poll_seconds))
        try:
            await _refresh_once(snapshots, provider_id, seconds)
        except Exception:
            _log.exception("refresher_fault", provider=provider_id)


async def _refresh_once(snapshots: Snapshots, provider_id: str, seconds: float) -> None:
    tracked = [reference for reference in await snapshots.tracked() if reference.provider_id == provider_id]
    newest = {each: snapshots.newest(each, PrecheckLocale.EN) for each in tracked}
    unfinished = [each for each, precheck in newest.items() if not believed(precheck).status.is_final]
    await asyncio.gather(*(snapshots.read(each, PrecheckLocale.EN, seconds / 2) for each in unfinished))
