"""The two measured vendors asked without our manners: a client, a signature, a call; decoded as we decode."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import httpx2 as httpx
import msgspec

from graph.provider_file import read_providers
from resolvers.clock import Clock
from resolvers.domain import Precheck
from resolvers.providers import huawei_drs, oceanbase_oms
from resolvers.providers.huawei_drs.access import HuaweiDrsSettings
from resolvers.providers.huawei_drs.decode import Reading, decode_answer, decode_batch
from resolvers.providers.huawei_drs.signing import SignatureAuth
from resolvers.providers.oceanbase_oms.auth import OceanBaseOmsSettings, auth_of
from resolvers.reference import Reference
from resolvers.upstream.answer import Answer, VendorClock
from resolvers.upstream.contract import ProviderSettings, Secret

_JSON = {"content-type": "application/json"}


class Vendor(Protocol):
    """Bodies come from the network, prechecks from bodies."""

    settings: ProviderSettings
    batch_size: int

    async def body(self, client: httpx.AsyncClient, external_ids: Sequence[str]) -> bytes:
        """What one call answers. Raises httpx.HTTPError."""

    def decode(self, body: bytes, external_ids: Sequence[str]) -> list[Precheck]:
        """The prechecks in an answer, in the order asked."""


class PlainDrs:
    """Ten ids in a call."""

    batch_size = huawei_drs.MOST_JOBS_PER_CALL

    def __init__(self, settings: HuaweiDrsSettings) -> None:
        self.settings: ProviderSettings = settings
        secret = settings.secret_key or Secret("")
        self._auth = SignatureAuth(settings.access_key or "", secret, None, VendorClock(Clock()))
        self._url = f"{settings.base_url}/v3/{settings.project_id}/jobs/batch-precheck-result"
        self._headers = {**_JSON, "x-language": huawei_drs.LANGUAGE, "x-project-id": settings.project_id}

    async def body(self, client: httpx.AsyncClient, external_ids: Sequence[str]) -> bytes:
        """What one call answers. Raises httpx.HTTPError."""
        content = msgspec.json.encode({"jobs": external_ids})
        answer = await client.post(self._url, content=content, headers=self._headers, auth=self._auth)
        return answer.raise_for_status().content

    def decode(self, body: bytes, external_ids: Sequence[str]) -> list[Precheck]:
        """The prechecks in an answer, in the order asked."""
        wire = decode_answer(Answer(200, {}, body), self.settings.id)
        outcomes = decode_batch(wire, external_ids, Reading(self.settings.id, datetime.now(UTC)))
        return [_precheck(outcomes[each]) for each in external_ids]


class PlainOms:
    """One id in a call."""

    batch_size = 1

    def __init__(self, settings: OceanBaseOmsSettings) -> None:
        self.settings: ProviderSettings = settings
        self._auth = auth_of(settings) or httpx.Auth()
        self._url = f"{settings.base_url}{oceanbase_oms.PATH}?Action={oceanbase_oms.ACTION}"

    async def body(self, client: httpx.AsyncClient, external_ids: Sequence[str]) -> bytes:
        """What one call answers. Raises httpx.HTTPError."""
        content = msgspec.json.encode({"id": external_ids[0]})
        answer = await client.post(self._url, content=content, headers=_JSON, auth=self._auth)
        return answer.raise_for_status().content

    def decode(self, body: bytes, external_ids: Sequence[str]) -> list[Precheck]:
        """The prechecks in an answer, in the order asked."""
        reference = Reference(self.settings.id, external_ids[0])
        return [oceanbase_oms.decode_precheck(body, reference, datetime.now(UTC))]


def plain_vendors(providers_file: Path) -> dict[str, Vendor]:
    """The vendors of a provider file, by the providers' ids."""
    return {settings.id: _plain(settings) for settings in read_providers(providers_file)}


async def bodies(vendor: Vendor, client: httpx.AsyncClient, external_ids: Sequence[str]) -> list[bytes]:
    """The answers to as many calls as these ids take, all at once."""
    return await asyncio.gather(*(vendor.body(client, batch) for batch in batches(vendor, external_ids)))


def batches(vendor: Vendor, external_ids: Sequence[str]) -> list[Sequence[str]]:
    """The ids of each call."""
    size = vendor.batch_size
    return [external_ids[start : start + size] for start in range(0, len(external_ids), size)]


def shown(precheck: Precheck) -> dict[str, Any]:
    """The entry of `lookupPrechecks` that the measured document selects."""
    items = [
        {
            "code": item.code,
            "title": item.title,
            "side": item.side.value,
            "category": item.category.value,
            "state": item.state.value,
            "blocking": item.blocking,
            "vendorState": item.vendor_state,
            "reason": item.reason,
        }
        for item in precheck.items
    ]
    entry = {"externalId": precheck.external_id, "status": precheck.status.value, "items": items}
    return {"precheck": entry, "problem": None}


def answered(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The answer that holds these entries."""
    return {"data": {"lookupPrechecks": entries}}


async def token_of(settings: HuaweiDrsSettings) -> str:
    """A token for whoever cannot sign. Raises httpx.HTTPError."""
    user = {
        "name": settings.username,
        "password": settings.password.reveal() if settings.password else "",
        "domain": {"name": settings.domain},
    }
    identity = {"methods": ["password"], "password": {"user": user}}
    asked = {"auth": {"identity": identity, "scope": {"project": {"id": settings.project_id}}}}
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{settings.iam_url}/v3/auth/tokens", json=asked)
    token: str = answer.raise_for_status().headers["x-subject-token"]
    return token


def _plain(settings: ProviderSettings) -> Vendor:
    if isinstance(settings, HuaweiDrsSettings):
        return PlainDrs(settings)
    if isinstance(settings, OceanBaseOmsSettings):
        return PlainOms(settings)
    raise TypeError(settings.vendor)


def _precheck(outcome: object) -> Precheck:
    if not isinstance(outcome, Precheck):
        raise TypeError(f"this was to be a precheck: {outcome}")
    return outcome
