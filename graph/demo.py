"""The demo: emulated vendors in a process of their own, and a provider file that points at them.

Imports nothing that takes long, so that the emulator can be started before all else is imported.
"""

import argparse
import contextlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

COMMAND = "demo"
EMULATOR_PORT = "8100"
_STOP_SECONDS = 3.0


class NoEmulator(Exception):
    """The emulator cannot start; the message says why, and what to change."""


class Demo(NamedTuple):
    """Where the demo's vendors are."""

    providers_file: Path
    announcement: str


class Emulator:
    """The emulator on `port` and the ports after it, starting; it ends by `close`, or as this process does."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._folder = tempfile.TemporaryDirectory(prefix="precheck-demo-")
        self.providers_file = Path(self._folder.name) / "providers.toml"
        command = [sys.executable, "-m", "emulator", "--port", str(port)]
        command += ["--providers-file", str(self.providers_file)]
        command.append("--while-stdin")  # so that it ends with this process, however that ends
        self._process = subprocess.Popen(  # noqa: S603 - our own module and a path made here
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal's Ctrl-C is for us; we end it when we have ended
        )
        self._is_ending = threading.Event()

    def started(self) -> Demo:
        """Where its vendors are, once they answer. Raises NoEmulator with its own words where it cannot start."""
        announcement = _announcement(self._process)
        threading.Thread(target=_tell_of_its_end, args=(self._process, self._is_ending), daemon=True).start()
        return Demo(self.providers_file, announcement)

    def close(self) -> None:
        """End it, and forget the provider file."""
        self._is_ending.set()
        _end(self._process)
        self._folder.cleanup()


def begun(arguments: Sequence[str]) -> Emulator | None:
    """The emulator that these words of the command line ask for; None for any other command, and for nonsense."""
    if list(arguments[:1]) != [COMMAND]:
        return None
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--emulator-port", default=EMULATOR_PORT)
    try:
        port: str = parser.parse_known_args(arguments)[0].emulator_port
    except argparse.ArgumentError:
        return None
    return Emulator(int(port)) if port.isdecimal() and len(port) <= len("65535") else None


@contextlib.contextmanager
def emulated_vendors(port: int, begun: Emulator | None = None) -> Iterator[Demo]:
    """The emulator on `port`, the one that has begun there if there is one; it is gone when the block ends.

    Raises NoEmulator.
    """
    emulator = begun if begun is not None and begun.port == port else Emulator(port)
    with contextlib.closing(emulator):
        yield emulator.started()


def _announcement(process: subprocess.Popen[str]) -> str:
    line = _lines(process.stdout).readline().strip()
    if not line:
        words = _lines(process.stderr).read().strip().splitlines()
        said = words[-1] if words else "the emulator ended without a word."
        raise NoEmulator(said.replace("--port or EMULATOR_PORT", "EMULATOR_PORT (or --emulator-port)"))
    return line


def _lines(stream: IO[str] | None) -> IO[str]:
    if stream is None:
        raise RuntimeError("the emulator's output is not piped")
    return stream


def _tell_of_its_end(process: subprocess.Popen[str], is_ending: threading.Event) -> None:
    process.wait()
    if not is_ending.is_set():
        sys.stderr.write("error: the emulator has ended, so every vendor is down now; start the demo again.\n")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    for stream in (process.stdin, process.stdout, process.stderr):
        _lines(stream).close()
