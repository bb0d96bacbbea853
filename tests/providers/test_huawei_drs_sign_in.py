"""How DRS is signed in to: golden vectors, the official SDK as oracle, tokens and clocks over sockets."""

import asyncio
import hashlib
import string
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx2 as httpx
import pytest
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.sdk_request import SdkRequest
from huaweicloudsdkcore.signer.signer import Signer
from huaweicloudsdkdrs import v3, v5
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.provider_file import read_providers
from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckProblem
from resolvers.providers.huawei_drs import HuaweiDrs
from resolvers.providers.huawei_drs.access import HuaweiDrsSettings
from resolvers.providers.huawei_drs.signing import SignatureAuth, authorization, canonical_request
from resolvers.upstream.answer import VendorClock
from resolvers.upstream.contract import Secret
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import PrecheckLocale, PrecheckProblemCode
from tests.emulator.process import Emulator, started
from tests.providers.bench import Bench, answered, refused

PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
MYSQL = "140b5236-88ad-43c8-811c-1268453jb101"
DDS = "a281f62f-4631-45d6-a2d3-679a9f4jb105"
QUERY = "c5c1ffb3-c902-4b31-a606-dfa1231831f9"
GOLDEN_HEADERS = {
    "Host": "drs.ap-southeast-1.myhuaweicloud.com",
    "X-Project-Id": PROJECT,
    "X-Sdk-Date": "20231114T221320Z",
}
RESULTS = "batch-precheck-result"


def test_signature_of_a_batch_is_the_golden_one() -> None:
    body = b'{"jobs": ["140b5236-88ad-43c8-811c-1268453jb101"]}'
    headers = {"Content-Type": "application/json", **GOLDEN_HEADERS}
    canonical = canonical_request("POST", f"/v3/{PROJECT}/jobs/batch-precheck-result", headers, body)
    assert canonical.endswith("9ecebbb0ee3c1d7d13d4b1d9184af5b11d2206dba42066beedbd57ed3dea5380")
    assert hashlib.sha256(canonical.encode()).hexdigest() == (
        "7174582be6a156f8779931773b0754630d4334ed218aab5f2064f53dcf25fc15"
    )
    assert authorization("AKEXAMPLE", "SKEXAMPLE", canonical, headers) == (
        "SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=content-type;host;x-project-id;x-sdk-date, "
        "Signature=41c0e795cd1e0805b84fcb51e6040afee614526d6a6be30b348bd98045172b83"
    )


def test_signature_of_a_run_is_the_golden_one() -> None:
    target = f"/v5/{PROJECT}/jobs/{MYSQL}?type=precheck&query_id={QUERY}"
    canonical = canonical_request("GET", target, GOLDEN_HEADERS, b"")
    assert authorization("AKEXAMPLE", "SKEXAMPLE", canonical, GOLDEN_HEADERS).endswith(
        "Signature=276533d02990e7286a6171441b82bc571238e8d7881ba7e2bbf5051b6dcf4ff2"
    )


segments = st.lists(st.text("abz09-_.~ %+&=é中/", min_size=1, max_size=8), max_size=4)
pairs = st.lists(st.tuples(st.text("abz09 +&=%~é", min_size=1, max_size=6), st.text(max_size=6)), max_size=5)
plain_values = st.text(string.ascii_letters + string.digits + " -_./", max_size=12)


@settings(max_examples=300)
@given(
    method=st.sampled_from(["GET", "POST", "PUT"]),
    path=segments.map(lambda parts: "/" + "/".join(parts)),
    query=pairs,
    more=st.dictionaries(st.sampled_from(["X-Language", "X-Project-Id", "User-Agent"]), plain_values),
    body=st.binary(max_size=64),
)
def test_official_signer_agrees(
    method: str, path: str, query: list[tuple[str, str]], more: dict[str, str], body: bytes
) -> None:
    encoded = quote(path, safe="/")
    headers = {**more, "Host": "h:8103", "X-Sdk-Date": "20231114T221320Z", "Content-Type": "application/json"}
    target = f"{encoded}?{urlencode(query, quote_via=quote)}" if query else encoded
    request = SdkRequest(method, "http", "h:8103", encoded, "", list(query), dict(headers), body)
    theirs = Signer(BasicCredentials("AK", "SK", PROJECT)).sign(request).header_params["Authorization"]
    assert authorization("AK", "SK", canonical_request(method, target, headers, body), headers) == theirs


