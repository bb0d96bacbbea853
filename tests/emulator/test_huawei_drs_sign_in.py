"""Signatures and tokens of the emulated DRS against golden vectors and Huawei's own SDK."""

import hashlib
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkdrs import v3, v5

from emulator.huawei_drs import signature
from emulator.vendor import Request
from tests.emulator.drs_client import BATCH, DDS, MYSQL, PROJECT, Drs, problem, wire
from tests.emulator.process import Emulator, started


@pytest.fixture
def drs(emulator: Emulator) -> Iterator[Drs]:
    client = Drs(emulator)
    with client.http:
        yield client


@pytest.fixture(scope="module")
def drs_on_time() -> Iterator[Drs]:
    """One whose clock nobody moves: the official SDK signs by the machine's."""
    with started("--no-demo-runs") as emulator:
        client = Drs(emulator)
        with client.http:
            yield client


# The signature


def golden(method: str, path: str, query: str, body: bytes, **more: str) -> Request:
    headers = {
        "host": "drs.ap-southeast-1.myhuaweicloud.com",
        "x-project-id": PROJECT,
        "x-sdk-date": "20231114T221320Z",
        **more,
    }
    return Request(method, path, query, headers, body)


GOLDEN_BATCH = golden(
    "POST",
    BATCH,
    "",
    b'{"jobs": ["140b5236-88ad-43c8-811c-1268453jb101"]}',
    **{"content-type": "application/json"},
)
GOLDEN_DETAIL = golden(
    "GET",
    f"/v5/{PROJECT}/jobs/{MYSQL}",
    "type=precheck&query_id=c5c1ffb3-c902-4b31-a606-dfa1231831f9",
    b"",
)
SIGNED_AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (GOLDEN_BATCH, "41c0e795cd1e0805b84fcb51e6040afee614526d6a6be30b348bd98045172b83"),
        (GOLDEN_DETAIL, "276533d02990e7286a6171441b82bc571238e8d7881ba7e2bbf5051b6dcf4ff2"),
    ],
)
def test_signature_equals_the_golden_vector(request_: Request, expected: str) -> None:
    assert signature.sign(request_, "SKEXAMPLE", sorted(request_.headers)) == expected


def test_canonical_request_equals_the_golden_vector() -> None:
    canonical = signature.canonical_request(GOLDEN_BATCH, sorted(GOLDEN_BATCH.headers))

    assert hashlib.sha256(canonical).hexdigest() == (
        "7174582be6a156f8779931773b0754630d4334ed218aab5f2064f53dcf25fc15"
    )


@pytest.mark.parametrize(
    ("minutes", "access_key", "body", "expected"),
    [
        (0, "AKEXAMPLE", GOLDEN_BATCH.body, None),
        (14.9, "AKEXAMPLE", GOLDEN_BATCH.body, None),
        (15.1, "AKEXAMPLE", GOLDEN_BATCH.body, signature.BAD_DATE),
        (-15.1, "AKEXAMPLE", GOLDEN_BATCH.body, signature.BAD_DATE),
        (0, "AKOTHER", GOLDEN_BATCH.body, signature.BAD_SIGNATURE),
        (0, "AKEXAMPLE", GOLDEN_BATCH.body + b" ", signature.BAD_SIGNATURE),
    ],
)
def test_verifier_takes_the_golden_request_and_no_other(
    minutes: float, access_key: str, body: bytes, expected: signature.Refusal | None
) -> None:
    names = sorted(GOLDEN_BATCH.headers)
    made = signature.sign(GOLDEN_BATCH, "SKEXAMPLE", names)
    who = f"{signature.ALGORITHM} Access={access_key}, SignedHeaders={';'.join(names)}, Signature={made}"
    request = Request("POST", BATCH, "", {**GOLDEN_BATCH.headers, "authorization": who}, body)

    assert (
        signature.refusal(request, {"AKEXAMPLE": "SKEXAMPLE"}, SIGNED_AT + timedelta(minutes=minutes)) == expected
    )


def test_signature_may_cover_any_headers(drs: Drs) -> None:
    more = {"user-agent": "a  b", "x-language": "zh-cn", "accept": "*/*"}

    assert drs.batch(MYSQL, headers=more).status_code == 200


def test_bad_signature_is_refused_by_the_gateway(drs: Drs) -> None:
    reply = drs.batch(MYSQL, secret_key="another")

    assert problem(reply) == (401, "APIGW.0301")
    assert reply.json()["request_id"] == reply.headers["X-Request-Id"]


def test_request_without_credentials_is_refused(drs: Drs) -> None:
    assert problem(drs.http.post(BATCH, json={"jobs": [MYSQL]})) == (401, "APIGW.0301")


