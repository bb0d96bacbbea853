"""How much may reach this server at a time, and how long it may take to."""

import resource
from typing import NamedTuple

# What is left of the open files for vendors, logs and whoever is told that there is no place.
KEPT_FILES = 100
# So many are told at a time that there is no place; beyond that connections are closed without a word.
MOST_REFUSED = 50
MOST_HEADERS = 100
MOST_STREAMS_PER_SOCKET = 20


class Bounds(NamedTuple):
    """Bounds on what a client sends before anything of it is looked at; sizes in bytes.

    Of clients behind `proxies`, addresses or networks, those are bounded: they are believed about addresses.
    """

    connections: int
    header_bytes: int
    body_bytes: int
    message_bytes: int
    receive_seconds: float
    proxies: tuple[str, ...] = ()


def most_connections(wanted: int) -> int:
    """So many connections of clients, or as many as this process may have open files for."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files == resource.RLIM_INFINITY:
        return wanted
    return max(1, min(wanted, max(files - KEPT_FILES, files // 2)))
