"""What is particular to DRS; what holds for every vendor stands in test_contract."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.providers import huawei_drs
from resolvers.providers.huawei_drs.decode import (
    CATALOGUE,
    Reading,
    decode_answer,
    decode_batch,
    decode_status,
)
from resolvers.providers.huawei_drs.evidence import MOST_SIGNS_SINGLE_QUOTED, decode_evidence
from resolvers.providers.huawei_drs.titles import TITLES, title_of
from resolvers.upstream.answer import Answer
from resolvers.vocabulary import (
    PrecheckDirection,
    PrecheckItemState,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckStatus,
    PrecheckVerdict,
)
from tests.providers.bench import Bench
from tests.providers.folders import EMULATOR

WIRE = EMULATOR / "huawei_drs" / "wire"
MYSQL = "140b5236-88ad-43c8-811c-1268453jb101"
DDS = "a281f62f-4631-45d6-a2d3-679a9f4jb105"
READING = Reading("drs", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "r1")


def batch(body: bytes, *job_ids: str) -> dict[str, Precheck | PrecheckProblem]:
    return decode_batch(decode_answer(Answer(200, {}, body), "drs"), job_ids, READING)


def entries(*results: Any, job_ids: tuple[str, ...] = (MYSQL,)) -> dict[str, Precheck | PrecheckProblem]:
    return batch(json.dumps({"results": results}).encode(), *job_ids)


def decoded(**more: Any) -> Precheck:
    outcome = entries({"precheck_id": MYSQL, "process": "100%", "result": True, **more})[MYSQL]
    assert isinstance(outcome, Precheck), outcome
    return outcome


def item(**more: Any) -> dict[str, Any]:
    return {"item": "srcDbConnection", "result": "PASSED", **more}


@pytest.mark.parametrize(
    ("file", "job_id", "verdict", "total", "passed", "warning"),
    [
        ("seed-mysql.json", MYSQL, PrecheckVerdict.READY, 39, 39, 0),
        ("seed-dds.json", DDS, PrecheckVerdict.READY_WITH_WARNINGS, 27, 25, 2),
    ],
)
def test_seed_gives_the_golden_numbers(
    file: str, job_id: str, verdict: PrecheckVerdict, total: int, passed: int, warning: int
) -> None:
    precheck = batch((WIRE / file).read_bytes(), job_id)[job_id]
    assert isinstance(precheck, Precheck)
    assert (precheck.status, precheck.verdict) == (PrecheckStatus.COMPLETED, verdict)
    counts = precheck.counts
    assert (counts.total, counts.passed, counts.warning) == (total, passed, warning)
    assert (counts.failed, counts.skipped, counts.blocking) == (0, 0, 0)
    assert (precheck.task_id, precheck.purpose) == (job_id, PrecheckPurpose.UNKNOWN)
    assert (precheck.vendor.passed, precheck.vendor.disagrees, precheck.vendor.request_id) == (True, False, "r1")
    assert all(each.code in TITLES for each in precheck.items)


def test_one_name_in_a_seed_holds_a_comma_and_a_brace_and_stays_whole() -> None:
    precheck = batch((WIRE / "seed-dds.json").read_bytes(), DDS)[DDS]
    assert isinstance(precheck, Precheck)
    facts = {fact.name: fact.value for each in precheck.items for fact in each.evidence}
    assert (
        r"fastunit.testSpecial\u4E2D\u6587~!@#%^&*()_+=-[]{};:?,`,fastunit.log"
        in facts["notConfigShardIndexColls"]
    )
    assert facts["dstVolumeSize"] == "19089431762"


@pytest.mark.parametrize(
    ("data", "facts"),
    [
        ('{"a":"1","b":0,"c":true,"d":null,"e":["x",1],"f":{"g":1}}', 'a=1 b=0 c=true e=["x",1] f={"g":1}'),
        ("{'size': '5263360', 'more':'1.5'}", "size=5263360 more=1.5"),
        ({"a": 1}, "a=1"),
        ("{1: 'a', 'b': (1, 2)}", "1=a b=[1,2]"),
        (r"{'path': 'C:\data'}", r"path=C:\data"),
        ("", ""),
        ("  ", ""),
        ("encrypted+text==", ""),
        ("[1,2]", ""),
        ("'text'", ""),
        ("{'a': __import__('os')}", ""),
        ("{'a': open}", ""),
        (r"{'a': '\ud800'}", ""),
        ("{" * 5000, ""),
        ("{'a': " + "-" * 50_000 + "1}", ""),
        ("{'a': " + "1+" * 20_000 + "1}", ""),
        ("{'a': '" + "x" * MOST_SIGNS_SINGLE_QUOTED + "'}", ""),
        (7, ""),
        (["a"], ""),
    ],
)
def test_data_gives_facts_where_it_can_be_read(data: object, facts: str) -> None:
    assert " ".join(f"{fact.name}={fact.value}" for fact in decode_evidence(data)) == facts


def test_flag_means_nothing_before_the_end() -> None:
    precheck = decoded(process="99%", result=False, precheck_result=[item()])
    assert (precheck.vendor.passed, precheck.verdict) == (None, PrecheckVerdict.WAITING)
    assert precheck.progress.items_total is None


def test_flag_is_missed_at_the_end() -> None:
    assert decoded(result=None, precheck_result=[item()]).verdict is PrecheckVerdict.INCONCLUSIVE
    assert decoded(result="TRUE", precheck_result=[item()]).verdict is PrecheckVerdict.READY


@pytest.mark.parametrize(
    ("process", "listed_any", "status"),
    [
        (None, False, "PENDING"),
        (" ", False, "PENDING"),
        ("0%", False, "PENDING"),
        (0, False, "PENDING"),
        (None, True, "UNKNOWN"),
        ("0%", True, "RUNNING"),
        ("99.5 %", True, "RUNNING"),
        ("1 %", False, "RUNNING"),
        ("100%", True, "COMPLETED"),
        ("100", True, "COMPLETED"),
        (100.0, True, "COMPLETED"),
        (True, True, "UNKNOWN"),
        ("done", False, "UNKNOWN"),
        ([], False, "UNKNOWN"),
        (10**400, False, "UNKNOWN"),
    ],
)
def test_status_follows_from_the_percentage(process: object, listed_any: bool, status: str) -> None:
    assert decode_status(process, listed_any=listed_any) is PrecheckStatus(status)


@pytest.mark.parametrize(
    ("word", "direction"),
    [
        ("up", PrecheckDirection.INTO_CLOUD),
        (" Down ", PrecheckDirection.OUT_OF_CLOUD),
        ("non-dbs", PrecheckDirection.SELF_MANAGED),
        ("no-dbs", PrecheckDirection.SELF_MANAGED),
        ("sideways", PrecheckDirection.OTHER),
        ("", None),
        (None, None),
    ],
)
def test_direction(word: str | None, direction: PrecheckDirection | None) -> None:
    assert decoded(job_direction=word).direction is direction


def test_failed_check_carries_all_that_is_said_of_it() -> None:
    sub_jobs = [{"id": "c1", "name": "DRS-child", "check_result": "FAILED"}, 7, {}]
    wire = item(
        item="srcDbBinlogIsOff",
        result=" failed ",
        failed_reason="BINLOG_IS_OFF",
        raw_error_msg="Access denied",
        group="DB_PARAMS",
        failed_sub_jobs=sub_jobs,
    )
    (check,) = decoded(result=False, precheck_result=[wire]).items
    assert (check.state, check.blocking, check.vendor_state) == (PrecheckItemState.FAILED, True, "failed")
    assert (check.reason_code, check.raw_error, check.vendor_group) == (
        "BINLOG_IS_OFF",
        "Access denied",
        "DB_PARAMS",
    )
    assert [(job.id, job.name, job.result) for job in check.sub_jobs] == [
        ("c1", "DRS-child", "FAILED"),
        (None, None, None),
    ]


@pytest.mark.parametrize(
    "nonsense", [{}, 7, "text", [], {"item": {}, "result": "PASS"}, {"item": "x", "result": 1}]
)
def test_nonsense_among_the_checks_lets_nothing_pass(nonsense: Any) -> None:
    precheck = decoded(precheck_result=[item(), nonsense])
    assert precheck.items[1].state is PrecheckItemState.UNKNOWN
    assert precheck.verdict is PrecheckVerdict.INCONCLUSIVE


def test_every_check_of_the_catalogue_has_a_title() -> None:
    assert set(TITLES) == set(CATALOGUE.checks)
    assert len(TITLES) == 77
    assert title_of("srcIncreDbNumCheck") == "Source incremental database number check"
    assert title_of("mongoSSLCheck2") == "Mongo SSL check 2"
    assert title_of("检查") == "检查"
    assert CATALOGUE.side("tenantDbActionCheck") is PrecheckSide.UNKNOWN


@pytest.mark.parametrize(
    "external_id",
    [
        MYSQL.upper(),
        MYSQL + "/",
        "/" + MYSQL,
        f"{MYSQL}/{MYSQL}/x",
        MYSQL[:-1],
        "dts-1ewjspuw",
        f"{MYSQL}/ {MYSQL}",
        MYSQL + "\n",
    ],
)
def test_identifier_of_another_shape_is_refused_with_an_example(bench: Bench, external_id: str) -> None:
    why = bench.provider("drs").validate(external_id)
    assert why is not None
    assert MYSQL in why


def test_every_wire_file_that_the_manual_names_is_there() -> None:
    named = {word for word in (huawei_drs.__doc__ or "").split("`") if word.endswith(".json")}
    assert named
    assert not named - {path.name for path in WIRE.glob("*.json")}
