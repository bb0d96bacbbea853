"""A listening port whose connections can be refused, reset and closed at once."""

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.server import ServerState

RESET_ON_CLOSE = struct.pack("ii", 1, 0)
PORT_ERRORS = (errno.EADDRINUSE, errno.EACCES)


class PortTaken(OSError):
    """A port that cannot be listened on."""

    def __init__(self, host: str, port: int, cause: OSError) -> None:
        option = "--port or EMULATOR_PORT" if cause.errno in PORT_ERRORS else "--host"
        reason = cause.strerror or str(cause)
        super().__init__(f"cannot listen on {host}:{port} ({reason}); choose another with {option}")


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that holds a port without listening yet: until then, connections to it are refused."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        bound = socket.socket(family, kind, protocol)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        raise PortTaken(host, port, error) from error
    return bound


class Resetting(asyncio.Protocol):
    """Accepts a connection only to reset it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Close with a reset in place of an orderly end."""
        peer: socket.socket = transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        transport.close()


class Listener:
    """Serves one ASGI application on one port; `resets` says of each new connection whether to reset it."""

    def __init__(self, app: ASGIApp, host: str, port: int, resets: Callable[[], bool] = lambda: False) -> None:
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL + 1)
        self._config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_keep_alive=75,
        )
        self._config.load()
        self._state = ServerState()
        self._socket = bound_socket(host, port)
        self._server: asyncio.Server | None = None
        self._host = host
        self.port: int = self._socket.getsockname()[1]
        self._resets = resets

    @property
    def url(self) -> str:
        """Where a client on this machine reaches it."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self._host, self._host)  # noqa: S104  # only compared
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    async def open(self) -> None:
        """Listen, if it does not already."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._protocol, sock=self._socket, backlog=2048)

    async def refuse(self) -> None:
        """Close the port and its connections, but keep the port's number for `open`."""
        await self.close()
        self._socket = await self._rebound()

    def drop_connections(self) -> None:
        """Close the connections there are, answered or not."""
        for connection in list(self._state.connections):
            connection.transport.abort()

    async def close(self) -> None:
        """Close the port, its connections and whatever is still being answered."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop_connections()
        for task in list(self._state.tasks):
            task.cancel()
        await asyncio.sleep(0)

    def _protocol(self) -> asyncio.Protocol:
        if self._resets():
            return Resetting()
        protocol: asyncio.Protocol = self._config.http_protocol_class(  # type: ignore[call-arg]
            config=self._config, server_state=self._state, app_state={}
        )
        return protocol

    async def _rebound(self) -> socket.socket:
        # the event loop gives the old socket back a few turns after closing it
        for _ in range(100):
            try:
                return bound_socket(self._host, self.port)
            except PortTaken:
                await asyncio.sleep(0.01)
        return bound_socket(self._host, self.port)
