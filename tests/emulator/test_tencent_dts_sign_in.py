"""Signatures of the emulated DTS against golden vectors and Tencent's own SDK."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.dts.v20211206 import dts_client, models

from emulator.tencent_dts import signature
from emulator.vendor import Request
from tests.emulator.dts_client import ACTION, SEED, Dts, code, wire
from tests.emulator.process import Emulator, started


@pytest.fixture
def dts(emulator: Emulator) -> Iterator[Dts]:
    client = Dts(emulator)
    with client.http:
        client.advance(2)  # the calls of the test before are out of this second
        yield client


@pytest.fixture(scope="module")
def dts_on_time() -> Iterator[Dts]:
    """One whose clock nobody moves: the official SDK signs by the machine's."""
    with started("--no-demo-runs") as emulator:
        client = Dts(emulator)
        with client.http:
            yield client


# The signature


@pytest.mark.parametrize(
    ("host", "content_type", "timestamp", "key", "body", "more", "expected"),
    [
        (
            "cvm.tencentcloudapi.com",
            "application/json; charset=utf-8",
            "1551113065",
            "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
            rb'{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}',
            {},
            "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168",
        ),
        (
            "dts.tencentcloudapi.com",
            "application/json",
            "1700000000",
            "SECRETEXAMPLE",
            b'{"JobId": "dts-1ewjspuw"}',
            {},
            "a4c899ebb3e0d685482c70233bbc1582124e4b963611715a34051e7fd0bdda91",
        ),
        (
            "dts.tencentcloudapi.com",
            "application/json",
            "1700000000",
            "SECRETEXAMPLE",
            b'{"JobId": "dts-1ewjspuw"}',
            {"x-tc-action": ACTION},
            "2329c44e13e7c4590bed7808cc96717c423df3ac64c5bf2409f5f02432e27318",
        ),
    ],
)
def test_signature_equals_the_golden_vector(
    host: str, content_type: str, timestamp: str, key: str, body: bytes, more: dict[str, str], expected: str
) -> None:
    signed = {"content-type": content_type, "host": host, **more}
    request = Request("POST", "/", "", {**signed, "x-tc-timestamp": timestamp}, body)
    scope = (f"{datetime.fromtimestamp(int(timestamp), UTC):%Y-%m-%d}", host.partition(".")[0])

    assert signature.sign(request, key, scope, sorted(signed)) == expected


def test_signature_may_cover_more_than_it_must(dts: Dts) -> None:
    names = ["content-type", "host", "x-tc-action", "x-tc-region", "x-tc-timestamp", "x-tc-version"]

    assert dts.read(SEED, names=names) == wire("seed.json")["Response"]


def test_body_may_be_declared_unsigned(dts: Dts) -> None:
    assert dts.read(SEED, headers={"x-tc-content-sha256": "UNSIGNED-PAYLOAD"})["Status"] == "success"


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"credentials": {"secret_key": "another"}}, "AuthFailure.SignatureFailure"),
        ({"credentials": {"secret_id": "another"}}, "AuthFailure.SecretIdNotFound"),
        ({"names": ["content-type"]}, "AuthFailure.SignatureFailure"),
        ({"date": "2019-02-25"}, "AuthFailure.SignatureFailure"),
        ({"late_seconds": -400}, "AuthFailure.SignatureExpire"),
        ({"late_seconds": 400}, "AuthFailure.SignatureExpire"),
        ({"headers": {"x-tc-version": "2018-03-30"}}, "NoSuchVersion"),
        ({"headers": {"x-tc-action": "DescribeNothing"}}, "InvalidAction"),
    ],
)
def test_wrong_calls_are_refused_under_200(dts: Dts, changed: dict[str, Any], expected: str) -> None:
    assert code(dts.call({"JobId": SEED}, **changed)) == expected


def test_call_without_credentials_is_refused(dts: Dts) -> None:
    headers = {"X-TC-Action": ACTION, "X-TC-Version": "2021-12-06"}

    assert code(dts.http.post("/", json={"JobId": SEED}, headers=headers)) == "AuthFailure.InvalidAuthorization"


# Tencent's own SDK


def official(dts: Dts, job: str) -> models.DescribeMigrationCheckJobResponse:
    address = HttpProfile(protocol="http", endpoint=dts.http.base_url.netloc.decode())
    profile = ClientProfile(httpProfile=address, language="en-US")
    known = Credential(dts.credentials["secret_id"], dts.credentials["secret_key"])
    asked = models.DescribeMigrationCheckJobRequest()
    asked.JobId = job
    return dts_client.DtsClient(known, "ap-guangzhou", profile).DescribeMigrationCheckJob(asked)


def test_official_sdk_reads_the_seed(dts_on_time: Dts) -> None:
    answer = official(dts_on_time, SEED)

    assert json.loads(answer.to_json_string()) == wire("seed.json")["Response"]


def test_official_sdk_raises_the_vendors_error(dts_on_time: Dts) -> None:
    with pytest.raises(TencentCloudSDKException) as raised:
        official(dts_on_time, "dts-zzzzzzzz")

    assert raised.value.code == "ResourceNotFound.ResourceNotFoundError"
