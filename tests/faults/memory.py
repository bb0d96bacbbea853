"""How far the memory of a process rises above where it stood."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PROCESSES = Path("/proc")
_MEGABYTE_IN_KILOBYTES = 1024


class Growth:
    """The highest rise, in megabytes, once the block is over."""

    megabytes: float


@contextmanager
def growth(process: int | str = "self") -> Iterator[Growth]:
    """Measure the peak between the two ends of a block, also one that was over within a single call."""
    status = _PROCESSES / str(process) / "status"
    status.with_name("clear_refs").write_text("5", encoding="ascii")  # the peak is from now on
    before, grown = _kilobytes(status, "VmRSS"), Growth()
    yield grown
    grown.megabytes = (_kilobytes(status, "VmHWM") - before) / _MEGABYTE_IN_KILOBYTES


def _kilobytes(status: Path, name: str) -> int:
    lines = status.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
