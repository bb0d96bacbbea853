"""Counts the words of a vendor that no table knows, and logs each of them once."""

from collections.abc import Iterator

import structlog

from resolvers.domain import Precheck
from resolvers.metrics import UNKNOWN_WORDS
from resolvers.vocabulary import PrecheckEndpointRole, PrecheckItemState, PrecheckSide, PrecheckStatus

_MOST_LOGGED = 100
_MOST_SIGNS = 80
_log = structlog.get_logger()


class UnknownWords:
    """What one connection said that is UNKNOWN or OTHER here: a sign that its tables want a new entry."""

    def __init__(self, provider_id: str) -> None:
        self._provider_id = provider_id
        self._logged: set[tuple[str, str | None]] = set()

    def count(self, precheck: Precheck) -> None:
        """Count those of one answer."""
        for field, word in _unknown(precheck):
            UNKNOWN_WORDS.labels(self._provider_id, field).inc()
            said = word and word[:_MOST_SIGNS]
            if (field, said) not in self._logged and len(self._logged) < _MOST_LOGGED:
                self._logged.add((field, said))
                _log.warning("unknown_word", provider=self._provider_id, field=field, word=said)


def _unknown(precheck: Precheck) -> Iterator[tuple[str, str | None]]:
    if precheck.status is PrecheckStatus.UNKNOWN:
        yield "status", precheck.vendor.status
    for item in precheck.items:
        if item.state is PrecheckItemState.UNKNOWN:
            yield "item_state", item.vendor_state
        if item.side is PrecheckSide.UNKNOWN and not item.side_inferred:
            yield "side", item.code
        if item.role is PrecheckEndpointRole.OTHER:
            yield "role", item.code
