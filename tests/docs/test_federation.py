"""docs/federation.md tells the limits that hold, and has a file for each program that it runs."""

import re

from graph.settings import PREFIX, Settings
from tests.docs.pages import FEDERATION, blocks, code, commands, pinned, prose, table


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


def test_the_versions_that_are_told_are_those_that_are_run() -> None:
    real = pinned("gateways")
    earlier = real["composition-2.5"].rpartition("@")[2]
    told = " ".join(prose(FEDERATION).split())
    for sentence in (
        f"Tried are `@apollo/composition` {earlier} and {real['@apollo/composition']}, "
        f"and `@theguild/federation-composition` {real['@theguild/federation-composition']}.",
        f"`npm install wgc`, tried is {real['wgc']})",
        f"`npm install @graphql-hive/gateway` (tried is {real['@graphql-hive/gateway']})",
        f"`npm install @graphql-hive/router-runtime`, tried is {real['@graphql-hive/router-runtime']})",
        f"(tried are {real['@apollo/gateway']} and {real['@apollo/server']})",
        f"with Hive's planner in Rust**: {real['@graphql-hive/router-runtime']} answers 500",
    ):
        assert sentence in told, sentence


def test_the_version_of_the_suite_is_the_one_that_is_run() -> None:
    [version] = pinned("compatibility").values()
    assert f"version {version}, against" in " ".join(prose(FEDERATION).split())
