"""Numbers events in the order in which they come about, and hands them to viewers in that order."""

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import structlog

from resolvers.domain import PrecheckEvent
from resolvers.live.mailbox import Letter
from resolvers.live.viewer import Viewer
from resolvers.turns import Turn

_log = structlog.get_logger()
_AT_ONCE = 64  # viewers; handing an event to that many takes less than a turn
# Longer than other turns: what is written in one go is written, and read, with less than two thirds of the work.
_TURN_SECONDS = 0.25


class Told(NamedTuple):
    """An event and its revision."""

    revision: int
    event: PrecheckEvent


class _Round(NamedTuple):
    letters: Sequence[Letter]
    viewers: Sequence[Viewer]


class Publisher:
    """All events of one process pass through it: to few viewers at once, to many in turns."""

    def __init__(self) -> None:
        self.newest = 0
        self._rounds: deque[_Round] = deque()
        self._handing: asyncio.Task[None] | None = None

    def number(self, events: Iterable[PrecheckEvent]) -> list[Told]:
        """These events come about now."""
        told = []
        for event in events:
            self.newest += 1
            told.append(Told(self.newest, event))
        return told

    def publish(self, letters: Sequence[Letter], viewers: Sequence[Viewer]) -> None:
        """Have each of these viewers told each of these, after all that was published before."""
        if self._handing is None and len(viewers) <= _AT_ONCE:
            for letter in letters:
                for viewer in viewers:
                    _give(letter, viewer)
        elif viewers:
            self._rounds.append(_Round(letters, viewers))
            if self._handing is None:
                self._handing = asyncio.create_task(self._hand_out(), name="publisher")

    async def close(self) -> None:
        """Hand out nothing more."""
        if self._handing is not None:
            self._handing.cancel()
            await asyncio.gather(self._handing, return_exceptions=True)

    async def _hand_out(self) -> None:
        turn = Turn(seconds=_TURN_SECONDS)
        try:
            while self._rounds:
                letters, viewers = self._rounds.popleft()
                for letter in letters:
                    for viewer in viewers:
                        _give(letter, viewer)
                        if turn.is_over():
                            await turn.give()
        finally:
            self._handing = None


def _give(letter: Letter, viewer: Viewer) -> None:
    try:
        viewer.put(letter)
    except Exception:  # of one viewer: the others are to be told nevertheless
        _log.exception("viewer_fault")
