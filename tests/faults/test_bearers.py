"""Who may ask: tokens are checked on every way in, with few fetches of the issuer's keys."""

import asyncio
from typing import Any

import httpx2 as httpx
import orjson
import pytest
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from graph.guard.bearers import Bearers
from graph.guard.keys import FRESH_SECONDS, MAX_BODY_BYTES, SECONDS_BETWEEN_FIRST_FETCHES
from resolvers.errors import RequestError
from tests.faults.issuer import AUDIENCE, NAME, Issuer, by_secret, claims_of, encoded, signed, unsigned
from tests.graph.served import Served

ASK = {"query": "{ __typename }"}
DAY = 24 * 3600.0


async def outcome(bearers: Bearers, token: str) -> str:
    """The caller's name, or the code of the refusal."""
    try:
        return (await bearers.caller(f"Bearer {token}")).subject
    except RequestError as error:
        return error.code


@pytest.mark.row("C6")
@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "accept", ["application/json", "text/event-stream", "multipart/mixed;subscriptionSpec=1.0"]
)
def test_requests_need_a_token_whatever_they_accept(
    asking: Served, issuer: Issuer, method: str, accept: str
) -> None:
    asked: Any = {"params": ASK} if method == "GET" else {"json": ASK}
    for authorization in ({}, {"authorization": "Bearer nonsense"}, {"authorization": f"Basic {issuer.token()}"}):
        answer = httpx.request(
            method, f"{asking.url}/graphql", headers={"accept": accept, **authorization}, **asked
        )
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        [error] = answer.json()["errors"]
        assert error["extensions"] == {"code": "UNAUTHENTICATED"}
        assert "bearer token" in error["message"]
    assert issuer.fetches == 0


@pytest.mark.row("C6")
async def test_introspection_needs_a_token_and_a_token_opens_everything(asking: Served, issuer: Issuer) -> None:
    introspection = {"query": "{ __schema { queryType { name } } }"}
    async with httpx.AsyncClient(base_url=asking.url) as client:
        assert (await client.post("/graphql", json=introspection)).status_code == 401
        headers = {"authorization": f"bearer {issuer.token()}"}
        answer = await client.post("/graphql", json=introspection, headers=headers)
        assert answer.json() == {"data": {"__schema": {"queryType": {"name": "Query"}}}}
        assert (await client.get("/graphql", params=ASK, headers=headers)).json() == {
            "data": {"__typename": "Query"}
        }
    assert issuer.fetches == 1


@pytest.mark.row("C6")
def test_the_page_and_the_probes_stay_open(asking: Served) -> None:
    with httpx.Client(base_url=asking.url) as client:
        page = client.get("/graphql", headers={"accept": "text/html"})
        assert page.headers["content-type"].startswith("text/html")
        assert client.get("/graphql", params=ASK, headers={"accept": "text/html"}).status_code == 401
        assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


@pytest.mark.row("C6")
@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"iss": [NAME]},
        {"aud": "others"},
        {"aud": ["others", "more"]},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": 10**40},
        {"lasts": 0},
        {"lasts": -1},
        {"nbf": 1767225600 + 31},
        {"iat": 1767225600 + 31},
    ],
)
async def test_claims_that_do_not_fit_are_refused(
    bearers: Bearers, issuer: Issuer, claims: dict[str, Any]
) -> None:
    assert await outcome(bearers, issuer.token(**claims)) == "UNAUTHENTICATED"
    assert await outcome(bearers, issuer.token()) == "alice"


@pytest.mark.row("C6")
async def test_clocks_may_differ_by_half_a_minute_and_an_audience_may_be_one_of_several(
    bearers: Bearers, issuer: Issuer
) -> None:
    now = issuer.clock.now().timestamp()
    token = issuer.token(nbf=now + 29, iat=now + 29, aud=["others", AUDIENCE], sub="bob")
    caller = await bearers.caller(f"Bearer {token}")
    assert (caller.subject, caller.expires_at and caller.expires_at.timestamp()) == ("bob", now + 60)
    assert await outcome(bearers, issuer.token(header={"x5c": ["A" * 2000], "vendor": 1})) == "alice"


