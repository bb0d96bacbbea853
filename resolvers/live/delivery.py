"""How long a change takes from the vendor's answer to the last viewer."""

import time

from resolvers.metrics import DELIVERY_SECONDS, EVENTS_PUSHED


class Delivery:
    """One change on its way to `viewers`; each of them says when it needs it no more."""

    __slots__ = ("_begun", "_left", "_sent")

    def __init__(self, viewers: int) -> None:
        self._begun = time.perf_counter()
        self._left = viewers
        self._sent = 0

    def sent(self) -> None:
        """One viewer has got it."""
        self._sent += 1
        self.done()

    def done(self) -> None:
        """One viewer needs it no more: it was given a newer one in its place, or has gone."""
        self._left -= 1
        if not self._left:
            EVENTS_PUSHED.inc(self._sent)
            DELIVERY_SECONDS.observe(time.perf_counter() - self._begun)
