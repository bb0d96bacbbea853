"""What is on stderr at the level debug: our own lines, and nothing that was sent or received."""

import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest

from tests.emulator.process import ROOT, Emulator
from tests.graph.documents import DDS, LOOKUP, MYSQL, ref

CREDENTIALS = re.compile(
    r"subject-token|auth-token|authorization|not-a-secret|of-a-client|[\w-]{200}", re.IGNORECASE
)
CALL_WITH_ALL_LEVELS_ON = """
import asyncio, logging, sys
from pathlib import Path
from graph.connections import connect
from graph.serving import log_to_stderr
from graph.provider_file import read_providers
from resolvers.clock import Clock
from resolvers.vocabulary import PrecheckLocale

async def call():
    [drs] = [each for each in connect(read_providers(Path(sys.argv[1])), Clock()).values() if each.id == "drs"]
    print(await drs.fetch([drs.settings.track[0]], PrecheckLocale.EN))

log_to_stderr("debug")
logging.getLogger().setLevel(logging.DEBUG)
asyncio.run(call())
"""
FAULT = """
import structlog
from graph.serving import log_to_stderr

log_to_stderr("debug")
try:
    token = "demo-not-a-" + "secret"
    raise KeyError("a fault")
except KeyError:
    structlog.get_logger().exception("provider_fault", provider="drs")
"""


@pytest.fixture
def token_file(emulator: Emulator, provider_file: Path) -> Path:
    """The demo's provider file with DRS signed in to by token."""
    text = provider_file.read_text(encoding="utf-8")
    file = provider_file.with_name("token.toml")
    file.write_text(text.replace('auth = "signature"', 'auth = "token"'), encoding="utf-8")
    return file


@contextmanager
def serving(providers: Path, stderr: Path) -> Iterator[str]:
    """The address of `python -m graph serve` at the level debug; it has ended, and said all, after the block."""
    command = [sys.executable, "-m", "graph", "serve", "--providers", str(providers), "--port", "0"]
    environment = {**os.environ, "PRECHECK_LOG_LEVEL": "debug"}
    with (
        stderr.open("w") as file,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=file, text=True
        ) as run,
    ):
        try:
            assert run.stdout is not None
            [url] = re.findall(r"http://[\d.:]+", run.stdout.readline())
            yield url
        finally:
            run.terminate()
            assert run.wait(15) == 0


def test_a_server_at_debug_logs_no_credential(emulator: Emulator, token_file: Path, tmp_path: Path) -> None:
    with serving(token_file, tmp_path / "stderr") as url:
        body = {"query": LOOKUP, "variables": {"refs": [ref("drs", MYSQL), ref("drs", DDS)]}}
        headers = {"authorization": "Bearer of-a-client"}
        answer = httpx.post(f"{url}/graphql", json=body, headers=headers, timeout=20).json()
    assert [each["problem"] for each in answer["data"]["lookupPrechecks"]] == [None, None]
    assert emulator.calls("drs")["iam-token"]["count"] == 1, "a token was fetched"
    said = (tmp_path / "stderr").read_text(encoding="utf-8")
    assert CREDENTIALS.findall(said) == []
    assert "HTTP/1.1" not in said


def test_the_client_stays_silent_where_all_levels_are_on(token_file: Path) -> None:
    command = [sys.executable, "-c", CALL_WITH_ALL_LEVELS_ON, str(token_file)]
    called = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert MYSQL in called.stdout
    assert called.stderr == ""


def test_a_fault_on_a_terminal_shows_no_local_variables() -> None:
    terminal, end = pty.openpty()
    with os.fdopen(terminal, "rb", buffering=0) as shown:
        subprocess.run([sys.executable, "-c", FAULT], cwd=ROOT, stderr=end, timeout=30, check=True)
        os.close(end)
        said = shown.read(64 * 1024).decode()
    assert "provider_fault" in said
    assert "KeyError" in said
    assert CREDENTIALS.findall(said) == []
    assert "UserWarning" not in said


def test_a_log_that_nobody_reads_any_more_stops_nothing() -> None:
    command = [sys.executable, "-c", FAULT + "print('on it goes')"]
    reader, writer = os.pipe()
    os.close(reader)
    called = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=writer, timeout=30, check=False)
    os.close(writer)
    assert called.stdout == b"on it goes\n"
