"""Re-reads the tracked prechecks that are not finished, where the configuration asks for it."""

import asyncio

import structlog

from resolvers.clock import Clock
from resolvers.snapshots import Snapshots
from resolvers.verdict import believed
from resolvers.vocabulary import PrecheckLocale

_log = structlog.get_logger()


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
