"""A long list completed slice by slice, with everybody else's turn in between."""

from collections.abc import Callable, Sequence
from typing import Any

import orjson

from resolvers.turns import TURN_SECONDS, Seconds, Turn

_LIGHT = 128  # of what is completed at this rate there is no tree that would be worth encoding apart


class Slices:
    """A list completed slice by slice; what is large is encoded at the end of each of several turns.

    A tree of everything would cost more: it is encoded and freed in one go, and the garbage collector walks it.
    """

    def __init__(self, run: Callable[[list[Any]], list[Any]], items: Sequence[Any], clock: Seconds) -> None:
        self.turn = Turn(clock)
        self._run = run
        self._items = list(items)  # its owner may change a list between two turns
        self._step = 1
        self._place = 0
        self.result: list[Any] = []

    def work(self) -> bool:
        """Complete until the turn is over or the list is at its end, and say whether it is.

        Its entries are added to `result`, one by one or as a fragment of JSON that holds several. Raises what the
        plan raises, and what orjson says of a text that is no Unicode.
        """
        began = self.turn.now()
        completed: list[Any] = []
        while self._place < len(self._items):
            completed += self._run(self._items[self._place : self._place + self._step])
            self._place += self._step
            if self.turn.is_over():
                break
            now = self.turn.now()
            self._step = _fitting(self._step, now - began)
            began = now
        is_done = self._place >= len(self._items)
        is_whole = is_done and not self.result
        self.result += completed if is_whole or len(completed) >= _LIGHT else _encoded(completed)
        return is_done


def _encoded(entries: list[Any]) -> list[orjson.Fragment]:
    return [orjson.Fragment(orjson.dumps(entries)[1:-1])]


def _fitting(step: int, seconds: float) -> int:
    """How many at once, so that a turn ends in time but the clock is not asked for every one."""
    if seconds < TURN_SECONDS / 8:
        return step * 2
    return max(1, step // 2) if seconds > TURN_SECONDS / 4 else step
