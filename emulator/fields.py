"""Reads the fields of a control request and words what is wrong with them."""

import math
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

STATUSES = {int(status) for status in HTTPStatus if status >= HTTPStatus.OK}


class Refused(ValueError):
    """A control request that cannot be carried out; the text says what is accepted."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Fields:
    """A JSON object read field by field; `done` refuses whatever nobody asked for.

    `place` leads every message, for objects inside others ("script[0].").
    """

    def __init__(self, body: Any, place: str = "") -> None:
        if not isinstance(body, dict):
            raise Refused(f"{place or 'the body'} must be a JSON object, not {_named(body)}")
        self._left: dict[str, Any] = dict(body)
        self._known: list[str] = []
        self._place = place

    def __contains__(self, name: str) -> bool:
        return self._left.get(name) is not None

    def take(self, name: str) -> Any:
        """The raw value, None where absent."""
        self._known.append(name)
        return self._left.pop(name, None)

    def choice(self, name: str, accepted: Sequence[str]) -> str:
        """One of the accepted words; required."""
        value = self.take(name)
        if value not in accepted:
            raise self._wrong(name, value, f"one of {', '.join(accepted)}")
        return str(value)

    def text(self, name: str) -> str | None:
        """A string with something in it."""
        value = self.take(name)
        if value is not None and not (isinstance(value, str) and value):
            raise self._wrong(name, value, "a string that is not empty")
        return value

    def flag(self, name: str) -> bool:
        """True or false; false where absent."""
        value = self.take(name)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(name, value, "true or false")
        return bool(value)

    def number(self, name: str, default: float | None, *, minimum: float = 0.0, over: bool = False) -> float:
        """A finite number of at least `minimum` (more than it with `over`); required without a default."""
        value = self.take(name)
        if value is None and default is not None:
            return default
        bound = f"a number {'over' if over else 'of at least'} {minimum:g}"
        if not _is_number(value) or value < minimum or (over and value == minimum):
            raise self._wrong(name, value, bound)
        return float(value)

    def integer(self, name: str, default: int | None, *, minimum: int, maximum: int) -> int:
        """A whole number within bounds; required without a default."""
        value = self.take(name)
        if value is None and default is not None:
            return default
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise self._wrong(name, value, f"a whole number from {minimum} to {maximum}")
        return value

    def status(self, default: int | None) -> int:
        """The field `status`: a registered HTTP status of a final answer."""
        status = self.integer("status", default, minimum=200, maximum=599)
        if status not in STATUSES:
            raise self._wrong("status", status, "a registered HTTP status")
        return status

    def body(self, *, required: bool) -> dict[str, Any] | str | None:
        """The field `body`: a JSON object, or text to send as it stands."""
        body = self.take("body")
        if isinstance(body, dict | str) or (body is None and not required):
            return body
        raise self._wrong("body", body, "a JSON object or a string")

    def done(self) -> None:
        """Refuse the fields that were not read."""
        for name in self._left:
            raise Refused(f"{self._place}{name}: unknown field; accepted: {', '.join(self._known)}")

    def _wrong(self, name: str, value: Any, accepted: str) -> Refused:
        return Refused(f"{self._place}{name} must be {accepted}, not {_named(value)}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _named(value: Any) -> str:
    return "absent" if value is None else f"{value!r:.60}"
