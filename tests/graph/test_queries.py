"""Queries over real sockets: whole answers, and how many vendor calls they cost."""

import asyncio
from typing import Any

import pytest
from msgspec.structs import replace

from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import (
    DDS,
    LOOKUP,
    MYSQL,
    SEEDS,
    calls,
    precheck_id,
    ref,
)
from tests.graph.served import Served, served


async def test_twenty_five_ids_of_one_batch_vendor_are_three_calls(server: Served, emulator: Emulator) -> None:
    references = [emulator.create_run("drs", scenario="clean", seconds=5) for _ in range(25)]
    data = await server.data(LOOKUP, refs=[ref("drs", each) for each in references], maxAgeSeconds=0)
    assert [entry["ref"]["externalId"] for entry in data["lookupPrechecks"]] == references
    assert all(entry["precheck"] and not entry["problem"] for entry in data["lookupPrechecks"])
    made = emulator.calls("drs")["batch-precheck-result"]
    assert sorted(map(len, made["ids"])) == [5, 10, 10]
    assert sorted(each for batch in made["ids"] for each in batch) == sorted(references)


async def test_an_id_that_is_asked_for_twice_is_sent_once(server: Served, emulator: Emulator) -> None:
    refs = [ref("drs", MYSQL), ref("drs", DDS), {"id": precheck_id("drs", MYSQL)}, ref("drs", f" {MYSQL} ")]
    entries = (await server.data(LOOKUP, refs=refs, maxAgeSeconds=0))["lookupPrechecks"]
    assert [entry["precheck"]["verdict"] for entry in entries] == [
        "READY",
        "READY_WITH_WARNINGS",
        "READY",
        "READY",
    ]
    assert [sorted(batch) for batch in emulator.calls("drs")["batch-precheck-result"]["ids"]] == [
        sorted([MYSQL, DDS])
    ]


async def test_twenty_aliases_of_one_precheck_are_one_call(server: Served, emulator: Emulator) -> None:
    known = precheck_id("dts", "dts-1ewjspuw")
    aliases = " ".join(
        f'a{n}: precheck(id: "{known}", maxAgeSeconds: 0) {{ verdict counts {{ total }} }}' for n in range(20)
    )
    data = await server.data(f"{{ {aliases} }}")
    assert list(data.values()) == [{"verdict": "READY_WITH_WARNINGS", "counts": {"total": 13}}] * 20
    assert calls(emulator) == {"dts/DescribeMigrationCheckJob": 1}


async def test_counts_items_and_the_way_back_are_one_call(server: Served, emulator: Emulator) -> None:
    document = """query ($id: ID!) { precheck(id: $id) {
      counts { total } items { ordinal key precheck { id counts { total } } } blockers { key }
      provider { id name vendor region } } }"""
    data = (await server.data(document, id=precheck_id("drs", DDS)))["precheck"]
    assert data["counts"]["total"] == len(data["items"]) == 27
    assert {item["precheck"]["counts"]["total"] for item in data["items"]} == {27}
    assert len({item["key"] for item in data["items"]}) == 27
    assert [item["ordinal"] for item in data["items"]] == list(range(27))
    assert data["provider"] == {
        "id": "drs", "name": "Huawei DRS", "vendor": "huawei-drs", "region": "ap-southeast-1"
    }  # fmt: skip
    assert calls(emulator) == {"drs/batch-precheck-result": 1}


async def test_a_young_answer_costs_no_call_and_an_old_one_does(server: Served, emulator: Emulator) -> None:
    document = "query ($id: ID!, $age: Int) { precheck(id: $id, maxAgeSeconds: $age) { freshness { source } } }"
    known = precheck_id("ninedata", "cd-tg3isu1xgs/pcte-dj02vti9tabd")
    sources = [
        (await server.data(document, id=known, age=age))["precheck"]["freshness"]["source"]
        for age in (60, 60, None, 0)
    ]
    assert sources == ["LIVE", "CACHED", "CACHED", "LIVE"]
    assert calls(emulator) == {"ninedata/precheck-status": 2}


