"""Lists of a reading, encoded once and shown to everybody: what nobody can change has one JSON."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import orjson

from graph.recent import Recent

Proven: TypeAlias = Callable[[Any], tuple[list[Any], bool]]

LEAST = 3  # shorter lists are completed in the time that it takes to find them here
_MEBIBYTE = 1024 * 1024
_HELD_BYTES = 768  # what an entry keeps alive of each value; an item of a precheck takes about that


class _Met(NamedTuple):
    """A tuple that was shown, kept so that no other one is ever given its identity; its JSON if it came again."""

    values: tuple[Any, ...]
    fragment: orjson.Fragment | None


# By numbers, so that no entry keeps a compiled function alive that nothing else needs.
_MET: Recent[tuple[int, int], _Met] = Recent(most=64 * 1024, largest=_MEBIBYTE, room=64 * _MEBIBYTE)
_NUMBERS = itertools.count()


class Encoded:
    """Completes a list, or gives the JSON that it has had before.

    `complete` gives the completed list, and whether the values, and all that it has read of them, never change.
    """

    def __init__(self, complete: Proven) -> None:
        self._complete = complete
        self._number = next(_NUMBERS)

    def __call__(self, values: Any) -> list[Any] | orjson.Fragment:
        """The completed list; from the second time on that the very same tuple is shown, a fragment of JSON.

        Raises what the plan raises, and what orjson says of a text that is no Unicode.
        """
        if type(values) is not tuple or len(values) < LEAST:
            return self._complete(values)[0]
        met = _MET.get((self._number, id(values)))
        if met is not None and met.fragment is not None:
            return met.fragment
        completed, is_fixed = self._complete(values)
        if not is_fixed:
            return completed
        return self._encode(values, completed) if met is not None else self._meet(values, completed)

    def _meet(self, values: tuple[Any, ...], completed: list[Any]) -> list[Any]:
        """Most answers are shown once: they are not worth encoding apart."""
        _MET.keep((self._number, id(values)), _Met(values, None), _HELD_BYTES * len(values))
        return completed

    def _encode(self, values: tuple[Any, ...], completed: list[Any]) -> orjson.Fragment:
        encoded = orjson.dumps(completed)
        fragment = orjson.Fragment(encoded)
        _MET.keep((self._number, id(values)), _Met(values, fragment), _HELD_BYTES * len(values) + len(encoded))
        return fragment
