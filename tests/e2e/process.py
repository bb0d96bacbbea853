"""`make run`, as a person starts it."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_VENDOR_PORTS = 20


class Running:
    """A demo started by make, with all it printed until it was ready."""

    def __init__(self, process: subprocess.Popen[str], port: int, emulator_port: int) -> None:
        self.process = process
        self.url = f"http://127.0.0.1:{port}"
        self.control_url = f"http://127.0.0.1:{emulator_port}"
        self.printed = _until_ready(process)

    def interrupt(self) -> int:
        """Ctrl-C: the terminal sends it to every process of the group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(15)

    def rest_of_output(self) -> list[str]:
        """What it printed after it was ready; waits for its end."""
        assert self.process.stdout is not None
        return self.process.stdout.read().splitlines()

    def survivors(self) -> list[str]:
        """Processes of the demo that still live: of its group, and the emulator, which has one of its own."""
        listed = subprocess.run(["ps", "-eo", "pgid=,args="], capture_output=True, text=True, check=True)
        group, emulator = str(self.process.pid), f"-m emulator --port {self.control_url.rpartition(':')[2]} "
        return [line for line in listed.stdout.splitlines() if line.split()[0] == group or emulator in line]


@contextmanager
def make_run(**variables: str) -> Iterator[Running]:
    """`make run` on free ports; killed with all it started, should it still live at the end."""
    port, emulator_port = free_ports(1, 18000), free_ports(1 + MOST_VENDOR_PORTS, 18100)
    command = ["make", "run", f"PORT={port}", f"EMULATOR_PORT={emulator_port}"]
    command += [f"{name}={value}" for name, value in variables.items()]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, cwd=ROOT, stdout=pipe, stderr=subprocess.STDOUT, text=True, start_new_session=True
    ) as process:
        try:
            yield Running(process, port, emulator_port)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def free_ports(number: int, lowest: int) -> int:
    """The first of this many free ports in a row."""
    for first in range(lowest, lowest + 90, number):
        try:
            for port in range(first, first + number):
                socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return first
    raise AssertionError("no free ports")


def _until_ready(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip())
        if line.startswith("stop:"):
            return lines
    raise AssertionError(f"make run ended: {lines}")
