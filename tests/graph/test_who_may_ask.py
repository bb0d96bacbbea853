"""One function decides for every transport: a table of tokens, over each of them."""

from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.faults.issuer import AUDIENCE, Issuer, issuing
from tests.graph.documents import UPDATES, calls, ref
from tests.graph.served import Served, served
from tests.graph.tokens import settings_for, table, token_of
from tests.graph.transports import OF_QUERIES, OF_STREAMS, Client, codes_of

OMS = "t_7di1uvmxd340"
VISIBLE, HIDDEN = ref("oms-ce", OMS), ref("drs", "140b5236-88ad-43c8-811c-1268453jb101")
READ = "query ($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs) { problem { code } } }"
RAW = READ.replace("problem {", "precheck { items { why: rawError } } problem {")
BEGUN = "2026-01-01T00:00:00Z"  # where the clock stands

# What a token may see, its rights, and what becomes of reading, of raw text, and of the hidden provider.
TOKENS: dict[str, tuple[list[str] | None, list[str] | None, str, str, str]] = {
    "plain": (None, None, "answered", "NOT_PERMITTED", "answered"),
    "everything": (["*"], ["read", "raw", "act"], "answered", "answered", "answered"),
    "one": (["oms-ce"], ["read"], "answered", "NOT_PERMITTED", "UNKNOWN_PROVIDER"),
    "one-raw": (["oms-ce"], ["raw", "read"], "answered", "answered", "UNKNOWN_PROVIDER"),
    "no-provider": ([], ["read"], "UNKNOWN_PROVIDER", "NOT_PERMITTED", "UNKNOWN_PROVIDER"),
    "no-right": (None, [], "NOT_PERMITTED", "NOT_PERMITTED", "NOT_PERMITTED"),
    "act-only": (None, ["act", "raw"], "NOT_PERMITTED", "NOT_PERMITTED", "NOT_PERMITTED"),
}
REFUSED = ("lapsed", "unknown", None)


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


@pytest.fixture(params=["file", "issuer"])
def server(
    request: pytest.FixtureRequest, providers: list[ProviderSettings], issuer: Issuer, tmp_path: Path
) -> Iterator[Served]:
    """The same tokens, once listed in a file, once signed by an issuer."""
    tables = [table(name, see, rights) for name, (see, rights, *_) in TOKENS.items()]
    listed = settings_for(tmp_path, *tables, table("lapsed", expires=BEGUN))
    settings = listed if request.param == "file" else issuer.settings()
    with served(providers, settings, issuer.clock) as server:
        yield server


@pytest_asyncio.fixture
async def client(server: Served) -> AsyncGenerator[Client, None]:
    client = Client(server.url)
    yield client
    await client.close()


@pytest.fixture
def token(server: Served, issuer: Issuer, request: pytest.FixtureRequest) -> Any:
    """Name -> the token of that name."""
    is_file = request.node.callspec.params["server"] == "file"

    def signed(name: str | None) -> str | None:
        if is_file or name is None:
            return name and token_of(name)
        see, rights, *_ = TOKENS.get(name, (None, None))
        audience = "others" if name == "unknown" else AUDIENCE
        return issuer.token(providers=see, rights=rights, lasts=0 if name == "lapsed" else 60, aud=audience)

    return signed


def outcome(payloads: list[dict[str, Any]]) -> str:
    """The code of what was refused, be it in `errors` or beside data."""
    [code] = codes_of(payloads) or {"answered"}
    for payload in payloads:
        for shown in (payload.get("data") or {}).values():
            problem = (shown[0] if isinstance(shown, list) else shown)["problem"]
            code = problem["code"] if problem else code
    return code


@pytest.mark.parametrize("transport", OF_QUERIES)
async def test_queries_are_decided_alike_on_every_transport(client: Client, token: Any, transport: str) -> None:
    ask = OF_QUERIES[transport]
    for name, (_, _, read, raw, hidden) in TOKENS.items():
        said = [
            outcome(await ask(client, token(name), document, {"refs": [asked]}))
            for document, asked in ((READ, VISIBLE), (RAW, VISIBLE), (READ, HIDDEN))
        ]
        assert said == [read, raw, hidden], name
    for refused in REFUSED:
        assert outcome(await ask(client, token(refused), READ, {"refs": [VISIBLE]})) == "UNAUTHENTICATED", refused


