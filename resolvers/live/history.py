"""What happened to one precheck of late, for viewers who come back."""

from collections import deque
from typing import NamedTuple

from resolvers.domain import PrecheckEvent
from resolvers.live.publisher import Told

_MOST_EVENTS = 32


class Since(NamedTuple):
    """What a viewer knows who was told everything up to some revision, and what came after it."""

    known: PrecheckEvent
    missed: list[Told]


class History:
    """The newest events of one precheck that showed its state; the oldest of them is what the others build on."""

    def __init__(self, most: int = _MOST_EVENTS) -> None:
        self._told: deque[Told] = deque(maxlen=most)

    @property
    def newest(self) -> int:
        """The revision of the newest one; 0 if there is none."""
        return self._told[-1].revision if self._told else 0

    def add(self, told: Told) -> None:
        """Remember the newest one; the oldest may be forgotten for it."""
        self._told.append(told)

    def since(self, revision: int) -> Since | None:
        """What came after a revision; None where that is not remembered."""
        known = [told for told in self._told if told.revision <= revision]
        if not known:
            return None
        return Since(known[-1].event, [told for told in self._told if told.revision > revision])
