"""The rows P9 to P16 of the fault matrix: JSON that is right, and says something odd."""

import json
from typing import Any

import pytest

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.vocabulary import PrecheckItemState, PrecheckStatus, PrecheckVerdict
from resolvers.vocabulary import PrecheckProblemCode as Code
from tests.emulator.process import Emulator
from tests.faults import surgery
from tests.faults.bench import PROVIDERS, Wired, Wiring, counted
from tests.faults.faults import altered, replied
from tests.providers import folders
from tests.providers.bench import without_times

NONSENSE = ["100%", 100, 100.0, "fail", "", True, None, [], {}, [[]], {"zanzibar": 1}, -1, 10**18]
CASES = [case for folder in folders.complete() for case in folders.wire_cases(folder)]
PASSES = (PrecheckVerdict.READY, PrecheckVerdict.READY_WITH_WARNINGS)

row = pytest.mark.row
every_provider = pytest.mark.parametrize("provider_id", PROVIDERS)


@row("P9")
@every_provider
async def test_of_a_key_that_comes_twice_the_last_counts(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    plain = await wired.answered()
    before = counted("precheck_wire_oddities", provider=provider_id, kind="duplicate_key")
    wired.line.always(altered(surgery.first_key_twice))
    assert without_times(await wired.answered()) == without_times(plain)
    assert counted("precheck_wire_oddities", provider=provider_id, kind="duplicate_key") == before + 1


@row("P10")
@pytest.mark.parametrize("folder", folders.complete())
async def test_an_unknown_word_is_unknown_shown_and_counted(
    wiring: Wiring, emulator: Emulator, folder: str
) -> None:
    shown = []
    for case in (case for case in CASES if case.folder == folder and is_unknown_to_us(case.precheck or {})):
        reference = emulator.ask("POST", "/runs", case.order)["reference"]
        wired = await wiring(case.provider_id, reference=reference)
        before = counted("precheck_unknown_words", provider=case.provider_id)
        words = unknown_words(await wired.answered())
        if words:
            assert counted("precheck_unknown_words", provider=case.provider_id) > before, case.file
        shown += words
    assert shown, "no wire file of this vendor has a word that nobody knows"


def is_unknown_to_us(meaning: dict[str, Any]) -> bool:
    states = [item["state"] for item in meaning.get("items", ())]
    return "UNKNOWN" in (meaning.get("status"), *states)


def unknown_words(precheck: Precheck) -> list[str]:
    """The vendor's own words that nobody knows; none of them may let a migration start."""
    words = [item.vendor_state for item in precheck.items if item.state is PrecheckItemState.UNKNOWN]
    if precheck.status is PrecheckStatus.UNKNOWN:
        words.append(precheck.vendor.status)
    assert not (words and precheck.verdict in PASSES)
    return [word for word in words if word]


async def with_body(wired: Wired, body: Any) -> Precheck | PrecheckProblem:
    wired.line.always(replied(200, json.dumps(body).encode()))
    return await wired.asked()


def assert_careful(outcome: Precheck | PrecheckProblem, told: object) -> None:
    """Nonsense is a problem with the answer, or a value; never a fault of ours, never a reason to pass."""
    if isinstance(outcome, PrecheckProblem):
        assert outcome.code not in (Code.INTERNAL, Code.TIMEOUT, Code.UNREACHABLE), told
    else:
        unknown_words(outcome)


@row("P11")
@every_provider
async def test_what_is_missing_null_or_new_has_a_meaning(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    plain = await wired.answered()
    body = json.loads(wired.line.replies[-1].body)
    extended = await with_body(wired, surgery.with_stranger(body))
    assert isinstance(extended, Precheck)
    assert without_times(extended) == without_times(plain)
    for path in surgery.places(body):
        assert_careful(await with_body(wired, surgery.removed(body, path)), ("missing", path))
        assert_careful(await with_body(wired, surgery.replaced(body, path, None)), ("null", path))


@row("P12")
@every_provider
async def test_a_value_of_another_type_harms_nothing_but_itself(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    body = json.loads(await wired.body())
    for path in surgery.places(body):
        for nonsense in NONSENSE:
            assert_careful(await with_body(wired, surgery.replaced(body, path, nonsense)), (nonsense, path))


@row("P12")
@pytest.mark.parametrize(
    ("provider_id", "path"),
    [
        ("oms-ce", ("data", "progress")),
        ("oms-ee", ("data", "progress")),
        ("drs", ("results", 0, "process")),
    ],
)
@pytest.mark.parametrize("hundred", ["100%", "100 %", "100.0", "100", 100, 100.0])
async def test_a_percentage_is_read_in_every_spelling(
    wiring: Wiring, provider_id: str, path: surgery.Path, hundred: object
) -> None:
    wired = await wiring(provider_id)
    body = json.loads(await wired.body())
    outcome = await with_body(wired, surgery.replaced(body, path, hundred))
    assert isinstance(outcome, Precheck)
    assert (outcome.progress.percent, outcome.verdict) == (100.0, PrecheckVerdict.READY)


@row("P13")
@pytest.mark.parametrize("provider_id", ["oms-ce", "oms-ee"])
async def test_oms_may_send_its_data_as_an_object_or_as_a_list(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    plain = await wired.answered()
    body = json.loads(wired.line.replies[-1].body)
    assert isinstance(body["data"], dict)
    listed = await with_body(wired, body | {"data": [body["data"]]})
    assert isinstance(listed, Precheck)
    assert without_times(listed) == without_times(plain)


@row("P14")
@every_provider
async def test_items_that_come_twice_are_kept_apart(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    plain = await wired.answered()
    body = json.loads(wired.line.replies[-1].body)
    path = surgery.list_of_items(body)
    items = surgery.at(body, path)
    readings = [await with_body(wired, surgery.replaced(body, path, [items[0], *items])) for _ in range(2)]
    ids = []
    for reading in readings:
        assert isinstance(reading, Precheck)
        ids.append([item.id for item in reading.items])
    assert len(set(ids[0])) == len(plain.items) + 1
    assert ids[0] == ids[1]
    assert {item.id for item in plain.items} < set(ids[0])


@row("P15")
@every_provider
async def test_an_answer_about_another_precheck_is_refused_and_counted(wiring: Wiring, provider_id: str) -> None:
    wired = await wiring(provider_id)
    other = await wiring(provider_id)
    body = await other.body()
    names_its_precheck = any(part.encode() in body for part in other.reference.split("/"))
    before = counted("precheck_wire_oddities", provider=provider_id, kind="other_reference")
    wired.line.always(replied(200, body))
    if names_its_precheck:
        assert (await wired.refused()).code is Code.UNREADABLE_ANSWER
        assert counted("precheck_wire_oddities", provider=provider_id, kind="other_reference") > before
    else:
        assert (await wired.answered()).external_id == wired.reference


def entries(*changed: Any) -> bytes:
    return json.dumps({"count": len(changed), "results": list(changed)}).encode()


@row("P16")
async def test_each_job_of_a_batch_gets_its_own_outcome(wiring: Wiring) -> None:
    wired = await wiring("drs")
    jobs = [wired.reference, *(wiring.bench.new_run("drs") for _ in range(3))]
    plain = await wired.provider.fetch(jobs, wired.provider.locales[0])
    known = {each["precheck_id"]: each for each in json.loads(wired.line.replies[-1].body)["results"]}
    gone, refused, twice, whole = jobs
    failed = {"precheck_id": refused, "error_code": "DRS.M05066", "error_msg": "zanzibar"}
    stranger = known[whole] | {"precheck_id": wiring.bench.new_run("drs")}
    wired.line.always(replied(200, entries(known[whole], stranger, known[twice], known[twice], failed)))
    outcomes = await wired.provider.fetch(jobs, wired.provider.locales[0])
    assert list(outcomes) == jobs
    missing, troubled = outcomes[gone], outcomes[refused]
    assert isinstance(missing, PrecheckProblem)
    assert missing.code is Code.NOT_FOUND
    assert isinstance(troubled, Precheck)
    assert [problem.vendor_code for problem in troubled.problems] == ["DRS.M05066"]
    for job in (twice, whole):
        reading, before = outcomes[job], plain[job]
        assert isinstance(reading, Precheck)
        assert isinstance(before, Precheck)
        assert without_times(reading) == without_times(before)