def test_temporary_keys_send_and_sign_their_token() -> None:
    auth = SignatureAuth("AK", Secret("SK"), Secret("SESSION"), VendorClock(Clock()))
    request = httpx.Request("POST", "http://127.0.0.1:8103/v3/x", content=b"{}", headers={"x-project-id": PROJECT})
    sent = next(auth.auth_flow(request)).headers
    names = ("host", "x-project-id", "x-sdk-date", "x-security-token")
    signed = {name: sent[name] for name in names}
    assert (signed["host"], signed["x-security-token"]) == ("127.0.0.1:8103", "SESSION")
    assert sent["authorization"] == authorization(
        "AK", "SK", canonical_request("POST", "/v3/x", signed, b"{}"), signed
    )


class MovedClock(Clock):
    """The machine's clock, later by some seconds."""

    def __init__(self) -> None:
        self.later_seconds = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.later_seconds


def counted(emulator: Emulator, operation: str) -> int:
    return int(emulator.calls("drs")[operation]["count"])


async def test_fifty_callers_share_one_token(bench: Bench, emulator: Emulator) -> None:
    provider = bench.provider("drs", auth="token")
    outcomes = await asyncio.gather(*(answered(provider, MYSQL) for _ in range(50)))
    assert {outcome.counts.total for outcome in outcomes} == {39}
    assert (counted(emulator, "iam-token"), counted(emulator, RESULTS)) == (1, 50)


async def test_fifty_callers_with_a_refused_token_share_the_next(bench: Bench, emulator: Emulator) -> None:
    provider = bench.provider("drs", auth="token")
    await answered(provider, MYSQL)
    emulator.reset()
    emulator.fault("drs", "expired_token", times=1)
    outcomes = await asyncio.gather(*(answered(provider, MYSQL) for _ in range(50)))
    assert {outcome.counts.total for outcome in outcomes} == {39}
    assert counted(emulator, "iam-token") == 1


async def test_token_that_is_refused_again_is_the_end(bench: Bench, emulator: Emulator) -> None:
    provider = bench.provider("drs", auth="token")
    emulator.fault("drs", "expired_token")
    problem = await refused(provider, MYSQL)
    assert (problem.code, problem.retryable) == (PrecheckProblemCode.AUTHENTICATION, False)
    assert (counted(emulator, "iam-token"), counted(emulator, RESULTS)) == (2, 2)


async def test_token_is_changed_after_23_hours(bench: Bench, emulator: Emulator) -> None:
    known, clock = bench.provider("drs", auth="token").settings, MovedClock()
    assert isinstance(known, HuaweiDrsSettings)
    provider = HuaweiDrs(known, Limiter(None, clock), clock)
    for later_seconds, tokens in ((0, 1), (23 * 3600 - 60, 1), (23 * 3600 + 1, 2)):
        clock.later_seconds = later_seconds
        await answered(provider, MYSQL)
        for _ in range(200):  # a new one comes by itself, for the old one is still good
            if counted(emulator, "iam-token") == tokens:
                break
            await asyncio.sleep(0.01)
        assert counted(emulator, "iam-token") == tokens
    await provider.close()


async def test_cancelled_caller_leaves_the_token_to_the_others(bench: Bench, emulator: Emulator) -> None:
    provider = bench.provider("drs", auth="token")
    calls = [asyncio.create_task(answered(provider, MYSQL)) for _ in range(3)]
    await asyncio.sleep(0)
    calls[0].cancel()
    gone, *others = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(gone, asyncio.CancelledError)
    assert all(isinstance(other, Precheck) for other in others)
    assert counted(emulator, "iam-token") == 1


async def test_closing_gives_up_a_token_under_way(bench: Bench) -> None:
    provider = bench.provider("drs", auth="token")
    call = asyncio.create_task(answered(provider, MYSQL))
    await asyncio.sleep(0)
    await provider.close()
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_wrong_password_is_said_once_for_all(bench: Bench, emulator: Emulator) -> None:
    provider = bench.provider("drs", auth="token", password=Secret("guessed"))
    problems = await asyncio.gather(*(refused(provider, MYSQL) for _ in range(5)))
    assert {problem.code for problem in problems} == {PrecheckProblemCode.AUTHENTICATION}
    assert "`password`" in problems[0].message
    assert "guessed" not in str(problems)
    assert (counted(emulator, "iam-token"), counted(emulator, RESULTS)) == (1, 0)


