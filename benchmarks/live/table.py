"""What is printed and written of figures."""

from collections.abc import Sequence

from benchmarks.figure import Figure


def tell(figures: Sequence[Figure]) -> None:
    """A row for each."""
    for figure in figures:
        note = f" | {figure.note}" if figure.note else ""
        print(f"{figure.what:92} | {figure.goal:46} | {figure.measured:24} | {figure.word}{note}", flush=True)
