"""Measures how fast answers come and what they cost, beside others who do the same, on emulated vendors."""

import argparse
import asyncio
import json
import logging
import os
import platform
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import structlog

from benchmarks import crowds
from benchmarks.agreement import compared
from benchmarks.chart import drawn
from benchmarks.emulated import ROOT, Emulated, emulated
from benchmarks.execution import executions
from benchmarks.figure import Figure
from benchmarks.goals import Cells, goals
from benchmarks.plain import token_of
from benchmarks.population import BATCH, populate
from benchmarks.rounds import Cell, measured
from benchmarks.sides import sides
from benchmarks.startup import first_answers
from benchmarks.work import works
from resolvers.providers.huawei_drs.access import HuaweiDrsSettings

RESULTS = Path(__file__).with_suffix(".json")
CHART = ROOT / "docs" / "speed.svg"
CROWDS = {"overlapping": crowds.overlapping, "crowd": crowds.beside_a_huge_answer}


def main() -> int:
    """Measure everything; 1 where a goal is missed and `--strict` is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("only", nargs="*", help="words of the work that is measured; nothing is written then")
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a goal is missed or runs differ")
    parser.add_argument(
        "--compare",
        type=Path,
        metavar="FILE",
        help=f"measure nothing: compare an earlier {RESULTS.name} with the last",
    )
    options = parser.parse_args()
    if options.compare is not None:
        return 1 if _disagree(options.compare) and options.strict else 0
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    missed = asyncio.run(_all() if not options.only else _some(options.only))
    return 1 if missed and options.strict else 0


async def _all() -> bool:
    async with emulated() as vendors:
        providers_file = await populate(vendors)
        served, figures = await _served(vendors, providers_file, [])
        run = await _executed(providers_file)
        started = await first_answers(providers_file)
    figures = [*goals(Cells([*served, *run])), *figures, started]
    _tell(figures)
    facts = _facts(served, run, figures)
    RESULTS.write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    CHART.write_text(drawn(facts), encoding="utf-8")
    return any(figure.is_met is False for figure in figures)


async def _some(words: Sequence[str]) -> bool:
    async with emulated() as vendors:
        providers_file = await populate(vendors)
        served, figures = await _served(vendors, providers_file, words)
        run = await _executed(providers_file) if "execution" in words else []
        if "startup" in words:
            figures.append(await first_answers(providers_file))
    measured_ones = (figure for figure in goals(Cells([*served, *run])) if figure.spread is not None)
    _tell([*measured_ones, *figures])
    return False


async def _served(
    vendors: Emulated, providers_file: Path, words: Sequence[str]
) -> tuple[list[Cell], list[Figure]]:
    drs = cast("HuaweiDrsSettings", vendors.settings[BATCH])
    token = await token_of(drs)
    cells: list[Cell] = []
    print("over HTTP; of each figure the median of the rounds, and its quartiles\n")
    _row("work", "clients", "side", "calls", "CPU ms", "latency ms", "requests/s")
    async with sides(providers_file, drs.base_url, token) as started:
        for together in works(drs.project_id):
            if not words or any(word in work.name for work in together for word in words):
                cells += _told(await measured(together, started, vendors))
        crowd = [each for name, each in CROWDS.items() if not words or name in words]
        figures = [figure for each in crowd for figure in await each(started, vendors)]
    return cells, figures


async def _executed(providers_file: Path) -> list[Cell]:
    print("\nexecution alone, without sockets\n")
    cells = await executions(providers_file)
    for cell in cells:
        print(f"{cell.work:48} | {cell.side:24} | {cell.spread('cpu')!s:>24} CPU ms", flush=True)
    return cells


def _told(cells: list[Cell]) -> list[Cell]:
    for cell in cells:
        spreads = (cell.spread(name) for name in ("cpu", "latency", "rate"))
        calls = f"{cell.spread('calls').middle:.1f}"
        _row(cell.work, str(cell.clients), cell.side, calls, *map(str, spreads))
    return cells


def _row(work: str, clients: str, side: str, calls: str, cpu: str, latency: str, rate: str) -> None:
    print(
        f"{work:34} | {clients:>7} | {side:24} | {calls:>6} | {cpu:>21} | {latency:>21} | {rate:>21}", flush=True
    )


def _tell(figures: Sequence[Figure]) -> None:
    print()
    for figure in figures:
        note = f" | {figure.note}" if figure.note else ""
        print(f"{figure.what:84} | {figure.goal:12} | {figure.measured:46} | {figure.word}{note}")


def _disagree(earlier: Path) -> bool:
    """Print each goal of two runs; whether any figure disagrees."""
    runs = (json.loads(path.read_text(encoding="utf-8"))["goals"] for path in (earlier, RESULTS))
    pairs = list(compared(*runs))
    for pair in pairs:
        print(f"{pair.what:84} | {pair.earlier:24} | {pair.later:24} | {pair.word}")
    return not all(pair.agrees for pair in pairs)


def _facts(served: Sequence[Cell], run: Sequence[Cell], figures: Sequence[Figure]) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "served": [_fact(cell, "calls", "cpu", "latency", "rate") for cell in served],
        "executed": [_fact(cell, "cpu") for cell in run],
        "goals": [figure._asdict() for figure in figures],
    }


def _fact(cell: Cell, *names: str) -> dict[str, Any]:
    """The quartiles of each figure: CPU and latency in milliseconds of one request."""
    spreads = {name: [round(each, 3) for each in cell.spread(name)[:3]] for name in names}
    clients = {"clients": cell.clients} if cell.clients else {}
    return {"work": cell.work, **clients, "side": cell.side, **spreads}


if __name__ == "__main__":
    sys.exit(main())
