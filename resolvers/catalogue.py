"""What a vendor's check codes are about: a table per vendor, then rules; an unknown code is never an error."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from resolvers.vocabulary import PrecheckCategory, PrecheckSide

# Order matters: `srcDst…` begins with `src`, and `…Consistency` compares both sides. A data source may be either.
_SIDE_RULES = (
    (re.compile(r"srcDst|srcAndDst|Consistency"), PrecheckSide.BOTH),
    (re.compile(r"src|Src|source|(?<![Dd]ata)Source"), PrecheckSide.SOURCE),
    (re.compile(r"dst|Dst|target|Target"), PrecheckSide.TARGET),
)


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
    rules: tuple[tuple[re.Pattern[str], PrecheckCategory], ...]

    def category(self, code: str, group: str | None = None) -> PrecheckCategory:
        """The category of a check, by its code, then by the vendor's group, then by the rules, else OTHER."""
        if (known := self.checks.get(code)) is not None:
            return known.category
        if group is not None and group in self.groups:
            return self.groups[group]
        return next((category for pattern, category in self.rules if pattern.search(code)), PrecheckCategory.OTHER)

    def side(self, code: str) -> PrecheckSide:
        """The side a check looks at, read from its code where the vendor gives none."""
        if (known := self.checks.get(code)) is not None and known.side is not None:
            return known.side
        return next((side for pattern, side in _SIDE_RULES if pattern.search(code)), PrecheckSide.UNKNOWN)


def read_catalogue(path: Path) -> Catalogue:
    """Read a `catalogue.toml`; a word in it that is not in the vocabulary raises ValueError."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Catalogue(
        checks={code: _check(entry) for code, entry in table["checks"].items()},
        groups={group: PrecheckCategory(word) for group, word in table.get("groups", {}).items()},
        rules=tuple((re.compile(pattern), PrecheckCategory(word)) for pattern, word in table["rules"]),
    )


def _check(entry: Any) -> Check:
    if isinstance(entry, str):
        return Check(PrecheckCategory(entry))
    side = entry.get("side")
    return Check(PrecheckCategory(entry["category"]), PrecheckSide(side) if side else None)
