"""Changes one place of a JSON body and leaves the rest as the vendor sent it."""

import copy
import json
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    """Every place below the top: all keys of objects, of lists only the first entry."""
    if isinstance(value, dict):
        steps: list[str | int] = list(value)
    else:
        steps = [0] if isinstance(value, list) and value else []
    for step in steps:
        yield (*path, step)
        yield from places(value[step], (*path, step))


def at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def replaced(value: Any, path: Path, new: Any) -> Any:
    """A copy with something else in one place."""
    changed = copy.deepcopy(value)
    at(changed, path[:-1])[path[-1]] = new
    return changed


def removed(value: Any, path: Path) -> Any:
    """A copy without one place."""
    changed = copy.deepcopy(value)
    del at(changed, path[:-1])[path[-1]]
    return changed


def with_stranger(value: Any) -> Any:
    """A copy in which every object has a key more."""
    if isinstance(value, dict):
        return {"zanzibar": {"unknown": [1]}} | {key: with_stranger(inner) for key, inner in value.items()}
    return [with_stranger(inner) for inner in value] if isinstance(value, list) else value


def list_of_items(value: Any) -> Path:
    """Where the longest list of objects stands: the checks."""
    lists = [path for path in places(value) if isinstance(at(value, path), list)]
    return max(lists, key=lambda path: sum(isinstance(each, dict) for each in at(value, path)))


def begun_with(more: bytes, body: bytes) -> bytes:
    """An object with this text before its first key."""
    assert body.startswith(b"{")
    return b"{" + more + b"," + body[1:]


def first_key_twice(body: bytes) -> bytes:
    """The first key once more, before itself and with nothing in it."""
    return begun_with(json.dumps(next(iter(json.loads(body)))).encode() + b":null", body)
