"""Draws the CPU of a request as bars on a logarithmic scale, in colours that are read on light and on dark."""

import math
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from benchmarks.figure import rounded
from benchmarks.peers import HIVE
from benchmarks.sides import HANDWRITTEN, OURS, STOCK, TEXTBOOK

SHOWN = (
    ("tiny", 16),
    ("1 of DRS, cold", 1),
    ("100 of DRS, cold", 1),
    ("100 of OMS, cold", 1),
    ("100 aliases on DRS, cold", 1),
    ("100 from snapshots", 1),
    ("1000 from snapshots", 1),
)
COLOURS = {OURS: "#2f81f7", STOCK: "#7aa7e0", TEXTBOOK: "#d9822b", HANDWRITTEN: "#8b949e", HIVE: "#a371f7"}
WIDTH, LEFT, BAR, GAP, TOP = 860, 230, 15, 16, 64
_RIGHT = 70
_STYLE = """text { font: 12px system-ui, sans-serif; fill: #1f2328 } .small { font-size: 11px; fill: #59636e }
.grid { stroke: #d1d9e0 } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .small { fill: #9198a1 }
.grid { stroke: #3d444d } }"""


def drawn(facts: Mapping[str, Any]) -> str:
    """The chart of a run, as SVG."""
    groups = [(name, clients, list(_bars(facts, name, clients))) for name, clients in SHOWN]
    values = [value for *_, bars in groups for _, value in bars]
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    height = TOP + sum(len(bars) * BAR + GAP for *_, bars in groups) + 14
    parts = [*_grid(low, high, height), *_legend(groups)]
    top = TOP
    for name, clients, bars in groups:
        parts.append(_text(LEFT - 10, top + len(bars) * BAR / 2 + 4, _titled(name, clients), anchor="end"))
        for side, value in bars:
            parts.append(_bar(top, side, value, (math.log10(value) - low) / (high - low)))
            top += BAR
        top += GAP
    said = f"CPU of the server for one request, in milliseconds on a logarithmic scale; {facts['date']}, "
    said += f"Python {facts['python']}, {facts['cpus']} shared cores"
    parts.insert(0, _text(10, 18, said))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(said)}">\n<style>{_STYLE}</style>\n{body}\n</svg>\n'
    )


def _bars(facts: Mapping[str, Any], name: str, clients: int) -> Iterator[tuple[str, float]]:
    for cell in facts["served"]:
        if (cell["work"], cell["clients"]) == (name, clients) and cell["side"] in COLOURS:
            yield cell["side"], max(cell["cpu"][1], 0.01)


def _grid(low: int, high: int, height: float) -> Iterator[str]:
    for power in range(low, high + 1):
        x = LEFT + (WIDTH - LEFT - _RIGHT) * (power - low) / (high - low)
        yield f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 8}" y2="{height - 8:.0f}"/>'
        yield _text(x, TOP - 12, f"{10.0**power:g}", anchor="middle", kind="small")


def _legend(groups: list[tuple[str, int, list[tuple[str, float]]]]) -> Iterator[str]:
    there = {side for *_, bars in groups for side, _ in bars}
    x = 10.0
    for side, colour in COLOURS.items():
        if side in there:
            yield f'<rect x="{x:.0f}" y="26" width="10" height="10" rx="2" fill="{colour}"/>'
            yield _text(x + 15, 35, side, kind="small")
            x += 34 + 6.2 * len(side)


def _bar(top: float, side: str, value: float, share: float) -> str:
    width = max((WIDTH - LEFT - _RIGHT) * share, 1.0)
    box = f'x="{LEFT}" y="{top + 1:.0f}" width="{width:.1f}" height="{BAR - 3}" rx="2"'
    rectangle = f'<rect {box} fill="{COLOURS[side]}"/>'
    return rectangle + _text(LEFT + width + 6, top + BAR - 4, rounded(value), kind="small")


def _titled(name: str, clients: int) -> str:
    return name if clients == 1 else f"{name}, {clients} clients"


def _text(x: float, y: float, said: str, *, anchor: str = "start", kind: str = "") -> str:
    shown = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{shown}>{escape(said)}</text>'
