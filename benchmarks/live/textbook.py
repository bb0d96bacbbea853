"""The same subscription as Strawberry's documentation teaches it: a queue for each subscriber, its view, its JSON.

One task asks the vendor for all who watch a precheck, and its answers are decoded by our decoders, so that what
differs is how a change reaches its subscribers.
"""

import asyncio
import secrets
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeAlias, cast

import httpx2 as httpx
import strawberry
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from strawberry.asgi import GraphQL
from strawberry.extensions import ParserCache, SchemaExtension, ValidationCache

from benchmarks.plain import Vendor, plain_vendors
from benchmarks.textbook import Precheck, PrecheckItem, PrecheckRefInput, Query
from graph.types.words import PrecheckEventKind, PrecheckItemState
from resolvers import domain
from resolvers.reference import Reference


@strawberry.type
class PrecheckItemChange:
    item: PrecheckItem
    previous_state: PrecheckItemState | None


@strawberry.type
class PrecheckEvent:
    kind: PrecheckEventKind
    cursor: str
    at: datetime
    precheck: Precheck | None
    changes: list[PrecheckItemChange]
    gap: bool
    remaining: int


class Topic:
    """One watched precheck, its subscribers and the task that asks for it."""

    def __init__(self, vendor: Vendor, reference: Reference) -> None:
        self.queues: set[asyncio.Queue[PrecheckEvent]] = set()
        self._vendor = vendor
        self._reference = reference
        self._newest: domain.Precheck | None = None
        self._event: PrecheckEvent | None = None
        self.polling = asyncio.create_task(self._poll())

    def join(self, queue: "asyncio.Queue[PrecheckEvent]") -> None:
        """What is known comes at once."""
        self.queues.add(queue)
        if self._event is not None:
            queue.put_nowait(replace(self._event, kind=PrecheckEventKind.SNAPSHOT))

    async def _poll(self) -> None:
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            while True:
                body = await self._vendor.body(client, [self._reference.external_id])
                self._take(self._vendor.decode(body, [self._reference.external_id])[0])
                await asyncio.sleep(self._vendor.settings.limits.poll_seconds or 1.0)

    def _take(self, precheck: domain.Precheck) -> None:
        before, self._newest = self._newest, precheck
        if before is not None and (before.items, before.status) == (precheck.items, precheck.status):
            return
        self._event = PrecheckEvent(
            kind=PrecheckEventKind.CHANGED if before else PrecheckEventKind.SNAPSHOT,
            cursor=secrets.token_urlsafe(8),
            at=datetime.now(UTC),
            precheck=cast("Precheck", precheck),
            changes=[],
            gap=False,
            remaining=1,
        )
        for queue in self.queues:
            queue.put_nowait(self._event)


class Topics:
    """What is watched."""

    def __init__(self, vendors: dict[str, Vendor]) -> None:
        self._vendors = vendors
        self._topics: dict[Reference, Topic] = {}

    async def watch(self, reference: Reference) -> AsyncGenerator[PrecheckEvent, None]:
        """Events, from the newest on."""
        topic = self._topics.get(reference)
        if topic is None:
            topic = self._topics[reference] = Topic(self._vendors[reference.provider_id], reference)
        queue: asyncio.Queue[PrecheckEvent] = asyncio.Queue()
        topic.join(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            topic.queues.discard(queue)
            if not topic.queues and self._topics.get(reference) is topic:
                del self._topics[reference]
                topic.polling.cancel()


Info = strawberry.Info[Topics, None]
Extension: TypeAlias = Callable[[], SchemaExtension]


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def precheck_updates(
        self, info: Info, refs: list[PrecheckRefInput]
    ) -> AsyncGenerator[PrecheckEvent, None]:
        [ref] = refs
        async for event in info.context.watch(Reference(ref.provider_id or "", ref.external_id or "")):
            yield event


class Endpoint(GraphQL[Topics, None]):
    """Strawberry's view."""

    def __init__(self, topics: Topics, extensions: list[Extension]) -> None:
        schema = strawberry.federation.Schema(
            query=Query, subscription=Subscription, extensions=extensions, federation_version="2.5"
        )
        super().__init__(schema)
        self._topics = topics

    async def get_context(self, request: Any, response: Any) -> Topics:
        return self._topics


def main(providers_file: Path, *options: str) -> None:
    """Serve until the process is ended.

    With `--known-documents` each text is parsed and validated once, which a change to those who watch has no part
    in: ten thousand viewers are there sooner.
    """
    caches: list[Extension] = [lambda: ParserCache(maxsize=2000), lambda: ValidationCache(maxsize=2000)]
    extensions = caches if "--known-documents" in options else []
    endpoint = Endpoint(Topics(plain_vendors(providers_file)), extensions)
    app = Starlette(routes=[Route("/graphql", endpoint), WebSocketRoute("/graphql", endpoint)])
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sys.stdout.write(f"textbook: http://127.0.0.1:{listener.getsockname()[1]}/graphql\n")
    sys.stdout.flush()
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=10.0,
        ws_ping_timeout=10.0,
    )
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
