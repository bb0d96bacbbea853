"""Runs the app on a socket: says when it is ready, stops within a second when asked to."""

import asyncio
import contextlib
import errno
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any, cast

import structlog
import uvicorn
from starlette.applications import Starlette

from graph.http.bounds import Bounds, most_connections
from graph.http.drain import Drain
from graph.http.received import ReceivedHttp
from graph.http.unread import STUCK_SECONDS, Connection, Unread, unread_bytes
from graph.http.written import WrittenSocket
from graph.settings import ConfigurationError, Settings, words_of

HIGHEST_PORT = 65535
PING_SECONDS = 10.0
# Allocations before a collection, and collections before one of everything. That one takes a second with thousands
# of viewers and finds next to nothing; by default it comes with every few hundred more.
_COLLECTIONS = (5_000, 10, 10)
_LAST_WORDS_SECONDS = 0.8
_MOMENT_SECONDS = 0.1
_GRACE_SECONDS = 1
_TICKS_PER_SECOND = 10
_LOOKS_UNTIL_STUCK = 12
# Below WARNING these write what they send and receive, credentials in headers among it.
_TALKATIVE = ("asyncio", "hpack", "httpcore2", "httpx2", "websockets")
# Its warnings are of what anybody can send, as often as they like.
_ABOUT_STRANGERS = "strawberry.ws"


class Server(uvicorn.Server):
    """uvicorn's server, which ends every stream with a word and waits for no client that does not read."""

    def __init__(
        self,
        app: Starlette,
        drain: Drain,
        announce: Callable[[], None],
        bounds: Bounds,
        reload: Callable[[], None] | None = None,
        stuck_seconds: float = STUCK_SECONDS,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        super().__init__(_config(app, bounds, ping_seconds))
        self._drain = drain
        self._announce = announce
        self._reload = reload
        self._unread = Unread(stuck_seconds)
        self._ticks_between_looks = max(1, round(stuck_seconds / _LOOKS_UNTIL_STUCK * _TICKS_PER_SECOND))
        self._has_terminal = os.isatty(0)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so."""
        await super().startup(sockets)
        if self._reload is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, self._hang_up)
        if self.started:
            self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Let nothing new in from the very signal on."""
        self._drain.begin()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        """Look after stuck connections now and then; whether the server is to end."""
        if counter % self._ticks_between_looks == 0:
            self._unread.look(self._connections, time.monotonic())
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain while the listener still answers, then close."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LAST_WORDS_SECONDS):
                await self._drain.end_streams()
                await self._idle()
        for connection in self._connections:
            connection.shutdown()
            if unread_bytes(connection):
                connection.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_MOMENT_SECONDS):
                await self._idle()
        for task in self.server_state.tasks:  # requests that take too long
            task.cancel()
        await super().shutdown(sockets)

    async def _idle(self) -> None:
        """Until nothing is under way and everything was taken."""
        while self.server_state.tasks or any(map(unread_bytes, self._connections)):  # noqa: ASYNC110  # nobody tells
            await asyncio.sleep(0.02)

    @property
    def _connections(self) -> list[Connection]:
        return list(self.server_state.connections)

    def _hang_up(self) -> None:
        # The same signal tells that the terminal was closed; nobody could stop the server any more then.
        if self._has_terminal and not os.isatty(0):
            self.should_exit = True
        elif self._reload is not None:
            self._reload()


def bounds_of(settings: Settings) -> Bounds:
    """What clients may send; connections are as many as the open files of this process leave for them."""
    return Bounds(
        most_connections(settings.max_connections),
        settings.max_header_bytes,
        settings.max_body_bytes,
        settings.max_message_bytes,
        settings.receive_seconds,
        tuple(words_of(settings.trusted_proxies)),
    )


def _config(app: Starlette, bounds: Bounds, ping_seconds: float) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", partial(ReceivedHttp, bounds=bounds)),
        proxy_headers=bool(bounds.proxies),
        forwarded_allow_ips=list(bounds.proxies),
        log_config=None,
        access_log=False,
        ws=WrittenSocket,
        ws_max_size=bounds.message_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=ping_seconds,
        ws_ping_timeout=ping_seconds,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        server_header=False,
    )


def port_of(text: str, change: str) -> int:
    """The port that a person wrote. Raises ConfigurationError, saying what to `change`, where it is none."""
    if not text.isdecimal() or int(text[:9]) > HIGHEST_PORT:
        raise ConfigurationError(f"{text[:40]!r} is no port; choose 0 to {HIGHEST_PORT} as {change}.")
    return int(text)


def listen(host: str, port: int, change: str) -> socket.socket:
    """A listening socket. Raises ConfigurationError, saying what to `change`, where the port is taken."""
    port_of(str(port), change)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        if error.errno != errno.EADDRINUSE:
            raise ConfigurationError(f"cannot listen on {host}:{port}: {error.strerror}.") from None
        raise ConfigurationError(
            f"cannot listen on {host}:{port}: {error.strerror}; choose another {change}."
        ) from None
    return listener


def stop_on_signals() -> None:
    """End the process by SystemExit on SIGINT and SIGTERM, so that what it started is ended too.

    uvicorn catches both while it serves and raises them once more when it has ended.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)


def serve(
    app: Starlette,
    listener: socket.socket,
    announce: Callable[[], None],
    drain: Drain,
    bounds: Bounds,
    reload: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; `drain` ends the streams before the sockets close.

    On SIGHUP `reload` is called, inside the event loop; the server ends where that tells of a closed terminal.
    """

    def ready() -> None:
        # What is there now stays: a collection that walks through it all would hold up whoever is answered.
        gc.freeze()
        gc.set_threshold(*_COLLECTIONS)
        announce()

    server = Server(app, drain, ready, bounds, reload)
    with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
        runner.run(server.serve([listener]))


def hold_standard_streams() -> None:
    """Keep the numbers of those that are closed: else a socket would get one, and what C code prints with it."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


def tell(line: str) -> None:
    """A line on the standard output, for whoever started this; nobody may be there, or there may be no room."""
    with contextlib.suppress(OSError, ValueError):
        print(line, flush=True)  # noqa: T201


class _Stderr:
    """The standard error, where nobody may listen any more: what cannot be said must not end what goes on."""

    def write(self, text: str) -> None:
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.write(text)

    def flush(self) -> None:
        if sys.stderr is not None:
            with contextlib.suppress(OSError, ValueError):
                sys.stderr.flush()


def log_to_stderr(level: str) -> None:
    """Structured lines on stderr: for people on a terminal, JSON elsewhere.

    The level is that of our own lines: what libraries say below WARNING is not shown at any level.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: Any = structlog.processors.JSONRenderer()
    if sys.stderr is not None and sys.stderr.isatty():
        # Its own default shows local variables, which may hold credentials.
        renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(_Stderr()),  # type: ignore[arg-type]  # all it writes to it
    )
    logging.basicConfig(level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_ABOUT_STRANGERS).setLevel(logging.ERROR)


def _stop(_: int, __: FrameType | None) -> None:
    raise SystemExit(0)