@pytest.mark.row("C6")
@pytest.mark.parametrize("kind", [RSAKey, ECKey, OKPKey])
async def test_keys_of_each_kind_are_accepted(bearers: Bearers, issuer: Issuer, kind: type[Key]) -> None:
    issuer.roll(kind.generate_key())
    assert await outcome(bearers, issuer.token()) == "alice"
    if kind is RSAKey:
        assert await outcome(bearers, issuer.token(header={"alg": "PS256"})) == "alice"
        assert await outcome(bearers, issuer.token(header={"alg": "RS512"})) == "UNAUTHENTICATED"


@pytest.mark.row("C6")
async def test_forged_tokens_are_refused(bearers: Bearers, issuer: Issuer) -> None:
    issuer.roll(RSAKey.generate_key())
    good, key_id = issuer.token(), issuer.key.kid
    claims = claims_of(good)
    head, _, signature = good.split(".")
    public = RSAKey.import_key(issuer.key.as_dict(private=False)).as_pem(private=False)
    forged = [
        signed(claims, RSAKey.generate_key(), kid=key_id),
        unsigned(claims, alg="none", kid=key_id),
        unsigned(claims, alg="none"),
        unsigned(claims, alg="RS256", kid=key_id),
        by_secret(claims, public, alg="HS256", kid=key_id),
        by_secret(claims, public, alg="RS256", kid=key_id),
        f"{head}.{encoded(orjson.dumps({**claims, 'sub': 'eve'}))}.{signature}",
        f"{good[:-4]}AAAA",
        signed(claims, issuer.key, crit=["kid"]),
    ]
    assert [await outcome(bearers, token) for token in forged] == ["UNAUTHENTICATED"] * len(forged)
    assert await outcome(bearers, good) == "alice"


@pytest.mark.row("C6")
@pytest.mark.parametrize("token", ["a", "a.b.c", "...", "e30.e30.", "bnVsbA.e30.x", "x" * 20_000, "\u00e9.\u00e9"])
async def test_nonsense_is_refused_without_a_fetch(bearers: Bearers, issuer: Issuer, token: str) -> None:
    assert await outcome(bearers, token) == "UNAUTHENTICATED"
    assert issuer.fetches == 0


@pytest.mark.row("C6")
async def test_a_rolled_key_is_used_after_one_fetch(bearers: Bearers, issuer: Issuer) -> None:
    old = issuer.token(lasts=DAY)
    assert await outcome(bearers, old) == "alice"
    issuer.clock.advance(60)
    issuer.roll(ECKey.generate_key())
    new = [outcome(bearers, issuer.token(lasts=DAY)) for _ in range(50)]
    assert set(await asyncio.gather(*new)) == {"alice"}
    assert issuer.fetches == 2
    assert await outcome(bearers, old) == "UNAUTHENTICATED", "its key is published no longer"


@pytest.mark.row("C6")
async def test_unknown_keys_bring_one_fetch_a_minute(bearers: Bearers, issuer: Issuer) -> None:
    assert await outcome(bearers, issuer.token()) == "alice"
    for fetches in (1, 2, 2, 3, 3):
        unknown = [issuer.token(header={"kid": f"unknown-{number}"}) for number in range(200)]
        refused = await asyncio.gather(*(outcome(bearers, token) for token in unknown))
        assert set(refused) == {await outcome(bearers, unknown[0])} == {"UNAUTHENTICATED"}
        assert issuer.fetches == fetches
        issuer.clock.advance(30 if fetches > 1 else 60)


@pytest.mark.row("C6")
async def test_cached_keys_go_on_while_the_endpoint_is_down(bearers: Bearers, issuer: Issuer) -> None:
    assert await outcome(bearers, issuer.token()) == "alice"
    issuer.stop()
    for _ in range(5):
        issuer.clock.advance(DAY)
        assert await outcome(bearers, issuer.token()) == "alice"
        assert await outcome(bearers, issuer.token(header={"kid": "unknown"})) == "UNAUTHENTICATED"
    issuer.start()
    issuer.roll(ECKey.generate_key())
    issuer.clock.advance(60)
    assert await outcome(bearers, issuer.token()) == "alice"


