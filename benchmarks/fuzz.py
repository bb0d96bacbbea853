"""Feeds every vendor's decoders with broken answers: nothing but a problem may come out, and no memory stay.

Then compares compiled execution with graphql-core's own: no client may see a difference.
"""

import argparse
import asyncio
import base64
import gc
import hashlib
import json
import os
import random
import sys
import time
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.equality import EXECUTIONS, equality, merged
from benchmarks.mutation import Body, broken
from benchmarks.targets import Question, Target, target, target_names

INPUTS = 200_000
MOST_GROWTH_MEGABYTES = 16.0
MOST_KEPT = 20
FAILURES = Path(".cache/fuzz")
_WARM_UP = 5_000
_BETWEEN_LOOKS = 500
_MEGABYTE = 1024 * 1024
_HEADERS: Sequence[dict[str, str]] = (
    *({}, {}, {"retry-after": "3"}, {"retry-after": "9" * 400}, {"retry-after": "\u0663"}, {"retry-after": "-1"}),
    *({"date": "Fri, 31 Feb 2026 25:61:61 GMT"}, {"date": "Sat, 01 Jan 0001 00:00:00 +2359"}, {"date": ""}),
    *({"x-request-id": "\x00" * 300}, {"retry-after": "Fri, 31 Dec 9999 23:59:59 -2359"}),
)


class Outcome(NamedTuple):
    """What became of one target. Growth is that of resident memory after the warm-up, at its highest."""

    name: str
    inputs: int
    seconds: float
    growth_megabytes: float
    read: int
    slowest_milliseconds: float
    uncaught: int
    failures: list[str]

    @property
    def is_good(self) -> bool:
        """Whether both goals are met."""
        return not self.uncaught and self.growth_megabytes <= MOST_GROWTH_MEGABYTES

    def __str__(self) -> str:
        line = (
            f"{self.name:16} {self.inputs:8} inputs  {self.seconds:6.1f} s  {self.growth_megabytes:5.1f} MB growth"
            f"  {self.uncaught} uncaught  {100 * self.read / self.inputs:3.0f} % read as a precheck  "
            f"slowest {self.slowest_milliseconds:.0f} ms"
        )
        return "\n".join([line, *(f"  {failure}" for failure in self.failures)])


class Input(NamedTuple):
    """One answer for one provider."""

    target: str
    provider_id: str
    reference: str
    body: Body
    headers: dict[str, str]

    def save(self, folder: Path, error: BaseException) -> Path:
        """Write it, and what came out, to a file named by its content; `--replay` reads it."""
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256(self.body.content).hexdigest()[:12]
        path = folder / f"{self.target.replace(' ', '-')}-{digest}.json"
        told = "".join(traceback.format_exception(error))
        asked = {"target": self.target, "provider": self.provider_id, "reference": self.reference}
        content = base64.b64encode(self.body.content).decode()
        answer = {"status": self.body.status, "headers": self.headers, "body": content}
        path.write_text(json.dumps({**asked, **answer, "error": told}, indent=1))
        return path


