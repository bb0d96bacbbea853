"""Providers built from the emulator's provider file, and one question put to one of them."""

import tomllib
from pathlib import Path
from typing import Any

from msgspec.structs import asdict, replace

from graph.provider_file import read_providers
from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckProblem
from resolvers.registry import vendors
from resolvers.upstream.contract import LimitSettings, Outcome, Provider, ProviderSettings, Secret
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import PrecheckLocale
from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.providers.folders import WireCase

# Some vendors count the calls of a second, by the emulator's clock.
BETWEEN_READINGS_SECONDS = 0.25


class Bench:
    """Builds providers and closes them; equal connections share a limiter, as in the product."""

    def __init__(self, emulator: Emulator, provider_file: Path, limiters: dict[str, Limiter]) -> None:
        self.emulator = emulator
        self._settings = {settings.id: settings for settings in read_providers(provider_file)}
        self._limiters = limiters
        self._built: list[Provider] = []

    def settings(self, provider_id: str) -> ProviderSettings:
        return self._settings[provider_id]

    def provider(self, provider_id: str, **changed: Any) -> Provider:
        return self.timed(provider_id, Clock(), **changed)

    def timed(self, provider_id: str, clock: Clock, **changed: Any) -> Provider:
        """A provider with a clock of the test's own."""
        settings = replace(self.settings(provider_id), **changed)
        kind = vendors()[settings.vendor]
        limiter = self._limiters.setdefault(kind.rate_scope(settings), Limiter(kind.requests_per_second, clock))
        provider = kind(settings, limiter, clock)
        self._built.append(provider)
        return provider

    def hurried(self, provider_id: str, clock: Hurried) -> Provider:
        """A provider that waits for nothing, with a limiter of its own: its pauses are nobody else's."""
        settings = self.settings(provider_id)
        provider = vendors()[settings.vendor](settings, Limiter(None, clock), clock)
        self._built.append(provider)
        return provider

    def hasty(self, provider_id: str) -> Provider:
        return self.provider(provider_id, limits=LimitSettings(timeout_seconds=0.2))

    def with_wrong_secrets(self, provider_id: str) -> Provider:
        known = asdict(self.settings(provider_id))
        wrong = {key: Secret("wrong") for key, value in known.items() if isinstance(value, Secret)}
        assert wrong, f"{provider_id} signs in without any secret"
        return self.provider(provider_id, **wrong)

    def new_run(self, provider_id: str, scenario: str = "clean") -> str:
        return self.emulator.create_run(provider_id, scenario=scenario, seconds=0.001)

    def secrets(self, provider_id: str) -> list[str]:
        values = asdict(self.settings(provider_id)).values()
        return [value.reveal() for value in values if isinstance(value, Secret)]

    async def reading(self, case: WireCase) -> Outcome:
        """What comes of one wire file, without waiting for retries or for calls that were throttled before."""
        reference = self.emulator.ask("POST", "/runs", case.order)["reference"]
        self.emulator.advance(BETWEEN_READINGS_SECONDS)
        return await asked(self.hurried(case.provider_id, Hurried()), reference)

    async def close(self) -> None:
        for provider in self._built:
            await provider.close()


async def asked(provider: Provider, external_id: str, locale: PrecheckLocale | None = None) -> Outcome:
    return (await provider.fetch([external_id], locale or provider.locales[0]))[external_id]


async def answered(provider: Provider, external_id: str, locale: PrecheckLocale | None = None) -> Precheck:
    outcome = await asked(provider, external_id, locale)
    assert isinstance(outcome, Precheck), outcome
    return outcome


async def refused(provider: Provider, external_id: str) -> PrecheckProblem:
    outcome = await asked(provider, external_id)
    assert isinstance(outcome, PrecheckProblem), outcome
    assert outcome.provider_id == provider.id
    assert "://" not in outcome.message
    return outcome


def without_times(precheck: Precheck) -> Precheck:
    """What two readings of the same state have in common."""
    vendor = replace(precheck.vendor, request_id=None)
    return replace(precheck, vendor=vendor, freshness=replace(precheck.freshness, fetched_at=None))


def known_providers(provider_file: Path) -> Path:
    """The file without vendors that have no module, so that such a one fails by its name and not everywhere."""
    known = provider_file.with_name("known.toml")
    _, *tables = provider_file.read_text(encoding="utf-8").split("[[provider]]")
    kept = [table for table in tables if tomllib.loads(table)["vendor"] in vendors()]
    known.write_text("".join(f"[[provider]]{table}" for table in kept), encoding="utf-8")
    return known
