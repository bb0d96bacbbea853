"""The public keys of the tokens' issuer: fetched seldom, once for everyone who waits, and kept when it is down."""

import asyncio
import math
import warnings

import httpx2 as httpx
import msgspec
import structlog
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import JWKRegistry, Key, KeySet, OctKey

from resolvers.clock import Clock
from resolvers.errors import KeysUnavailable

FETCH_SECONDS = 3.0
MAX_BODY_BYTES = 1024 * 1024
# Once there are keys, a token that names an unknown one brings no more than one fetch in this time.
SECONDS_BETWEEN_FETCHES = 60.0
SECONDS_BETWEEN_FIRST_FETCHES = 5.0
# Keys that the issuer has withdrawn are forgotten by reading the set anew after this long.
FRESH_SECONDS = 600.0
# After an idle time as long as this nobody is believed by the old set while the new one is on its way.
STALE_SECONDS = 2 * FRESH_SECONDS

_log = structlog.get_logger()


class _WireKeySet(msgspec.Struct):
    keys: list[dict[str, object]]


class Keys:
    """The keys under one JWKS address."""

    def __init__(self, url: str, clock: Clock) -> None:
        self._url = url
        self._clock = clock
        self._client = httpx.AsyncClient(
            timeout=FETCH_SECONDS,
            follow_redirects=False,
            trust_env=False,
            headers={"accept": "application/json", "accept-encoding": "identity"},
        )
        self._keys: KeySet | None = None
        self._asked_at = self._read_at = -math.inf
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, key_id: str | None, algorithm: str) -> Key | None:
        """The issuer's key of that id for that algorithm; a set of one key needs no id. None if there is none.

        Raises KeysUnavailable until the set could be read for the first time.
        """
        key = self._known(key_id, algorithm)
        if self._fetching is None and self._clock.monotonic() - self._asked_at >= self._patience_seconds(key):
            self._fetching = self._begin()
        if self._fetching is not None and (key is None or self._is_stale):
            await asyncio.wait((self._fetching,))  # unlike awaiting it, this does not end it with its caller
            key = self._known(key_id, algorithm)
        if self._keys is None:
            raise KeysUnavailable(
                "This server cannot check bearer tokens at the moment. Ask again in a few seconds."
            )
        return key

    async def close(self) -> None:
        """Give up a fetch under way, and close the connection."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.wait((self._fetching,))
        await self._client.aclose()

    def _known(self, key_id: str | None, algorithm: str) -> Key | None:
        try:
            return self._keys.get_by_kid(key_id, {"alg": algorithm, "use": "sig"}) if self._keys else None
        except JoseError:
            return None

    @property
    def _is_stale(self) -> bool:
        """Whether keys may have been withdrawn long ago: the issuer is asked before they are believed."""
        return self._clock.monotonic() - self._read_at >= STALE_SECONDS

    def _patience_seconds(self, key: Key | None) -> float:
        if self._keys is None:
            return SECONDS_BETWEEN_FIRST_FETCHES
        return SECONDS_BETWEEN_FETCHES if key is None else FRESH_SECONDS

    def _begin(self) -> asyncio.Task[None]:
        self._asked_at = self._clock.monotonic()
        task = asyncio.create_task(self._fetch())
        task.add_done_callback(self._settle)
        return task

    def _settle(self, _: asyncio.Task[None]) -> None:
        self._fetching = None

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                self._keys = decode_keys(await self._body())
                self._read_at = self._clock.monotonic()
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError) as error:
            _log.warning("jwks_unavailable", url=self._url, why=f"{type(error).__name__}: {error}")

    async def _body(self) -> bytes:
        body = bytearray()
        async with self._client.stream("GET", self._url) as answer:
            if answer.status_code != 200:
                raise ValueError(f"HTTP {answer.status_code}")
            async for chunk in answer.aiter_raw():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise ValueError(f"more than {MAX_BODY_BYTES} bytes")
        return bytes(body)


def decode_keys(body: bytes) -> KeySet:
    """The usable keys of a JWKS body. Raises ValueError where there are none."""
    listed = msgspec.json.decode(body, type=_WireKeySet).keys
    if keys := [key for each in listed if (key := _public_key(each)) is not None]:
        return KeySet(keys)
    raise ValueError("no key that can check a signature")


def _public_key(wire: dict[str, object]) -> Key | None:
    """None for what is unknown, malformed, weak or a shared secret: it never hides the other keys."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", SecurityWarning)
        try:
            key = JWKRegistry.import_key(wire)  # type: ignore[arg-type]  # it checks what the type demands
        except (JoseError, SecurityWarning, ValueError, TypeError, KeyError):
            return None
    return None if isinstance(key, OctKey) else key
