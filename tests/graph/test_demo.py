"""The demo's emulator begins before the command line is understood, and only where that will ask for it."""

import contextlib
from collections.abc import Sequence

import pytest

from graph.demo import begun, emulated_vendors
from graph.provider_file import read_providers


@pytest.mark.parametrize(
    "arguments",
    [[], ["serve"], ["serve", "demo"], ["demo", "--emulator-port"], ["demo", "--emulator-port", "81oo"]],
)
def test_nothing_begins_for_another_command_or_for_nonsense(arguments: Sequence[str]) -> None:
    assert begun(arguments) is None


@pytest.mark.parametrize("arguments", [["demo", "--emulator-port", "0"], ["demo", "--emulator-port=0"]])
def test_what_has_begun_is_what_the_demo_serves(arguments: Sequence[str]) -> None:
    emulator = begun(arguments)
    assert emulator is not None
    with contextlib.closing(emulator), emulated_vendors(emulator.port, emulator) as demo:
        assert demo.providers_file == emulator.providers_file
        assert len(read_providers(demo.providers_file)) > 1
    assert not demo.providers_file.exists()