@pytest.mark.row("C6")
async def test_withdrawn_keys_are_forgotten_without_anybody_waiting(bearers: Bearers, issuer: Issuer) -> None:
    old = issuer.token(lasts=DAY)
    assert await outcome(bearers, old) == "alice"
    issuer.roll(ECKey.generate_key())
    issuer.clock.advance(FRESH_SECONDS)
    issuer.open.clear()
    assert await outcome(bearers, old) == "alice", "answered by the cached key while the fetch is under way"
    issuer.open.set()
    told = "alice"
    while told == "alice":
        await asyncio.sleep(0.005)
        told = await outcome(bearers, old)
    assert (told, issuer.fetches) == ("UNAUTHENTICATED", 2)


@pytest.mark.row("C6")
async def test_many_first_callers_share_one_fetch(bearers: Bearers, issuer: Issuer) -> None:
    issuer.open.clear()
    calls = [asyncio.create_task(outcome(bearers, issuer.token(sub=f"{number}"))) for number in range(50)]
    assert await asyncio.to_thread(issuer.asked.wait, 10)
    calls[0].cancel()
    issuer.open.set()
    assert await asyncio.gather(*calls[1:]) == [f"{number}" for number in range(1, 50)]
    assert issuer.fetches == 1


@pytest.mark.row("C6")
@pytest.mark.parametrize(
    "broken",
    [
        (503, {}, b""),
        (302, {"location": "/jwks"}, b""),
        (200, {}, b"<html>"),
        (200, {}, b"[]"),
        (200, {}, b'{"keys": []}'),
        (200, {}, b"[" * 100_000),
        (200, {}, b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}'),
        (200, {}, b'{"keys": [THE_KEY]}' + b" " * MAX_BODY_BYTES),
    ],
)
async def test_without_any_key_nobody_is_let_in_and_the_endpoint_is_asked_seldom(
    bearers: Bearers, issuer: Issuer, broken: tuple[int, dict[str, str], bytes]
) -> None:
    status, headers, body = broken
    the_key = orjson.dumps(issuer.key.as_dict(private=False))
    issuer.broken = (status, headers, body.replace(b"THE_KEY", the_key))
    for fetches in (1, 2):
        refused = await asyncio.gather(*(outcome(bearers, issuer.token()) for _ in range(20)))
        assert set(refused) == {"AUTH_UNAVAILABLE"}
        assert await outcome(bearers, issuer.token()) == "AUTH_UNAVAILABLE"
        assert issuer.fetches == fetches
        issuer.clock.advance(SECONDS_BETWEEN_FIRST_FETCHES)
    issuer.broken = None
    assert await outcome(bearers, issuer.token()) == "alice"


@pytest.mark.row("C6")
async def test_a_key_that_cannot_be_used_hides_no_other(bearers: Bearers, issuer: Issuer) -> None:
    usable = issuer.key.as_dict(private=False)
    others = [{}, {"kty": "new"}, {"kty": "RSA", "n": 5}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "EC"}]
    issuer.broken = (200, {}, orjson.dumps({"keys": [*others, usable]}))
    assert await outcome(bearers, issuer.token()) == "alice"


@pytest.mark.row("C6")
async def test_no_part_of_a_token_is_told_or_logged(
    asking: Served, issuer: Issuer, capfd: pytest.CaptureFixture[str]
) -> None:
    issuer.stop()
    token = issuer.token(sub="canary-subject", header={"kid": "canary-key"})
    told = ""
    async with httpx.AsyncClient(base_url=asking.url) as client:
        headers = {"authorization": f"Bearer {token}"}
        unavailable = await client.post("/graphql", json=ASK, headers=headers)
        assert (unavailable.status_code, unavailable.headers["retry-after"]) == (503, "5")
        issuer.start()
        issuer.clock.advance(60)
        for each in (issuer.token(), token, f"{issuer.token()}x", issuer.token(iss="canary-issuer")):
            headers = {"authorization": f"Bearer {each}"}
            answer = await client.post("/graphql", json=ASK, headers=headers)
            told += answer.text
    assert told.count("UNAUTHENTICATED") == 3
    logged = "".join(capfd.readouterr())
    assert "jwks_unavailable" in logged
    parts = ["canary", *token.split("."), issuer.token().split(".")[2]]
    assert [part for part in parts if part in told + logged + unavailable.text] == []
