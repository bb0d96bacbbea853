"""Measures one change to many viewers, and what many viewers cost, beside others who serve the same."""

import argparse
import asyncio
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import structlog

from benchmarks.figure import Figure
from benchmarks.live.drain import drain
from benchmarks.live.fanout import different, equal
from benchmarks.live.held import growth, held
from benchmarks.live.limits import raise_limits
from benchmarks.live.short import short
from benchmarks.live.stage import Stage, stage
from benchmarks.live.storm import storm
from benchmarks.live.table import tell

RESULTS = Path(__file__).parents[1] / "live.json"
VIEWERS = 10_000
ROWS: Mapping[str, Callable[[Stage, int], Awaitable[list[Figure]]]] = {
    "held": held,
    "growth": growth,
    "equal": equal,
    "different": different,
    "drain": drain,
    "storm": storm,
    "short": short,
}


def main() -> int:
    """Measure everything; 1 where a goal is missed and `--strict` is given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live", description=__doc__)
    parser.add_argument(
        "only",
        nargs="*",
        choices=[[], *ROWS],
        metavar="ROW",
        help=f"of {', '.join(ROWS)}; nothing is written then",
    )
    parser.add_argument("--strict", action="store_true", help="exit with 1 where a goal is missed")
    parser.add_argument("--viewers", type=int, default=VIEWERS, help="fewer of them; nothing is written then")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    raise_limits()
    reached = asyncio.run(_measured(options.only or list(ROWS), options.viewers))
    missed = [figure.what for figures in reached.values() for figure in figures if figure.is_met is False]
    print(f"missed: {'; '.join(missed)}" if missed else "every goal is met")
    if options.viewers == VIEWERS:
        _write(reached)
    return 1 if options.strict and missed else 0


async def _measured(rows: Sequence[str], viewers: int) -> dict[str, list[Figure]]:
    reached: dict[str, list[Figure]] = {}
    for row in rows:
        print(f"\n{row} ...", flush=True)
        began = time.monotonic()
        # A vendor for each: no measurement meets what another one left behind.
        async with stage() as vendor:
            reached[row] = await ROWS[row](vendor, viewers)
        tell(reached[row])
        print(f"{time.monotonic() - began:.0f} s", flush=True)
    return reached


def _write(reached: Mapping[str, Sequence[Figure]]) -> None:
    """These rows in place of those of the run before."""
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    fresh = {row: _facts(figures) for row, figures in reached.items()}
    rows = {row: fresh.get(row) or known[row] for row in ROWS if row in fresh or row in known}
    RESULTS.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _facts(figures: Sequence[Figure]) -> dict[str, object]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "cpus": os.cpu_count(),
        "goals": [figure._asdict() for figure in figures],
    }


if __name__ == "__main__":
    sys.exit(main())
