"""Carries requests to the very address that was checked, and nowhere else."""

import asyncio
import ssl
from collections.abc import Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import NamedTuple

import httpx2 as httpx

from resolvers.clock import Clock
from resolvers.errors import Unreachable
from resolvers.upstream.address import Address, is_allowed, is_metadata, literal_of, told_by
from resolvers.upstream.names import Names, Resolve, system_addresses
from resolvers.upstream.trust import Authorities, is_tls_trouble, tls_context

IDLE_CONNECTIONS = 20
# For what is not encrypted: it trusts nobody, and costs nothing to make.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_MOST_ADDRESSES = 4
_MOST_REMEMBERED = 100
_PORTS = {"http": 80, "https": 443}


class Route(NamedTuple):
    """Which way a connection goes: what the keys of the same names in its provider table say."""

    allow_private: bool = False
    proxy: str | None = None
    ca_file: Authorities | None = None
    verify_tls: bool = True


class CheckedTransport(httpx.AsyncBaseTransport):
    """Resolves names itself and connects to an address that may be called; TLS is verified against the name.

    With a proxy the proxy resolves, and only addresses spelt out in the URL are checked. Raises Unreachable,
    not retryable, for a refused address and where TLS cannot be agreed upon; else what httpx raises.
    """

    def __init__(
        self,
        route: Route,
        *,
        provider_id: str,
        clock: Clock,
        resolve: Resolve = system_addresses,
        idle_connections: int = IDLE_CONNECTIONS,
    ) -> None:
        self._route = route
        # How many there are at once is the bulkhead's to say.
        self._limits = httpx.Limits(max_connections=None, max_keepalive_connections=idle_connections)
        self._provider_id = provider_id
        self._names = Names(resolve, clock)
        self._pools: dict[tuple[str, str], httpx.AsyncHTTPTransport] = {}
        self._clock = clock
        self._failures: dict[Address, float] = {}  # when connecting to it failed the last time

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """One exchange."""
        try:
            if self._route.proxy is not None:
                return await self._by_proxy(request)
            return await self._directly(request)
        except httpx.ConnectError as error:
            if not is_tls_trouble(error):
                raise
            raise self._refusal(
                "No encrypted connection can be agreed upon with the vendor: its certificate or its handshake is "
                "refused. Check `base_url`; `ca_file` names the authority of a private certificate."
            ) from error

    async def aclose(self) -> None:
        """Close every pool."""
        await self._names.close()
        for pool in self._pools.values():
            await pool.aclose()

    async def _by_proxy(self, request: httpx.Request) -> httpx.Response:
        host = _host(request)
        told = told_by(host)
        if told is not None:
            self._allowed([told])
        return await self._pool(request.url.scheme, host).handle_async_request(request)

    async def _directly(self, request: httpx.Request) -> httpx.Response:
        host = _host(request)
        connect_seconds = request.extensions.get("timeout", {}).get("connect")
        addresses = self._allowed(await self._addresses(host, request.url, connect_seconds))
        # Each address has its part of the time to connect in, and one that failed is tried last from then on.
        share = connect_seconds and connect_seconds / min(len(addresses), _MOST_ADDRESSES)
        *others, last = sorted(addresses, key=lambda address: self._failures.get(address, 0.0))[:_MOST_ADDRESSES]
        for address in others:
            try:
                return await self._exchange(request, host, address, share)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if is_tls_trouble(error):
                    raise
        return await self._exchange(request, host, last, share)

    async def _exchange(
        self, request: httpx.Request, host: str, address: Address, connect_seconds: float | None
    ) -> httpx.Response:
        pool = self._pool(request.url.scheme, host)
        try:
            return await pool.handle_async_request(_directed(request, host, address, connect_seconds))
        except (httpx.ConnectError, httpx.ConnectTimeout):
            self._failures[address] = self._clock.monotonic()
            if len(self._failures) > _MOST_REMEMBERED:
                del self._failures[min(self._failures, key=self._failures.__getitem__)]
            raise

    async def _addresses(self, host: str, url: httpx.URL, connect_seconds: float | None) -> Sequence[Address]:
        literal = literal_of(host)
        if literal is not None:
            return [literal]
        try:
            async with asyncio.timeout(connect_seconds):
                found = await self._names.addresses(host, url.port or _PORTS[url.scheme])
        except TimeoutError as error:
            raise httpx.ConnectTimeout("The name was not resolved in time.") from error
        except OSError as error:
            raise httpx.ConnectError("The name has no address.") from error
        # An address with a zone is of this link only, and no URL can hold it.
        return [ip_address(text) for text in found if "%" not in text]

    def _allowed(self, addresses: Sequence[Address]) -> Sequence[Address]:
        allowed = [each for each in addresses if is_allowed(each, allow_private=self._route.allow_private)]
        if allowed:
            return allowed
        if addresses and all(is_metadata(each) for each in addresses):
            raise self._refusal("The vendor's address is a cloud's metadata service. Correct `base_url`.")
        raise self._refusal(
            "The vendor's address is not a public one, so it is not called. Correct `base_url`, or set "
            "`allow_private = true` for this provider if that is meant."
        )

    def _pool(self, scheme: str, host: str) -> httpx.AsyncHTTPTransport:
        # A pool knows addresses only: a connection verified for one name must not carry another's requests.
        if (scheme, host) not in self._pools:
            self._pools[scheme, host] = httpx.AsyncHTTPTransport(
                verify=self._tls(scheme), trust_env=False, limits=self._limits, proxy=self._route.proxy
            )
        return self._pools[scheme, host]

    def _tls(self, scheme: str) -> ssl.SSLContext:
        return tls_context(self._route.ca_file, verify=self._route.verify_tls) if scheme == "https" else _NO_TLS

    def _refusal(self, says: str) -> Unreachable:
        return Unreachable(says, provider_id=self._provider_id, retryable=False)


def transport_for(
    base_url: str, route: Route, *, provider_id: str, clock: Clock, idle_connections: int
) -> httpx.AsyncBaseTransport:
    """The transport of one connection to a vendor, which keeps up to so many sockets open between calls."""
    if base_url.lower().startswith("https:"):  # whom to trust is read now and not while the first call waits
        tls_context(route.ca_file, verify=route.verify_tls)
    return CheckedTransport(route, provider_id=provider_id, clock=clock, idle_connections=idle_connections)


def _host(request: httpx.Request) -> str:
    return request.url.raw_host.decode("ascii").strip("[]").lower()


@lru_cache(maxsize=256)
def _addressed(url: httpx.URL, address: str) -> httpx.URL:
    return url.copy_with(host=address)


def _directed(request: httpx.Request, host: str, address: Address, connect_seconds: float | None) -> httpx.Request:
    extensions = dict(request.extensions)
    extensions["timeout"] = {**extensions.get("timeout", {}), "connect": connect_seconds}
    if literal_of(host) is None:
        extensions["sni_hostname"] = host.removesuffix(".")
    return httpx.Request(
        request.method,
        _addressed(request.url, str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions=extensions,
    )
