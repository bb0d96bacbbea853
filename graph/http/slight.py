"""Frames that bring a message no further: how many of them a client may send."""

from websockets.frames import Frame, Opcode

# One ping a second is lively, and nobody cuts a message into pieces this small. Whoever has said nothing yet has
# nothing to keep alive.
MOST_AT_ONCE = 100
MOST_AT_FIRST = 10
PER_SECOND = 10
SMALLEST_PIECE = 256  # bytes; 64 KiB in pieces of 1 KiB are 64 of them
REASON = f"More than {MOST_AT_ONCE} control frames or tiny fragments at once, or {PER_SECOND} a second."
_EARLY_REASON = f"More than {MOST_AT_FIRST} control frames or tiny fragments before the first message."


class Slight:
    """Counts such frames of one socket: so many at once, and again as many as time has passed for."""

    __slots__ = ("_paid_until",)

    def __init__(self) -> None:
        self._paid_until = 0.0

    def refusal(self, count: int, now: float, *, has_spoken: bool) -> str | None:
        """Why `count` more are too many at `now`, in seconds; None where they are not."""
        self._paid_until = max(self._paid_until, now) + count / PER_SECOND
        most = MOST_AT_ONCE if has_spoken else MOST_AT_FIRST
        if self._paid_until - now <= most / PER_SECOND:
            return None
        return REASON if has_spoken else _EARLY_REASON


def is_slight(frame: Frame, awaited_pong: bytes | None) -> bool:
    """Whether it asks for nothing, answers nothing, and is no part of a message that is worth a frame."""
    if frame.opcode is Opcode.PONG:
        return awaited_pong is None or bytes(frame.data) != awaited_pong
    if frame.opcode is Opcode.PING:
        return True
    return not frame.fin and len(frame.data) < SMALLEST_PIECE


def is_message(frame: Frame) -> bool:
    """Whether it is a message of its own."""
    return frame.fin and frame.opcode in (Opcode.TEXT, Opcode.BINARY)
