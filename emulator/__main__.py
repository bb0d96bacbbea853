"""The command line: `python -m emulator`."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

import uvicorn

from emulator.control import control_app
from emulator.demo import DemoError
from emulator.emulation import Emulation
from emulator.folders import FolderError, find_folders
from emulator.listener import Listener, PortTaken
from emulator.provider_file import write_provider_file

HIGHEST_PORT = 65000  # leaves room for the vendors' ports


def main() -> int:
    """Run until SIGINT or SIGTERM; 2 when it cannot start."""
    options = _options()
    loop_factory = uvicorn.Config(control_app, log_config=None).get_loop_factory()
    try:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(_serve(options))
    except (PortTaken, FolderError, DemoError) as error:
        return _failed(str(error))
    except OSError as error:
        return _failed(f"{options.providers_file}: {error.strerror}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulator", description=__doc__)
    port = os.environ.get("EMULATOR_PORT", "8100")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port",
        type=_port,
        default=port,
        help="control port, vendors on those after it; 0 picks free ones (EMULATOR_PORT, else 8100)",
    )
    parser.add_argument(
        "--providers-file", type=Path, metavar="FILE", help="write a provider file that points here"
    )
    parser.add_argument("--while-stdin", action="store_true", help="end when standard input does")
    parser.add_argument("--no-demo-runs", action="store_true", help="answer for the documented examples only")
    return parser.parse_args()


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > HIGHEST_PORT:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {HIGHEST_PORT}")
    return int(text)


async def _serve(options: argparse.Namespace) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    folders = find_folders()
    emulation = Emulation(folders, host=options.host, port=options.port, demo=not options.no_demo_runs)
    control = Listener(control_app(emulation), options.host, options.port)
    if options.providers_file:
        write_provider_file(options.providers_file, emulation)
    async with emulation:
        await control.open()
        sys.stdout.write(f"emulator: control {control.url}\n")
        sys.stdout.flush()
        if options.while_stdin:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), stopped.set)
        await stopped.wait()
        await control.close()


def _failed(text: str) -> int:
    sys.stderr.write(f"emulator: {text}\n")
    return 2


if __name__ == "__main__":
    sys.exit(main())
