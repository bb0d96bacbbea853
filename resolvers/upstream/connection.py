"""One pool towards one vendor: turns, stage deadlines, a bounded body, every error one of ours."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, NamedTuple, Self

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
from resolvers.metrics import LIMITER_WAIT_SECONDS, VENDOR_CALL_SECONDS, VENDOR_CALLS
from resolvers.upstream.answer import Answer, VendorClock, request_id, retry_after
from resolvers.upstream.body import Body, UnreadableBody
from resolvers.upstream.censor import Censor, credentials_of
from resolvers.upstream.limiter import Dismissed, Limiter
from resolvers.upstream.request import Requests, response_of
from resolvers.upstream.transport import Route, transport_for

CONNECT_SECONDS = 2.0
MOST_HEADERS = 200
_SHARE_FOR_CONNECTING = 0.5
_SHARE_FOR_HEADERS = 0.75
_SHARE_FOR_SILENCE = 0.5
_ANSWERED = "answered"
_CREDENTIALS = ("authorization", "x-auth-token", "x-security-token", "x-tc-token")


class Stages(NamedTuple):
    """How long each stage of one exchange may take, in seconds."""

    connect: float
    headers: float
    silence: float
    total: float

    @classmethod
    def within(cls, total: float) -> Self:
        """The stages of an exchange that may take `total` seconds."""
        connect = min(CONNECT_SECONDS, _SHARE_FOR_CONNECTING * total)
        return cls(connect, _SHARE_FOR_HEADERS * total, _SHARE_FOR_SILENCE * total, total)


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
        self.timeout_seconds = timeout_seconds
        self.limiter = limiter
        self.clock = VendorClock(clock)
        self._monotonic = clock.monotonic
        self._stages = Stages.within(timeout_seconds)
        self._turns = asyncio.Semaphore(concurrency)
        # The problem of whoever was sent away from the line; `Manners` knows why and says so.
        self.no_turn = RateLimited("Calls to this vendor are held back.", provider_id=provider_id)
        self.censor = Censor()
        self._requests = Requests(base_url, self._stages.connect)
        self._transport = transport_for(
            base_url, route, provider_id=provider_id, clock=clock, idle_connections=concurrency
        )
        self._is_closed = False
        self._waited = LIMITER_WAIT_SECONDS.labels(provider_id)
        self._took = VENDOR_CALL_SECONDS.labels(provider_id)
        self._answered = VENDOR_CALLS.labels(provider_id, _ANSWERED)

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

        Raises TimedOut, Unreachable, UnreadableAnswer, or `no_turn` where the line was dismissed; any HTTP status
        but a redirect is an answer.
        """
        if self._is_closed:
            raise RuntimeError("a connection that was closed cannot send")
        request = self._requests.request(method, url, params, content, headers)
        async with self._turn():
            # Signed only now, for signatures grow old and the vendor's clock may have been learnt meanwhile.
            flow = (auth or httpx.Auth()).async_auth_flow(request)
            try:
                return await self._follow(flow)
            finally:
                await flow.aclose()

    async def close(self) -> None:
        """Close the pool."""
        self._is_closed = True
        await self._transport.aclose()

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
        known["vendor_request_id"] = known.get("vendor_request_id") or request_id(answer)
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

    async def _follow(self, flow: AsyncGenerator[httpx.Request, httpx.Response]) -> Answer:
        """Drive the signing here, where what comes in between is read within bounds."""
        clock_offset = self.clock.offset
        request = await anext(flow)
        while True:
            answer = await self._exchange(request, clock_offset)
            if answer.status < 400:  # only a refusal can ask to sign in in another way
                return answer
            try:
                request = await flow.asend(response_of(answer, request))
            except StopAsyncIteration:
                return answer
            await self.limiter.take()

    async def _exchange(self, request: httpx.Request, clock_offset: timedelta) -> Answer:
        started = self._monotonic()
        end = "cancelled"
        try:
            answer = await self._converse(request, clock_offset)
            end = _ANSWERED if answer.status < 400 else f"http_{answer.status // 100}xx"
        except PrecheckError as error:
            end = error.code.value.lower()
            raise
        finally:
            ended = self._answered if end is _ANSWERED else VENDOR_CALLS.labels(self.provider_id, end)
            ended.inc()
            self._took.observe(self._monotonic() - started)
        return answer

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        came = self._monotonic()
        try:
            async with self.limiter.queue(self.provider_id):
                await self._turns.acquire()
                try:
                    await self.limiter.take()
                except BaseException:
                    self._turns.release()
                    raise
        except Dismissed:
            raise self.no_turn.with_traceback(None) from None
        finally:
            self._waited.observe(self._monotonic() - came)
        try:
            yield
        finally:
            self._turns.release()

    async def _converse(self, request: httpx.Request, clock_offset: timedelta) -> Answer:
        stages = self._stages
        try:
            async with asyncio.timeout(stages.total):
                response = await self._headers(request)
                try:
                    body = await self._body(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            raise self._timed_out(f"did not finish its answer within {stages.total:g} s") from None
        except httpx.TransportError as error:
            raise self._broke_off() from error
        sent = credentials_of(value for name in _CREDENTIALS if (value := request.headers.get(name)) is not None)
        headers = httpx.Headers(self.censor.clean_headers(response.headers.raw, sent))
        return Answer(response.status_code, headers, self.censor.clean(body, sent), clock_offset)

    async def _headers(self, request: httpx.Request) -> httpx.Response:
        try:
            async with asyncio.timeout(self._stages.headers):
                response = await self._transport.handle_async_request(request)
        except TimeoutError:
            raise self._timed_out(f"did not begin to answer within {self._stages.headers:g} s") from None
        except httpx.RemoteProtocolError as error:
            if _is_no_http(error):
                raise self.unreadable("it is not HTTP") from error
            raise
        except httpx.ConnectTimeout:
            raise self._unreachable(f"no connection within {self._stages.connect:g} s") from None
        if 300 <= response.status_code < 400 or response.status_code < 200:
            await response.aclose()
            raise self._redirected(response.status_code)
        if len(response.headers) > MOST_HEADERS:
            await response.aclose()
            raise self.unreadable(f"it has more than {MOST_HEADERS} headers")
        return response

    async def _body(self, response: httpx.Response) -> bytes:
        now = asyncio.get_running_loop().time
        try:
            body = Body(response.headers.get("content-encoding", ""))
            async with asyncio.timeout(self._stages.silence) as silence:
                async for chunk in response.aiter_raw():
                    silence.reschedule(now() + self._stages.silence)
                    body.feed(chunk)
            return body.whole()
        except UnreadableBody as error:
            raise self.unreadable(str(error)) from None
        except TimeoutError:
            raise self._timed_out(
                f"fell silent for {self._stages.silence:g} s in the middle of its answer"
            ) from None

    def _timed_out(self, what: str) -> TimedOut:
        return TimedOut(f"The vendor {what}.", provider_id=self.provider_id)

    def _unreachable(self, why: str) -> Unreachable:
        return Unreachable(
            f"The vendor cannot be reached: {why}. Check base URL and network.", provider_id=self.provider_id
        )

    def _broke_off(self) -> Unreachable:
        return self._unreachable("no connection, or it broke off")

    def _redirected(self, status: int) -> UnreadableAnswer:
        return UnreadableAnswer(
            f"The vendor answers with HTTP {status}, which leads elsewhere; redirects are not followed. "
            "Set the base URL to where the vendor's API is.",
            provider_id=self.provider_id,
            retryable=False,
        )


def _is_no_http(error: httpx.RemoteProtocolError) -> bool:
    # The client's own complaint, that nothing came before the end, holds no parser's error.
    cause = error.__cause__
    return cause is not None and any(isinstance(each, Exception) for each in cause.args)
