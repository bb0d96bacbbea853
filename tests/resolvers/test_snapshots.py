"""How old an answer may be, by clocks that are set back as well."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from graph.app import build
from graph.settings import Settings
from resolvers.clock import Clock
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckLocale, PrecheckSnapshotSource
from tests.emulator.process import Emulator
from tests.faults.watching import count, polled

LIVE, CACHED = PrecheckSnapshotSource.LIVE, PrecheckSnapshotSource.CACHED


class SetBack(Clock):
    """Shows another time of day than it is; what only goes forward goes on."""

    def __init__(self) -> None:
        self.off_seconds = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.off_seconds)


@pytest.mark.parametrize(("seconds", "sources"), [(0.9, [CACHED, CACHED]), (3600.0, [LIVE, CACHED])])
async def test_after_the_clock_was_set_back_an_answer_is_read_anew_once(
    emulator: Emulator, provider_file: Path, seconds: float, sources: list[PrecheckSnapshotSource]
) -> None:
    clock = SetBack()
    product = build(Settings(), polled(provider_file, poll_seconds=1.0), clock)
    snapshots = product.services.snapshots
    reference = Reference("oms-ce", emulator.create_run("oms-ce", scenario="stuck", seconds=80))
    await snapshots.read(reference, PrecheckLocale.EN, 600)
    clock.off_seconds = -seconds
    assert snapshots.newest(reference, PrecheckLocale.EN).freshness.age_seconds == 0
    seen = [(await snapshots.read(reference, PrecheckLocale.EN, 600)).precheck for _ in sources]
    for provider in product.services.providers.values():
        await provider.close()
    assert [precheck and precheck.freshness.source for precheck in seen] == sources
    assert count(emulator, "oms-ce") == 1 + sources.count(LIVE)
