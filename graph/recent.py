"""A bounded memory of what was used last."""

from collections.abc import Hashable
from typing import Generic, TypeVar

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class Recent(Generic[_Key, _Value]):
    """Values by key, each with a size; the least recently used go first.

    Kept are at most `most` values, none of a size above `largest`, and together no more than `room`. The usual
    sizes are characters of a document: its syntax tree takes 40 to 280 bytes for each.
    """

    def __init__(self, most: int = 512, largest: int = 32 * 1024, room: int = 256 * 1024) -> None:
        self._most = most
        self._largest = largest
        self._room = room
        self._kept: dict[_Key, tuple[_Value, int]] = {}
        self._total = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: _Key) -> _Value | None:
        """The value, which is the newest now; None where it is not kept."""
        entry = self._kept.pop(key, None)
        if entry is None:
            return None
        self._kept[key] = entry
        return entry[0]

    def keep(self, key: _Key, value: _Value, size: int) -> None:
        """Keep the value, unless it is too large."""
        if size > self._largest:
            return
        self._drop(key)
        self._kept[key] = (value, size)
        self._total += size
        while len(self._kept) > self._most or self._total > self._room:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: _Key) -> None:
        entry = self._kept.pop(key, None)
        self._total -= entry[1] if entry else 0
