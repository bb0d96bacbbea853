"""Counts every call a provider received, so that tests can assert what was asked and what was not."""

from typing import Any

from emulator.vendor import Call, VendorServer


class Ledger:
    """Calls by provider and operation; one that was refused, throttled or faulted counts too."""

    def __init__(self, servers: list[VendorServer]) -> None:
        self._operations = {server.provider.id: server.operations for server in servers}
        self.reset()

    def note(self, provider: str, call: Call) -> None:
        """Remember one call."""
        self._calls[provider][call.operation].append(list(call.references))

    def report(self) -> dict[str, Any]:
        """Provider -> operation -> `count` and `ids`, the operations nobody called included."""
        return {
            provider: {name: {"count": len(ids), "ids": ids} for name, ids in operations.items()}
            for provider, operations in self._calls.items()
        }

    def reset(self) -> None:
        """Forget every call."""
        self._calls: dict[str, dict[str, list[list[str]]]] = {
            provider: {name: [] for name in names} for provider, names in self._operations.items()
        }
