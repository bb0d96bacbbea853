"""docs/federation.md tells the limits that hold, and has a file for each program that it runs."""

import re

from graph.settings import PREFIX, Settings
from tests.docs.pages import FEDERATION, blocks, code, commands, table


def test_the_told_limits_are_the_real_ones() -> None:
    told = {code(setting)[0]: limit for limit, _, setting in table(FEDERATION, "Limits to mind")}
    assert len(told) == 7
    for name, limit in told.items():
        real = getattr(Settings(), name.removeprefix(PREFIX).lower())
        assert int(re.findall(r"[\d,]+", limit)[0].replace(",", "")) == real, name


def test_every_command_has_its_file_on_the_page() -> None:
    named = {match[1] for block in blocks(FEDERATION) if (match := re.match(r"(?:#|//) ([\w.-]+)\n", block.text))}
    wanted = {
        word
        for command in commands(FEDERATION)
        for word in re.findall(r"[\w-]+(?:\.config)?\.(?:py|mjs|ts|yaml)", command)
    }
    assert wanted
    assert wanted <= named
