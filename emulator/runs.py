"""The precheck runs a provider answers for: unfolding scenarios, scripts of given bodies, seeds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

PHASES = 8
STUCK_PHASE = 4
SCENARIOS = ("clean", "warning", "blocked", "skipped", "broken", "stuck")


@dataclass(frozen=True, slots=True)
class Step:
    """One answer of a script, served for `seconds`; `body` is a JSON object, or text sent as it stands."""

    body: dict[str, Any] | str
    seconds: float = 0.0
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Run:
    """One run under one reference; `script` is empty for a scenario, `scenario` is empty for a script."""

    reference: str
    started: float
    scenario: str = ""
    script: tuple[Step, ...] = ()
    seconds: float = 20.0
    repeat: bool = False
    hold_seconds: float = 20.0

    def elapsed(self, now: float) -> float:
        """Seconds since the run began, or since its latest beginning if it repeats."""
        elapsed = max(0.0, now - self.started)
        return elapsed % (self._length() + self.hold_seconds) if self.repeat else elapsed

    def phase(self, now: float) -> int:
        """How far a scenario is: 0 pending, 1 to 7 running, 8 final; `stuck` never passes 4."""
        phase = min(PHASES, int(self.elapsed(now) * PHASES / self.seconds))
        return min(phase, STUCK_PHASE) if self.scenario == "stuck" else phase

    def step(self, now: float) -> Step:
        """The step of a script that is due now; the last one holds for ever."""
        left = self.elapsed(now)
        for step in self.script:
            if left < step.seconds:
                return step
            left -= step.seconds
        return self.script[-1]

    def _length(self) -> float:
        return sum(step.seconds for step in self.script) if self.script else self.seconds


def finished_items(phase: int, total: int) -> int:
    """How many of `total` items are done in a phase: none in 0, all in 8, at least one more in each."""
    return phase * total // PHASES


class Runs:
    """What one provider answers for, by reference; a reference given again begins anew."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    def add(self, run: Run) -> None:
        """Answer for this run from now on, in place of one of the same reference."""
        self._runs[run.reference] = run

    def find(self, reference: str) -> Run | None:
        """The run under a reference, None for an unknown one."""
        return self._runs.get(reference)

    def references(self) -> list[str]:
        """Everything answered for, oldest first."""
        return list(self._runs)
