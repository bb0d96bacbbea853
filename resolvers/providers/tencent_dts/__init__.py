"""Tencent Cloud Data Transmission Service (DTS), migration checks, API version 2021-12-06.

One job a call, twenty calls a second for each account. A re-run overwrites the result before, under the same id.
What DTS does otherwise than one would think, each with the body below `emulator/tencent_dts/wire` that shows it:

- A failure of the API comes under HTTP 200: `error-not-found.json`. Any other status is the network's:
  `error-http-502.json`.
- `Status` says whether the check ran, `CheckFlag` whether it passed: `not-passed-success.json`,
  `not-passed-failed.json`. A run that broke is also `failed`: `broken.json`.
- A step may be `failed`, skipped and hold a warning while the whole passes: `seed.json`.
- A step may `pass` with a warning inside: `warning-inside-pass.json`; `blocked` means that it was not run:
  `blocked-chain.json`.
- Nearly everything may be null: `all-null.json`, `nulls-in-steps.json`. `HelpDoc` may hold blanks:
  `help-doc-blank.json`.
- Steps are numbered with gaps: `numbers-with-gaps.json`.
- Without a language texts are Chinese: `chinese-names.json`.
- There is no percentage in this call: `running.json`.
"""

import re
from collections.abc import Mapping, Sequence

import msgspec

from resolvers.clock import Clock
from resolvers.errors import PrecheckError, Unreachable, UnreadableAnswer
from resolvers.providers.tencent_dts.decode import WirePrecheck, decode_precheck, decode_refused, decode_response
from resolvers.providers.tencent_dts.refusals import CLOCK_CODE
from resolvers.providers.tencent_dts.signing import TencentAuth
from resolvers.reference import Reference, is_plain
from resolvers.upstream.answer import Answer
from resolvers.upstream.contract import Outcome, Provider, ProviderSettings, Secret
from resolvers.upstream.limiter import Limiter
from resolvers.vocabulary import PrecheckLocale, ProviderCapability

ACTION = "DescribeMigrationCheckJob"
VERSION = "2021-12-06"
DEFAULT_REGION = "ap-guangzhou"
EXTERNAL_ID = re.compile(r"dts-[0-9a-z]+")
LANGUAGES = {PrecheckLocale.EN: "en-US", PrecheckLocale.ZH_CN: "zh-CN"}


class TencentDtsSettings(ProviderSettings, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account in one region; `session_token` goes with temporary keys."""

    secret_id: str
    secret_key: Secret
    session_token: Secret | None = None


class TencentDts(Provider):
    """One account in one region."""

    settings_type = TencentDtsSettings
    capabilities = frozenset(
        {
            ProviderCapability.REPORTS_WARNINGS,
            ProviderCapability.REPORTS_REMEDY,
            ProviderCapability.REPORTS_SKIP_CONSEQUENCE,
            ProviderCapability.LOCALISED_TEXT,
        }
    )
    locales = (PrecheckLocale.EN, PrecheckLocale.ZH_CN)
    requests_per_second = 20.0
    probe_external_id = "dts-00000000"

    def __init__(self, settings: TencentDtsSettings, limiter: Limiter, clock: Clock) -> None:
        super().__init__(settings, limiter, clock)
        self._region = settings.region or DEFAULT_REGION
        if not settings.secret_id or not settings.secret_key.reveal():
            missing = "secret_key" if settings.secret_id else "secret_id"
            raise ValueError(f"Provider {settings.id!r} signs its requests: add the key `{missing}`.")
        self._auth = TencentAuth(
            settings.secret_id, settings.secret_key, settings.session_token, self.connection.clock
        )

    @classmethod
    def rate_scope(cls, settings: ProviderSettings) -> str:
        """Calls are counted for each account."""
        return settings.secret_id if isinstance(settings, TencentDtsSettings) else settings.id

    def validate(self, external_id: str) -> str | None:
        """Accept `dts-` and small letters or digits."""
        if is_plain(external_id) and EXTERNAL_ID.fullmatch(external_id):
            return None
        return (
            "A precheck of DTS is named by its job id, `dts-` and small letters or digits, "
            "for example `dts-1ewjspuw`."
        )

    async def ask(self, external_ids: Sequence[str], locale: PrecheckLocale) -> Mapping[str, Outcome]:
        """One call for the one identifier, and a second one if the vendor's clock was not known yet."""
        (external_id,) = external_ids
        answer, wire = await self._call(external_id, locale)
        refused = decode_refused(wire, self.id)
        is_late = refused is not None and (refused.code or "").upper() == CLOCK_CODE
        if is_late and self.connection.clock.learn(answer):
            answer, wire = await self._call(external_id, locale)
        return {external_id: decode_precheck(wire, Reference(self.id, external_id), self.clock.now())}

    async def _call(self, job_id: str, locale: PrecheckLocale) -> tuple[Answer, WirePrecheck]:
        answer = await self.connection.send(
            "POST",
            "/",
            content=msgspec.json.encode({"JobId": job_id}),
            headers={
                "content-type": "application/json",
                "x-tc-action": ACTION,
                "x-tc-version": VERSION,
                "x-tc-region": self._region,
                "x-tc-language": LANGUAGES[locale],
            },
            auth=self._auth,
        )
        try:
            wire = decode_response(answer.body, self.id)
        except UnreadableAnswer:
            if answer.status < 300:
                raise
            raise self._from_between(answer) from None
        if answer.status >= 300 and decode_refused(wire, self.id) is None:
            raise self._from_between(answer)
        return answer, wire

    def _from_between(self, answer: Answer) -> PrecheckError:
        """DTS itself answers by 200 alone: any other status, unless around its own refusal, is the network's."""
        told = self.connection.refusal(answer) if answer.status in (401, 403, 429) else None
        return told or Unreachable(
            f"DTS cannot be reached: something on the way answers with HTTP {answer.status}. "
            "Check base URL and network.",
            provider_id=self.id,
        )
