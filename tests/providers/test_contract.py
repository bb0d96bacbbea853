"""The same questions to every vendor, found by scan: a new vendor is asked them without a line here."""

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from msgspec import to_builtins

from resolvers.domain import Precheck, PrecheckItem, PrecheckProblem
from resolvers.registry import vendors
from resolvers.upstream.contract import LimitSettings, Outcome
from resolvers.vocabulary import (
    PrecheckItemState,
    PrecheckProblemCode,
    PrecheckProgressSource,
    ProviderCapability,
)
from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.providers import folders
from tests.providers.bench import Bench, answered, asked, refused, without_times
from tests.providers.folders import WireCase

COMPLETE = folders.complete()
PROVIDERS = [provider_id for folder in COMPLETE for provider_id in folders.demo_ids(folder)]
CASES = [case for folder in COMPLETE for case in folders.wire_cases(folder)]
NONSENSE = ["", " ", "   ", "x" * 300, "\x00", "\x1b[31m", "a\nb", "a b", "/", "\u00e9", "%2e%2e", "{}"]
LONG_SECONDS = 20

every_provider = pytest.mark.parametrize("provider_id", PROVIDERS)


@pytest.mark.parametrize("name", sorted(folders.modules() | folders.folders()))
def test_vendor_has_a_module_and_a_whole_emulator_folder(name: str) -> None:
    missing = folders.missing_parts(name)
    assert not missing, f"vendor {name} lacks {', '.join(missing)}"


@pytest.mark.parametrize("name", COMPLETE)
def test_every_wire_file_has_its_meaning(name: str) -> None:
    unexplained = folders.wire_files(name) ^ set(folders.expected(name))
    assert not unexplained, f"only in one of emulator/{name}/wire and expected.json: {sorted(unexplained)}"


@pytest.mark.parametrize("name", COMPLETE)
def test_vendor_word_is_the_module_name(name: str) -> None:
    assert vendors()[name.replace("_", "-")].__module__.startswith(f"resolvers.providers.{name}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.folder}/{case.file}")
async def test_wire_file_means_what_is_expected(bench: Bench, case: WireCase) -> None:
    outcome = await bench.reading(case)
    if case.precheck is not None:
        assert isinstance(outcome, Precheck), outcome
        assert {key: shown(outcome)[key] for key in case.precheck} == case.precheck
        return
    assert isinstance(outcome, PrecheckProblem), outcome.summary
    assert case.problem is not None
    assert {key: to_builtins(outcome)[key] for key in case.problem} == case.problem
    assert outcome.provider_id == case.provider_id
    assert not [secret for secret in bench.secrets(case.provider_id) if secret in str(outcome)]
    assert "://" not in outcome.message


def shown(precheck: Precheck) -> dict[str, Any]:
    """A precheck in the words of an expected.json."""
    return {
        "status": precheck.status.value,
        "verdict": precheck.verdict.value,
        "percent": precheck.progress.percent,
        "progress_source": precheck.progress.source.value,
        "counts": to_builtins(precheck.counts),
        "disagrees": precheck.vendor.disagrees,
        "problems": [problem.code.value for problem in precheck.problems],
        "items": [shown_item(item) for item in precheck.items],
    }


def shown_item(item: PrecheckItem) -> dict[str, Any]:
    plain = {key: to_builtins(getattr(item, key)) for key in ("key", "code", "state", "side", "side_inferred")}
    more = {"category": item.category.value, "blocking": item.blocking}
    return {**plain, **more, "skip_allowed": item.skip.allowed, "skip_applied": item.skip.applied}


@every_provider
def test_nonsense_is_refused_without_a_call(bench: Bench, emulator: Emulator, provider_id: str) -> None:
    provider = bench.provider(provider_id)
    refusals = [provider.validate(text) for text in NONSENSE]
    assert all(refusals), dict(zip(NONSENSE, refusals, strict=True))
    assert all(why and why.endswith(".") and "://" not in why for why in refusals)
    assert not result_calls(emulator, provider_id)


@every_provider
def test_every_reference_of_the_vendor_is_accepted(bench: Bench, emulator: Emulator, provider_id: str) -> None:
    provider = bench.provider(provider_id)
    known = [*emulator.providers()[provider_id]["references"], provider.probe_external_id]
    assert {reference: provider.validate(reference) for reference in known} == dict.fromkeys(known)


