"""How far the memory of this process rises above where it stood."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SELF = Path("/proc/self")
_MEGABYTE_IN_KILOBYTES = 1024


class Growth:
    """The highest rise, in megabytes, once the block is over."""

    megabytes: float


@contextmanager
def growth() -> Iterator[Growth]:
    """Measure the peak between the two ends of a block, also one that was over within a single call."""
    (_SELF / "clear_refs").write_text("5", encoding="ascii")  # the peak is from now on
    before, grown = _kilobytes("VmRSS"), Growth()
    yield grown
    grown.megabytes = (_kilobytes("VmHWM") - before) / _MEGABYTE_IN_KILOBYTES


def _kilobytes(name: str) -> int:
    lines = (_SELF / "status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
