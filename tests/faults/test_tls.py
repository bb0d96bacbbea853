"""T13: encryption is verified against the vendor's name, by the trust that the operator chose."""

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import trustme
from structlog.testing import capture_logs

from graph.provider_file import read_providers
from graph.settings import ConfigurationError
from resolvers.clock import Clock
from resolvers.domain import Precheck, PrecheckProblem
from resolvers.errors import Unreachable
from resolvers.upstream.transport import CheckedTransport, Route
from resolvers.upstream.trust import authorities_of, is_tls_trouble
from tests.faults.listening import Listener, broken_off, connected, outcome, proxy, table, vendor

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_line(authority: trustme.CA, tmp_path: Path) -> str:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    return 'ca_file = "authority.pem"'


def served_by(authority: trustme.CA, *names: str, **more: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names, **more).configure_cert(context)
    return context


async def everywhere(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@asynccontextmanager
async def client(authority: trustme.CA) -> AsyncIterator[httpx.AsyncClient]:
    """Finds every name on this machine."""
    route = Route(allow_private=True, ca_file=authorities_of(authority.cert_pem.bytes().decode()))
    transport = CheckedTransport(route, provider_id="nine", clock=Clock(), resolve=everywhere)
    async with httpx.AsyncClient(transport=transport, trust_env=False) as client:
        yield client


async def refused(folder: Path, listener: Listener, *lines: str) -> PrecheckProblem:
    problem = await asked(folder, listener, *lines)
    assert isinstance(problem, PrecheckProblem), problem
    assert (problem.code.value, problem.retryable) == ("UNREACHABLE", False)
    assert "127.0.0.1" not in problem.message
    return problem


async def asked(folder: Path, listener: Listener, *lines: str) -> Any:
    url = f"https://localhost:{listener.port}"
    async with connected(folder, url, ["allow_private = true", *lines]) as provider:
        return await outcome(provider)


async def test_the_name_is_asked_for_and_verified_though_the_address_is_called(authority: trustme.CA) -> None:
    tls = served_by(authority, "vendor.example")
    async with vendor(tls=tls) as listener, client(authority) as calling:
        answer = await calling.get(f"https://vendor.example.:{listener.port}/")
    assert answer.status_code == 200
    assert listener.names == ["vendor.example"]
    assert listener.header("host") == f"vendor.example.:{listener.port}"


async def test_a_connection_verified_for_one_name_carries_no_requests_for_another(authority: trustme.CA) -> None:
    tls = served_by(authority, "vendor.example")
    async with vendor(tls=tls) as listener, client(authority) as calling:
        assert (await calling.get(f"https://vendor.example:{listener.port}/")).status_code == 200
        with pytest.raises(Unreachable):
            await calling.get(f"https://other.example:{listener.port}/")
    assert len(listener.heads) == 1


async def test_an_address_in_the_url_is_verified_as_an_address(authority: trustme.CA) -> None:
    async with client(authority) as calling:
        async with vendor(tls=served_by(authority, "127.0.0.1")) as listener:
            assert (await calling.get(f"https://127.1:{listener.port}/")).status_code == 200
        async with vendor(tls=served_by(authority, "localhost")) as listener:
            with pytest.raises(Unreachable):
                await calling.get(f"https://127.1:{listener.port}/")
    assert listener.heads == []


async def test_a_vendor_with_http_2_is_spoken_to_as_any_other(
    tmp_path: Path, authority: trustme.CA, ca_line: str
) -> None:
    tls = served_by(authority, "localhost")
    tls.set_alpn_protocols(["h2", "http/1.1"])
    async with vendor(tls=tls) as listener:
        assert isinstance(await asked(tmp_path, listener, ca_line), Precheck)


async def test_the_authority_of_a_ca_file_is_trusted(tmp_path: Path, authority: trustme.CA, ca_line: str) -> None:
    async with vendor(tls=served_by(authority, "localhost")) as listener:
        assert isinstance(await asked(tmp_path, listener, ca_line), Precheck)


@pytest.mark.row("T13")
async def test_an_unknown_authority_is_refused(tmp_path: Path, authority: trustme.CA, ca_line: str) -> None:
    async with vendor(tls=served_by(trustme.CA(), "localhost")) as listener:
        problem = await refused(tmp_path, listener, ca_line)
        assert "`ca_file`" in problem.message
        await refused(tmp_path, listener)
    assert (listener.heads, listener.connections) == ([], 0)  # neither handshake was ever complete


@pytest.mark.row("T13")
async def test_an_expired_certificate_is_refused(tmp_path: Path, authority: trustme.CA, ca_line: str) -> None:
    tls = served_by(authority, "localhost", not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2002))
    async with vendor(tls=tls) as listener:
        await refused(tmp_path, listener, ca_line)
    assert listener.names == ["localhost"], "it is not tried again"


