"""`/metrics`: every series from the start, provider states as they are now, in the format that is asked for."""

from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from msgspec.structs import replace
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from resolvers.upstream.contract import ProviderSettings
from resolvers.vocabulary import PrecheckProblemCode
from tests.emulator.process import Emulator
from tests.graph.documents import LOOKUP, calls, ref
from tests.graph.served import Served, served
from tests.graph.tokens import settings_for, table, token_of

FRESH = "never-seen-before"
OPEN_METRICS = "application/openmetrics-text; version=1.0.0"


@pytest.fixture
def http(server: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as client:
        yield client


def scraped(http: httpx.Client) -> dict[str, Metric]:
    families = text_string_to_metric_families(http.get("/metrics").text)
    return {family.name: family for family in families if not family.name.endswith("_created")}


@pytest.fixture
def fresh(providers: list[ProviderSettings]) -> dict[str, Metric]:
    """The first scrape of a server whose only provider no other test has."""
    with served([replace(providers[0], id=FRESH)]) as server, httpx.Client(base_url=server.url) as http:
        return scraped(http)


def states(http: httpx.Client) -> dict[str, str]:
    """The one state of each provider."""
    samples = scraped(http)["precheck_provider_state"].samples
    current = [sample.labels for sample in samples if sample.value == 1]
    assert all(sample.value in (0, 1) for sample in samples)
    found = {labels["provider"]: labels["state"] for labels in current}
    assert len(found) == len(current), "one state each"
    return found


def test_every_series_of_a_configured_provider_is_at_zero_before_any_call(
    fresh: dict[str, Metric], emulator: Emulator
) -> None:
    ours = {name: family for name, family in fresh.items() if name.startswith("precheck_")}
    of_the_process = {
        "precheck_loop_lag_seconds",
        "precheck_loop_blocked",
        "precheck_watched",
        "precheck_executions",
        "precheck_events_pushed",
        "precheck_events_collapsed",
        "precheck_delivery_seconds",
        "precheck_viewers",
        "precheck_connections_cut",
        "precheck_requests_refused",
    }
    assert of_the_process < set(ours)
    shown_now = {"precheck_provider_info", "precheck_provider_state"}
    for name in ours.keys() - of_the_process - shown_now:
        values = [sample.value for sample in ours[name].samples if sample.labels.get("provider") == FRESH]
        assert set(values) == {0}, name
    assert calls(emulator) == {}


@pytest.mark.parametrize(
    ("name", "label", "words"),
    [
        (
            "vendor_calls",
            "end",
            {"answered", "http_4xx", "http_5xx", "timeout", "unreachable", "unreadable_answer", "cancelled"},
        ),
        ("readings", "outcome", {"answered", *(code.value.lower() for code in PrecheckProblemCode)}),
        ("vendor_retries", "code", {"rate_limited", "unreachable", "unreadable_answer"}),
        ("unknown_words", "field", {"status", "item_state", "side", "role"}),
        ("wire_oddities", "kind", {"duplicate_key", "other_reference"}),
    ],
)
def test_each_of_our_words_has_its_series_from_the_start(
    fresh: dict[str, Metric], name: str, label: str, words: set[str]
) -> None:
    samples = fresh[f"precheck_{name}"].samples
    assert {sample.labels[label] for sample in samples if sample.labels["provider"] == FRESH} == words


def test_only_this_products_providers_have_a_state(http: httpx.Client, providers: list[ProviderSettings]) -> None:
    with served(providers[:1]) as other, httpx.Client(base_url=other.url) as its_http:
        assert set(states(its_http)) == {providers[0].id}
        assert set(states(http)) == {each.id for each in providers}
    vendors = [sample.labels for sample in scraped(http)["precheck_provider_info"].samples]
    assert vendors == [{"provider": each.id, "vendor": each.vendor} for each in providers]


async def test_the_state_of_a_provider_follows_its_answers(
    server: Served, http: httpx.Client, emulator: Emulator
) -> None:
    assert set(states(http).values()) == {"UNKNOWN"}
    refs = [ref("oms-ce", "t_7di1uvmxd340"), ref("dts", "dts-1ewjspuw")]
    await server.data(LOOKUP, refs=refs, maxAgeSeconds=0)
    assert {name: state for name, state in states(http).items() if state != "UNKNOWN"} == {
        "oms-ce": "HEALTHY",
        "dts": "HEALTHY",
    }
    emulator.fault("dts", "refuse")
    await server.data(LOOKUP, refs=refs, maxAgeSeconds=0)
    assert (states(http)["oms-ce"], states(http)["dts"]) == ("HEALTHY", "DEGRADED")


async def test_what_is_watched_is_counted_while_it_is(
    server: Served, http: httpx.Client, emulator: Emulator
) -> None:
    def watched() -> float:
        [sample] = scraped(http)["precheck_watched"].samples
        return sample.value

    assert watched() == 0
    running = emulator.create_run("oms-ce", scenario="stuck", seconds=8)
    document = "subscription ($refs: [PrecheckRefInput!]) { precheckUpdates(refs: $refs, until: NEVER) { kind } }"
    stream = server.over_sse(document, refs=[ref("oms-ce", running)])
    await anext(stream)
    assert watched() == 1
    await stream.aclose()
    while watched():
        await server.data("{ __typename }")


def test_the_format_is_the_one_that_is_asked_for(http: httpx.Client) -> None:
    plain = http.get("/metrics")
    assert plain.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    asked = http.get("/metrics", headers={"accept": OPEN_METRICS})
    assert asked.headers["content-type"].startswith(OPEN_METRICS)
    assert asked.text.endswith("# EOF\n")
    assert "# TYPE precheck_provider info\n" in asked.text
    for text in (plain.text, asked.text):
        assert "\nprecheck_watched 0.0\n" in text
        assert "\nprocess_resident_memory_bytes " in text
    one = http.get("/metrics", params={"name[]": "precheck_watched"})
    assert [family.name for family in text_string_to_metric_families(one.text)] == ["precheck_watched"]


def test_metrics_are_only_read(http: httpx.Client) -> None:
    assert http.post("/metrics").status_code == 405


async def test_what_streams_get_is_counted(server: Served, http: httpx.Client, emulator: Emulator) -> None:
    def counted() -> list[float]:
        named = ("precheck_polls", "precheck_events_pushed", "precheck_delivery_seconds")
        samples = [sample for name in named for sample in scraped(http)[name].samples]
        return [
            sum(each.value for each in samples if each.name == name)
            for name in ("precheck_polls_total", "precheck_events_pushed_total", "precheck_delivery_seconds_count")
        ]

    before = counted()
    running = emulator.create_run("oms-ce", scenario="clean", seconds=8)
    document = "subscription ($refs: [PrecheckRefInput!]) { precheckUpdates(refs: $refs) { kind } }"
    events = server.over_sse(document, refs=[ref("oms-ce", running)])
    kinds = [(await anext(events))["data"]["precheckUpdates"]["kind"]]
    emulator.advance(8)
    kinds += [payload["data"]["precheckUpdates"]["kind"] async for payload in events]
    polls, pushed, delivered = (now - then for now, then in zip(counted(), before, strict=True))
    assert (pushed, delivered) == (len(kinds), len(kinds) - 1), "the first was no change"
    assert polls >= len(kinds), "the end was read twice"


async def test_where_clients_need_a_token_a_scrape_needs_one_that_sees_everything(
    providers: list[ProviderSettings], tmp_path: Path
) -> None:
    tables = (table("scraper"), table("tenant", providers=["oms-ce"]), table("idle", rights=[]))
    settings = settings_for(tmp_path, *tables)
    with served(providers, settings) as server:
        statuses = {
            name: (await server.with_token(token_of(name)).get("/metrics")).status_code
            for name in ("scraper", "tenant", "idle", "stranger")
        }
        assert statuses == {"scraper": 200, "tenant": 403, "idle": 403, "stranger": 401}
        assert "oms-ee" not in (await server.get("/metrics")).text
    with served(providers, replace(settings, open_metrics=True)) as server:
        assert (await server.get("/metrics")).status_code == 200