async def test_equal_requests_at_once_share_one_call(server: Served, emulator: Emulator) -> None:
    emulator.fault("oms-ce", "delay", seconds=0.5)
    document = "query ($id: ID!) { precheck(id: $id, maxAgeSeconds: 0) { verdict } }"
    known = precheck_id("oms-ce", "t_7di1uvmxd340")
    answers = await asyncio.gather(*(server.data(document, id=known) for _ in range(8)))
    assert [answer["precheck"]["verdict"] for answer in answers] == ["READY_WITH_WARNINGS"] * 8
    assert calls(emulator) == {"oms-ce/GetPreCheckResult": 1}


async def test_one_wrong_reference_and_one_vendor_down_leave_the_others_whole(
    server: Served, emulator: Emulator
) -> None:
    emulator.fault("dts", "refuse")
    refs = [ref(*seed) for seed in SEEDS]
    refs[2] = ref("drs", "00000000-0000-0000-0000-000000000000")
    entries = (await server.data(LOOKUP, refs=refs))["lookupPrechecks"]
    outcome = [(entry["precheck"] or {}).get("verdict") or entry["problem"]["code"] for entry in entries]
    assert outcome == ["READY_WITH_WARNINGS", "READY", "NOT_FOUND", "READY_WITH_WARNINGS", "UNREACHABLE", "READY"]
    assert [entry["ref"]["externalId"] for entry in entries] == [each["externalId"] for each in refs]
    assert all((entry["precheck"] is None) != (entry["problem"] is None) for entry in entries)
    assert entries[4]["problem"]["retryable"] is True
    assert entries[4]["problem"]["providerId"] == "dts"
    assert emulator.calls("drs")["batch-precheck-result"]["count"] == 1
    assert emulator.calls("ninedata")["precheck-status"]["count"] == 1


@pytest.mark.parametrize(
    ("fault", "code", "attempts"),
    [
        ({"kind": "refuse"}, "UNREACHABLE", 0),  # three, but none is seen
        ({"kind": "status", "status": 503}, "UNREACHABLE", 3),
        ({"kind": "delay", "seconds": 1.5}, "TIMEOUT", 1),
        ({"kind": "garbage"}, "UNREADABLE_ANSWER", 2),
        ({"kind": "rate_limit", "retry_after": 20}, "RATE_LIMITED", 1),
    ],
)
async def test_a_vendor_in_trouble_shows_its_older_answer_as_stale(
    server: Served, emulator: Emulator, fault: dict[str, Any], code: str, attempts: int
) -> None:
    await server.data(LOOKUP, refs=[ref(*seed) for seed in SEEDS])
    emulator.ask("PUT", "/faults/drs", fault)
    entries = (await server.data(LOOKUP, refs=[ref(*seed) for seed in SEEDS], maxAgeSeconds=0))["lookupPrechecks"]
    sources = [entry["precheck"]["freshness"]["source"] for entry in entries]
    assert sources == ["LIVE", "LIVE", "STALE", "STALE", "LIVE", "LIVE"]
    assert [entry["problem"] and entry["problem"]["code"] for entry in entries] == [
        None,
        None,
        code,
        code,
        None,
        None,
    ]
    assert entries[2]["precheck"]["verdict"] == "READY"
    assert entries[2]["precheck"]["freshness"]["problem"] == {"code": code}
    listed = (await server.data("{ prechecks(filter: {stale: true}) { nodes { externalId } } }"))["prechecks"]
    assert {node["externalId"] for node in listed["nodes"]} == {MYSQL, DDS}
    made = calls(emulator)
    assert made.pop("drs/batch-precheck-result") == 1 + attempts
    assert set(made.values()) == {2}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"providerId": "nobody", "externalId": "t_1"}, "UNKNOWN_PROVIDER"),
        ({"providerId": "drs", "externalId": "not-a-job"}, "INVALID_REFERENCE"),
        ({"providerId": "drs", "externalId": "x" * 5000}, "INVALID_REFERENCE"),
        ({"providerId": "drs", "externalId": ""}, "INVALID_REFERENCE"),
        ({"providerId": "oms-ce", "externalId": "t_1\n2"}, "INVALID_REFERENCE"),
        ({"providerId": "drs"}, "INVALID_REFERENCE"),
        ({"id": "pc1.!!!"}, "INVALID_REFERENCE"),
        ({"id": "nonsense"}, "INVALID_REFERENCE"),
        ({}, "INVALID_REFERENCE"),
        ({"id": precheck_id("drs", MYSQL), **ref("drs", DDS)}, "INVALID_REFERENCE"),
    ],
)
async def test_a_wrong_reference_is_a_problem_beside_the_others_and_no_call(
    server: Served, emulator: Emulator, wrong: dict[str, str], code: str
) -> None:
    entries = (await server.data(LOOKUP, refs=[wrong, ref("drs", MYSQL)]))["lookupPrechecks"]
    assert (entries[0]["precheck"], entries[0]["problem"]["code"]) == (None, code)
    assert entries[0]["problem"]["message"].endswith(".")
    assert entries[1]["precheck"]["verdict"] == "READY"
    assert emulator.calls("drs")["batch-precheck-result"]["ids"] == [[MYSQL]]
    assert calls(emulator) == {"drs/batch-precheck-result": 1}


