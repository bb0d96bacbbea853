"""An issuer of bearer tokens: a JWKS endpoint on a real socket, and a clock whose dates are moved by hand."""

import asyncio
import base64
import hmac
import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from joserfc import jwt
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from graph.settings import Settings
from resolvers.clock import Clock

NAME = "https://issuer.example"
AUDIENCE = "prechecks"


class HandClock(Clock):
    """Dates stand still until a test moves them; durations go by, and jump along with the dates."""

    def __init__(self) -> None:
        self._moved_seconds = 0.0
        self._sleepers: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self._moved_seconds)

    def monotonic(self) -> float:
        return super().monotonic() + self._moved_seconds

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        moved = asyncio.Event()
        self._sleepers[moved] = asyncio.get_running_loop()
        try:
            while (left := until - self.monotonic()) > 0:
                moved.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(moved.wait(), left)
        finally:
            del self._sleepers[moved]

    @property
    def sleepers(self) -> int:
        """How many wait for a time to come."""
        return len(self._sleepers)

    def advance(self, seconds: float) -> None:
        """From any thread."""
        self._moved_seconds += seconds
        for moved, loop in list(self._sleepers.items()):
            loop.call_soon_threadsafe(moved.set)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    issuer: "Issuer"


class _Endpoint(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        status, headers, body = self.server.issuer.answer()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


class Issuer:
    """Signs tokens with its newest key and publishes that key's public half."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.fetches = 0
        self.asked = threading.Event()
        self.open = threading.Event()
        self.open.set()
        self.broken: tuple[int, Mapping[str, str], bytes] | None = None
        self.key: Key
        self.roll(ECKey.generate_key())

    def roll(self, key: Key) -> None:
        """From now on this key signs, under an id of its own."""
        key.ensure_kid()
        self.key = key

    def token(self, *, header: Mapping[str, Any] | None = None, lasts: float = 60.0, **claims: Any) -> str:
        """A token that holds, but for what is given; a claim that is None is left out."""
        now = self.clock.now().timestamp()
        all_claims = {"iss": NAME, "aud": AUDIENCE, "sub": "alice", "iat": now, "exp": now + lasts, **claims}
        given = {name: value for name, value in all_claims.items() if value is not None}
        return signed(given, self.key, **(header or {}))

    def answer(self) -> tuple[int, Mapping[str, str], bytes]:
        """What the endpoint sends; waits while it is held."""
        self.fetches += 1
        self.asked.set()
        assert self.open.wait(10)
        if self.broken is not None:
            return self.broken
        return 200, {}, orjson.dumps({"keys": [self.key.as_dict(private=False)]})

    def settings(self) -> Settings:
        return Settings(jwks_url=self.url, jwt_issuer=NAME, jwt_audience=AUDIENCE)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks"

    port = 0
    _server: _Server | None = None

    def start(self) -> None:
        """Listen; after the first time on the same port again."""
        self._server = _Server(("127.0.0.1", self.port), _Endpoint)
        self._server.issuer = self
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None


def signed(claims: dict[str, Any], key: Key, **header: Any) -> str:
    """A JWT as an issuer would sign it, whatever it claims."""
    full = {"alg": ALGORITHM_OF[type(key)], "kid": key.kid, **header}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # it advises against EdDSA's name
        registry = JWSRegistry(algorithms=[full["alg"]], strict_check_header=False)
        return jwt.encode(full, claims, key, registry=registry)


def by_secret(claims: dict[str, Any], secret: bytes, **header: Any) -> str:
    """A JWT signed by HMAC; the library refuses to do this with a public key, which is the point of it."""
    said = unsigned(claims, **header)
    return said + encoded(hmac.digest(secret, said.removesuffix(".").encode(), "sha256"))


def unsigned(claims: dict[str, Any], **header: Any) -> str:
    """A JWT with an empty signature."""
    return f"{encoded(orjson.dumps(header))}.{encoded(orjson.dumps(claims))}."


def encoded(part: bytes) -> str:
    return base64.urlsafe_b64encode(part).decode().rstrip("=")


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


ALGORITHM_OF: Mapping[type, str] = {RSAKey: "RS256", ECKey: "ES256", OKPKey: "EdDSA"}


@contextmanager
def issuing(clock: HandClock | None = None) -> Iterator[Issuer]:
    """An issuer that listens until the block ends."""
    issuer = Issuer(clock or HandClock())
    issuer.start()
    try:
        yield issuer
    finally:
        issuer.stop()
