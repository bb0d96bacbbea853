"""Which addresses may be called, and which of them a URL spells out; knows no sockets."""

import re
import socket
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import NamedTuple

Address = IPv4Address | IPv6Address

_URL = re.compile(
    r"(?P<scheme>https?)://(?:(?P<name>[a-z0-9_.-]+)|\[(?P<v6>[0-9a-f:.]+)\])(?::(?P<port>[0-9]{1,5}))?(?P<path>/[^?#\\\s]*)?",
    re.ASCII | re.IGNORECASE,
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_TRANSLATED = IPv6Network("64:ff9b::/96")

# Where clouds hand credentials to whoever asks from inside.
METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # Huawei, AWS, Azure, Google and most others
        "169.254.170.2",  # AWS, containers
        "169.254.170.23",  # AWS, pods
        "169.254.0.23",  # Tencent
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure
        "fd00:ec2::254",  # AWS
        "fd00:ec2::23",  # AWS, pods
        "fd20:ce::254",  # Google
    )
)


class Target(NamedTuple):
    """What a URL of the configuration names: scheme, host without brackets, port if told, path."""

    scheme: str
    host: str
    port: int | None
    path: str


def target_of(url: str) -> Target | None:
    """The parts of a URL that is understood in one way only; None for any other.

    Stricter than URL parsers are: ASCII, no user or password, query, fragment, backslash, escaped or empty host,
    and no host that ends in a number without being an address.
    """
    parts = _URL.fullmatch(url)
    if parts is None or not url.isprintable() or not 0 < int(parts["port"] or 80) <= 65535:
        return None
    host = (parts["name"] or parts["v6"]).lower()
    literal = literal_of(host)
    if parts["v6"] is not None and not isinstance(literal, IPv6Address):
        return None
    if literal is None and _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return None
    port = int(parts["port"]) if parts["port"] else None
    return Target(parts["scheme"].lower(), host, port, parts["path"] or "")


@lru_cache(maxsize=256)
def literal_of(host: str) -> Address | None:
    """The address that a host spells out, in any way the system's resolver reads: 127.1, 2130706433, 0x7f.1."""
    plain = host.removesuffix(".")
    try:
        return ip_address(plain)
    except ValueError:
        pass
    try:
        # inet_aton reads up to a blank and forgets the rest.
        return IPv4Address(socket.inet_aton(plain)) if plain.split() == [plain] else None
    except OSError:
        return None


def told_by(host: str) -> Address | None:
    """The address that is certain from the host alone: a literal one, or loopback for `localhost` and below."""
    name = host.removesuffix(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return IPv4Address("127.0.0.1")
    return literal_of(host)


def is_public(address: Address) -> bool:
    """Whether it is routed on the internet; an IPv6 address that holds an IPv4 one is what that one is."""
    if hidden := _hidden(address):
        return all(is_public(each) for each in hidden)
    if isinstance(address, IPv6Address) and address not in _GLOBAL_UNICAST:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def is_metadata(address: Address) -> bool:
    """Whether a cloud's metadata service answers there."""
    return any(each in METADATA for each in (_without_zone(address), *_hidden(address)))


@lru_cache(maxsize=256)
def is_allowed(address: Address, *, allow_private: bool) -> bool:
    """Whether it may be called: a metadata service never, a private address where the operator says so."""
    return not is_metadata(address) and (allow_private or is_public(address))


def _hidden(address: Address) -> tuple[IPv4Address, ...]:
    if isinstance(address, IPv4Address):
        return ()
    if address.teredo is not None:
        return address.teredo
    if address in _TRANSLATED:
        return (IPv4Address(int(address) & 0xFFFFFFFF),)
    inner = address.ipv4_mapped or address.sixtofour
    return (inner,) if inner is not None else ()


def _without_zone(address: Address) -> Address:
    return IPv6Address(int(address)) if isinstance(address, IPv6Address) else address
