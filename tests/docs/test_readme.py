"""README is held by the code: commands, configuration, tables."""

import re
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer

from graph.__main__ import cli
from graph.connections import connect
from graph.provider_file import read_providers
from graph.settings import PREFIX, Settings
from resolvers.clock import Clock
from resolvers.errors import RequestError
from resolvers.providers.huawei_drs.iam import REFRESH_SECONDS
from resolvers.registry import vendors
from resolvers.store.local import MAX_TRACKED
from resolvers.upstream.breaker import FAILURES_IN_A_ROW
from resolvers.upstream.contract import LimitSettings, Provider, ProviderSettings, Secret
from resolvers.vocabulary import PrecheckProblemCode
from tests.docs.pages import CONTRIBUTING, OPERATIONS, README, ROOT, Block, blocks, code, commands, prose, table

SECRET = "demo-not-a-secret"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
VERBS = set(re.findall(r"^([a-z0-9-]+):.*## ", MAKEFILE, re.MULTILINE))
COMMANDS = [command for page in (README, OPERATIONS, CONTRIBUTING) for command in commands(page)]
TOML = [block for block in blocks(README, "toml") if "[[provider]]" in block.text]


def starting(word: str) -> list[list[str]]:
    found = [command.split() for command in COMMANDS if command.startswith(f"{word} ")]
    assert found
    return found


def test_every_command_is_of_a_kind_that_is_tried() -> None:
    kinds = ("make ", "python -m graph ", "curl ", "cp -r ")
    assert [command for command in COMMANDS if not command.startswith(kinds)] == []


def test_every_make_verb_exists() -> None:
    written = re.findall(r"`make ([^`]+)`", prose(README) + prose(CONTRIBUTING))
    words = [word for text in written for word in text.partition(" >")[0].split()]
    words += [word for command in starting("make") for word in command[1:]]
    verbs = {word for word in words if "=" not in word}
    variables = {word.partition("=")[0] for word in words if "=" in word}
    assert verbs <= VERBS
    assert all(re.search(rf"^{name} \?=", MAKEFILE, re.MULTILINE) for name in variables)


def test_contributing_lists_verbs_as_the_makefile_does() -> None:
    listed = {verb for row in table(CONTRIBUTING, "Set-up") for verb in re.findall(r"make ([a-z0-9-]+)", row[0])}
    assert listed == VERBS - {"explorer", "clients", "chromium"}, "the three are steps of others"


def test_every_command_line_exists() -> None:
    known: Any = typer.main.get_command(cli)
    for _, _, module, name, *options in starting("python"):
        assert module == "graph"
        accepted = {option for parameter in known.commands[name].params for option in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= accepted
    assert set(re.findall(r"`python -m graph (\w+)", prose(README))) <= set(known.commands)


def test_what_is_to_be_copied_exists() -> None:
    assert all((ROOT / source).is_dir() for _, _, source, _ in starting("cp"))


@pytest.mark.parametrize("block", TOML, ids=lambda block: block.text.split('"')[1])
async def test_every_provider_table_is_read_and_built(block: Block, tmp_path: Path) -> None:
    [settings] = read_example(block, tmp_path)
    [provider] = connect([settings], Clock()).values()
    await provider.close()
    revealed = [value.reveal() for value in msgspec.structs.asdict(settings).values() if isinstance(value, Secret)]
    assert revealed == [SECRET]


def read_example(block: Block, folder: Path) -> list[ProviderSettings]:
    for name in re.findall(r'file = "([^"]+)"', block.text):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(f"{SECRET}\n", encoding="utf-8")
    (folder / "providers.toml").write_text(block.text, encoding="utf-8")
    environment = dict.fromkeys(re.findall(r'env = "([^"]+)"', block.text), SECRET)
    return read_providers(folder / "providers.toml", environment)


def test_every_api_of_the_demo_has_an_example(tmp_path: Path) -> None:
    read = [read_example(block, tmp_path)[0] for block in TOML]
    shown = {(each.vendor, getattr(each, "edition", None) or getattr(each, "auth", None)) for each in read}
    assert shown == {
        ("oceanbase-oms", "community"),
        ("oceanbase-oms", "enterprise"),
        ("huawei-drs", "signature"),
        ("huawei-drs", "token"),
        ("tencent-dts", None),
        ("ninedata", None),
    }


def test_every_key_of_these_vendors_is_told(tmp_path: Path) -> None:
    told = set(re.findall(r"\w+", prose(README).partition("## Configuration")[2].partition("## Settings")[0]))
    shown = {read_example(block, tmp_path)[0].vendor for block in TOML}
    keys = {key for vendor in shown for key in vendors()[vendor].settings_type.__struct_fields__}
    assert keys | set(LimitSettings.__struct_fields__) <= told


def test_told_limits_are_the_real_ones() -> None:
    drs, dts = vendors()["huawei-drs"], vendors()["tencent-dts"]
    assert (Provider.concurrency, Provider.timeout_seconds, Provider.poll_seconds) == (8, 8.0, 1.0)
    assert (Provider.requests_per_second, dts.requests_per_second) == (None, 20.0)
    assert (drs.poll_seconds, drs.batch_size) == (2.0, 10)
    assert (MAX_TRACKED, REFRESH_SECONDS, FAILURES_IN_A_ROW) == (1000, 23 * 3600.0, 5)


def shown(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_the_settings_table_is_the_settings() -> None:
    told = {code(row[0])[0]: (code(row[1]) or [""])[0] for row in table(README, "Settings")}
    plain = Settings()
    assert told == {PREFIX + name.upper(): shown(value) for name, value in msgspec.structs.asdict(plain).items()}
    assert all(row[2] for row in table(README, "Settings"))


def test_the_error_table_is_the_codes() -> None:
    rows = table(README, "Errors")
    problems = {each.value for each in PrecheckProblemCode}
    requests = [kind.code for kind in RequestError.__subclasses__() if kind.code not in problems]
    assert [code(row[0])[0] for row in rows] == [each.value for each in PrecheckProblemCode] + requests
    assert all(len(row) == 3 and row[1] and row[2] for row in rows)


def test_every_room_exists() -> None:
    rooms = [room for row in table(README, "How it works") for room in code(row[0])]
    assert [room for room in rooms if not (ROOT / room).exists()] == []
    packages = {f"{path.parent.relative_to(ROOT)}/" for path in ROOT.glob("resolvers/*/__init__.py")}
    assert packages <= set(rooms)
