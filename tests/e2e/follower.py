"""A GraphQL client that others wrote, in a process of its own: graphql-ws, graphql-sse in two modes, or gql."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.packages import environment, node

PROGRAMS = Path(__file__).parent / "clients"
NODE_CLIENTS = ("graphql-ws", "graphql-sse", "graphql-sse-single")
CLIENTS = (*NODE_CLIENTS, "gql")
FOLLOW = """
subscription Follow($refs: [PrecheckRefInput!]!, $after: String) {
  precheckUpdates(refs: $refs, after: $after) {
    kind cursor gap remaining
    precheck { externalId run status progress { percent } items { key state } }
    changes { previousState item { key state } }
    problem { code }
  }
}"""
WAIT_SECONDS = 20.0


class Follower:
    """What the client prints; it subscribes again by itself, with its newest cursor, after each loss."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []

    async def next(self) -> dict[str, Any]:
        """The next event."""
        while (event := _event_of(await self.line())) is None:
            pass
        self.events.append(event)
        return event

    async def until(self, key: str) -> dict[str, Any]:
        """The first line of that name; no event may come before it."""
        while key not in (line := await self.line()):
            assert _event_of(line) is None, line
        return line

    async def line(self) -> dict[str, Any]:
        """The next line, whatever it tells."""
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_SECONDS):
            text = await self.process.stdout.readline()
        assert text, f"the client ended after {self.lines[-3:]}"
        line: dict[str, Any] = json.loads(text)
        assert "failed" not in line, line
        self.lines.append(line)
        return line

    def drop(self) -> None:
        """Have the client drop its connection."""
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")

    @property
    def connections(self) -> int:
        """How often it has been connected."""
        return sum("connected" in line for line in self.lines)

    @property
    def said_why_it_was_lost(self) -> bool:
        """Whether the client was told that the server restarts: by its code for closing, or as the last result."""
        errors = [error for line in self.lines for error in line.get("next", {}).get("errors", [])]
        return any("1012" in str(line) for line in self.lines) or any(
            error["extensions"]["code"] == "SERVER_RESTARTING" for error in errors
        )


@asynccontextmanager
async def follower(client: str, url: str, refs: list[dict[str, str]]) -> AsyncIterator[Follower]:
    """Let a client follow these prechecks, until the block ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *_command(client), f"{url}/graphql", FOLLOW, json.dumps({"refs": refs}),
        stdin=pipe, stdout=pipe, env=environment("clients"), limit=2**22,
    )  # fmt: skip
    try:
        yield Follower(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def _event_of(line: dict[str, Any]) -> dict[str, Any] | None:
    data = line.get("next", {}).get("data")
    event: dict[str, Any] | None = data and data["precheckUpdates"]
    return event


def _command(client: str) -> list[str]:
    if client not in NODE_CLIENTS:
        return [sys.executable, str(PROGRAMS / "follow.py")]
    return [node(), str(PROGRAMS / "follow.cjs"), client]
