"""How DTS is signed in to: golden vectors, the official SDK as oracle, clocks and languages over sockets."""

import asyncio
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tencentcloud.common.credential import Credential
from tencentcloud.common.http.request import RequestInternal
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.dts.v20211206 import dts_client, models

from graph.provider_file import read_providers
from resolvers.clock import Clock
from resolvers.domain import Precheck
from resolvers.providers.tencent_dts import TencentDts, TencentDtsSettings
from resolvers.providers.tencent_dts.signing import TencentAuth, authorization
from resolvers.upstream.answer import Answer, VendorClock
from resolvers.upstream.contract import Secret
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import PrecheckLocale, PrecheckProblemCode
from tests.emulator.process import Emulator, started
from tests.providers.bench import Bench, answered, refused

SEED = "dts-1ewjspuw"
ACTION = "DescribeMigrationCheckJob"
DTS = {"Content-Type": "application/json", "Host": "dts.tencentcloudapi.com"}


def signature(header: str) -> str:
    return header.rpartition("Signature=")[2]


def test_vendors_published_signature() -> None:
    header = authorization(
        "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE",
        "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE",
        {"Content-Type": "application/json; charset=utf-8", "Host": "cvm.tencentcloudapi.com"},
        b'{"Limit": 1, "Filters": [{"Values": ["\\u672a\\u547d\\u540d"], "Name": "instance-name"}]}',
        1551113065,
        "cvm",
    )
    assert signature(header) == "72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (DTS, "a4c899ebb3e0d685482c70233bbc1582124e4b963611715a34051e7fd0bdda91"),
        ({**DTS, "X-TC-Action": ACTION}, "2329c44e13e7c4590bed7808cc96717c423df3ac64c5bf2409f5f02432e27318"),
    ],
)
def test_signature_is_the_golden_one(headers: dict[str, str], expected: str) -> None:
    header = authorization("AKIDEXAMPLE", "SECRETEXAMPLE", headers, b'{"JobId": "dts-1ewjspuw"}', 1700000000)
    assert signature(header) == expected
    names = ";".join(sorted(name.lower() for name in headers))
    assert header.startswith(
        f"TC3-HMAC-SHA256 Credential=AKIDEXAMPLE/2023-11-14/dts/tc3_request, SignedHeaders={names}, "
    )


@settings(max_examples=300)
@given(
    body=st.binary(max_size=80),
    host=st.text(string.ascii_lowercase + string.digits + ".-", min_size=1, max_size=20),
    port=st.integers(1, 65535),
    secret_key=st.text(min_size=1, max_size=20),
    timestamp=st.integers(0, 4_000_000_000),
)
def test_official_signer_agrees(body: bytes, host: str, port: int, secret_key: str, timestamp: int) -> None:
    headers = {"Content-Type": "application/json", "Host": f"{host}:{port}"}
    ours = authorization("ID", secret_key, headers, body, timestamp)
    request = RequestInternal(f"{host}:{port}", "POST", "/")
    request.header, request.data = {**headers, "X-TC-Timestamp": str(timestamp)}, body
    client = dts_client.DtsClient(Credential("ID", "KEY"), "ap-guangzhou")
    date = ours.split("/")[1]
    assert client._get_tc3_signature({}, request, date, "dts", secret_key) == signature(ours)


def test_session_token_and_the_host_as_sent_go_along() -> None:
    auth = TencentAuth("ID", Secret("KEY"), Secret("SESSION"), VendorClock(Clock()))
    request = httpx.Request("POST", "http://127.0.0.1:8104/", content=b"{}", headers={"x-tc-action": ACTION})
    request.headers["content-type"] = "application/json"
    sent = next(auth.auth_flow(request))
    assert sent.headers["x-tc-token"] == "SESSION"
    signed = {"content-type": "application/json", "host": "127.0.0.1:8104", "x-tc-action": ACTION}
    timestamp = int(sent.headers["x-tc-timestamp"])
    assert sent.headers["authorization"] == authorization("ID", "KEY", signed, b"{}", timestamp)


