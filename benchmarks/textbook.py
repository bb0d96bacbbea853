"""The same questions answered as Strawberry's documentation teaches: plain types, resolvers, DataLoader, a client.

What it asks of vendors is decoded by our decoders, and an answer is kept as long as ours is, so that what differs
is the work of GraphQL and HTTP. It has none of our care: no retries, no breaker, nothing shared between requests.
"""

import asyncio
import base64
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import httpx2 as httpx
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader

from benchmarks.plain import Vendor, plain_vendors
from graph.types.findings import PrecheckCounts, PrecheckFreshness, PrecheckProgress
from graph.types.problem import PrecheckProblem
from graph.types.words import PrecheckCategory, PrecheckItemState, PrecheckOrder, PrecheckSide, PrecheckStatus
from graph.types.words import PrecheckVerdict as Verdict
from resolvers import domain
from resolvers.reference import Reference, reference_of

DEFAULT_AGE_SECONDS = 2
BARE = {
    "data": {"precheck": {"externalId": "", "status": "COMPLETED", "verdict": "READY", "summary": "", "run": 1}}
}


class Known:
    """The vendors, the client they are asked with, and the newest answers."""

    def __init__(self, providers_file: Path) -> None:
        self.vendors = plain_vendors(providers_file)
        self.client = httpx.AsyncClient(timeout=60, trust_env=False)
        self.prechecks: dict[Reference, tuple[float, domain.Precheck]] = {}

    def tracked(self) -> list[Reference]:
        """What the configuration lists."""
        return [
            Reference(vendor.settings.id, each)
            for vendor in self.vendors.values()
            for each in vendor.settings.track
        ]

    def newest(self, reference: Reference, max_age_seconds: float) -> domain.Precheck | None:
        """An answer that is young enough."""
        at, precheck = self.prechecks.get(reference, (0.0, None))
        return precheck if time.monotonic() - at < max_age_seconds else None


