"""A provider, the line between it and its emulated vendor, and a clock that nobody has to wait for."""

from typing import Any

from prometheus_client import REGISTRY

from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckProblem
from resolvers.registry import vendors
from resolvers.upstream.contract import LimitSettings, Outcome, Provider
from resolvers.upstream.limiter import Limiter
from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.faults.line import Line
from tests.providers import folders
from tests.providers.bench import Bench, answered, asked, refused

PROVIDERS = [provider_id for folder in folders.complete() for provider_id in folders.demo_ids(folder)]
# For tests that wait for the end of an exchange; others have time enough for a busy machine.
QUICK_SECONDS = 0.3
AMPLE_SECONDS = 5.0
# Some vendors count calls by the second, and nobody really waits here for a turn.
BETWEEN_TESTS_SECONDS = 0.25


class Wired:
    """A provider that reaches its vendor over a line, and a precheck that the vendor knows."""

    def __init__(self, provider: Provider, line: Line, clock: Clock, reference: str) -> None:
        self.provider = provider
        self.line = line
        self.clock = clock
        self.reference = reference

    async def asked(self) -> Outcome:
        return await asked(self.provider, self.reference)

    async def answered(self) -> Precheck:
        return await answered(self.provider, self.reference)

    async def refused(self) -> PrecheckProblem:
        return await refused(self.provider, self.reference)

    async def body(self) -> bytes:
        """What the vendor answers for the precheck."""
        await self.answered()
        return self.line.replies[-1].body


class Wiring:
    """Puts a line before a provider; only the providers on one line share a limiter."""

    def __init__(self, bench: Bench, emulator: Emulator, limiters: dict[str, Limiter]) -> None:
        self.bench = bench
        self._emulator = emulator
        self._limiters = limiters
        self._lines: list[Line] = []

    async def __call__(
        self, provider_id: str, *, clock: Clock | None = None, reference: str | None = None, **changed: Any
    ) -> Wired:
        """`changed` are keys of the limits and of the table; `{line}` stands for the line's URL."""
        clock = clock or Hurried()
        self._limiters.clear()
        line = await self.line(self.bench.settings(provider_id).base_url, clock)
        provider = self.provider(provider_id, line, clock, **changed)
        self._emulator.advance(BETWEEN_TESTS_SECONDS)
        return Wired(provider, line, clock, reference or self.bench.new_run(provider_id))

    def provider(self, provider_id: str, line: Line, clock: Clock, **changed: Any) -> Provider:
        known = LimitSettings.__struct_fields__
        limits = {"timeout_seconds": AMPLE_SECONDS} | {key: changed.pop(key) for key in known if key in changed}
        settings = self.bench.settings(provider_id)
        if rate := limits.get("requests_per_second"):
            scope = vendors()[settings.vendor].rate_scope(settings)
            self._limiters.setdefault(scope, Limiter(rate, clock))
        keys = {key: value.replace("{line}", line.url) for key, value in {"base_url": "{line}", **changed}.items()}
        return self.bench.timed(provider_id, clock, limits=LimitSettings(**limits), **keys)

    async def line(self, target_url: str, clock: Clock) -> Line:
        line = Line(target_url, clock)
        self._lines.append(line)
        await line.listen()
        return line

    async def close(self) -> None:
        await self.bench.close()
        for line in self._lines:
            await line.close()


def counted(name: str, **labels: str) -> float:
    """A counter's value, summed over the labels that are not given."""
    samples = [
        sample for metric in REGISTRY.collect() for sample in metric.samples if sample.name == f"{name}_total"
    ]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())
