"""What a tenant may not see does not exist for it, whatever others ask meanwhile."""

from pathlib import Path

import httpx2 as httpx
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import WebSocketRoute

from graph.http.endpoint import Endpoint
from graph.settings import Settings
from resolvers.upstream.contract import ProviderSettings
from tests.emulator.process import Emulator
from tests.graph.documents import LOOKUP, MYSQL, UPDATES, calls, event_of, ref
from tests.graph.served import served
from tests.graph.tenancy import live_histories, living
from tests.graph.tokens import settings_for, table, token_of

HIDDEN = [ref("drs", MYSQL), ref("drs", "nonsense"), ref("nobody-there", "x")]
FEW = 30  # `make attack` lives many more


def test_no_history_tells_one_tenant_of_the_other(emulator: Emulator, provider_file: Path, tmp_path: Path) -> None:
    with living(provider_file, emulator, tmp_path) as world:
        live_histories(world, FEW)
    assert world.asked > FEW


async def test_asking_about_what_does_not_exist_calls_nobody_and_leaves_nothing_behind(
    providers: list[ProviderSettings], tmp_path: Path, emulator: Emulator
) -> None:
    with served(providers, settings_for(tmp_path, table("alice", ["oms-ce"]))) as server:
        alice = server.with_token(token_of("alice"))
        before = httpx.get(f"{server.url}/metrics").text
        looked_up = await alice.data(LOOKUP, refs=HIDDEN, maxAgeSeconds=0)
        events = [event_of(payload) async for payload in alice.over_sse(UPDATES, refs=HIDDEN, until="NEVER")]
        assert [each["problem"]["code"] for each in looked_up["lookupPrechecks"]] == ["UNKNOWN_PROVIDER"] * 3
        assert [(each["kind"], each["problem"]["code"]) for each in events] == [
            ("PROBLEM", "UNKNOWN_PROVIDER")
        ] * 3
        assert calls(emulator) == {}
        after = httpx.get(f"{server.url}/metrics").text
        polls = [
            [line for line in text.splitlines() if "precheck_polls_total" in line] for text in (before, after)
        ]
        assert polls[0] == polls[1]
        assert "nobody-there" not in after


async def test_whoever_opens_the_page_without_a_token_may_see_and_do_nothing(
    providers: list[ProviderSettings], tmp_path: Path
) -> None:
    headers = [(b"accept", b"text/html")]
    page = Request({"type": "http", "method": "GET", "path": "/graphql", "query_string": b"", "headers": headers})
    for settings, rights in ((settings_for(tmp_path, table("alice")), set()), (Settings(), None)):
        with served(providers, settings) as server:
            [route] = [each for each in server.product.app.routes if isinstance(each, WebSocketRoute)]
            endpoint = route.endpoint
            assert isinstance(endpoint, Endpoint)
            context = await endpoint.get_context(page, Response())
            assert (context.caller and context.caller.rights) == rights
            assert len(context.providers) == (len(providers) if rights is None else 0)
