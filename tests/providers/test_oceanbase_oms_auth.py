"""The ways to sign in to OMS."""

from collections.abc import Iterator
from typing import Any

import httpx2 as httpx
import pytest

from resolvers.clock import Clock
from resolvers.errors import Unauthenticated
from resolvers.providers.oceanbase_oms import OceanBaseOms
from resolvers.providers.oceanbase_oms.auth import DigestAuth, OceanBaseOmsSettings
from resolvers.upstream.contract import Secret
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import PrecheckProblemCode
from tests.emulator.process import Emulator
from tests.providers.bench import Bench, answered, refused


@pytest.fixture
def switchable(emulator: Emulator) -> Iterator[Emulator]:
    mode = emulator.credentials("oms-ce")["auth"]
    yield emulator
    emulator.ask("PUT", "/auth/oms-ce", {"mode": mode})


KEYS = {
    "none": (),
    "basic": ("username", "password"),
    "digest": ("username", "password"),
    "bearer": ("token",),
    "header": ("header_name", "header_value"),
}
PLAIN = ("username", "header_name")


@pytest.mark.parametrize("mode", KEYS)
async def test_every_way_to_sign_in(bench: Bench, switchable: Emulator, mode: str) -> None:
    known = switchable.ask("PUT", "/auth/oms-ce", {"mode": mode})
    keys = {key: known[key] if key in PLAIN else Secret(known[key]) for key in KEYS[mode]}
    provider = bench.provider("oms-ce", auth=mode, **keys)
    for _ in range(2):  # digest answers a challenge first, then signs on its own
        assert (await answered(provider, "t_7di1uvmxd340")).counts.total == 30
    if mode == "none":
        return
    wrong = {key: "wrong" if key in PLAIN else Secret("wrong") for key in KEYS[mode]}
    problem = await refused(bench.provider("oms-ce", auth=mode, **wrong), "t_7di1uvmxd340")
    assert problem.code is PrecheckProblemCode.AUTHENTICATION


def built(**settings: Any) -> OceanBaseOms:
    known = OceanBaseOmsSettings(id="oms", vendor="oceanbase-oms", base_url="http://127.0.0.1:1", **settings)
    return OceanBaseOms(known, Limiter(None, Clock()), Clock())


@pytest.mark.parametrize(("mode", "key"), [(mode, key) for mode, keys in KEYS.items() for key in keys])
def test_a_missing_key_is_named(mode: str, key: str) -> None:
    given_keys = {name: "x" if name in PLAIN else Secret("x") for name in KEYS[mode] if name != key}
    with pytest.raises(ValueError, match=f"oms.*{mode}.*add the key `{key}`"):
        built(auth=mode, **given_keys)


@pytest.mark.parametrize(
    "unfit",
    [
        {"auth": "bearer", "token": Secret("a\nb")},
        {"auth": "header", "header_name": "X Y", "header_value": Secret("x")},
        {"auth": "header", "header_name": "X", "header_value": Secret("\u00e9")},
    ],
)
def test_what_no_header_can_carry_is_refused_without_showing_it(unfit: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="an HTTP header cannot carry"):
        built(**unfit)


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="x"',
        "Digest nonsense",
        'Digest realm="x", nonce="y", algorithm=NEW',
        'Digest realm="x", nonce="y", qop="auth-int"',
    ],
)
def test_a_digest_challenge_that_cannot_be_answered_is_told_and_forgotten(challenge: str) -> None:
    auth = DigestAuth("user", "password")
    for _ in range(2):
        flow = auth.auth_flow(httpx.Request("POST", "http://127.0.0.1/"))
        request = next(flow)
        answer = httpx.Response(401, headers={"www-authenticate": challenge}, request=request)
        with pytest.raises(Unauthenticated):
            flow.send(answer)