@pytest.mark.row("T13")
async def test_a_certificate_for_another_host_is_refused(
    tmp_path: Path, authority: trustme.CA, ca_line: str
) -> None:
    async with vendor(tls=served_by(authority, "other.example")) as listener:
        await refused(tmp_path, listener, ca_line)
    assert listener.names == ["localhost"], "it is not tried again"


@pytest.mark.row("T13")
@pytest.mark.parametrize("said", [b"", b"\x16\x03\x03\x00\x7a\x02\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
async def test_a_handshake_that_is_cut_off_or_none_is_refused(tmp_path: Path, said: bytes) -> None:
    async with broken_off(said) as listener:
        await refused(tmp_path, listener)
    assert listener.connections == 1, "it is not tried again"


async def test_a_handshake_that_is_reset_is_a_fault_of_the_network(tmp_path: Path) -> None:
    async with broken_off(by_reset=True) as listener:
        problem = await asked(tmp_path, listener)
    assert (problem.code.value, problem.retryable) == ("UNREACHABLE", True)


def test_waiting_for_more_bytes_is_no_trouble_of_tls() -> None:
    lost = ConnectionError("lost")
    lost.__context__ = ssl.SSLWantReadError()
    assert not is_tls_trouble(lost)
    lost.__cause__ = ssl.SSLCertVerificationError()
    assert is_tls_trouble(lost)


async def test_without_verification_anything_is_believed_and_every_start_says_so(
    tmp_path: Path, authority: trustme.CA
) -> None:
    async with vendor(tls=served_by(authority, "other.example")) as listener:
        for _ in range(2):
            with capture_logs() as logs:
                assert isinstance(await asked(tmp_path, listener, "verify_tls = false"), Precheck)
            warning = {"event": "tls_not_verified", "provider": "nine", "log_level": "warning"}
            assert logs == [warning]


async def test_tls_goes_through_a_proxy_to_the_vendor(tmp_path: Path, authority: trustme.CA, ca_line: str) -> None:
    tls = served_by(authority, "vendor.invalid")
    async with vendor(tls=tls) as behind, proxy(behind) as listener:
        lines = [ca_line, f'proxy = "http://127.0.0.1:{listener.port}"']
        async with connected(tmp_path, "https://vendor.invalid:8443", lines) as provider:
            assert isinstance(await outcome(provider), Precheck)
    assert listener.heads[0].startswith("CONNECT vendor.invalid:8443 HTTP/1.1")
    assert behind.names == ["vendor.invalid"]


async def test_a_certificate_is_refused_behind_a_proxy_too(tmp_path: Path, ca_line: str) -> None:
    async with vendor(tls=served_by(trustme.CA(), "vendor.invalid")) as behind, proxy(behind) as listener:
        lines = [ca_line, f'proxy = "http://127.0.0.1:{listener.port}"']
        async with connected(tmp_path, "https://vendor.invalid", lines) as provider:
            problem = await outcome(provider)
    assert isinstance(problem, PrecheckProblem)
    assert (problem.code.value, problem.retryable, behind.heads) == ("UNREACHABLE", False, [])


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        (None, 'ca_file = "ca.pem"', "the file ca.pem cannot be read"),
        ("", 'ca_file = "ca.pem"', "holds no certificate"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", 'ca_file = "ca.pem"', "cannot be read"),
        ("", "ca_file = 5", "takes the path of a file"),
    ],
)
def test_a_ca_file_of_no_use_is_told_at_the_start(
    tmp_path: Path, content: str | None, line: str, says: str
) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content, encoding="utf-8")
    assert says in refusal(tmp_path, line)


def test_a_ca_file_and_no_verification_do_not_go_together(tmp_path: Path, ca_line: str) -> None:
    assert "leave one of the two out" in refusal(tmp_path, ca_line, "verify_tls = false")


def test_a_ca_file_may_hold_comments_in_any_language(tmp_path: Path, authority: trustme.CA) -> None:
    pem = authority.cert_pem.bytes().decode()
    assert authorities_of(f"# Főtanúsítvány\n{pem}") == authorities_of(pem)
    assert authorities_of(pem + trustme.CA().cert_pem.bytes().decode()) != authorities_of(pem)


def refusal(folder: Path, *lines: str) -> str:
    (folder / "providers.toml").write_text(table("https://vendor.example", *lines), encoding="utf-8")
    with pytest.raises(ConfigurationError) as told:
        read_providers(folder / "providers.toml", {"NINE_SECRET": "demo-not-a-secret"})
    assert "\n" not in str(told.value)
    return str(told.value)
