"""Execution without sockets: one side's process runs a piece of work for a while and tells its CPU time."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import httpx2 as httpx
import orjson
from msgspec.structs import replace
from strawberry.asgi import GraphQL
from strawberry.schema import BaseSchema

from benchmarks import textbook
from benchmarks.plain import answered, batches, bodies, plain_vendors, shown
from benchmarks.population import BATCH, PRECHECKS, SINGLE, references
from benchmarks.work import KEPT_SECONDS, LOOKUP, MIXED, aliases, refs
from graph.app import build
from graph.provider_file import read_providers
from graph.serving import log_to_stderr
from graph.settings import read_settings
from resolvers.clock import Clock
from resolvers.context import Context
from resolvers.domain import Precheck
from resolvers.reference import Reference
from resolvers.snapshots import Snapshots
from resolvers.store.contract import Entry
from resolvers.store.local import LocalStore
from resolvers.upstream.answer import Answer
from resolvers.upstream.connection import Connection
from resolvers.vocabulary import PrecheckLocale

MANY = 100
SPOILT = Reference(BATCH, references(BATCH, 1, PRECHECKS - 1)[0])
Run = Callable[[], Awaitable[bytes]]


class Recorded(Connection):
    """A provider's own connection that asks its vendor once and then answers the same question from memory."""

    def __init__(self, connection: Connection) -> None:
        vars(self).update(vars(connection))
        self._answers: dict[bytes, Answer] = {}

    async def send(self, method: str, url: str, **more: Any) -> Answer:
        """The answer that this body got the first time."""
        asked: bytes = more["content"]
        if asked not in self._answers:
            self._answers[asked] = await super().send(method, url, **more)
        return self._answers[asked]


class Engine:
    """A schema, how its context is made, and where its newest answers are put."""

    def __init__(
        self,
        view: GraphQL[Any, Any],
        context: Callable[[], object],
        keep: Callable[[Precheck], None],
        stored: "Bodies",
    ) -> None:
        self._schema: BaseSchema = view.schema
        self._encode = view.encode_json
        self._context = context
        self._keep = keep
        self._stored = stored
        for provider_id in (BATCH, SINGLE):
            self._decode(provider_id, PRECHECKS)
        spoilt = self._stored.decoded(BATCH, [SPOILT.external_id])[0]
        items = (replace(spoilt.items[0], title=None), *spoilt.items[1:])
        self._keep(replace(spoilt, items=items))

    def runs(self) -> dict[str, Run]:
        """Work by its name."""
        return {
            "execute 100": self._lookup(BATCH, MANY),
            "execute 1000": self._lookup(BATCH, PRECHECKS - 1),
            "execute 100 aliases": lambda: self.execute(aliases(MANY, KEPT_SECONDS)),
            "execute 100, fields with and without resolvers": self._lookup(BATCH, MANY, MIXED),
            "execute 100, one null error among them": self._lookup(BATCH, MANY, start=PRECHECKS - 1),
            "decode, execute, encode 100 of DRS": self._whole(BATCH),
            "decode, execute, encode 100 of OMS": self._whole(SINGLE),
        }

    def lookups(self) -> dict[str, Run]:
        """Work for an engine that has the vendors' answers in memory."""
        return {
            "look up 100 of DRS, all but the wire": self._lookup(BATCH, MANY, max_age_seconds=0),
            "look up 100 of OMS, all but the wire": self._lookup(SINGLE, MANY, max_age_seconds=0),
        }

    async def execute(self, document: str, variables: dict[str, Any] | None = None) -> bytes:
        """One operation, to the bytes of its answer."""
        result: Any = await self._schema.execute(document, variables, self._context())
        errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
        encoded: str | bytes = self._encode({"data": result.data, **errors})
        return encoded if isinstance(encoded, bytes) else encoded.encode()

    def _lookup(
        self,
        provider_id: str,
        number: int,
        document: str = LOOKUP,
        *,
        start: int = 0,
        max_age_seconds: int = KEPT_SECONDS,
    ) -> Run:
        asked = refs(provider_id, references(provider_id, number, start))
        return lambda: self.execute(document, {"refs": asked, "age": max_age_seconds})

    def _whole(self, provider_id: str) -> Run:
        execute = self._lookup(provider_id, MANY)

        async def run() -> bytes:
            self._decode(provider_id, MANY)
            return await execute()

        return run

    def _decode(self, provider_id: str, number: int) -> None:
        for precheck in self._stored.decoded(provider_id, references(provider_id, number)):
            self._keep(precheck)


