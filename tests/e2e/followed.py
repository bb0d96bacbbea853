"""docs/federation.md as somebody follows it: its files are written, its commands run, with ports of their own."""

import asyncio
import json
import os
import re
import shlex
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

import httpx2 as httpx

from tests.docs.pages import FEDERATION, ROOT, blocks, commands
from tests.e2e.packages import environment, installed, node

START_SECONDS = 60.0
OURS, THEIRS, GATEWAY = "127.0.0.1:8000", "4001", "4000"  # as the page has them
_NAMED = re.compile(r"\A(?:#|//) ([\w.-]+)\n")


def files() -> dict[str, str]:
    """The page's files, by the name that stands in their first line; the data, which cannot have one."""
    found = {}
    for block in blocks(FEDERATION):
        if named := _NAMED.match(block.text):
            found[named[1]] = block.text
    [data] = blocks(FEDERATION, "json")
    return {**found, "migrations.json": data.text}


def by_id(program: str) -> str:
    """The program of the other team, with the class that joins by `id` in the place of its namesake."""
    [other] = [block.text for block in blocks(FEDERATION, "python") if not _NAMED.match(block.text)]
    start = program.index('@strawberry.federation.type(keys=["providerId externalId"])')
    end = program.index("@strawberry.federation.type", start + 1)
    return f"{program[:start]}{other}\n\n{program[end:]}"


def command(*words: str) -> str:
    """The one command of the page that has all these words, and no option beside them that others have."""
    found = [each for each in commands(FEDERATION) if set(words) <= set(each.split())]
    return min(found, key=len)


class Place:
    """A folder below the packages of the room, so that programs in it find them as after `npm install`."""

    def __init__(self, folder: Path, addresses: Mapping[str, str]) -> None:
        self.folder = folder
        self.addresses = dict(addresses)

    def write(self, *names: str) -> None:
        """Write files of the page, with this place's addresses in them."""
        for name in names:
            self.put(name, files()[name])

    def put(self, name: str, text: str) -> None:
        """Write a file of one's own."""
        (self.folder / name).write_text(self._here(text), encoding="utf-8")

    def schema(self) -> None:
        """The copy that the page asks for."""
        shutil.copy(ROOT / "schema.graphql", self.folder / "prechecks.graphql")

    async def run(self, written: str) -> tuple[int, str]:
        """Run a command of the page to its end: its exit code and all it printed."""
        process = await self._begun(written)
        printed, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, printed.decode()

    @asynccontextmanager
    async def running(self, written: str, is_ready: Callable[[], Awaitable[bool]]) -> AsyncIterator[Path]:
        """Run a command of the page until the block ends; the file that it prints into."""
        log = self.folder / "printed.txt"
        with log.open("wb") as output:
            process = await self._begun(written, output.fileno())
        try:
            await _until(is_ready, process, log)
            yield log
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    def _here(self, text: str) -> str:
        """With this place's addresses."""
        if not self.addresses:
            return text
        return re.sub("|".join(map(re.escape, self.addresses)), lambda found: self.addresses[found[0]], text)

    async def _begun(self, written: str, output: int = asyncio.subprocess.PIPE) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *_spelt_out(self._here(written)), cwd=self.folder, env=environment("gateways"), start_new_session=True,
            stdin=asyncio.subprocess.DEVNULL, stdout=output, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip


@contextmanager
def place(addresses: Mapping[str, str]) -> Iterator[Place]:
    """A place that is removed when the block ends."""
    with tempfile.TemporaryDirectory(dir=installed("gateways"), prefix="followed-") as folder:
        yield Place(Path(folder), addresses)


@asynccontextmanager
async def migrations(
    rows: Sequence[Mapping[str, str]], place: Place, joins_by_id: bool = False
) -> AsyncIterator[None]:
    """The other team's subgraph, with these rows beside those of the page."""
    told = files()
    program = told["migrations.py"]
    data = json.dumps([*json.loads(told["migrations.json"]), *rows])
    (place.folder / "migrations.json").write_text(data)  # an identifier may look like a port
    place.put("migrations.py", by_id(program) if joins_by_id else program)
    url = f"http://127.0.0.1:{place.addresses[THEIRS]}/"
    async with place.running(command("python", "migrations.py"), lambda: answers(url)):
        yield


def some_ports(number: int) -> list[int]:
    """So many ports that are free just now, and that nobody else is likely to take."""
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(number)]
        return [each.getsockname()[1] for each in taken]


async def answers(url: str, query: str = "{ __typename }") -> bool:
    """Whether a GraphQL server answers there."""
    async with httpx.AsyncClient(timeout=10) as client:
        with suppress(httpx.TransportError):
            return (await client.post(url, json={"query": query})).status_code == 200
    return False


def _spelt_out(written: str) -> list[str]:
    """A command with the interpreters that are here."""
    program, *words = shlex.split(written)
    match program:
        case "python":
            return [sys.executable, *words]
        case "node":
            return [node(), *words]
        case "npx":
            return [node(), str(installed("gateways") / "node_modules" / ".bin" / words[0]), *words[1:]]
    raise AssertionError(f"the page has a command of another kind: {written}")


async def _until(is_ready: Callable[[], Awaitable[bool]], process: asyncio.subprocess.Process, log: Path) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not await is_ready():
            assert process.returncode is None, _read(log)
            await asyncio.sleep(0.05)


def _read(log: Path) -> str:
    return log.read_text(encoding="utf-8")
