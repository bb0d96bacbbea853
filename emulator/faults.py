"""The faults a provider shows on its result calls: what each kind takes, and which one is due now."""

from dataclasses import asdict, dataclass
from typing import Any

from emulator.fields import Fields, Refused
from emulator.vendor import VendorServer

KINDS = (
    "delay",
    "refuse",
    "status",
    "rate_limit",
    "truncate",
    "garbage",
    "expired_token",
    "partial_batch",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault; `times` counts down with each result call (or connection) it meets, None means for ever."""

    kind: str
    times: int | None = None
    seconds: float | None = None
    status: int | None = None
    body: dict[str, Any] | str | None = None
    retry_after: float | None = None

    def shown(self) -> dict[str, Any]:
        """The fault as the control port lists it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def read_fault(body: Any, server: VendorServer) -> Fault:
    """The fault a control request asks for; raises `Refused`."""
    fields = Fields(body)
    kind = fields.choice("kind", KINDS)
    if kind == "partial_batch" and not server.batches:
        raise Refused(f"{server.provider.id} is asked for one reference at a time: no partial_batch")
    times = fields.integer("times", 0, minimum=1, maximum=1_000_000) or None
    fault = Fault(
        kind,
        times,
        seconds=fields.number("seconds", None) if kind == "delay" else None,
        status=fields.status(None) if kind == "status" else None,
        body=fields.body(required=False) if kind == "status" else None,
        retry_after=fields.number("retry_after", 1.0) if kind == "rate_limit" else None,
    )
    fields.done()
    return fault


class Faults:
    """At most one fault for each provider."""

    def __init__(self) -> None:
        self._faults: dict[str, Fault] = {}

    def put(self, provider: str, fault: Fault) -> None:
        """Set a provider's fault in place of the one before."""
        self._faults[provider] = fault

    def take(self, provider: str) -> Fault | None:
        """The fault that the call at hand meets; it counts down."""
        return None if self._kind(provider) == "refuse" else self._take(provider)

    def _kind(self, provider: str) -> str:
        fault = self._faults.get(provider)
        return fault.kind if fault else ""

    def _take(self, provider: str) -> Fault | None:
        fault = self._faults.get(provider)
        if fault and fault.times is not None:
            left = fault.times - 1
            if left:
                self._faults[provider] = Fault(**{**asdict(fault), "times": left})
            else:
                del self._faults[provider]
        return fault

    def refuses(self, provider: str) -> bool:
        """Whether a new connection is to be reset; a `refuse` that lasts closes the port itself."""
        return self._kind(provider) == "refuse" and self._take(provider) is not None

    def clear(self, provider: str) -> None:
        """End a provider's fault, if it has one."""
        self._faults.pop(provider, None)

    def report(self) -> dict[str, Any]:
        """Provider -> fault, where there is one."""
        return {provider: fault.shown() for provider, fault in self._faults.items()}
