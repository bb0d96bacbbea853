"""Where a stream stands, as a text that a client gives back to go on from there."""

import re
import zlib
from collections.abc import Collection, Set
from typing import NamedTuple

from resolvers.errors import BadRequest
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckLocale

_REVISION_DIGITS = 18
_BITS = re.compile("-?[0-9a-f]*")


class Position(NamedTuple):
    """How far a stream was told, by the revisions of this process.

    `unshown` are those whose state is to be shown anew, with a gap before it if `has_gap`; `over` those whose end
    was told.
    """

    revision: int
    unshown: Set[Reference] = frozenset()
    over: Set[Reference] = frozenset()
    has_gap: bool = False


class Cursors:
    """Writes and reads the positions in streams of one set of prechecks, in whatever order they were asked for.

    A cursor is `<process>.<revision>.<set>`, then, where there are any, `.<bits>` for those unshown, with a `-`
    before them where there is a gap, and `.<bits>` for those over. It means something to the process that wrote
    it, and to streams of the same prechecks and language.
    """

    def __init__(self, process: str, references: Collection[Reference], locale: PrecheckLocale) -> None:
        self._process = process
        self._references = sorted(references)
        told = "\n".join((locale.value, *map(repr, self._references)))
        self._set = f"{zlib.crc32(told.encode()):08x}"

    def write(self, position: Position) -> str:
        """The cursor of a position."""
        cursor = f"{self._process}.{position.revision}.{self._set}"
        if not position.unshown and not position.over:
            return cursor
        gap = "-" if position.has_gap else ""
        unshown = f"{cursor}.{gap}{self._bits(position.unshown):x}"
        return f"{unshown}.{self._bits(position.over):x}" if position.over else unshown

    def read(self, cursor: str, newest_revision: int) -> Position | None:
        """The position of a cursor; None for one of another process or of other prechecks.

        Raises BadRequest for what was no cursor.
        """
        process, _, rest = cursor.partition(".")
        revision, _, rest = rest.partition(".")
        if not process or not (revision.isascii() and revision.isdecimal()):
            raise BadRequest(
                "`after` takes the `cursor` of an event of this stream; leave it out to start afresh."
            )
        of_set, *bits = rest.split(".")
        is_ours = process == self._process and of_set == self._set and len(revision) <= _REVISION_DIGITS
        if not is_ours or int(revision) > newest_revision or not all(map(_BITS.fullmatch, bits[:2])):
            return None
        unshown, over = (*bits, "", "")[:2]
        has_gap = unshown.startswith("-")
        return Position(int(revision), self._named(unshown.removeprefix("-")), self._named(over), has_gap)

    def _bits(self, references: Set[Reference]) -> int:
        return sum(1 << place for place, each in enumerate(self._references) if each in references)

    def _named(self, bits: str) -> frozenset[Reference]:
        number = int(bits or "0", 16)
        return frozenset(each for place, each in enumerate(self._references) if number >> place & 1)
