"""Project tokens of Huawei's IAM: fetched once for everyone who waits, and again before or when they expire."""

import asyncio
from collections.abc import Generator
from typing import Any, NamedTuple

import httpx2 as httpx
import msgspec

from resolvers.clock import Clock
from resolvers.errors import PrecheckError, TimedOut, Unauthenticated, Unreachable
from resolvers.providers.huawei_drs.decode import decode_answer, decode_refused
from resolvers.upstream.answer import Answer
from resolvers.upstream.connection import Connection
from resolvers.upstream.contract import Secret

PATH = "/v3/auth/tokens"
LIFETIME_SECONDS = 24 * 3600.0
# One that is nearly over can end in the middle of a request.
REFRESH_SECONDS = 23 * 3600.0
# After a failure IAM is left alone for so long, however many calls want a token.
REST_SECONDS = 5.0
TOKEN_CODES = frozenset({"DRS.M00100", "DRS.M00103", "APIGW.0301", "APIG.0301"})


class User(NamedTuple):
    """Whom the token is for, and the one project it opens."""

    name: str
    domain: str
    password: Secret
    project_id: str


class TokenAuth(httpx.Auth):
    """One token; two objects are two tokens, whatever their text."""

    def __init__(self, token: str, fetched_at: float) -> None:
        self._token = token
        self.fetched_at = fetched_at

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the token along."""
        request.headers["X-Auth-Token"] = self._token
        yield request


class TokenAccess:
    """Signs in by a token, which all calls of the connection share.

    A token is fetched anew an hour before its end. While that fails, the old one serves until it is over.
    """

    def __init__(self, user: User, iam_url: str, connection: Connection, clock: Clock) -> None:
        self._user = user
        self._url = iam_url.rstrip("/") + PATH
        self._connection = connection
        self._clock = clock
        self._token: TokenAuth | None = None
        self._fetching: asyncio.Task[TokenAuth] | None = None
        self._failure: PrecheckError | None = None
        self._failed_at = 0.0

    async def auth(self) -> TokenAuth:
        """The token to use now. Raises PrecheckError where none can be had."""
        token = self._token
        if token is None or self._age_seconds(token) >= LIFETIME_SECONDS:
            return await self._fetched()
        if self._age_seconds(token) >= REFRESH_SECONDS and not self._rests:
            self._start()  # nobody waits for it while the old one is good
        return token

    async def renew(self, used: httpx.Auth, answer: Answer, code: str | None) -> bool:
        """Whether the call is worth repeating: the token was refused, and there is another one by now."""
        if answer.status != 401 and (code or "").upper() not in TOKEN_CODES:
            return False
        if self._token is used:
            self._token = None
        if self._token is None:
            await self._fetched()
        return True

    async def close(self) -> None:
        """Give up a fetch under way."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _age_seconds(self, token: TokenAuth) -> float:
        return self._clock.monotonic() - token.fetched_at

    async def _fetched(self) -> TokenAuth:
        if self._failure is not None and self._rests:
            raise self._failure.with_traceback(None)
        return await asyncio.shield(self._start())

    @property
    def _rests(self) -> bool:
        return self._failure is not None and self._clock.monotonic() - self._failed_at < REST_SECONDS

    def _start(self) -> asyncio.Task[TokenAuth]:
        if self._fetching is None:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._settle)
        return self._fetching

    def _settle(self, task: asyncio.Task[TokenAuth]) -> None:
        self._fetching = None
        error = None if task.cancelled() else task.exception()
        self._failure = error if isinstance(error, PrecheckError) else None
        self._failed_at = self._clock.monotonic()

    async def _fetch(self) -> TokenAuth:
        started = self._clock.monotonic()
        try:
            try:
                answer = await self._ask()
            except Unreachable:
                answer = await self._ask()
        except (TimedOut, Unreachable) as error:
            raise self._out_of_reach() from error
        token = answer.headers.get("x-subject-token")
        if answer.status >= 300 or not token:
            raise self._refusal(answer)
        self._connection.censor.learn("token", token)
        self._token = TokenAuth(token, started)
        return self._token

    async def _ask(self) -> Answer:
        headers = {"content-type": "application/json;charset=utf8"}
        return await self._connection.send("POST", self._url, content=self._request(), headers=headers)

    def _request(self) -> bytes:
        user = self._user
        known = {"name": user.name, "password": user.password.reveal(), "domain": {"name": user.domain}}
        identity = {"methods": ["password"], "password": {"user": known}}
        return msgspec.json.encode({"auth": {"identity": identity, "scope": {"project": {"id": user.project_id}}}})

    def _refusal(self, answer: Answer) -> PrecheckError:
        provider_id = self._connection.provider_id
        if answer.status < 400:
            return self._connection.unreadable("IAM sent no token")
        facts = decode_refused(decode_answer(answer, provider_id), answer, provider_id).facts
        if answer.status == 429:
            return self._connection.refusal(answer, **facts) or self._connection.unreadable("IAM sent no token")
        if answer.status >= 500:
            return self._out_of_reach(**facts)
        return Unauthenticated(
            "Huawei's IAM refuses the configured user. Check `username`, `domain`, `password` and `project_id`; "
            "an account that signs in with a HUAWEI ID needs an IAM user of its own.",
            provider_id=provider_id,
            **facts,
        )

    def _out_of_reach(self, **facts: Any) -> PrecheckError:
        return Unauthenticated(
            "Huawei's IAM, which gives the token to sign in with, cannot be reached. Check `iam_url` and network.",
            provider_id=self._connection.provider_id,
            retryable=True,
            **facts,
        )