async def test_what_cannot_be_shown_is_null_with_a_coded_error(server: Served, emulator: Emulator) -> None:
    document = "query ($a: ID!, $b: ID!) { a: precheck(id: $a) { id } b: precheck(id: $b) { verdict } }"
    answer = await server.ask(document, a=precheck_id("dts", "dts-nosuchid"), b=precheck_id("drs", MYSQL))
    assert answer["data"] == {"a": None, "b": {"verdict": "READY"}}
    [error] = answer["errors"]
    assert error["path"] == ["a"]
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert error["extensions"]["providerId"] == "dts"
    assert error["extensions"]["vendorCode"] == "ResourceNotFound.ResourceNotFoundError"
    assert error["extensions"]["vendorRequestId"]
    assert calls(emulator) == {"dts/DescribeMigrationCheckJob": 1, "drs/batch-precheck-result": 1}


@pytest.mark.parametrize(
    ("document", "code", "says"),
    [
        ("{ prechecks(first: 101) { totalCount } }", "BAD_REQUEST", "`first` is 101; it takes 0 to 100"),
        ("{ prechecks(first: -1) { totalCount } }", "BAD_REQUEST", "`first` is -1"),
        ('{ prechecks(after: "xyz") { totalCount } }', "BAD_REQUEST", "`after` takes"),
        (
            f'{{ precheck(id: "{precheck_id("drs", MYSQL)}", maxAgeSeconds: -1) {{ id }} }}',
            "BAD_REQUEST",
            "maxAgeSeconds",
        ),
        ("{ lookupPrechecks(refs: [" + "{}," * 101 + "]) { ref { id } } }", "LIMIT_EXCEEDED", "at most 100"),
        ("{ nonsense }", "BAD_REQUEST", "Cannot query field"),
        ("query A { __typename } query B { __typename }", "BAD_REQUEST", "several operations (A, B)"),
        (
            '{ prechecks(filter: {updatedAfter: "0001-01-01T00:00:00+08:00"}) { totalCount } }',
            "BAD_REQUEST",
            "years",
        ),
        ("{ ", "BAD_REQUEST", "Syntax Error"),
        (
            '{ prechecks(filter: {updatedAfter: "yesterday"}) { totalCount } }',
            "BAD_REQUEST",
            "2026-03-01T08:30:00Z",
        ),
    ],
)
async def test_bad_arguments_are_refused_in_words_before_any_call(
    server: Served, emulator: Emulator, document: str, code: str, says: str
) -> None:
    [error] = (await server.ask(document))["errors"]
    assert error["extensions"]["code"] == code
    assert says in error["message"]
    assert calls(emulator) == {}


async def test_items_are_filtered(server: Served, emulator: Emulator) -> None:
    document = """query ($id: ID!) { precheck(id: $id) {
      failed: items(filter: {states: [FAILED]}) { code blocking skip { applied } }
      source: items(filter: {sides: [SOURCE]}) { code }
      privilege: items(filter: {categories: [PRIVILEGE]}) { code }
      found: items(filter: {search: "BINLOG"}) { code }
      coded: items(filter: {codes: ["ViewCheck"]}) { ordinal }
      blocking: items(filter: {blocking: true}) { code }
      skipped: items(filter: {skipped: true, states: [FAILED, WARNING]}) { code details { state log } } } }"""
    data = (await server.data(document, id=precheck_id("dts", "dts-1ewjspuw")))["precheck"]
    assert data == {
        "failed": [{"code": "OptimizeCheck", "blocking": False, "skip": {"applied": True}}],
        "source": [
            {"code": "SrcPrivilegeCheck"}, {"code": "BinlogParamCheck"}, {"code": "ConstraintCheck"},
            {"code": "ConstraintRefCheck"}, {"code": "ViewCheck"},
        ],
        "privilege": [{"code": "SrcPrivilegeCheck"}, {"code": "DstPrivilegeCheck"}],
        "found": [{"code": "BinlogParamCheck"}],
        "coded": [{"ordinal": 10}],
        "blocking": [],
        "skipped": [{"code": "OptimizeCheck", "details": [{"state": "WARNING", "log": ["skipped"]}]}],
    }  # fmt: skip
    assert calls(emulator) == {"dts/DescribeMigrationCheckJob": 1}


