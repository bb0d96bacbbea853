"""The server as a process of its own, over a provider file."""

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from tests.emulator.process import ROOT
from tests.graph.served import Served


class Serving(Served):
    """`python -m graph serve` in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("graphql:"):
                super().__init__(line.split()[1].removesuffix("/graphql"))
            if line.startswith("stop:"):
                return
        raise AssertionError(process.communicate())

    def hang_up(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    async def logged(self, event: str) -> dict[str, Any]:
        """The next line of this event; what is logged before it is skipped."""
        assert self.process.stderr is not None
        while line := await asyncio.to_thread(self.process.stderr.readline):
            entry: dict[str, Any] = json.loads(line)
            if entry["event"] == event:
                return entry
        raise AssertionError(f"the server ended without {event}")

    async def reloaded(self) -> list[str]:
        """Have the file read again; the ids of what changed."""
        self.hang_up()
        return list((await self.logged("configuration_reloaded"))["providers"])


@contextmanager
def serving(
    file: Path,
    stdin: int = subprocess.DEVNULL,
    stderr: int | IO[str] = subprocess.PIPE,
    port: int = 0,
    open_files: int | None = None,
    **settings: str,
) -> Iterator[Serving]:
    """Serve the providers of a file until the block ends; `settings` go into the environment."""
    command = [sys.executable, "-m", "graph", "serve", "--providers", str(file), "--port", str(port)]
    bounded = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (open_files or 0, open_files or 0))
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **settings},
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        preexec_fn=bounded if open_files else None,
    ) as process:
        try:
            yield Serving(process)
        finally:
            process.kill()
