"""Watches the memory of a server whose viewers come and go, for half an hour or as long as is said."""

import argparse
import asyncio
import logging
import math
import random
import sys
import time
from collections.abc import Sequence
from statistics import linear_regression, pvariance
from typing import NamedTuple

import structlog

from benchmarks.figure import Figure, at_most
from benchmarks.live.churn import SELECTIONS, WITHOUT_LISTS, Churn, churning
from benchmarks.live.limits import raise_limits
from benchmarks.live.servers import Server, ours
from benchmarks.live.stage import stage
from benchmarks.live.table import tell

MOST_MEGABYTES = 1.0
COLLECTED = "benchmarks.live.collected"
LEAST_MINUTES = 2.0
_LONG_MINUTES = 10.0
_WARM_UP_MINUTES, _WARM_UP_SHARE = 1.0, 0.2
_SAMPLE_SECONDS, _WINDOW_SAMPLES = 0.5, 10
_TOLD_SECONDS = 10.0
_POLL_SECONDS = 0.25
_TEN_MINUTES = 600.0
_MEGABYTE = 1e6
_ARENA_BYTES = 1024 * 1024
_SETTLED_SECONDS = 20.0


class Slope(NamedTuple):
    """Megabytes in ten minutes, and how many of them may be chance."""

    megabytes: float
    doubt: float

    @classmethod
    def of(cls, samples: Sequence[tuple[float, float]]) -> "Slope":
        """From seconds and bytes: a line through the least of each window, for what is garbage is gone by then.

        In doubt are two standard errors, and one arena: Python's memory grows by a mebibyte at a time.
        """
        windows = [samples[start : start + _WINDOW_SAMPLES] for start in range(0, len(samples), _WINDOW_SAMPLES)]
        times, sizes = zip(*(min(window, key=_size) for window in windows), strict=True)
        line = linear_regression(times, sizes)
        off = [size - line.slope * time - line.intercept for time, size in zip(times, sizes, strict=True)]
        error = math.sqrt(sum(each**2 for each in off) / max(1, len(times) - 2) / (len(times) * pvariance(times)))
        doubt = 2 * error + _ARENA_BYTES / (times[-1] - times[0])
        return cls(line.slope * _TEN_MINUTES / _MEGABYTE, doubt * _TEN_MINUTES / _MEGABYTE)

    def figure(self, minutes: float) -> Figure:
        """A short run has the benefit of the doubt."""
        what = f"MB grown in ten minutes, by {minutes:g} minutes of churn"
        judged = self.megabytes if minutes >= _LONG_MINUTES else self.megabytes - self.doubt
        measured = f"{self.megabytes:.2f} (± {self.doubt:.2f})"
        return Figure(
            what, f"below {MOST_MEGABYTES:g}", measured, judged < MOST_MEGABYTES, round(self.megabytes, 4)
        )


def _size(sample: tuple[float, float]) -> float:
    return sample[1]


def main() -> int:
    """1 where the memory grows, something is left at the end, or a viewer was sent away."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.live.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="the warm-up included: a minute, or a fifth")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if options.minutes < LEAST_MINUTES:
        parser.error(f"--minutes takes {LEAST_MINUTES:g} or more: the first is warm-up")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    raise_limits()
    figures = asyncio.run(_soaked(options.minutes, random.Random(options.seed)))
    tell(figures)
    return 1 if any(figure.is_met is False for figure in figures) else 0


async def _soaked(minutes: float, chance: random.Random) -> list[Figure]:
    # Lists that were shown are kept up to a bound, which takes minutes to be reached.
    selections = SELECTIONS if minutes >= _LONG_MINUTES else WITHOUT_LISTS
    warm_up_seconds = 60 * max(_WARM_UP_MINUTES, minutes * _WARM_UP_SHARE)
    async with stage() as vendor, ours(vendor.providers_file(_POLL_SECONDS), COLLECTED) as server:
        async with churning(vendor, server, chance, selections):
            await asyncio.sleep(1)  # what is opened once and stays open is there before anything is counted
        await _settled(server, vendor.url, 0)
        before = server.descriptors(vendor.url)
        async with churning(vendor, server, chance, selections) as churn:
            await _sampled(server, churn, warm_up_seconds)
            samples = await _sampled(server, churn, minutes * 60 - warm_up_seconds)
        await _settled(server, vendor.url, before)
        return [
            Slope.of(samples).figure(minutes),
            at_most("streams left when all have gone", 0, await server.counted("precheck_viewers")),
            at_most("prechecks still polled then", 0, await server.counted("precheck_watched")),
            at_most("files and sockets more than at the start", 0, server.descriptors(vendor.url) - before),
            at_most(f"of {churn.visits} visits, ended by the server in trouble", 0, churn.refused.total()),
        ]


async def _sampled(server: Server, churn: Churn, seconds: float) -> list[tuple[float, float]]:
    began = told = time.monotonic()
    samples = []
    while (now := time.monotonic()) < began + seconds:
        samples.append((now - began, float(server.memory())))
        if now > told + _TOLD_SECONDS:
            told = now
            print(
                f"{samples[-1][1] / _MEGABYTE:7.1f} MB | {churn.visits} visits | {churn.events} events", flush=True
            )
        await asyncio.sleep(_SAMPLE_SECONDS)
    return samples


async def _settled(server: Server, vendor_url: str, descriptors: int) -> None:
    """Until nobody is left and nobody is polled for, or for some seconds."""
    deadline = time.monotonic() + _SETTLED_SECONDS
    while time.monotonic() < deadline:
        await asyncio.sleep(1)
        left = await server.counted("precheck_viewers") + await server.counted("precheck_watched")
        if not left and server.descriptors(vendor_url) <= descriptors:
            return


if __name__ == "__main__":
    sys.exit(main())
