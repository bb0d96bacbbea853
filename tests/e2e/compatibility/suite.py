"""Apollo's compatibility suite: its supergraph on free ports, its tests, and what comes of them."""

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from tests.e2e.packages import environment, installed, node
from tests.e2e.process import free_ports

PROGRAMS = Path(__file__).parent
SUITE = Path("node_modules", "@apollo", "federation-subgraph-compatibility-tests")
TESTED = ("products.graphql", "federation-jest.config.js", "dist/testRunner.js", "dist/tests", "dist/utils")
GATEWAY = "http://localhost:4000/"


class Item(NamedTuple):
    """One item of the suite under the name that Apollo publishes, and its tests by whether they passed."""

    name: str
    is_passed: bool
    tests: dict[str, bool]


@contextmanager
def supergraph(products: str) -> Iterator[str]:
    """The address of a gateway over `products`, `users` and `inventory`, until the block ends."""
    first = free_ports(2, 18200)
    ports = {"USERS_PORT": str(first), "INVENTORY_PORT": str(first + 1)}
    command = [node(), str(PROGRAMS / "supergraph.cjs"), str(installed("compatibility") / SUITE), products]
    with _running(command, {**environment("gateways"), **ports}) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            if line.startswith("gateway: "):
                yield line.split()[1]
                return
            lines.append(line)
        raise AssertionError("".join(lines))


def run(products: str, gateway: str) -> Sequence[Item]:
    """What the suite says of `products`, asked for itself and through a gateway, in the suite's order."""
    with TemporaryDirectory(prefix="suite-", dir=installed("compatibility")) as folder:
        _copy(Path(folder), gateway)
        command = [node(), str(PROGRAMS / "suite.cjs"), str(Path(folder, "dist", "testRunner.js")), products]
        with _running(command, {**environment("compatibility"), "TMPDIR": folder}) as process:
            printed, _ = process.communicate(timeout=120)
    assert process.returncode == 0, printed
    told = json.loads(printed.splitlines()[-1])
    return [_item(each["column"], each["assertion"], each["passed"], told["assertions"]) for each in told["items"]]


def _copy(folder: Path, gateway: str) -> None:
    """The suite's tests asking that gateway: its address is written into them, and that port may be taken."""
    origin = installed("compatibility") / SUITE
    for name in TESTED:
        (folder / name).parent.mkdir(exist_ok=True)
        copy = shutil.copytree if (origin / name).is_dir() else shutil.copy
        copy(origin / name, folder / name)
    client = folder / "dist" / "utils" / "client.js"
    text = client.read_text(encoding="utf-8")
    assert text.count(GATEWAY) == 1, "the suite has the gateway's address elsewhere now"
    client.write_text(text.replace(GATEWAY, gateway), encoding="utf-8")


def _item(column: str, assertion: str, is_passed: bool, assertions: Sequence[dict[str, Any]]) -> Item:
    tests = {
        each["fullName"]: each["status"] == "passed"
        for each in assertions
        if assertion in (each["fullName"], *each["ancestorTitles"])
    }
    return Item(column, is_passed, tests)


@contextmanager
def _running(command: Sequence[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A program with all it starts, killed at the end of the block."""
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command,
        env=environment,
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
