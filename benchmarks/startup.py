"""How long after its start a server answers, ours beside the textbook's."""

import time
from pathlib import Path
from statistics import median

from benchmarks.emulated import announced, process
from benchmarks.figure import Figure, at_most
from benchmarks.sides import HTTPCaller, encoded

TIMES = 5
_OURS = ("graphql:  ", "graph", "serve", "--port", "0", "--providers")
_TEXTBOOK = ("textbook: ", "benchmarks.textbook")


async def first_answers(providers_file: Path) -> Figure:
    """Time from exec to the first answer over that of the textbook, in turns; the median of the pairs."""
    pairs = [[await _seconds(*side, str(providers_file)) for side in (_OURS, _TEXTBOOK)] for _ in range(TIMES)]
    ours, textbook = (median(each) for each in zip(*pairs, strict=True))
    what = "time from the start of the process to its first answer, over that of the textbook server"
    return at_most(what, 1.5, median(our / their for our, their in pairs), f" ({ours:.2f} s; {textbook:.2f} s)")


async def _seconds(announcement: str, module: str, *options: str) -> float:
    began = time.perf_counter()
    async with process(module, *options) as running:
        caller = await HTTPCaller.connected(await announced(running, announcement), {})
        await caller.ask(encoded("{ __typename }", {}))
        took = time.perf_counter() - began
        caller.close()
    return took
