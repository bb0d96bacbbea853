"""What nobody watches just now, kept for a while for those who come back."""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from resolvers.clock import Clock

_MOST = 200
_SECONDS = 600.0

_Key = TypeVar("_Key", bound=Hashable)
_Kept = TypeVar("_Kept")


class Resting(Generic[_Key, _Kept]):
    """At most `most` of them, each for at most `seconds`; the oldest go first."""

    def __init__(self, clock: Clock, most: int = _MOST, seconds: float = _SECONDS) -> None:
        self._clock = clock
        self._most = most
        self._seconds = seconds
        self._kept: dict[_Key, tuple[float, _Kept]] = {}

    def keep(self, key: _Key, kept: _Kept) -> None:
        """Keep one from now on."""
        self._kept.pop(key, None)
        self._kept[key] = (self._clock.monotonic(), kept)
        self._forget()

    def take(self, key: _Key) -> _Kept | None:
        """The one that rested, if it is kept still; it rests no more."""
        self._forget()
        entry = self._kept.pop(key, None)
        return entry[1] if entry else None

    def drop(self, is_meant: Callable[[_Key], bool]) -> None:
        """Forget those at once."""
        self._kept = {key: entry for key, entry in self._kept.items() if not is_meant(key)}

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - self._seconds
        while self._kept:
            key, (since, _) = next(iter(self._kept.items()))
            if len(self._kept) <= self._most and since >= oldest:
                return
            del self._kept[key]