class Bodies:
    """What the vendors answered, kept in memory."""

    def __init__(self, providers_file: Path) -> None:
        self._vendors = plain_vendors(providers_file)
        self._bodies: dict[tuple[str, ...], bytes] = {}

    async def fetch(self) -> None:
        """Ask for every precheck once."""
        async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
            for provider_id, vendor in self._vendors.items():
                asked = references(provider_id)
                found = await bodies(vendor, client, asked)
                alone = [[SPOILT.external_id]] if provider_id == BATCH else []
                found += [await vendor.body(client, each) for each in alone]
                names = [tuple(each) for each in (*batches(vendor, asked), *alone)]
                self._bodies.update(zip(names, found, strict=True))

    def decoded(self, provider_id: str, external_ids: Sequence[str]) -> list[Precheck]:
        """The prechecks, body after body."""
        vendor = self._vendors[provider_id]
        asked = batches(vendor, external_ids)
        return [precheck for each in asked for precheck in vendor.decode(self._bodies[tuple(each)], each)]

    def floor(self, provider_id: str) -> Run:
        """Decode, build and encode the same fields, without GraphQL."""

        async def run() -> bytes:
            decoded = self.decoded(provider_id, references(provider_id, MANY))
            return orjson.dumps(answered([shown(precheck) for precheck in decoded]))

        return run


def ours(providers_file: Path, stored: Bodies) -> Engine:
    """The product as it is composed, over snapshots that are filled here."""
    product = build(read_settings(), read_providers(providers_file))
    for provider in product.services.providers.values():
        provider.connection = Recorded(provider.connection)
    store = LocalStore()
    snapshots = Snapshots(product.services.providers, store, Clock())
    services = product.services._replace(snapshots=snapshots)
    view = next(route.endpoint for route in product.app.routes if getattr(route, "path", "") == "/graphql")  # type: ignore[attr-defined]  # each has one

    def keep(precheck: Precheck) -> None:
        store.put(Reference(precheck.provider_id, precheck.external_id), PrecheckLocale.EN, Entry(precheck))

    return Engine(view, lambda: Context(services, PrecheckLocale.EN), keep, stored)


def by_the_book(providers_file: Path, stored: Bodies) -> Engine:
    """The textbook's schema over its answers."""
    known = textbook.Known(providers_file)

    def keep(precheck: Precheck) -> None:
        reference = Reference(precheck.provider_id, precheck.external_id)
        known.prechecks[reference] = (time.monotonic(), precheck)

    return Engine(textbook.Endpoint(known), lambda: textbook.Loaders(known), keep, stored)


async def main(kind: str, providers_file: Path) -> None:
    """A question is a line `{"work": name, "seconds": s}`; `{}` asks for the names; without seconds, once."""
    log_to_stderr("error")  # the answers go to the other one
    stored = Bodies(providers_file)
    await stored.fetch()
    if kind == "floor":
        runs = {f"decode, execute, encode 100 of {name}": stored.floor(each) for name, each in _VENDORS.items()}
    elif kind == "ours":
        engine = ours(providers_file, stored)
        runs = engine.runs() | engine.lookups()
    else:
        runs = by_the_book(providers_file, stored).runs()
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async for line in lines:
        question = json.loads(line)
        answer = (
            await _told(runs[question["work"]], question.get("seconds")) if question else orjson.dumps(list(runs))
        )
        sys.stdout.buffer.write(answer + b"\n")
        sys.stdout.buffer.flush()


async def _told(run: Run, seconds: float | None) -> bytes:
    if seconds is None:
        return await run()
    times, began = 0, time.process_time()
    while time.process_time() - began < seconds:
        await run()
        times += 1
    return orjson.dumps({"times": times, "seconds": time.process_time() - began})


_VENDORS = {"DRS": BATCH, "OMS": SINGLE}

if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
