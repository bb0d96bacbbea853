"""The demo: emulated vendors in a process of their own, and a provider file that points at them."""

import contextlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from graph.settings import ConfigurationError

_STOP_SECONDS = 3.0


class Demo(NamedTuple):
    """Where the demo's vendors are."""

    providers_file: Path
    announcement: str


@contextlib.contextmanager
def emulated_vendors(port: int) -> Iterator[Demo]:
    """Run the emulator on `port` and the ports after it; it is gone when the block ends.

    Raises ConfigurationError with the emulator's own words where it cannot start.
    """
    with tempfile.TemporaryDirectory(prefix="precheck-demo-") as folder:
        providers_file = Path(folder) / "providers.toml"
        command = [sys.executable, "-m", "emulator", "--port", str(port), "--providers-file", str(providers_file)]
        command.append("--while-stdin")  # so that it ends with this process, however that ends
        process = subprocess.Popen(  # noqa: S603 - our own module and a path made here
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # a terminal's Ctrl-C is for us; we end it when we have ended
        )
        is_ending = threading.Event()
        try:
            announcement = _announcement(process)
            threading.Thread(target=_tell_of_its_end, args=(process, is_ending), daemon=True).start()
            yield Demo(providers_file, announcement)
        finally:
            is_ending.set()
            _end(process)


def _announcement(process: subprocess.Popen[str]) -> str:
    line = _lines(process.stdout).readline().strip()
    if not line:
        words = _lines(process.stderr).read().strip().splitlines()
        said = words[-1] if words else "the emulator ended without a word."
        raise ConfigurationError(said.replace("--port or EMULATOR_PORT", "EMULATOR_PORT (or --emulator-port)"))
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
