"""The way out: nothing new is let in, what is under way is finished, and streams are told to come back."""

from collections.abc import Callable

from graph.http.probes import Readiness
from resolvers.live.hub import Hub


class Drain:
    """Ends the work of one product; both methods may be called again.

    `restart` has every connection of several operations end when they do.
    """

    def __init__(self, readiness: Readiness, restart: Callable[[], None], hub: Hub) -> None:
        self._readiness = readiness
        self._restart = restart
        self._hub = hub

    def begin(self) -> None:
        """Be not ready and refuse new work, from now on. Safe in a signal handler: it sets a flag."""
        self._readiness.is_ending = True

    async def end_streams(self) -> None:
        """End every stream, and every connection that nothing else is under way on."""
        self.begin()
        self._restart()
        await self._hub.close()