async def test_the_vendors_clock_is_learnt_once(bench: Bench, emulator: Emulator) -> None:
    emulator.advance(3600)
    provider = bench.provider("dts")
    await answered(provider, SEED)
    assert counted(emulator) == 2
    await answered(provider, SEED)
    assert counted(emulator) == 3


def counted(emulator: Emulator) -> int:
    return sum(int(calls["count"]) for calls in emulator.calls("dts").values())


async def test_wrong_key_is_not_asked_twice(bench: Bench, emulator: Emulator) -> None:
    await answered(bench.provider("dts"), SEED)
    emulator.reset()
    provider = bench.with_wrong_secrets("dts")
    provider.connection.clock.learn(Answer(200, {"date": emulator_date(emulator)}, b""))
    problem = await refused(provider, SEED)
    assert (problem.code, problem.vendor_code) == (
        PrecheckProblemCode.AUTHENTICATION,
        "AuthFailure.SignatureFailure",
    )
    assert counted(emulator) == 1


def emulator_date(emulator: Emulator) -> str:
    return httpx.get(emulator.url("dts")).headers["date"]


async def test_language_of_the_texts_follows_the_locale(bench: Bench) -> None:
    provider = bench.provider("dts")
    run = bench.new_run("dts", "blocked")
    english = await answered(provider, run, PrecheckLocale.EN)
    chinese = await answered(provider, run, PrecheckLocale.ZH_CN)
    assert [item.key for item in english.items] == [item.key for item in chinese.items]
    assert all(item.title.isascii() for item in english.items)
    assert not any(item.title.isascii() for item in chinese.items)


@pytest.mark.parametrize("changed", [{"secret_id": ""}, {"secret_key": Secret("")}])
def test_missing_key_is_named(bench: Bench, changed: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"add the key `{next(iter(changed))}`"):
        bench.provider("dts", **changed)


def test_calls_are_counted_for_an_account(bench: Bench) -> None:
    assert TencentDts.rate_scope(bench.settings("dts")) == "DEMOSECRETID"
    assert bench.provider("dts").limits.requests_per_second == 20.0


@pytest.fixture(scope="module")
def on_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Path]]:
    """One whose clock nobody moves: the official SDK signs by the machine's."""
    path = tmp_path_factory.mktemp("dts") / "providers.toml"
    with started("--no-demo-runs", "--providers-file", str(path)) as emulator:
        yield emulator, path


async def test_official_sdk_reads_the_same(on_time: tuple[Emulator, Path]) -> None:
    emulator, path = on_time
    known = next(each for each in read_providers(path) if isinstance(each, TencentDtsSettings))
    provider = TencentDts(known, Limiter(20.0, Clock()), Clock())
    for job in (SEED, emulator.create_run("dts", scenario="skipped", seconds=0.001)):
        ours = await answered(provider, job)
        theirs = await asyncio.to_thread(sdk_reading, known, emulator.credentials("dts")["secret_key"], job)
        assert shown(ours) == theirs
    await provider.close()


def shown(precheck: Precheck) -> tuple[Any, ...]:
    items = [
        (each.code, each.title, each.vendor_state, each.skip.applied, [detail.log for detail in each.details])
        for each in precheck.items
    ]
    return precheck.vendor.status, precheck.vendor.message, precheck.vendor.passed, items


def sdk_reading(known: TencentDtsSettings, secret_key: str, job: str) -> tuple[Any, ...]:
    http = HttpProfile(protocol="http", endpoint=known.base_url.removeprefix("http://"), keepAlive=False)
    profile = ClientProfile(httpProfile=http, language="en-US")
    client = dts_client.DtsClient(Credential(known.secret_id, secret_key), known.region, profile)
    asked = models.DescribeMigrationCheckJobRequest()
    asked.JobId = job
    answer = client.DescribeMigrationCheckJob(asked)
    items = [
        (
            each.StepId,
            each.StepName,
            each.StepStatus,
            each.HasSkipped,
            [tuple(inner.ErrorLog) for inner in each.DetailCheckItems],
        )
        for each in answer.StepInfo
    ]
    return answer.Status, answer.BriefMsg, answer.CheckFlag == "checkPass", items
