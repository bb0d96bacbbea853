"""The list of tracked prechecks over real sockets: whole answers, and how many vendor calls they cost."""

from collections.abc import Iterator

import pytest

from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import (
    DASHBOARD,
    DDS,
    EVERY_SEED_ONCE,
    LOOKUP,
    MYSQL,
    calls,
    ref,
)
from tests.graph.served import Served, served


async def test_the_dashboard_shows_every_vendor_with_the_golden_verdicts(
    server: Served, emulator: Emulator
) -> None:
    page = (await server.data(DASHBOARD, first=50))["prechecks"]
    shown = {
        node["externalId"]: (node["status"], node["verdict"], *node["counts"].values()) for node in page["nodes"]
    }
    assert shown == {
        "t_7di1uvmxd340": ("COMPLETED", "READY_WITH_WARNINGS", 30, 29, 0, 1, 0, 0),
        "t_57p3m9qk2v1a": ("COMPLETED", "READY", 2, 2, 0, 0, 0, 0),
        MYSQL: ("COMPLETED", "READY", 39, 39, 0, 0, 0, 0),
        DDS: ("COMPLETED", "READY_WITH_WARNINGS", 27, 25, 0, 2, 0, 0),
        "dts-1ewjspuw": ("COMPLETED", "READY_WITH_WARNINGS", 13, 11, 1, 1, 1, 0),
        "cd-tg3isu1xgs/pcte-dj02vti9tabd": ("COMPLETED", "READY", 2, 2, 0, 0, 0, 0),
    }
    assert page["totalCount"] == 6
    assert [node["verdict"] for node in page["nodes"]] == ["READY_WITH_WARNINGS"] * 3 + ["READY"] * 3
    assert calls(emulator) == EVERY_SEED_ONCE


async def test_a_list_read_again_costs_no_call(server: Served, emulator: Emulator) -> None:
    await server.data(DASHBOARD)
    emulator.ask("DELETE", "/calls")
    await server.data(DASHBOARD)
    await server.data("{ precheckProviders { prechecks { totalCount nodes { verdict } } health { state } } }")
    assert calls(emulator) == {}


async def test_pages_fit_together(server: Served, emulator: Emulator) -> None:
    whole = (await server.data(DASHBOARD, first=100))["prechecks"]
    seen, after, before = [], None, False
    while True:
        page = (await server.data(DASHBOARD, first=4, after=after))["prechecks"]
        assert page["totalCount"] == 6
        assert page["pageInfo"]["hasPreviousPage"] is before
        seen += [node["id"] for node in page["nodes"]]
        after, before = page["pageInfo"]["endCursor"], True
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [node["id"] for node in whole["nodes"]]
    assert calls(emulator) == EVERY_SEED_ONCE


@pytest.mark.parametrize(
    ("condition", "matching"),
    [
        ("{}", 6),
        ('{providerIds: ["drs", "dts"]}', 3),
        ('{vendors: ["oceanbase-oms"]}', 2),
        ("{verdicts: [READY]}", 3),
        ("{purposes: [MIGRATION]}", 1),
        ('{purposes: [COMPARISON], taskIds: ["cd-tg3isu1xgs"]}', 1),
        ("{statuses: [RUNNING]}", 0),
        ("{stale: true}", 0),
        ('{updatedAfter: "2026-01-01T00:00:00Z"}', 6),
        ('{updatedAfter: "2999-01-01T00:00:00+02:00"}', 0),
    ],
)
async def test_a_list_is_filtered(server: Served, condition: str, matching: int, emulator: Emulator) -> None:
    data = await server.data(f"{{ prechecks(filter: {condition}) {{ totalCount nodes {{ id }} }} }}")
    assert (data["prechecks"]["totalCount"], len(data["prechecks"]["nodes"])) == (matching, matching)
    assert calls(emulator) == EVERY_SEED_ONCE


async def test_a_tracked_precheck_that_never_answered_is_listed_and_says_why(
    server: Served, emulator: Emulator
) -> None:
    emulator.fault("ninedata", "refuse")
    document = """{ prechecks(filter: {providerIds: ["ninedata"]}) { nodes {
      status verdict summary freshness { source fetchedAt problem { code } } problems { code } } } }"""
    [node] = (await server.data(document))["prechecks"]["nodes"]
    assert node.pop("summary").startswith("The vendor cannot be reached")
    assert node == {
        "status": "UNKNOWN",
        "verdict": "INCONCLUSIVE",
        "freshness": {"source": "STALE", "fetchedAt": None, "problem": {"code": "UNREACHABLE"}},
        "problems": [{"code": "UNREACHABLE"}],
    }
    assert calls(emulator) == {name: 1 for name in EVERY_SEED_ONCE if not name.startswith("ninedata")}


async def test_a_looked_up_precheck_is_tracked_from_then_on(server: Served, emulator: Emulator) -> None:
    reference = emulator.create_run("dts", scenario="blocked", seconds=1)
    before = (await server.data("{ prechecks { totalCount } }"))["prechecks"]["totalCount"]
    await server.data(LOOKUP, refs=[ref("dts", reference), ref("dts", "dts-nosuchid")])
    listed = (await server.data("{ prechecks { totalCount nodes { externalId } } }"))["prechecks"]
    assert listed["totalCount"] == before + 1
    assert listed["nodes"][0]["externalId"] == reference
    assert emulator.calls("dts")["DescribeMigrationCheckJob"]["count"] == 3


@pytest.fixture
def roomy(providers: list[ProviderSettings]) -> Iterator[Served]:
    with served(providers, Settings(max_list_entries=2000)) as server:
        yield server


async def test_a_filter_takes_a_thousand_values_and_no_more(server: Served, roomy: Served) -> None:
    document = "query ($ids: [ID!]) { prechecks(filter: {providerIds: $ids}) { totalCount } }"
    ids = ["drs", *(f"p{number}" for number in range(999))]
    assert (await server.data(document, ids=ids))["prechecks"]["totalCount"] == 2
    [error] = (await server.ask(document, ids=[*ids, "one"]))["errors"]
    assert error["message"].startswith("A list in `$ids` has 1001 entries; at most 1000 are allowed.")
    [error] = (await roomy.ask(document, ids=[*ids, "one"]))["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert error["message"] == "`providerIds` of a filter has 1001 entries; it takes at most 1000."
    items = "query ($codes: [String!]) { prechecks { nodes { items(filter: {codes: $codes}) { code } } } }"
    [*_, error] = (await roomy.ask(items, codes=ids + ids))["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
