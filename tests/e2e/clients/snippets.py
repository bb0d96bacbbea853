"""The programs of docs/clients.md, in a folder where Node finds the packages they import."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import NamedTuple

from tests.docs.pages import CLIENTS as PAGE
from tests.docs.pages import blocks
from tests.e2e.packages import environment, installed, node
from tests.e2e.process import ROOT
from tests.graph.documents import precheck_id

_NAME = re.compile(r"(?://|#) (\S+\.(?:js|py).*)\n")
_URL = "http://127.0.0.1:8000/graphql"
_REFERENCE = "cd-first/pcte-first"
# The page names Node 22 or later, which has a WebSocket; tests run on Node 20 too, which has to be asked for it.
WITH_WEBSOCKET = "--experimental-websocket"
WITHOUT_WEBSOCKET = "--no-experimental-websocket"
_TO_DEVELOPERS = ("--no-warnings", "--conditions=development")  # libraries say more to them
_WAIT_SECONDS = 20.0


class Watched(NamedTuple):
    """What the programs are to ask, and whom."""

    url: str
    reference: str = _REFERENCE
    token: str = ""


def programs() -> dict[str, str]:
    """The page's programs by their names, with the compiler's settings for Relay."""
    named = {
        match[1]: block.text
        for block in blocks(PAGE)
        if block.language in ("js", "python") and (match := _NAME.match(block.text))
    }
    [settings] = blocks(PAGE, "json")
    return {**named, "relay.config.json": settings.text}


def adapted(text: str, watched: Watched) -> str:
    """With the address and the precheck of a test for those of the page."""
    shown, meant = precheck_id("ninedata", _REFERENCE), precheck_id("ninedata", watched.reference)
    return text.replace(_URL, f"{watched.url}/graphql").replace(shown, meant)


@contextmanager
def written(watched: Watched, others: Mapping[str, str] | None = None) -> Iterator[Path]:
    """A folder with all of them, those in `others` first, for as long as the block lasts."""
    folder = Path(mkdtemp(dir=installed("clients")))
    try:
        for name, text in {**programs(), **(others or {}), "package.json": '{"type": "module"}'}.items():
            (folder / name).write_text(adapted(text, watched))
        yield folder
    finally:
        shutil.rmtree(folder)


def compile_artifacts(folder: Path) -> None:
    """Have Relay's compiler write what `relay.js` imports, by the settings and the commands of the page."""
    shutil.copy(ROOT / "schema.graphql", folder)
    environ = environment("clients")
    binaries = Path(environ["NODE_PATH"]) / ".bin"
    [command] = (block.text for block in blocks(PAGE, "sh") if "relay-compiler" in block.text)
    done = subprocess.run(
        ["sh", "-ec", command.replace("npx ", f"'{node()}' '{binaries}'/")],
        cwd=folder, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


BY_WEBSOCKET = "link.js by WebSocket"
_BY_ONE_CONNECTION = programs()["sse.js"].replace("createClient({", "createClient({ singleConnection: true,")
FOLLOWING = {  # the program of each client, and what stands in for others of the page
    "Apollo-multipart": ("apollo.js", {}),
    "Apollo-WS": ("apollo.js", {"link.js": programs()[BY_WEBSOCKET]}),
    "urql": ("urql.js", {}),
    "Relay": ("relay.js", {}),
    "graphql-ws": ("ws.js", {}),
    "graphql-sse": ("sse.js", {}),
    "graphql-sse-single": ("sse.js", {"sse.js": _BY_ONE_CONNECTION}),
    "gql": ("follow_by_gql.py", {}),
    "httpx2": ("follow_by_http.py", {}),
}


class Printing:
    """A program that runs, line by line."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    def __aiter__(self) -> AsyncIterator[str]:
        return self._lines()

    async def _lines(self) -> AsyncIterator[str]:
        assert self._process.stdout is not None
        while line := await asyncio.wait_for(self._process.stdout.readline(), _WAIT_SECONDS):
            yield line.decode().rstrip("\n")

    async def line(self) -> str:
        """The next line it prints; empty at its end."""
        assert self._process.stdout is not None
        async with asyncio.timeout(_WAIT_SECONDS):
            return (await self._process.stdout.readline()).decode().rstrip("\n")


@asynccontextmanager
async def running(
    folder: Path, program: str, *arguments: str, token: str = "", websocket: str = WITH_WEBSOCKET
) -> AsyncIterator[Printing]:
    """Run one of them until the block ends."""
    command = [sys.executable] if program.endswith(".py") else [node(), websocket, *_TO_DEVELOPERS]
    process = await asyncio.create_subprocess_exec(
        *command, program, *arguments, cwd=folder, stdout=asyncio.subprocess.PIPE,
        env={**environment("clients"), "TOKEN": token}, limit=2**22,
    )  # fmt: skip
    try:
        yield Printing(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


def shell(command: str, watched: Watched) -> list[str]:
    """The lines that a command of the page prints."""
    environ = {**os.environ, "TOKEN": watched.token}
    done = subprocess.run(
        ["sh", "-c", adapted(command, watched)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout.splitlines()


def as_json(line: str) -> object:
    """What a line of a stream, or an answer, says."""
    return json.loads(line.removeprefix("data: "))
