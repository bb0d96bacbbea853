"""What a vendor's check codes are about: a table per vendor, then rules; an unknown code is never an error."""

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from resolvers.vocabulary import PrecheckCategory, PrecheckSide

Meaning = TypeVar("Meaning")

_MOST_REMEMBERED = 2_000
_MOST_SIGNS_REMEMBERED = 100

# Order matters: `srcDst…` begins with `src`, and `…Consistency` compares both sides. A data source may be either.
_SIDE_RULES = (
    (re.compile(r"srcDst|srcAndDst|Consistency"), PrecheckSide.BOTH),
    (re.compile(r"src|Src|source|(?<![Dd]ata)Source"), PrecheckSide.SOURCE),
    (re.compile(r"dst|Dst|target|Target"), PrecheckSide.TARGET),
)


class Remembered(dict[str, Meaning]):
    """What a rule makes of a code, found once: vendors send the same codes all day, and some no table knows."""

    def __init__(self, rule: Callable[[str], Meaning]) -> None:
        self._rule = rule

    def __missing__(self, code: str) -> Meaning:
        meaning = self._rule(code)
        if len(code) <= _MOST_SIGNS_REMEMBERED and len(self) < _MOST_REMEMBERED:
            self[code] = meaning
        return meaning


def _first_of(rules: Sequence[tuple[re.Pattern[str], Meaning]], other: Meaning) -> Remembered[Meaning]:
    return Remembered(lambda code: next((meaning for pattern, meaning in rules if pattern.search(code)), other))


_SIDES = _first_of(_SIDE_RULES, PrecheckSide.UNKNOWN)


class Check(NamedTuple):
    """What is known of one check code."""

    category: PrecheckCategory
    side: PrecheckSide | None = None


class Catalogue(NamedTuple):
    """A vendor's check codes. Built from the `catalogue.toml` beside its module.

    The file holds `[checks]` (code -> category, or {category, side}), optionally `[groups]`
    (the vendor's group -> category), and `rules`, pairs of a pattern searched in the code and the
    category it suggests, tried in order.
    """

    checks: Mapping[str, Check]
    groups: Mapping[str, PrecheckCategory]
    suggested: Remembered[PrecheckCategory]

    def category(self, code: str, group: str | None = None) -> PrecheckCategory:
        """The category of a check, by its code, then by the vendor's group, then by the rules, else OTHER."""
        if (known := self.checks.get(code)) is not None:
            return known.category
        if group is not None and group in self.groups:
            return self.groups[group]
        return self.suggested[code]

    def side(self, code: str) -> PrecheckSide:
        """The side a check looks at, read from its code where the vendor gives none."""
        if (known := self.checks.get(code)) is not None and known.side is not None:
            return known.side
        return _SIDES[code]


def read_catalogue(path: Path) -> Catalogue:
    """Read a `catalogue.toml`; a word in it that is not in the vocabulary raises ValueError."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Catalogue(
        checks={code: _check(entry) for code, entry in table["checks"].items()},
        groups={group: PrecheckCategory(word) for group, word in table.get("groups", {}).items()},
        suggested=_first_of(
            [(re.compile(pattern), PrecheckCategory(word)) for pattern, word in table["rules"]],
            PrecheckCategory.OTHER,
        ),
    )


def _check(entry: Any) -> Check:
    if isinstance(entry, str):
        return Check(PrecheckCategory(entry))
    side = entry.get("side")
    return Check(PrecheckCategory(entry["category"]), PrecheckSide(side) if side else None)