class Loaders:
    """One request's DataLoader for each vendor."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self._by_provider = {each: self._loader(vendor) for each, vendor in known.vendors.items()}

    def _loader(self, vendor: Vendor) -> DataLoader[str, domain.Precheck]:
        async def load(external_ids: list[str]) -> Sequence[domain.Precheck]:
            body = await vendor.body(self.known.client, external_ids)
            return vendor.decode(body, external_ids)

        return DataLoader(load_fn=load, max_batch_size=vendor.batch_size)

    async def load(self, reference: Reference, max_age_seconds: float) -> "Precheck":
        """A precheck not older than that."""
        precheck = self.known.newest(reference, max_age_seconds)
        if precheck is None:
            precheck = await self._by_provider[reference.provider_id].load(reference.external_id)
            self.known.prechecks[reference] = (time.monotonic(), precheck)
        return cast("Precheck", precheck)


Info = strawberry.Info[Loaders, None]


@strawberry.input
class PrecheckRefInput:
    id: strawberry.ID | None = None
    provider_id: strawberry.ID | None = None
    external_id: str | None = None


@strawberry.input
class PrecheckItemFilter:
    states: list[PrecheckItemState] | None = None
    blocking: bool | None = None


@strawberry.type
class PrecheckItem:
    code: str
    title: str
    side: PrecheckSide
    category: PrecheckCategory
    state: PrecheckItemState
    blocking: bool
    vendor_state: str | None
    reason: str | None


@strawberry.type
class Provider:
    id: strawberry.ID
    name: str
    vendor: str


@strawberry.federation.type(keys=["id", "providerId externalId"])
class Precheck:
    id: strawberry.ID
    provider_id: strawberry.ID
    external_id: str
    task_id: str | None
    status: PrecheckStatus
    verdict: Verdict
    summary: str
    run: int
    progress: PrecheckProgress
    counts: PrecheckCounts
    freshness: PrecheckFreshness

    @strawberry.field
    @staticmethod
    def items(
        parent: strawberry.Parent[domain.Precheck], filter: PrecheckItemFilter | None = None
    ) -> list[PrecheckItem]:
        matching = (item for item in parent.items if filter is None or _matches(item, filter))
        return cast("list[PrecheckItem]", list(matching))

    @strawberry.field
    @staticmethod
    async def provider(parent: strawberry.Parent[domain.Precheck], info: Info) -> Provider:
        settings = info.context.known.vendors[parent.provider_id].settings
        return Provider(id=strawberry.ID(settings.id), name=settings.name or settings.id, vendor=settings.vendor)

    @classmethod
    async def resolve_reference(
        cls, info: Info, id: str | None = None, providerId: str = "", externalId: str = ""
    ) -> "Precheck":
        reference = reference_of(id) if id else Reference(providerId, externalId)
        return await info.context.load(reference or Reference("", ""), DEFAULT_AGE_SECONDS)

    @classmethod
    def is_type_of(cls, obj: object, _: object) -> bool:
        return isinstance(obj, domain.Precheck)


@strawberry.type
class PrecheckLookup:
    precheck: Precheck | None
    problem: PrecheckProblem | None = None


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class PrecheckConnection:
    nodes: list[Precheck]
    page_info: PageInfo
    total_count: int


@strawberry.type
class Query:
    @strawberry.field
    async def precheck(self, info: Info, id: strawberry.ID, max_age_seconds: int = 2) -> Precheck | None:
        reference = reference_of(id)
        return None if reference is None else await info.context.load(reference, max_age_seconds)

    @strawberry.field
    async def lookup_prechecks(
        self, info: Info, refs: list[PrecheckRefInput], max_age_seconds: int = 2
    ) -> list[PrecheckLookup]:
        found = (
            info.context.load(Reference(ref.provider_id or "", ref.external_id or ""), max_age_seconds)
            for ref in refs
        )
        return [PrecheckLookup(precheck=precheck) for precheck in await asyncio.gather(*found)]

    @strawberry.field
    async def prechecks(
        self,
        info: Info,
        order_by: Annotated[PrecheckOrder, strawberry.argument()] = PrecheckOrder.UPDATED_DESC,
        first: int = 50,
        after: str | None = None,
    ) -> PrecheckConnection:
        del order_by  # the worst first is all that is measured
        always = float("inf")
        found = await asyncio.gather(*(info.context.load(each, always) for each in info.context.known.tracked()))
        ranks = {verdict: rank for rank, verdict in enumerate(Verdict)}
        ordered = sorted(found, key=lambda each: (ranks[each.verdict], each.provider_id, each.external_id))
        start = int(base64.b64decode(after)) if after else 0
        page = ordered[start : start + first]
        cursor = base64.b64encode(str(start + len(page)).encode()).decode()
        return PrecheckConnection(
            nodes=page,
            page_info=PageInfo(has_next_page=start + first < len(ordered), end_cursor=cursor),
            total_count=len(ordered),
        )


schema = strawberry.federation.Schema(query=Query, federation_version="2.5")


class Endpoint(GraphQL[Loaders, None]):
    """Strawberry's view, with new loaders for each request."""

    def __init__(self, known: Known) -> None:
        super().__init__(schema)
        self._known = known

    async def get_context(self, request: Any, response: Any) -> Loaders:
        return Loaders(self._known)


def _matches(item: domain.PrecheckItem, filter: PrecheckItemFilter) -> bool:
    is_asked_for = filter.states is None or item.state in filter.states
    return is_asked_for and filter.blocking in (None, item.blocking)


async def bare(_: Request) -> Response:
    """What a route costs that does nothing: JSON of a tiny answer's size."""
    return JSONResponse(BARE)


def main(providers_file: Path) -> None:
    """Serve until the process is ended."""
    app = Starlette(
        routes=[Route("/graphql", Endpoint(Known(providers_file))), Route("/bare", bare, methods=["POST"])]
    )
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sys.stdout.write(f"textbook: http://127.0.0.1:{listener.getsockname()[1]}/graphql\n")
    sys.stdout.flush()
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run([listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
