"""Where a stream stands, as a text that a client gives back to go on from there."""

import zlib
from collections.abc import Collection, Set
from typing import NamedTuple

from resolvers.errors import BadRequest
from resolvers.reference import Reference
from resolvers.vocabulary import PrecheckLocale

_REVISION_DIGITS = 18
_UNSHOWN_DIGITS = 1000


class Position(NamedTuple):
    """How far a stream was told, by the revisions of this process, and whose state it was not shown so far.

    `has_gap` where changes before the first states of those may be missing.
    """

    revision: int
    unshown: Set[Reference] = frozenset()
    has_gap: bool = False


class Cursors:
    """Writes and reads the positions in streams of one set of prechecks, in whatever order they were asked for.

    A cursor is `<process>.<revision>.<set>`, and `.<bits>` for those unshown, with a `-` before them where there
    is a gap. It means something to the process that wrote it, and to streams of the same prechecks and language.
    """

    def __init__(self, process: str, references: Collection[Reference], locale: PrecheckLocale) -> None:
        self._process = process
        self._references = sorted(references)
        told = "\n".join((locale.value, *map(repr, self._references)))
        self._set = f"{zlib.crc32(told.encode()):08x}"

    def write(self, position: Position) -> str:
        """The cursor of a position."""
        cursor = f"{self._process}.{position.revision}.{self._set}"
        if not position.unshown:
            return cursor
        bits = sum(1 << place for place, each in enumerate(self._references) if each in position.unshown)
        return f"{cursor}.{'-' if position.has_gap else ''}{bits:x}"

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
        of_set, _, bits = rest.partition(".")
        is_ours = process == self._process and of_set == self._set and len(revision) <= _REVISION_DIGITS
        if not is_ours or int(revision) > newest_revision:
            return None
        return Position(int(revision), self._unshown(bits.removeprefix("-")), bits.startswith("-"))

    def _unshown(self, bits: str) -> frozenset[Reference]:
        try:
            number = int(bits[:_UNSHOWN_DIGITS] or "0", 16)
        except ValueError:
            number = -1  # nobody knows: all of them are shown anew
        return frozenset(each for place, each in enumerate(self._references) if number >> place & 1)
