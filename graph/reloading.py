"""Other configuration files while the server runs: read beside the event loop, used in it."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from graph.guard.tokens import Listed
from graph.settings import ConfigurationError
from resolvers.upstream.contract import ProviderSettings


class Files(NamedTuple):
    """What the files hold that are read again: the provider file, and that of bearer tokens if there is one."""

    providers: Sequence[ProviderSettings]
    tokens: Sequence[Listed] = ()


Read = Callable[[], Files]
Use = Callable[[Files], list[str]]
_log = structlog.get_logger()


class Reloading:
    """Reads the files whenever it is told to, and uses what the newest reading has found.

    A file on a dead mount may be read for ever: neither the server, its end nor the next reading waits for it.
    """

    def __init__(self, read: Read, use: Use) -> None:
        self._read = read
        self._use = use
        self._newest = 0

    def begin(self) -> None:
        """Read them in a thread; call it inside the event loop. What an older reading finds is not used."""
        self._newest += 1
        reading = (self._newest, asyncio.get_running_loop())
        # No executor's thread: the process waits for those when it ends.
        threading.Thread(target=self._work, args=reading, daemon=True).start()

    def _work(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        found: Files | ConfigurationError
        try:
            found = self._read()
        except ConfigurationError as error:
            found = error
        except Exception as error:
            found = ConfigurationError(f"{type(error).__name__}: {error}")
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(self._end, number, found)

    def _end(self, number: int, found: Files | ConfigurationError) -> None:
        if number != self._newest:
            _log.info("configuration_superseded")
            return
        try:
            if isinstance(found, ConfigurationError):
                raise found
            changed = self._use(found)
        except ConfigurationError as error:
            _log.error("configuration_refused", message=str(error))
        else:
            _log.info("configuration_reloaded", providers=changed)
