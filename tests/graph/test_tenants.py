"""What a tenant may not see does not exist for it, whatever others ask meanwhile."""

from pathlib import Path
from typing import Any

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

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
    with served(providers, settings_for(tmp_path, table("alice", ["oms-ce"]), table("scraper"))) as server:
        alice, scraper = (server.with_token(token_of(name)) for name in ("alice", "scraper"))
        before = (await scraper.get("/metrics")).text
        assert "precheck_polls_total" in before
        looked_up = await alice.data(LOOKUP, refs=HIDDEN, maxAgeSeconds=0)
        events = [event_of(payload) async for payload in alice.over_sse(UPDATES, refs=HIDDEN, until="NEVER")]
        assert [each["problem"]["code"] for each in looked_up["lookupPrechecks"]] == ["UNKNOWN_PROVIDER"] * 3
        assert [(each["kind"], each["problem"]["code"]) for each in events] == [
            ("PROBLEM", "UNKNOWN_PROVIDER")
        ] * 3
        assert calls(emulator) == {}
        after = (await scraper.get("/metrics")).text
        polls = [
            [line for line in text.splitlines() if "precheck_polls_total" in line] for text in (before, after)
        ]
        assert polls[0] == polls[1]
        assert "nobody-there" not in after


async def test_a_socket_is_nobody_until_its_token_is_known(
    providers: list[ProviderSettings], tmp_path: Path
) -> None:
    scope = {"type": "websocket", "path": "/graphql", "query_string": b"", "headers": []}
    for settings, rights in ((settings_for(tmp_path, table("alice")), set()), (Settings(), None)):
        with served(providers, settings) as server:
            [route] = [each for each in server.product.app.routes if isinstance(each, WebSocketRoute)]
            endpoint = route.endpoint
            assert isinstance(endpoint, Endpoint)
            socket = WebSocket(scope, unused, unused)
            context = await endpoint.get_context(socket, socket)
            assert (context.caller and context.caller.rights) == rights
            assert len(context.providers) == (len(providers) if rights is None else 0)


async def unused(*_: Any) -> Any:
    raise AssertionError
