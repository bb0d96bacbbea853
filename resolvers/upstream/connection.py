"""The HTTP manners that every vendor gets: one pool, a deadline, a bulkhead, a bounded body, mapped errors."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

import httpx2 as httpx

from resolvers.clock import Clock
from resolvers.errors import (
    Forbidden,
    PrecheckError,
    RateLimited,
    TimedOut,
    Unauthenticated,
    Unreachable,
    UnreadableAnswer,
)
from resolvers.upstream.limiter import Limiter
from resolvers.upstream.transport import Route, transport_for

MAX_BODY_BYTES = 8 * 1024 * 1024
CONNECT_SECONDS = 2.0
_MAX_RETRY_AFTER_SECONDS = 30.0


class Answer(NamedTuple):
    """What came back: status, headers and the decoded body, of at most MAX_BODY_BYTES.

    `clock_offset` is what was known of the vendor's clock when the request was signed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    clock_offset: timedelta = timedelta(0)


class VendorClock:
    """The vendor's time as far as it is known: ours, moved by what its `Date` header taught."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset = timedelta(0)

    def now(self) -> datetime:
        """The instant to sign with."""
        return self._clock.now() + self.offset

    def learn(self, answer: Answer) -> bool:
        """Take over the time of a vendor that refused ours; whether signing anew may help.

        It may also help where another call has learnt the time while this one was under way.
        """
        try:
            theirs = parsedate_to_datetime(answer.headers.get("date", ""))
        except ValueError:
            return False
        if theirs.tzinfo is None:
            return False
        self.offset += theirs - self.now()
        return abs(self.offset - answer.clock_offset) > timedelta(seconds=1)


class Connection:
    """One pool towards one vendor endpoint. A cancelled caller costs only its own call."""

    def __init__(
        self,
        *,
        provider_id: str,
        base_url: str,
        timeout_seconds: float,
        concurrency: int,
        limiter: Limiter,
        clock: Clock,
        route: Route = Route(),  # noqa: B008 - immutable
    ) -> None:
        self.provider_id = provider_id
        self.clock = VendorClock(clock)
        self._timeout_seconds = timeout_seconds
        self._limiter = limiter
        self._turns = asyncio.Semaphore(concurrency)
        self._client = httpx.AsyncClient(
            base_url=base_url.rstrip("/"),
            timeout=httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds)),
            transport=transport_for(route, provider_id=provider_id, clock=clock),
            follow_redirects=False,
            trust_env=False,
        )

    async def send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
    ) -> Answer:
        """One call, in turn and in time. `url` is a path below the base URL, or an absolute URL.

        Raises TimedOut, Unreachable, UnreadableAnswer or RateLimited; any HTTP status is an answer.
        """
        await self._limiter.take(self.provider_id)
        request = self._client.build_request(method, url, params=params, content=content, headers=headers)
        async with self._turns:
            try:
                async with asyncio.timeout(self._timeout_seconds):
                    return await self._exchange(request, auth)
            except (TimeoutError, httpx.TimeoutException) as error:
                raise TimedOut(
                    f"The vendor did not answer within {self._timeout_seconds:g} s.",
                    provider_id=self.provider_id,
                ) from error
            except httpx.DecodingError as error:
                raise self.unreadable("its compression is broken") from error
            except httpx.TransportError as error:
                raise Unreachable(
                    "The vendor cannot be reached: no connection, or it broke off. Check base URL and network.",
                    provider_id=self.provider_id,
                ) from error

    async def close(self) -> None:
        """Close the pool."""
        await self._client.aclose()

    def unreadable(self, why: str, *, vendor_request_id: str | None = None) -> UnreadableAnswer:
        """The error for an answer that is not what the vendor documents."""
        return UnreadableAnswer(
            f"The vendor's answer could not be read: {why}.",
            provider_id=self.provider_id,
            vendor_request_id=vendor_request_id,
        )

    def refusal(self, answer: Answer, **known: Any) -> PrecheckError | None:
        """The error that an HTTP status alone tells, None for a status that says nothing of the kind.

        `known` are further facts of the problem (vendor_code, vendor_advice, vendor_request_id).
        """
        known = {"provider_id": self.provider_id, **known}
        match answer.status:
            case 401:
                return Unauthenticated("The vendor refuses the configured credentials. Check them.", **known)
            case 403:
                return Forbidden("The configured credentials have no right to read this precheck.", **known)
            case 429:
                return RateLimited(
                    "The vendor asks for fewer calls.",
                    retry_after_seconds=retry_after(answer, self.clock),
                    **known,
                )
            case status if status >= 500:
                return Unreachable(f"The vendor's side is broken: it answers with HTTP {status}.", **known)
        return None

    async def _exchange(self, request: httpx.Request, auth: httpx.Auth | None) -> Answer:
        clock_offset = self.clock.offset
        response = await self._client.send(request, auth=auth, stream=True)
        try:
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise self.unreadable(f"it is larger than {MAX_BODY_BYTES} bytes")
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers, bytes(body), clock_offset)


def retry_after(answer: Answer, clock: VendorClock) -> float | None:
    """Seconds that `Retry-After` asks to wait, from seconds or a date, at most 30; None if it asks nothing."""
    text = answer.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return min(float(text[:9]), _MAX_RETRY_AFTER_SECONDS)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        return None
    return min(max((until - clock.now()).total_seconds(), 0.0), _MAX_RETRY_AFTER_SECONDS)
