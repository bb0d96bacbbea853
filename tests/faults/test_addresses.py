"""Where calls go: to the address that was checked, never to one that nobody meant."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

import httpx2 as httpx
import pytest
from structlog.testing import capture_logs

from graph.provider_file import read_providers
from graph.settings import ConfigurationError
from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckProblem
from resolvers.errors import Unreachable
from resolvers.upstream.address import is_allowed, is_public, literal_of
from resolvers.upstream.names import KEPT_SECONDS
from resolvers.upstream.transport import CheckedTransport, Route
from tests.faults.listening import SECRET, Listener, connected, outcome, proxy, reply, table, vendor

PRIVATE = Route(allow_private=True)
SPELT_OUT = (
    "http://127.0.0.1",
    "http://127.1",
    "http://2130706433:8080",
    "https://0x7f.1/api",
    "https://0177.0.0.1",
    "http://[::1]",
    "http://[::ffff:127.0.0.1]",
    "https://localhost",
)
BEHIND_A_NAME = ("10.1.2.3", "100.64.0.1", "::ffff:192.168.0.1", "64:ff9b::7f00:1")


class Moved(Clock):
    """A clock that a test moves."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


class Resolver:
    """Gives these answers one after the other, the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []
        self.was_asked = asyncio.Event()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        self.was_asked.set()
        await asyncio.sleep(0)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def client(
    resolver: Resolver, route: Route = PRIVATE, clock: Clock | None = None
) -> AsyncIterator[httpx.AsyncClient]:
    transport = CheckedTransport(route, provider_id="nine", clock=clock or Clock(), resolve=resolver)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        yield client


def refusal(folder: Path, text: str) -> str:
    file = folder / "providers.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        read_providers(file, SECRET)
    assert "\n" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize("base_url", SPELT_OUT)
def test_a_private_address_spelt_out_is_refused_at_the_start(tmp_path: Path, base_url: str) -> None:
    assert "`base_url` is no public address; correct it, or set `allow_private = true`" in refusal(
        tmp_path, table(base_url)
    )
    (tmp_path / "providers.toml").write_text(table(base_url, "allow_private = true"), encoding="utf-8")
    assert read_providers(tmp_path / "providers.toml", SECRET)


@pytest.mark.parametrize("address", BEHIND_A_NAME)
async def test_a_name_of_a_private_address_is_refused_when_it_is_called(address: str) -> None:
    async with client(Resolver([address]), Route()) as calling:
        with pytest.raises(Unreachable, match="allow_private") as refused:
            await calling.get("http://vendor.example/")
    assert refused.value.problem.retryable is False
    assert address not in refused.value.problem.message


async def test_nothing_is_sent_to_a_refused_address() -> None:
    async with vendor() as trap, client(Resolver(["127.0.0.1"]), Route()) as calling:
        for url in (f"http://vendor.example:{trap.port}/", f"http://127.1:{trap.port}/"):
            with pytest.raises(Unreachable):
                await calling.get(url)
    assert trap.connections == 0


@pytest.mark.parametrize("key", ["base_url", "iam_url"])
@pytest.mark.parametrize(
    "url", ["http://169.254.169.254", "http://[::ffff:169.254.169.254]", "http://[fd00:ec2::254]"]
)
def test_metadata_is_refused_at_the_start_whatever_is_allowed(tmp_path: Path, key: str, url: str) -> None:
    urls = {"base_url": "https://drs.example", "iam_url": "https://iam.example", key: url}
    lines = [f'{name} = "{value}"' for name, value in urls.items()]
    head = '[[provider]]\nid = "drs"\nvendor = "huawei-drs"\nproject_id = "p"\nallow_private = true\n'
    assert f"`{key}` is a cloud's metadata service" in refusal(tmp_path, head + "\n".join(lines))


@pytest.mark.parametrize("address", ["169.254.169.254", "169.254.170.2", "100.100.100.200", "fd00:ec2::254"])
async def test_metadata_behind_a_name_is_refused_whatever_is_allowed(address: str) -> None:
    async with client(Resolver([address])) as calling:
        with pytest.raises(Unreachable, match="metadata") as refused:
            await calling.get("http://vendor.example/")
    assert refused.value.problem.retryable is False


def test_an_address_is_what_it_leads_to() -> None:
    public = ("8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1")
    private = ["0.0.0.0", "224.0.0.1", "240.0.0.1", "255.255.255.255", "172.16.0.1", "169.254.1.1", "::"]
    private += (
        "::",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "ff02::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "::127.0.0.1",
    )
    assert [text for text in public if not is_public(ip_address(text))] == []
    assert [text for text in private if is_public(ip_address(text))] == []
    assert all(is_allowed(ip_address(text), allow_private=True) for text in [*public, *private])


@pytest.mark.parametrize(
    "url",
    [
        "http://１27.0.0.1",
        "http://127.0.0.1%2f@x.example",
        "http://x.example\\\\@127.0.0.1",
        "http://1.2.3.4.5",
        "http://x.example:",
        "http://[127.0.0.1]",
        "http://127.0.0.%31",
        "http://ⓛocalhost",
    ],
)
def test_what_parsers_read_in_several_ways_is_no_url(tmp_path: Path, url: str) -> None:
    assert "`base_url` takes http:// or https://" in refusal(tmp_path, table(url, "allow_private = true"))


def test_a_host_is_a_literal_only_as_a_whole() -> None:
    assert literal_of("127.0.0.1 x.example") is None
    assert literal_of("127.0.0.1.example") is None
    assert literal_of("127.1.") == ip_address("127.0.0.1")


async def test_what_was_checked_is_what_is_connected_to() -> None:
    """A resolver that says something else when asked again does not matter: it is not asked again."""
    resolver = Resolver(["127.0.0.1"], ["169.254.169.254"])
    async with vendor() as listener, client(resolver) as calling:
        answer = await calling.get(f"http://vendor.example:{listener.port}/")
    assert answer.status_code == 200
    assert resolver.asked == ["vendor.example"]
    assert listener.header("host") == f"vendor.example:{listener.port}"


async def test_a_name_that_moves_to_a_refused_address_is_checked_anew() -> None:
    clock = Moved()
    resolver = Resolver(["127.0.0.1"], ["169.254.169.254"])
    async with vendor() as listener, client(resolver, clock=clock) as calling:
        url = f"http://vendor.example:{listener.port}/"
        assert (await calling.get(url)).status_code == 200
        clock.seconds = KEPT_SECONDS - 1
        assert (await calling.get(url)).status_code == 200
        clock.seconds = KEPT_SECONDS
        with pytest.raises(Unreachable):
            await calling.get(url)
    assert len(listener.heads) == 2


async def test_of_several_addresses_refused_and_dead_ones_are_passed_over() -> None:
    resolver = Resolver(["169.254.169.254", "127.0.0.2", "127.0.0.1"])
    async with vendor() as listener, client(resolver) as calling:
        answer = await calling.get(f"http://vendor.example:{listener.port}/")
    assert (answer.status_code, listener.connections) == (200, 1)


async def test_callers_at_once_share_a_lookup_and_one_who_leaves_ends_it_for_nobody() -> None:
    resolver = Resolver(["127.0.0.1"])
    async with vendor() as listener, client(resolver) as calling:
        url = f"http://vendor.example:{listener.port}/"
        first, *others = [asyncio.create_task(calling.get(url)) for _ in range(4)]
        await resolver.was_asked.wait()
        first.cancel()
        answers = await asyncio.gather(*others)
    assert [answer.status_code for answer in answers] == [200] * 3
    assert resolver.asked == ["vendor.example"]


async def test_a_name_without_address_is_no_connection(tmp_path: Path) -> None:
    async with client(Resolver([]), Route()) as calling:
        with pytest.raises(Unreachable):
            await calling.get("http://vendor.example/")
    async with connected(tmp_path, "https://vendor.invalid") as provider:
        problem = await outcome(provider)
    assert isinstance(problem, PrecheckProblem)
    assert (problem.code.value, problem.retryable) == ("UNREACHABLE", True)


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    async with vendor() as trap:
        away = reply("302 Found", b"", {"location": f"http://127.0.0.1:{trap.port}/latest/meta-data"})
        async with (
            vendor(away) as listener,
            connected(tmp_path, f"http://127.0.0.1:{listener.port}", ["allow_private = true"]) as provider,
        ):
            problem = await outcome(provider)
    assert isinstance(problem, PrecheckProblem)
    assert (len(listener.heads) >= 1, trap.connections) == (True, 0)


async def test_a_proxy_is_given_the_name_and_resolves_it(tmp_path: Path) -> None:
    async with vendor() as behind, proxy(behind) as listener:
        lines = [f'proxy = "http://127.0.0.1:{listener.port}"']
        async with connected(tmp_path, "http://vendor.invalid", lines) as provider:
            assert isinstance(await outcome(provider), Precheck)
    assert listener.heads[0].startswith("GET http://vendor.invalid/openapi/")


async def test_behind_a_proxy_literal_addresses_are_checked_all_the_same() -> None:
    refused = Route(proxy="http://127.0.0.1:9")
    async with client(Resolver([]), refused) as calling:
        for url in ("http://10.0.0.1/", "http://2130706433/", "http://a.localhost/", "http://[fe80::1]/"):
            with pytest.raises(Unreachable, match="allow_private"):
                await calling.get(url)


@pytest.mark.parametrize("url", ["socks5://p:1", "http://me:secret@p:1", "http://p:1/path", "p:1", "http://"])
def test_a_proxy_is_a_plain_address(tmp_path: Path, url: str) -> None:
    message = refusal(tmp_path, table("https://vendor.example", f'proxy = "{url}"'))
    assert "`proxy` takes http:// or https://" in message
    assert "secret" not in message


@pytest.mark.parametrize(
    ("base_url", "lines", "warned"),
    [
        ("http://vendor.example", [], True),
        ("http://8.8.8.8", ["allow_private = true"], True),
        ("http://vendor.example", ["allow_private = true"], False),
        ("http://127.0.0.1:9", ["allow_private = true"], False),
        ("https://vendor.example", [], False),
    ],
)
async def test_plain_http_over_the_internet_is_warned_of(
    tmp_path: Path, base_url: str, lines: list[str], warned: bool
) -> None:
    with capture_logs() as logs:
        async with connected(tmp_path, base_url, lines):
            pass
    assert [each["event"] for each in logs] == ["http_not_encrypted"] * warned


async def test_two_names_at_one_address_are_two_pools() -> None:
    async with vendor() as listener, client(Resolver(["127.0.0.1"])) as calling:
        for name in ("one.example", "two.example"):
            await calling.get(f"http://{name}:{listener.port}/")
    assert served_hosts(listener) == ["one.example", "two.example"]
    assert listener.connections == 2


def served_hosts(listener: Listener) -> list[str]:
    return [head.partition("host: ")[2].partition(":")[0] for head in map(str.lower, listener.heads)]
