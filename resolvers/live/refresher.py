"""Re-reads the tracked prechecks that are not finished, where the configuration asks for it."""

import asyncio

from resolvers.clock import Clock
from resolvers.snapshots import Snapshots
from resolvers.vocabulary import PrecheckLocale


async def refresh(snapshots: Snapshots, provider_id: str, seconds: float, clock: Clock) -> None:
    """Every `seconds`, read what is tracked of this provider and still unfinished; until cancelled."""
    while True:
        await clock.sleep(max(seconds, snapshots.providers[provider_id].limits.poll_seconds))
        tracked = [reference for reference in await snapshots.tracked() if reference.provider_id == provider_id]
        unfinished = [each for each in tracked if not snapshots.newest(each, PrecheckLocale.EN).status.is_final]
        await asyncio.gather(*(snapshots.read(each, PrecheckLocale.EN, seconds / 2) for each in unfinished))
