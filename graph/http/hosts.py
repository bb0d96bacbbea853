"""By which names this server may be called: a page may have a name of its own lead here."""

from collections.abc import Iterable, Sequence
from ipaddress import ip_address

from graph.http.refusals import Refusal

_LOOPBACK = "localhost"
_MOST_KNOWN = 100


class Hosts:
    """The names of a server that lets every client in.

    Only names can be made to lead here; an address in the Host header is where the client really went.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._names = frozenset({_LOOPBACK, *(_name_in(name) for name in names)})
        self._admitted: set[bytes] = set()

    def refusal(self, headers: Sequence[tuple[bytes, bytes]]) -> Refusal | None:
        """Why a request with these headers is not served; None where it is, or names no host at all."""
        for name, value in headers:
            if name == b"host" and value not in self._admitted:
                if not self._admits(value.decode("latin-1")):
                    return Refusal(
                        421, "This server is not called by this name; `PRECHECK_HOSTS` lists the names."
                    )
                if len(self._admitted) < _MOST_KNOWN:
                    self._admitted.add(value)
        return None

    def _admits(self, host: str) -> bool:
        name = _name_in(host)
        return name in self._names or name.endswith(f".{_LOOPBACK}") or _is_address(name)


def _name_in(host: str) -> str:
    """A host without its port, brackets and last dot, in small letters."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    name, _, port = host.rpartition(":")
    is_with_port = bool(name) and ":" not in name and (not port or port.isdecimal())
    return (name if is_with_port else host).rstrip(".").lower()


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
