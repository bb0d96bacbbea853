"""Whether two runs agree: what one measured may differ from the other by as much as chance explains."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.figure import Spread

# As in a notched box plot a median is known within so many times the quartiles' distance over the root of the
# rounds. Those have 1.57, for many values; with 2.5 two runs of the same differ by chance less than once in twenty
# times after three rounds, and less than once in fifty after seven.
_NOTCH = 2.5
# A process differs from its own next start by as much: where objects lie in memory, how hashes fall.
_START = 0.03


class Agreement(NamedTuple):
    """One figure of two runs, in their own words."""

    what: str
    earlier: str
    later: str
    agrees: bool
    word: str


def compared(earlier: Sequence[Mapping[str, Any]], later: Sequence[Mapping[str, Any]]) -> Iterator[Agreement]:
    """Each figure that both runs measured, in the order of the later one; figures are as `Figure` writes them."""
    before = {each["what"]: each for each in earlier if _is_measured(each)}
    for each in later:
        if each["what"] in before and _is_measured(each):
            yield _agreement(before[each["what"]], each)


def _is_measured(figure: Mapping[str, Any]) -> bool:
    return figure["is_met"] is not None


def _agreement(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> Agreement:
    one, other = _spread(earlier), _spread(later)
    apart = abs(one.middle - other.middle)
    agrees = apart <= _notch(one) + _notch(other) + _START * max(one.middle, other.middle)
    word = "agree" if agrees else "differ"
    change = other.middle / one.middle - 1 if one.middle else math.inf
    said = f"{word} ({change:+.1%})" if apart else word
    if earlier["is_met"] != later["is_met"]:
        said += "; one met the goal, the other missed it"
    return Agreement(later["what"], str(earlier["measured"]), str(later["measured"]), agrees, said)


def _spread(figure: Mapping[str, Any]) -> Spread:
    told = figure.get("spread")
    return Spread(*told) if told else Spread.of([figure["value"]])


def _notch(spread: Spread) -> float:
    return _NOTCH * (spread.high - spread.low) / math.sqrt(spread.rounds)