async def test_without_iam_there_is_no_signing_in_but_later_perhaps(bench: Bench) -> None:
    provider = bench.provider("drs", auth="token", iam_url="http://127.0.0.1:9")
    problem = await refused(provider, MYSQL)
    assert (problem.code, problem.retryable) == (PrecheckProblemCode.AUTHENTICATION, True)
    assert "IAM" in problem.message


async def test_the_vendors_clock_is_learnt_once(bench: Bench, emulator: Emulator) -> None:
    emulator.advance(3600)
    provider = bench.provider("drs")
    await answered(provider, MYSQL)
    assert counted(emulator, RESULTS) == 2
    await answered(provider, MYSQL)
    assert counted(emulator, RESULTS) == 3


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        ({"access_key": None}, "access_key"),
        ({"secret_key": None}, "secret_key"),
        ({"secret_key": Secret("")}, "secret_key"),
        ({"auth": "token", "username": None}, "username"),
        ({"auth": "token", "domain": None}, "domain"),
        ({"auth": "token", "password": None}, "password"),
        ({"auth": "token", "iam_url": None, "region": None}, "region"),
    ],
)
def test_missing_key_is_named(bench: Bench, changed: dict[str, Any], key: str) -> None:
    with pytest.raises(ValueError, match=f"add the key `{key}`"):
        bench.provider("drs", **changed)


@pytest.fixture(scope="module")
def on_time(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Emulator, Path]]:
    """One whose clock nobody moves: the official SDK signs by the machine's."""
    path = tmp_path_factory.mktemp("drs") / "providers.toml"
    with started("--no-demo-runs", "--providers-file", str(path)) as emulator:
        yield emulator, path


async def test_official_sdk_reads_the_same(on_time: tuple[Emulator, Path]) -> None:
    emulator, path = on_time
    known = next(each for each in read_providers(path) if isinstance(each, HuaweiDrsSettings))
    keys = BasicCredentials(known.access_key, emulator.credentials("drs")["secret_key"], PROJECT)
    provider, run = HuaweiDrs(known, Limiter(None, Clock()), Clock()), new_run(emulator)
    ours = await provider.fetch([MYSQL, DDS, run], PrecheckLocale.EN)
    theirs = await asyncio.to_thread(sdk_readings, keys, known.base_url, run)
    assert {key: shown(outcome) for key, outcome in ours.items()} == theirs
    await provider.close()


def new_run(emulator: Emulator) -> str:
    return emulator.create_run("drs", scenario="skipped", seconds=0.001)


def shown(outcome: Precheck | PrecheckProblem) -> tuple[Any, ...]:
    assert isinstance(outcome, Precheck), outcome
    items = [(each.code, each.vendor_state, each.vendor_group, each.reason_code) for each in outcome.items]
    return outcome.vendor.passed, outcome.vendor.status, outcome.vendor.instance_id, items


def sdk_readings(keys: Any, url: str, run: str) -> dict[str, tuple[Any, ...]]:
    batch = v3.DrsClient.new_builder().with_credentials(keys).with_endpoint(url).build()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the SDK calls all of v3 deprecated
        asked = v3.BatchCheckResultsRequest(body=v3.BatchQueryPrecheckResultReq(jobs=[MYSQL, DDS]))
        answer = batch.batch_check_results(asked)
    readings = {each.precheck_id: sdk_shown(each, each.precheck_result) for each in answer.results}
    single = v5.DrsClient.new_builder().with_credentials(keys).with_endpoint(url).build()
    job_id, _, query_id = run.partition("/")
    detail = single.show_job_detail(v5.ShowJobDetailRequest(job_id=job_id, type="precheck", query_id=query_id))
    result = detail.job.precheck_result
    return {**readings, run: sdk_shown(result, result.precheck_results)}


def sdk_shown(result: Any, items: list[Any]) -> tuple[Any, ...]:
    seen = [(each.item, each.result, each.group, each.failed_reason or None) for each in items]
    return result.result, result.process, result.rds_instance_id, seen