@every_provider
async def test_probe_is_unknown_to_the_vendor(bench: Bench, provider_id: str) -> None:
    provider = bench.provider(provider_id)
    assert (await refused(provider, provider.probe_external_id)).code is PrecheckProblemCode.NOT_FOUND


@every_provider
async def test_wrong_credentials_are_told_from_an_unknown_precheck(bench: Bench, provider_id: str) -> None:
    provider = bench.with_wrong_secrets(provider_id)
    problem = await refused(provider, provider.probe_external_id)
    assert problem.code is PrecheckProblemCode.AUTHENTICATION
    assert not problem.retryable


@every_provider
async def test_a_full_batch_is_one_call(bench: Bench, emulator: Emulator, provider_id: str) -> None:
    provider = bench.provider(provider_id)
    references = [bench.new_run(provider_id) for _ in range(provider.batch_size)]
    await asked(provider, references[0])  # what has to be learnt first, such as a token or the vendor's time
    emulator.ask("DELETE", "/calls")
    outcomes = await provider.fetch(references, provider.locales[0])
    assert {key for key, outcome in outcomes.items() if isinstance(outcome, Precheck)} == set(references)
    assert [sorted(ids) for ids in result_calls(emulator, provider_id)] == [sorted(references)]


def result_calls(emulator: Emulator, provider_id: str) -> list[list[str]]:
    """The references of every call that asked for some."""
    return [ids for calls in emulator.calls(provider_id).values() for ids in calls["ids"] if ids]


@every_provider
async def test_a_batch_answers_for_each_of_good_and_bad(bench: Bench, provider_id: str) -> None:
    provider = bench.provider(provider_id)
    good = bench.new_run(provider_id)
    references = [provider.probe_external_id, good][-provider.batch_size :]
    outcomes = await provider.fetch(references, provider.locales[0])
    assert list(outcomes) == references
    assert isinstance(outcomes[good], Precheck)


@every_provider
async def test_a_dead_port_is_unreachable(bench: Bench, provider_id: str) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        provider = bench.provider(provider_id, base_url=f"http://127.0.0.1:{bound.getsockname()[1]}")
        problem = await refused(provider, provider.probe_external_id)
    assert problem.code is PrecheckProblemCode.UNREACHABLE
    assert problem.retryable


@every_provider
@pytest.mark.parametrize(
    ("fault", "codes"),
    [
        ({"kind": "garbage"}, "UNREADABLE_ANSWER"),
        ({"kind": "truncate"}, "UNREACHABLE UNREADABLE_ANSWER"),
        ({"kind": "status", "status": 503}, "UNREACHABLE"),
        ({"kind": "status", "status": 500, "body": "<html>down</html>"}, "UNREACHABLE"),
        ({"kind": "status", "status": 200, "body": ""}, "UNREADABLE_ANSWER"),
        ({"kind": "status", "status": 200, "body": "[]"}, "UNREADABLE_ANSWER"),
        ({"kind": "rate_limit", "retry_after": 20}, "RATE_LIMITED"),
        ({"kind": "refuse"}, "UNREACHABLE"),
    ],
    ids=str,
)
async def test_trouble_has_its_word_and_passes(
    bench: Bench, emulator: Emulator, provider_id: str, fault: dict[str, Any], codes: str
) -> None:
    clock = Hurried()
    provider, reference = bench.hurried(provider_id, clock), bench.new_run(provider_id)
    emulator.fault(provider_id, **fault)
    problem = await refused(provider, reference)
    assert problem.code.value in codes.split()
    assert problem.retryable
    emulator.ask("DELETE", "/faults")
    clock.advance(problem.retry_after_seconds or 0.0)
    await answered(provider, reference)


@every_provider
async def test_a_slow_vendor_is_a_timeout(bench: Bench, emulator: Emulator, provider_id: str) -> None:
    provider, reference = bench.hasty(provider_id), bench.new_run(provider_id)
    emulator.fault(provider_id, "delay", seconds=LONG_SECONDS)
    problem = await refused(provider, reference)
    assert problem.code is PrecheckProblemCode.TIMEOUT
    assert problem.retryable


