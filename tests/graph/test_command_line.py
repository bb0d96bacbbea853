"""The command line: `check` tries each credential once, refusals are one line and exit code 2."""

import os
import subprocess
import sys
from pathlib import Path

from graphql import build_client_schema, introspection_from_schema, print_schema

from graph.provider_file import read_providers
from graph.schema import schema as graphql_schema
from tests.docs.pages import TOOLS, blocks
from tests.emulator.process import ROOT, Emulator

OPERATIONS = "graph/http/explorer_static/operations/01-dashboard.graphql"


def graph(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "graph", *arguments],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_check_says_which_credentials_work(emulator: Emulator, provider_file: Path) -> None:
    every = graph("check", "--providers", str(provider_file))
    assert every.returncode == 0, every.stderr
    configured = len(read_providers(provider_file))
    assert every.stdout.count(" yes ") == configured
    emulator.fault("drs", "expired_token")
    emulator.fault("dts", "refuse")
    some = graph("check", PRECHECK_PROVIDERS=str(provider_file))
    assert some.returncode == 1
    assert some.stdout.count(" yes ") == configured - 2
    assert "AUTHENTICATION" in some.stdout
    assert "UNREACHABLE" in some.stdout
    assert "not-a-secret" not in some.stdout + some.stderr


def test_check_asks_each_vendor_once(emulator: Emulator, provider_file: Path) -> None:
    graph("check", "--providers", str(provider_file))
    made = emulator.ask("GET", "/calls")
    assert {name: sum(each["count"] for each in made[name].values()) for name in made} == dict.fromkeys(made, 1)


def test_schema_prints_the_checked_in_schema() -> None:
    assert graph("schema").stdout == (ROOT / "schema.graphql").read_text(encoding="utf-8")


def test_schema_tells_what_of_another_one_breaks(tmp_path: Path) -> None:
    held = tmp_path / "held.graphql"
    now = (ROOT / "schema.graphql").read_text(encoding="utf-8")
    older = now.replace("  run: Int!\n", "  run: Int!\n\n  attempt: Int!\n")
    older = older.replace('  """Simplified Chinese."""\n  ZH_CN\n', "")
    held.write_text(older.replace("type Precheck @key", 'type Precheck @key(fields: "taskId") @key'))
    told = graph("schema", "--against", str(held))
    [shown] = [block.text for block in blocks(TOOLS, "text")]
    assert (told.returncode, told.stdout) == (1, shown)
    held.write_text(now)
    told = graph("schema", "--against", str(held))
    assert (told.returncode, told.stdout) == (0, f"Nothing of {held} breaks.\n")


def test_a_schema_from_introspection_may_be_held_too(tmp_path: Path) -> None:
    held = tmp_path / "held.graphql"
    told = introspection_from_schema(graphql_schema._schema)
    held.write_text(print_schema(build_client_schema(told)))
    same = graph("schema", "--against", str(held))
    assert (same.returncode, same.stdout) == (0, f"Nothing of {held} breaks.\n")


def test_a_refusal_is_one_line_and_exit_code_2() -> None:
    for arguments, environment, says in (
        (("serve",), {}, "no provider file is given"),
        (("serve", "--providers", "none.toml"), {}, "there is no such provider file"),
        (("demo", "--port", "abc"), {}, "'abc' is no port; choose 0 to 65535 as PORT"),
        (("demo", "--port", "99999", "--emulator-port", "0"), {}, "'99999' is no port"),
        (("demo",), {"PRECHECK_LOG_LEVEL": "loud"}, "PRECHECK_LOG_LEVEL is 'loud'; it takes debug"),
        (("schema", "--against", "none.graphql"), {}, "none.graphql cannot be read as a schema: "),
        (("schema", "--against", "README.md"), {}, "README.md cannot be read as a schema: Syntax Error"),
        (("schema", "--against", OPERATIONS), {}, ".graphql cannot be read as a schema: it has operations"),
        (("check",), {"PRECHECK_TYPO": "1"}, "PRECHECK_TYPO is not a setting"),
    ):
        refused = graph(*arguments, **environment)
        assert (refused.returncode, refused.stderr.count("\n")) == (2, 1), refused.stderr
        assert says in refused.stderr
