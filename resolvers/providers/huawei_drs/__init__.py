"""Huawei Cloud Data Replication Service (DRS): batches of up to ten jobs by API v3, single runs by v5.

A job id alone is asked by v3, where a re-run overwrites the result before; `job/query` is asked by v5,
where `query` names one run and checks may be skipped. What DRS does otherwise than one would think, each with the
body below `emulator/huawei_drs/wire` that shows it:

- Ids "follow the UUID rule" and end in letters no UUID has: `seed-mysql.json`, `seed-dds.json`.
- There is no status, only a percentage as text: `process-fraction.json`, `pending-process-absent.json`. The flag
  `result` is false from the start and true too early: `running.json`, `running-flag-true.json`.
- ALARM counts as passed: `alarm-with-full-rate.json`.
- `data` is JSON, or single-quoted, or neither: `data-json.json`, `data-single-quoted.json`,
  `data-unreadable.json`. One collection is named with a comma, braces and a backtick:
  `data-commas-and-braces.json`.
- v3 says `precheck_result`, v5 `precheck_results`: `v5-passed.json`. Without a value a key is absent, not null.
- Errors have four shapes: `error-400-invalid.json`, `error-401-gateway.json`, `error-400-results.json`, and IAM's
  own. They come under 200 and 202 too: `error-200.json`, `error-202-busy.json`; throttling also under 400:
  `error-400-too-often.json`. Gateway codes begin with APIGW or APIG: `error-401-gateway-short.json`.
- One entry of a batch may fail by itself, with or without its id: `entry-error.json`, `error-400-results.json`.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence

import httpx2 as httpx
import msgspec

from resolvers.clock import Clock
from resolvers.errors import PrecheckError, VendorError
from resolvers.providers.huawei_drs.access import HuaweiDrsSettings, access_of
from resolvers.providers.huawei_drs.decode import (
    Reading,
    WireAnswer,
    decode_answer,
    decode_batch,
    decode_job,
    decode_refused,
)
from resolvers.providers.huawei_drs.refusals import REFUSALS
from resolvers.reference import is_plain
from resolvers.upstream.answer import Answer, retry_after
from resolvers.upstream.contract import Outcome, Provider
from resolvers.upstream.limiter import Limiter
from resolvers.upstream.refusals import Refused, meaning
from resolvers.vocabulary import PrecheckLocale, ProviderCapability

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-z]{12}"
EXTERNAL_ID = re.compile(rf"{_ID}(/{_ID})?")
MOST_JOBS_PER_CALL = 10
# What people read of DRS is our own, in English; its language reaches only the texts of errors.
LANGUAGE = "en-us"


class HuaweiDrs(Provider):
    """One project of one account in one region."""

    settings_type = HuaweiDrsSettings
    capabilities = frozenset(
        {
            ProviderCapability.BATCH_QUERY,
            ProviderCapability.REPORTS_PROGRESS,
            ProviderCapability.REPORTS_GROUP,
            ProviderCapability.REPORTS_WARNINGS,
            ProviderCapability.REPORTS_SUB_JOBS,
        }
    )
    batch_size = MOST_JOBS_PER_CALL
    poll_seconds = 2.0
    probe_external_id = "00000000-0000-0000-0000-000000000000"

    def __init__(self, settings: HuaweiDrsSettings, limiter: Limiter, clock: Clock) -> None:
        super().__init__(settings, limiter, clock)
        self._project_id = settings.project_id
        self._access = access_of(settings, self.connection, clock)

    def validate(self, external_id: str) -> str | None:
        """Accept a job id, or a job id and a query id with a slash between them."""
        if is_plain(external_id) and EXTERNAL_ID.fullmatch(external_id):
            return None
        return (
            "A precheck of DRS is named by its job id, for example `140b5236-88ad-43c8-811c-1268453jb101`, "
            "or by job id and query id with a slash between them; letters are small."
        )

    async def ask(self, external_ids: Sequence[str], locale: PrecheckLocale) -> Mapping[str, Outcome]:  # noqa: ARG002  # see LANGUAGE
        """One v3 call for all job ids and one v5 call for each run, side by side."""
        job_ids = list(dict.fromkeys(each for each in external_ids if "/" not in each))
        runs = list(dict.fromkeys(each for each in external_ids if "/" in each))
        if not runs:
            return await self._ask_batch(job_ids)
        if not job_ids and len(runs) == 1:
            return await self._ask_run(runs[0])
        asked = [*([run] for run in runs), *([job_ids] if job_ids else [])]
        outcomes: dict[str, Outcome] = {}
        async with asyncio.TaskGroup() as group:
            calls = [group.create_task(self._settle(each, outcomes)) for each in asked]
        errors = [error for call in calls if (error := call.result()) is not None]
        if len(errors) == len(calls) and len({error.problem.code for error in errors}) == 1:
            raise errors[0]  # trouble with every call is trouble with the connection
        return outcomes

    async def close(self) -> None:
        """Give up a token under way, then close the connections."""
        await self._access.close()
        await super().close()

    async def _settle(self, external_ids: Sequence[str], outcomes: dict[str, Outcome]) -> PrecheckError | None:
        is_run = "/" in external_ids[0]
        try:
            answered = await (self._ask_run(external_ids[0]) if is_run else self._ask_batch(external_ids))
        except PrecheckError as error:
            outcomes.update(dict.fromkeys(external_ids, error.problem))
            return error
        outcomes.update(answered)
        return None

    async def _ask_batch(self, job_ids: Sequence[str]) -> Mapping[str, Outcome]:
        url = f"/v3/{self._project_id}/jobs/batch-precheck-result"
        answer, wire = await self._call("POST", url, content=msgspec.json.encode({"jobs": job_ids}))
        refused = self._refused(answer, wire)
        if (error := self._refusal(answer, wire, refused)) is not None:
            raise error
        return decode_batch(wire, job_ids, self._reading(refused))

    async def _ask_run(self, external_id: str) -> Mapping[str, Outcome]:
        job_id, _, query_id = external_id.partition("/")
        url = f"/v5/{self._project_id}/jobs/{job_id}"
        answer, wire = await self._call("GET", url, params={"type": "precheck", "query_id": query_id})
        refused = self._refused(answer, wire)
        if (error := self._refusal(answer, wire, refused)) is not None:
            raise error
        return {external_id: decode_job(wire, external_id, self._reading(refused))}

    async def _call(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, content: bytes | None = None
    ) -> tuple[Answer, WireAnswer]:
        auth = await self._access.auth()
        answer = await self._send(method, url, params, content, auth)
        wire = decode_answer(answer, self.id)
        if await self._access.renew(auth, answer, self._refused(answer, wire).code):
            answer = await self._send(method, url, params, content, await self._access.auth())
            wire = decode_answer(answer, self.id)
        return answer, wire

    async def _send(
        self, method: str, url: str, params: Mapping[str, str] | None, content: bytes | None, auth: httpx.Auth
    ) -> Answer:
        return await self.connection.send(
            method,
            url,
            params=params,
            content=content,
            headers={
                "content-type": "application/json",
                "x-language": LANGUAGE,
                "x-project-id": self._project_id,
            },
            auth=auth,
        )

    def _refused(self, answer: Answer, wire: WireAnswer) -> Refused:
        refused = decode_refused(wire, answer, self.id)
        return refused._replace(retry_after_seconds=retry_after(answer, self.connection.clock))

    def _refusal(self, answer: Answer, wire: WireAnswer, refused: Refused) -> PrecheckError | None:
        """The error of the whole call: by its code, else by its HTTP status; None where the entries tell."""
        if refused.code is None and answer.status < 400:
            return None
        error = meaning(REFUSALS, refused)
        if isinstance(error, VendorError):
            by_status = self.connection.refusal(answer, **refused.facts)
            if by_status is not None or refused.code is not None:
                return by_status or error
            if isinstance(wire.results, list):
                return None
            return error if refused.message else self.connection.unreadable("it is no documented error")
        return error

    def _reading(self, refused: Refused) -> Reading:
        return Reading(self.id, self.clock.now(), refused.request_id)