@pytest.mark.parametrize("transport", OF_STREAMS)
async def test_streams_are_decided_alike_on_every_transport(client: Client, token: Any, transport: str) -> None:
    ask = OF_STREAMS[transport]
    raw_updates = UPDATES.replace("item { key", "item { key rawError")
    for name, (_, _, read, raw, hidden) in TOKENS.items():
        said = [
            outcome(await ask(client, token(name), document, {"refs": [asked]}))
            for document, asked in ((UPDATES, VISIBLE), (raw_updates, VISIBLE), (UPDATES, HIDDEN))
        ]
        assert said == [read, raw, hidden], name
    for refused in REFUSED:
        assert outcome(await ask(client, token(refused), UPDATES, {"refs": [VISIBLE]})) == "UNAUTHENTICATED", (
            refused
        )


async def test_what_is_not_permitted_calls_no_vendor_and_says_what_is_missing(
    client: Client, token: Any, emulator: Emulator
) -> None:
    for name in ("plain", "no-right", "one", "no-provider"):
        await client.over_post(token(name), RAW, {"refs": [VISIBLE, HIDDEN]})
    assert calls(emulator) == {}
    [answer] = await client.over_post(token("plain"), RAW, {"refs": [VISIBLE]})
    assert answer == {
        "errors": [
            {
                "message": "`PrecheckItem.rawError` needs the right `raw`; the bearer token gives `read`. "
                "Leave it out, or ask with another token.",
                "extensions": {"code": "NOT_PERMITTED"},
            }
        ],
    }
    [answer] = await client.over_post(token("no-right"), "{ __typename }", {})
    assert answer["errors"][0]["message"].startswith(
        "A query needs the right `read`; the bearer token gives none."
    )


@pytest.mark.parametrize(
    ("claims", "sees", "may"),
    [
        ({}, "both", "read"),
        ({"providers": ["oms-ce"]}, "one", "read"),
        ({"providers": "oms-ce,drs"}, "both", "read"),
        ({"providers": " dts  oms-ce "}, "one", "read"),
        ({"providers": ["oms-ce", "*"]}, "both", "read"),
        ({"providers": ""}, "none", "read"),
        ({"providers": ["oms-ce drs"]}, "none", "read"),
        ({"providers": ["OMS-CE"]}, "none", "read"),
        ({"rights": "read raw openid"}, "both", "raw"),
        ({"rights": ["read", "admin"]}, "both", "read"),
        ({"rights": ["READ"]}, "none", "nothing"),
        ({"rights": []}, "none", "nothing"),
    ],
)
async def test_claims_are_read_as_lists_or_as_one_text(
    providers: list[ProviderSettings], issuer: Issuer, claims: dict[str, Any], sees: str, may: str
) -> None:
    with served(providers, issuer.settings(), issuer.clock) as server:
        client = Client(server.url)
        asked = {"refs": [VISIBLE, HIDDEN]}
        [answer] = await client.over_post(issuer.token(**claims), READ, asked)
        [raw] = await client.over_post(issuer.token(**claims), RAW, asked)
        await client.close()
    answered = [
        entry["problem"] is None for entry in answer.get("data", {"lookupPrechecks": []})["lookupPrechecks"]
    ]
    assert answered == {"both": [True, True], "one": [True, False], "none": [False, False]}[sees][: len(answered)]
    assert bool(answered) is (may != "nothing")
    assert (codes_of([raw]) == set()) is (may == "raw")


@pytest.mark.parametrize("claim", ["providers", "rights"])
@pytest.mark.parametrize("value", [5, True, {"*": True}, [["*"]], ["oms-ce", 5], [None]])
async def test_a_claim_of_another_kind_lets_nobody_in(issuer: Issuer, claim: str, value: Any) -> None:
    with served([], issuer.settings(), issuer.clock) as server:
        client = Client(server.url)
        [answer] = await client.over_post(issuer.token(**{claim: value}), "{ __typename }", {})
        await client.close()
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert f"`{claim}`" in error["message"]
