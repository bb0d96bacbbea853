"""What a tenant may not see does not exist for it, whatever others ask meanwhile."""

from pathlib import Path

from tests.emulator.process import Emulator
from tests.graph.tenancy import live_histories, living

FEW = 30  # `make attack` lives many more


def test_no_history_tells_one_tenant_of_the_other(emulator: Emulator, provider_file: Path, tmp_path: Path) -> None:
    with living(provider_file, emulator, tmp_path) as world:
        live_histories(world, FEW)
    assert world.asked > FEW