@pytest.mark.parametrize("late_seconds", [-1000, 1000])
def test_skewed_date_is_refused(drs: Drs, late_seconds: int) -> None:
    assert problem(drs.batch(MYSQL, late_seconds=late_seconds)) == (401, "APIGW.0303")


def test_another_project_is_forbidden(drs: Drs) -> None:
    path = BATCH.replace(PROJECT, "0" * 32)

    assert problem(drs.signed("POST", path, body=b'{"jobs":["x"]}')) == (403, "DRS.M00261")


# Tokens


def test_token_opens_the_door_for_a_day(drs: Drs) -> None:
    issued = drs.token()
    token = issued.headers["X-Subject-Token"]
    described = issued.json()["token"]
    expires = datetime.strptime(described["expires_at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)

    assert issued.status_code == 201
    assert len(token) > 2000
    assert described["project"]["id"] == PROJECT
    assert timedelta(hours=23, minutes=59) < expires - drs.now() <= timedelta(hours=24)
    assert drs.with_token(token, MYSQL).status_code == 200
    drs.advance(23.9 * 3600)
    assert drs.with_token(token, MYSQL).status_code == 200
    drs.advance(0.2 * 3600)
    assert problem(drs.with_token(token, MYSQL)) == (401, "APIGW.0301")


def test_new_token_leaves_older_ones_alone(drs: Drs) -> None:
    older = drs.token().headers["X-Subject-Token"]
    drs.token()

    assert drs.with_token(older, MYSQL).status_code == 200


def test_token_from_a_key_pair(drs: Drs) -> None:
    keys = {"access": {"key": drs.credentials["access_key"]}, "secret": {"key": drs.credentials["secret_key"]}}
    identity = {"methods": ["hw_ak_sk"], "hw_ak_sk": keys}
    body = {"auth": {"identity": identity, "scope": {"project": {"id": PROJECT}}}}
    issued = drs.http.post("/v3/auth/tokens", json=body)

    assert issued.status_code == 201
    assert drs.with_token(issued.headers["X-Subject-Token"], MYSQL).status_code == 200


def test_wrong_password_gets_the_error_of_iam(drs: Drs) -> None:
    reply = drs.token(password="guessed")

    assert reply.status_code == 401
    assert reply.json() == {
        "error": {"code": 401, "message": "The username or password is wrong.", "title": "Unauthorized"}
    }


@pytest.mark.parametrize("body", [{}, {"auth": {"identity": {"methods": []}}}, [], "x"])
def test_shapeless_token_request_is_refused(drs: Drs, body: Any) -> None:
    assert drs.http.post("/v3/auth/tokens", json=body).status_code == 400


def test_token_of_one_project_does_not_open_another(drs: Drs) -> None:
    token = drs.token().headers["X-Subject-Token"]

    assert problem(drs.with_token(token, MYSQL, path=BATCH.replace(PROJECT, "0" * 32))) == (403, "DRS.M00261")


# Huawei's own SDK


def test_official_v3_sdk_reads_the_seeds(drs_on_time: Drs) -> None:
    known = BasicCredentials(drs_on_time.credentials["access_key"], drs_on_time.credentials["secret_key"], PROJECT)
    client = (
        v3.DrsClient.new_builder().with_credentials(known).with_endpoint(str(drs_on_time.http.base_url)).build()
    )
    asked = v3.BatchCheckResultsRequest(body=v3.BatchQueryPrecheckResultReq(jobs=[MYSQL, DDS]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK calls all of v3 deprecated
        answer = client.batch_check_results(asked)

    assert [(each.precheck_id, len(each.precheck_result)) for each in answer.results] == [(MYSQL, 39), (DDS, 27)]
    assert [each.to_dict()["item"] for each in answer.results[1].precheck_result] == [
        each["item"] for each in wire("seed-dds.json")["results"][0]["precheck_result"]
    ]


def test_official_v5_sdk_reads_a_skipped_item(drs_on_time: Drs) -> None:
    reference = drs_on_time.run(script=[{"body": wire("v5-skipped-failure.json")}], api="v5")
    job, query = reference.split("/")
    known = BasicCredentials(drs_on_time.credentials["access_key"], drs_on_time.credentials["secret_key"], PROJECT)
    client = (
        v5.DrsClient.new_builder().with_credentials(known).with_endpoint(str(drs_on_time.http.base_url)).build()
    )
    answer = client.show_job_detail(v5.ShowJobDetailRequest(job_id=job, type="precheck", query_id=query))

    assert [(each.item, each.is_skipped) for each in answer.job.precheck_result.precheck_results] == [
        ("srcDbConnection", False),
        ("srcBinlogFormatCheck", True),
    ]
