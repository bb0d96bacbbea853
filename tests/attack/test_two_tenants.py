"""Two tenants of one server ask at once, and again, and with each other's ids and cursors: nothing crosses."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.emulator.process import Emulator
from tests.graph.tenancy import live_histories, living

HISTORIES = 500


@pytest.mark.attack("two tenants")
@pytest.mark.timeout(300)
def test_no_history_tells_one_tenant_of_the_other(
    emulator: Emulator, provider_file: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with living(provider_file, emulator, tmp_path) as world:
        live_histories(world, HISTORIES)
    record_property("figure", f"{HISTORIES} histories, {world.asked:,} questions, 0 crossings")