class _Run:
    def __init__(self, fuzzed: Target, seed: int, failures: Path) -> None:
        self._target = fuzzed
        self._chance = random.Random(f"{seed} {fuzzed.name}")
        self._failures = failures
        self._base = self._highest = 0
        self.read = self.uncaught = 0
        self.slowest = 0.0
        self.kept: dict[tuple[str, int], str] = {}

    async def all(self, inputs: int) -> None:
        for number in range(inputs):
            question = self._target.questions[number % len(self._target.questions)]
            await self._one(question)
            if number % _BETWEEN_LOOKS == 0:
                self._look(number >= min(_WARM_UP, inputs // 2))

    async def _one(self, question: Question) -> None:
        body, headers = broken(self._chance, question.corpus), self._chance.choice(_HEADERS)
        began = time.perf_counter()
        try:
            self.read += await question.read(body, headers)
        except Exception as error:
            self._keep(Input(self._target.name, question.provider.id, question.reference, body, headers), error)
        self.slowest = max(self.slowest, time.perf_counter() - began)

    def _keep(self, fed: Input, error: Exception) -> None:
        self.uncaught += 1
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = (last.filename, last.lineno or 0)
        if place not in self.kept and len(self.kept) < MOST_KEPT:
            path = fed.save(self._failures, error)
            self.kept[place] = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}, see {path}"

    def _look(self, is_warm: bool) -> None:
        now = _resident_bytes()
        if is_warm and not self._base:
            gc.collect()
            self._base = self._highest = _resident_bytes()
        self._highest = max(self._highest, now) if self._base else 0

    @property
    def growth_megabytes(self) -> float:
        return (self._highest - self._base) / _MEGABYTE


async def fuzz(fuzzed: Target, inputs: int, seed: int, failures: Path = FAILURES) -> Outcome:
    """Feed one target. The same seed breaks the same way; only the vendor's references are others."""
    run = _Run(fuzzed, seed, failures)
    began = time.perf_counter()
    await run.all(inputs)
    seconds = time.perf_counter() - began
    kept = list(run.kept.values())
    slowest = run.slowest * 1000
    return Outcome(fuzzed.name, inputs, seconds, run.growth_megabytes, run.read, slowest, run.uncaught, kept)


async def replay(kept: dict[str, Any], fuzzed: Target) -> bool:
    """Feed an input that was kept once more. Raises what came out; else whether it was read as a precheck."""
    question = next(each for each in fuzzed.questions if each.provider.id == kept["provider"])
    question = question._replace(reference=kept["reference"])
    return await question.read(Body(kept["status"], base64.b64decode(kept["body"])), kept["headers"])


def main() -> int:
    """Fuzz what is asked for, a process for each; 1 where a goal is missed."""
    options = _options()
    if options.replay:
        return asyncio.run(_replayed(json.loads(options.replay.read_text())))
    names = [name for name in target_names() if options.vendor in (None, name, name.partition(" ")[0])]
    if not names:
        print(f"no vendor {options.vendor!r}; there are {', '.join(target_names())}", file=sys.stderr)
        return 2
    bad = [outcome.name for outcome in _outcomes(names, options.inputs, options.seed) if not outcome.is_good]
    if options.vendor is None and not _are_answers_equal(options.executions, options.seed):
        bad.append("execution")
    print(f"missed: {', '.join(bad)}" if bad else f"nothing uncaught, at most {MOST_GROWTH_MEGABYTES:g} MB growth")
    return 1 if bad else 0


def _outcomes(names: Sequence[str], inputs: int, seed: int) -> Iterator[Outcome]:
    # A fresh process for each: memory is counted from a clean beginning.
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn"), max_tasks_per_child=1) as pool:
        for outcome in pool.map(_fuzz_alone, names, [inputs] * len(names), [seed] * len(names)):
            print(outcome, flush=True)
            yield outcome


def _are_answers_equal(executions: int, seed: int) -> bool:
    """Whether compiled execution and graphql-core's own give the same; told in a line."""
    count = os.cpu_count() or 1
    with ProcessPoolExecutor(count, get_context("spawn")) as pool:
        seeds = [seed * count + number for number in range(count)]
        compared = merged(list(pool.map(equality, [executions // count] * count, seeds)))
    print(compared, flush=True)
    return not compared.mismatches


def _fuzz_alone(name: str, inputs: int, seed: int) -> Outcome:
    async def built_and_fuzzed() -> Outcome:
        fuzzed = target(name)
        try:
            return await fuzz(fuzzed, inputs, seed)
        finally:
            await fuzzed.close()

    return asyncio.run(built_and_fuzzed())


async def _replayed(kept: dict[str, Any]) -> int:
    fuzzed = target(kept["target"])
    try:
        print("read as a precheck" if await replay(kept, fuzzed) else "refused as a problem")
    finally:
        await fuzzed.close()
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=INPUTS, help="for each API (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="another one makes other inputs (%(default)s)")
    parser.add_argument("--executions", type=int, default=EXECUTIONS, help="to be compared (%(default)s)")
    parser.add_argument("--vendor", help="only this one, for example huawei-drs, or 'huawei-drs v5'")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="feed an input that was kept once more")
    return parser.parse_args()


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    sys.exit(main())
