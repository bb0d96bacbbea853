"""What is exchanged when another provider file comes, and what is left as it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from graph.connections import Connections
from graph.provider_file import read_providers
from graph.settings import ConfigurationError
from resolvers.clock import Clock
from resolvers.domain import PrecheckProblem
from resolvers.upstream.contract import Provider, ProviderSettings
from resolvers.vocabulary import PrecheckProblemCode, ProviderState
from tests.driven import Hurried
from tests.faults import listening
from tests.faults.listening import Listener, outcome, reply

SECRETS = {"SECRET": "demo-not-a-secret", "NEW_SECRET": "another-one", **listening.SECRET}
LIMITS = "[provider.limits]\nrequests_per_second = 3\n"


def table(provider_id: str, account: str = "one", *, secret: str = "SECRET", host: str = "dts.example") -> str:
    return (
        f'[[provider]]\nid = "{provider_id}"\nvendor = "tencent-dts"\nbase_url = "https://{host}"\n'
        f'secret_id = "{account}"\nsecret_key = {{ env = "{secret}" }}\n'
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "providers.toml"


@asynccontextmanager
async def nine_data(answer: bytes | None = None) -> AsyncIterator[tuple[Listener, str]]:
    """A vendor, and the table of the provider `nine` that calls it."""
    async with listening.vendor(answer) as vendor:
        yield vendor, listening.table(f"http://127.0.0.1:{vendor.port}", "allow_private = true")


async def refusal(provider: Provider) -> PrecheckProblemCode:
    problem = await outcome(provider)
    assert isinstance(problem, PrecheckProblem)
    return problem.code


def read(file: Path, *tables: str) -> list[ProviderSettings]:
    file.write_text("".join(tables), encoding="utf-8")
    return read_providers(file, SECRETS)


async def test_equal_tables_keep_their_providers_and_others_are_exchanged(file: Path) -> None:
    connections = Connections(read(file, table("a"), table("b", "two"), table("c", "three")), Clock())
    before = dict(connections.providers)
    exchange = connections.exchange(
        read(file, table("d", "four"), table("b", "two", secret="NEW_SECRET"), table("a"))
    )
    assert (exchange.changed, exchange.moved) == (["b", "c", "d"], ["c"])
    assert [provider.id for provider in exchange.retired] == ["b", "c"]
    assert list(connections.providers) == ["d", "b", "a"]
    assert connections.providers["a"] is before["a"]
    assert connections.providers["b"] is not before["b"]


async def test_a_provider_at_another_place_has_moved(file: Path) -> None:
    connections = Connections(read(file, table("a"), table("b", "two")), Clock())
    exchange = connections.exchange(read(file, table("a", host="else.example"), table("b", "two-too")))
    assert (exchange.changed, exchange.moved) == (["a", "b"], ["a"])


async def test_another_rate_exchanges_only_the_provider_whose_table_has_it(file: Path) -> None:
    connections = Connections(read(file, table("a"), table("b"), table("c", "two")), Clock())
    slower = table("b") + LIMITS
    assert connections.exchange(read(file, table("a"), slower, table("c", "two"))).changed == ["b"]
    shown = {each.id: each.card.limits.requests_per_second for each in connections.providers.values()}
    assert shown == {"a": 20, "b": 3, "c": 20}
    assert connections.exchange(read(file, slower, table("c", "two"))).changed == ["a"]


async def seconds_for(clock: Hurried, *providers: Provider) -> float:
    """How long six calls through each of them take, all asked for at once."""
    started = clock.monotonic()
    await asyncio.gather(*(outcome(provider) for provider in providers for _ in range(6)))
    return clock.monotonic() - started


async def test_a_provider_and_the_one_it_was_exchanged_for_share_one_rate(file: Path) -> None:
    clock = Hurried()
    async with nine_data() as (vendor, nine):
        connections = Connections(read(file, nine + "[provider.limits]\nrequests_per_second = 20\n"), clock)
        before = connections.providers["nine"]
        slower = read(file, nine + "[provider.limits]\nrequests_per_second = 2\n")
        [retired] = connections.exchange(slower).retired
        assert retired is before
        assert await seconds_for(clock, before, connections.providers["nine"]) >= 5
        assert len(vendor.heads) == 12
        await asyncio.gather(before.close(), connections.providers["nine"].close())


async def test_a_pause_outlives_whatever_is_exchanged(file: Path) -> None:
    async with nine_data(reply("429 Too Many Requests", headers={"retry-after": "3600"})) as (vendor, nine):
        connections = Connections(read(file, nine), Hurried())
        retired = []
        for tables in ([nine + LIMITS], [table("a")], [nine]):
            assert await refusal(connections.providers["nine"]) is PrecheckProblemCode.RATE_LIMITED
            retired += connections.exchange(read(file, *tables)).retired
            if "nine" not in connections.providers:
                retired += connections.exchange(read(file, nine)).retired
        assert len(vendor.heads) == 1
        await asyncio.gather(*(each.close() for each in (*retired, *connections.providers.values())))


async def test_a_provider_that_is_connected_shows_a_closed_breaker(file: Path) -> None:
    async with nine_data(reply("503 Service Unavailable")) as (_, nine):
        connections = Connections(read(file, nine), Hurried())
        before = connections.providers["nine"]
        while before.health.shown().state is not ProviderState.DOWN:
            assert await refusal(before) is PrecheckProblemCode.UNREACHABLE
        assert REGISTRY.get_sample_value("precheck_breaker_state", {"provider": "nine"}) == 1
        assert connections.exchange(read(file, nine + LIMITS)).changed == ["nine"]
        assert REGISTRY.get_sample_value("precheck_breaker_state", {"provider": "nine"}) == 0
        await asyncio.gather(before.close(), connections.providers["nine"].close())


async def test_what_cannot_be_connected_leaves_everything_as_it_was(file: Path) -> None:
    connections = Connections(read(file, table("a"), table("b")), Clock())
    before = dict(connections.providers)
    with pytest.raises(ConfigurationError, match="nonsense"):
        connections.exchange(read(file, table("b", "two"), table("c") + 'track = ["nonsense"]\n'))
    assert connections.providers == before
    assert connections.exchange(read(file, table("a"), table("b"))).changed == []
