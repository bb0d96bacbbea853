"""Starts the emulator as a process and speaks to its control port."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2 as httpx

ROOT = Path(__file__).parents[2]


class Emulator:
    """The control port of a running emulator; every method raises on an answer that is no success."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.http.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def refusal(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        answer = self.http.request(method, path, json=body)
        return answer.status_code, answer.json()["error"]

    def providers(self) -> Any:
        return self.ask("GET", "/")

    def url(self, provider: str) -> str:
        return str(self.providers()[provider]["url"])

    def credentials(self, provider: str) -> dict[str, str]:
        credentials: dict[str, str] = self.providers()[provider]["credentials"]
        return credentials

    def create_run(self, provider: str, **order: Any) -> str:
        return str(self.ask("POST", "/runs", {"provider": provider, **order})["reference"])

    def advance(self, seconds: float) -> None:
        self.ask("POST", "/clock", {"advance_seconds": seconds})

    def fault(self, provider: str, kind: str, **more: Any) -> None:
        self.ask("PUT", f"/faults/{provider}", {"kind": kind, **more})

    def calls(self, provider: str) -> Any:
        return self.ask("GET", "/calls")[provider]

    def reset(self) -> None:
        self.ask("DELETE", "/faults")
        self.ask("DELETE", "/calls")


@contextmanager
def process(*options: str, cwd: Path = ROOT) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "emulator", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=cwd) as running:
        try:
            yield running
        finally:
            running.terminate()


def control_url(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    line = running.stdout.readline()
    assert line.startswith("emulator: control http://"), line or running.communicate()
    return line.removeprefix("emulator: control ").strip()


@contextmanager
def started(*options: str, cwd: Path = ROOT) -> Iterator[Emulator]:
    with process("--port", "0", *options, cwd=cwd) as running:
        emulator = Emulator(control_url(running))
        try:
            yield emulator
        finally:
            emulator.http.close()