@every_provider
async def test_a_cancelled_call_leaves_the_connection_usable(
    bench: Bench, emulator: Emulator, provider_id: str
) -> None:
    provider = bench.provider(provider_id, limits=LimitSettings(concurrency=1))
    reference = bench.new_run(provider_id)
    emulator.fault(provider_id, "delay", seconds=LONG_SECONDS)
    call = asyncio.create_task(asked(provider, reference))
    await arrived(emulator, provider_id)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    emulator.ask("DELETE", "/faults")
    await answered(provider, reference)


async def arrived(emulator: Emulator, provider_id: str) -> None:
    """Come back once the emulator has received a call that it will not answer yet."""
    while not result_calls(emulator, provider_id):  # noqa: ASYNC110  # the emulator is another process
        await asyncio.sleep(0.005)


@every_provider
async def test_every_language_tells_the_same(bench: Bench, provider_id: str) -> None:
    provider, reference = bench.provider(provider_id), bench.new_run(provider_id)
    readings = [await answered(provider, reference, locale) for locale in provider.locales]
    assert len({tuple((item.key, item.state) for item in reading.items) for reading in readings}) == 1
    wordings = {tuple(item.title for item in reading.items) for reading in readings}
    localised = ProviderCapability.LOCALISED_TEXT in provider.capabilities
    assert len(wordings) == (len(provider.locales) if localised else 1)


@every_provider
async def test_two_readings_of_one_state_are_equal(bench: Bench, provider_id: str) -> None:
    provider, reference = bench.provider(provider_id), bench.new_run(provider_id)
    first, second = await answered(provider, reference), await answered(provider, reference)
    assert without_times(first) == without_times(second)


@every_provider
def test_card_shows_no_secret_and_no_address(bench: Bench, provider_id: str) -> None:
    provider = bench.provider(provider_id)
    told = repr(provider.card) + repr(provider.settings.limits)
    assert not [secret for secret in (*bench.secrets(provider_id), provider.settings.base_url) if secret in told]
    assert provider.card.vendor.replace("-", "_") in COMPLETE


@pytest.mark.parametrize("name", COMPLETE)
async def test_capabilities_are_what_the_wire_files_show(bench: Bench, name: str) -> None:
    outcomes = [await bench.reading(case) for case in folders.wire_cases(name)]
    provider = vendors()[name.replace("_", "-")]
    claimed = set(provider.capabilities) & set(SHOWN_BY_ITEMS) | provider.capabilities & {PROGRESS}
    assert shown_capabilities(outcomes) == claimed
    assert (ProviderCapability.BATCH_QUERY in provider.capabilities) == (provider.batch_size > 1)
    assert (ProviderCapability.LOCALISED_TEXT in provider.capabilities) == (len(provider.locales) > 1)


PROGRESS = ProviderCapability.REPORTS_PROGRESS
SHOWN_BY_ITEMS: dict[ProviderCapability, Callable[[PrecheckItem], bool]] = {
    ProviderCapability.REPORTS_SIDE: lambda item: not item.side_inferred,
    ProviderCapability.REPORTS_ROLE: lambda item: item.role is not None,
    ProviderCapability.REPORTS_GROUP: lambda item: item.vendor_group is not None,
    ProviderCapability.REPORTS_WARNINGS: lambda item: item.state is PrecheckItemState.WARNING,
    ProviderCapability.REPORTS_REMEDY: lambda item: (
        item.remedy is not None or any(detail.remedy for detail in item.details)
    ),
    ProviderCapability.REPORTS_SKIP_CONSEQUENCE: lambda item: item.skip.consequence is not None,
    ProviderCapability.REPORTS_SUB_JOBS: lambda item: bool(item.sub_jobs),
}


def shown_capabilities(outcomes: list[Outcome]) -> set[ProviderCapability]:
    """What these prechecks prove that their vendor reports."""
    prechecks = [outcome for outcome in outcomes if isinstance(outcome, Precheck)]
    items = [item for precheck in prechecks for item in precheck.items]
    shown_by_items = {word for word, shows in SHOWN_BY_ITEMS.items() if any(shows(item) for item in items)}
    reported = any(precheck.progress.source is PrecheckProgressSource.REPORTED for precheck in prechecks)
    return shown_by_items | ({PROGRESS} if reported else set())
