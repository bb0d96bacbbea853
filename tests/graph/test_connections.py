"""What is exchanged when another provider file comes, and what is left as it is."""

from pathlib import Path

import pytest

from graph.connections import Connections
from graph.settings import ConfigurationError, read_providers
from resolvers.clock import Clock
from resolvers.upstream.contract import ProviderSettings

SECRETS = {"SECRET": "demo-not-a-secret", "NEW_SECRET": "another-one"}
LIMITS = "[provider.limits]\nrequests_per_second = 3\n"


def table(provider_id: str, account: str = "one", *, secret: str = "SECRET", host: str = "dts.example") -> str:
    return (
        f'[[provider]]\nid = "{provider_id}"\nvendor = "tencent-dts"\nbase_url = "https://{host}"\n'
        f'secret_id = "{account}"\nsecret_key = {{ env = "{secret}" }}\n'
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "providers.toml"


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


async def test_who_shares_a_limiter_is_exchanged_together_where_its_rate_changes(file: Path) -> None:
    connections = Connections(read(file, table("a"), table("b"), table("c", "two")), Clock())
    slower = table("b") + LIMITS
    assert connections.exchange(read(file, table("a"), slower, table("c", "two"))).changed == ["a", "b"]
    assert connections.exchange(read(file, slower, table("c", "two"))).changed == ["a"]


async def test_what_cannot_be_connected_leaves_everything_as_it_was(file: Path) -> None:
    connections = Connections(read(file, table("a"), table("b")), Clock())
    before = dict(connections.providers)
    with pytest.raises(ConfigurationError, match="nonsense"):
        connections.exchange(read(file, table("b", "two"), table("c") + 'track = ["nonsense"]\n'))
    assert connections.providers == before
    assert connections.exchange(read(file, table("a"), table("b"))).changed == []
