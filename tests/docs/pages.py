"""The documentation as data: fenced blocks, tables, links, and what a curl command sends."""

import itertools
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
OPERATIONS = ROOT / "docs" / "operations.md"
METRICS = ROOT / "docs" / "metrics.md"
RELIABILITY = ROOT / "docs" / "reliability.md"
PERFORMANCE = ROOT / "docs" / "performance.md"
SECURITY = ROOT / "docs" / "security.md"
STREAMS = ROOT / "docs" / "streams.md"
FEDERATION = ROOT / "docs" / "federation.md"
CLIENTS = ROOT / "docs" / "clients.md"
TOOLS = ROOT / "docs" / "tools.md"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
BENCHMARKS = ROOT / "benchmarks" / "README.md"
CHANGELOG = ROOT / "CHANGELOG.md"
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*"))
PAGES = [
    README,
    OPERATIONS,
    METRICS,
    RELIABILITY,
    PERFORMANCE,
    SECURITY,
    STREAMS,
    FEDERATION,
    CLIENTS,
    TOOLS,
    CONTRIBUTING,
    BENCHMARKS,
    CHANGELOG,
    *DECISIONS,
]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")
_PORTS = {"http://127.0.0.1:8000": "server", "http://127.0.0.1:8100": "emulator"}


class Block(NamedTuple):
    """One fenced block and its language."""

    language: str
    text: str


class Curl(NamedTuple):
    """What a curl command sends, to the server or to the emulator's control port."""

    to: str
    method: str
    path: str
    headers: dict[str, str]
    body: Any


class FaultRow(NamedTuple):
    """One row of the fault matrix: the fault, what a client sees, and the tests that show it."""

    text: str
    seen: str
    tests: list[str]


class Example(NamedTuple):
    """A curl command with the block right after it, which shows its answer."""

    curl: Curl
    shown: Block | None


def prose(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, language: str | None = None) -> list[Block]:
    found = [Block(*match) for match in _BLOCK.findall(prose(page))]
    return [block for block in found if language in (None, block.language)]


def commands(page: Path) -> list[str]:
    """Each shell block is one command."""
    return [block.text.strip() for block in blocks(page, "sh")]


def examples(page: Path) -> Iterator[Example]:
    found = blocks(page)
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.language == "sh" and block.text.startswith("curl "):
            is_answer = after is not None and after.language in ("json", "text")
            yield Example(_curl(block.text), after if is_answer else None)


def _curl(command: str) -> Curl:
    words = iter(shlex.split(command.partition(" | ")[0])[1:])
    url, method, headers, body = "", "", {}, None
    for word in words:
        match word:
            case "-X":
                method = next(words)
            case "-H":
                name, _, value = next(words).partition(": ")
                headers[name] = value
            case "-d":
                body = json.loads(next(words))
            case "-s" | "-sN":
                pass
            case _:
                url = word
    to, path = next((name, url.removeprefix(base)) for base, name in _PORTS.items() if url.startswith(base))
    return Curl(to, method or ("GET" if body is None else "POST"), path, headers, body)


def table(page: Path, heading: str) -> list[list[str]]:
    """The rows of the first table below a heading, without its head."""
    below = prose(page).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = itertools.dropwhile(lambda line: not line.startswith("|"), below.splitlines())
    rows = list(itertools.takewhile(lambda line: line.startswith("|"), lines))
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows[2:]]


def code(cell: str) -> list[str]:
    """What a cell has between backticks."""
    return re.findall(r"`([^`]+)`", cell)


def links(page: Path) -> list[str]:
    return _LINK.findall(_BLOCK.sub("", prose(page)))


def anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", _BLOCK.sub("", prose(page)), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def fault_matrix() -> dict[str, FaultRow]:
    """The fault matrix by the names of its rows, in their order."""
    rows = table(RELIABILITY, "The fault matrix")
    return {name: FaultRow(text, seen, code(tests)) for name, text, seen, tests in rows}


def pinned(room: str) -> dict[str, str]:
    """The versions of the packages that `make e2e` installs into a room, by their names."""
    told = json.loads((ROOT / "tests" / "e2e" / room / "package.json").read_text(encoding="utf-8"))
    return dict(told["dependencies"])