async def test_providers_tell_what_they_can_and_how_they_are(server: Served, emulator: Emulator) -> None:
    document = """{ precheckProviders { id vendor region locales
      health { state lastSuccessAt consecutiveFailures typicalLatencyMs retryAt problem { code } }
      limits { requestsPerSecond batchSize concurrency pollSeconds } } }"""
    providers = {each["id"]: each for each in (await server.data(document))["precheckProviders"]}
    assert list(providers) == ["oms-ce", "oms-ee", "drs", "dts", "ninedata"]
    assert {each["health"]["state"] for each in providers.values()} == {"UNKNOWN"}
    assert providers["drs"]["limits"]["batchSize"] == 10
    assert providers["dts"]["limits"]["requestsPerSecond"] == 20
    assert providers["dts"]["locales"] == ["EN", "ZH_CN"]
    assert calls(emulator) == {}
    emulator.fault("drs", "refuse")
    for _ in range(5):
        await server.data(LOOKUP, refs=[ref("drs", MYSQL), ref("dts", "dts-1ewjspuw")], maxAgeSeconds=0)
    health = {each["id"]: each["health"] for each in (await server.data(document))["precheckProviders"]}
    assert (health["drs"]["state"], health["drs"]["problem"]) == ("DOWN", {"code": "UNREACHABLE"})
    assert health["drs"]["consecutiveFailures"] == 5
    assert health["dts"]["state"] == "HEALTHY"
    assert health["dts"]["typicalLatencyMs"] > 0
    assert health["oms-ce"]["state"] == "UNKNOWN"


async def test_providers_are_found_by_capability_and_by_id(server: Served, emulator: Emulator) -> None:
    data = await server.data(
        '{ precheckProviders(supporting: [BATCH_QUERY]) { id } a: precheckProvider(id: "dts") { name } '
        'b: precheckProvider(id: "x") { name } }'
    )
    assert data == {"precheckProviders": [{"id": "drs"}], "a": {"name": "Tencent DTS"}, "b": None}
    assert calls(emulator) == {}


async def test_text_comes_in_the_language_asked_for(server: Served, emulator: Emulator) -> None:
    document = """query ($id: ID!, $locale: PrecheckLocale) {
      precheck(id: $id, locale: $locale) { items(filter: {codes: ["VersionCheck"]}) { title } } }"""
    known = precheck_id("dts", "dts-1ewjspuw")
    english = await server.ask(document, id=known)
    chinese = await server.ask(document, id=known, locale="ZH_CN")
    by_header = await server.ask(document, headers={"accept-language": "zh-Hans-CN,zh;q=0.9,en;q=0.8"}, id=known)
    never = await server.ask(document, headers={"accept-language": "zh;q=0, de, en;q=0.1"}, id=known)
    assert never == english
    assert english["data"]["precheck"]["items"] == [{"title": "Version check"}]
    assert not chinese["data"]["precheck"]["items"][0]["title"].isascii()
    assert by_header == chinese
    assert calls(emulator) == {"dts/DescribeMigrationCheckJob": 2}


async def test_a_secret_is_never_part_of_an_answer(providers: list[ProviderSettings], emulator: Emulator) -> None:
    emulator.fault("drs", "expired_token")
    with served([replace(each, base_url=f"{each.base_url}/") for each in providers], Settings()) as server:
        answer = await server.ask(LOOKUP, refs=[ref(*seed) for seed in SEEDS], maxAgeSeconds=0)
    assert "not-a-secret" not in str(answer)
    assert "127.0.0.1" not in str(answer)
    assert answer["data"]["lookupPrechecks"][2]["problem"]["code"] == "AUTHENTICATION"
