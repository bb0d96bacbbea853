"""Measures what is promised of reliability on emulated vendors, and says which goals are missed."""

import argparse
import asyncio
import json
import logging
import os
import platform
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from benchmarks import callers, neighbours, outage, rate
from benchmarks.emulated import Emulated, emulated
from benchmarks.figure import Figure

RESULTS = Path(__file__).with_suffix(".json")
Measurement = Callable[[Emulated], Awaitable[Sequence[Figure]]]
MEASUREMENTS: dict[str, Measurement] = {
    "amplification": outage.amplification,
    "bulkhead": neighbours.bulkhead,
    "storm": callers.after_a_storm,
    "rate": rate.grants,
    "token": callers.token_expiry,
    "recovery": outage.recovery,
    "cost": callers.cost_of_manners,
}


def main() -> int:
    """Measure what is asked for, all of it by default; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reliability", description=__doc__)
    parser.add_argument("only", nargs="*", help=f"some of {', '.join(MEASUREMENTS)}; nothing is written then")
    only = parser.parse_args().only
    if unknown := set(only) - MEASUREMENTS.keys():
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(MEASUREMENTS)}")
    # What the product logs of vendors that are made to fail is not news here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    figures = asyncio.run(_measured(only or list(MEASUREMENTS)))
    if not only:
        _write(figures)
    return _told(figures)


async def _measured(names: Sequence[str]) -> list[Figure]:
    figures: list[Figure] = []
    _row("what", "goal", "measured", "ok")
    for name in names:
        # An emulator for each: no measurement meets what another one left behind.
        async with emulated() as vendors:
            for figure in await MEASUREMENTS[name](vendors):
                figures.append(figure)
                _row(figure.what, figure.goal, figure.measured, figure.word)
    return figures


def _row(what: str, goal: str, measured: str, word: str) -> None:
    print(f"{what:64} | {goal:11} | {measured:68} | {word}", flush=True)


def _told(figures: Sequence[Figure]) -> int:
    missed = [figure.what for figure in figures if figure.is_met is False]
    print(f"missed: {'; '.join(missed)}" if missed else "every goal is met")
    return 1 if missed else 0


def _write(figures: Sequence[Figure]) -> None:
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "figures": [figure._asdict() for figure in figures],
    }
    RESULTS.write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
