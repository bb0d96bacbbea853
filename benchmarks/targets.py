"""What is fuzzed, found by scan: each API of each vendor, fed with answers in place of a network."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from benchmarks.mutation import Body, Corpus
from emulator.clock import Clock as EmulatorClock
from emulator.demo import DemoProvider
from emulator.folders import VendorFolder, find_folders
from emulator.runs import Runs
from emulator.vendor import VendorServer
from resolvers.clock import Clock
from resolvers.domain import Precheck
from resolvers.errors import PrecheckError
from resolvers.registry import vendors
from resolvers.upstream.answer import Answer
from resolvers.upstream.connection import Connection
from resolvers.upstream.contract import Provider, Secret
from resolvers.upstream.limiter import Limiter

_NOWHERE = "http://127.0.0.1:9"


class Fed(Connection):
    """A provider's own connection, except that whatever it sends is answered with what it was fed."""

    def __init__(self, connection: Connection) -> None:
        vars(self).update(vars(connection))
        self.answer = Answer(200, {}, b"")

    async def send(self, *_: Any, **__: Any) -> Answer:
        """The answer that was fed."""
        return self.answer


class Question(NamedTuple):
    """A precheck to ask a provider for, and what the answers look like."""

    provider: Provider
    connection: Fed
    reference: str
    corpus: Corpus

    async def read(self, body: Body, headers: Mapping[str, str]) -> bool:
        """Whether a precheck was read in the answer. Raises whatever is no `PrecheckError`."""
        self.connection.answer = Answer(body.status, headers, body.content)
        try:
            outcomes = await self.provider.ask([self.reference], self.provider.locales[0])
        except PrecheckError as error:
            msgspec.json.encode(error.problem)
            return False
        # What was read is going to be written: there must be no half characters in it.
        msgspec.json.encode(outcomes)
        return any(isinstance(outcome, Precheck) for outcome in outcomes.values())


class Target(NamedTuple):
    """One API of one vendor, asked through each of the vendor's demo providers in turn."""

    name: str
    questions: Sequence[Question]

    async def close(self) -> None:
        """Close what was built."""
        for question in self.questions:
            await question.provider.close()


class _Api(NamedTuple):
    folder: VendorFolder
    api: str

    @property
    def name(self) -> str:
        return f"{self.folder.providers[0].vendor} {self.api}".strip()


def target_names() -> list[str]:
    """The vendor's word, and the API's where a vendor has several."""
    return [api.name for api in _apis()]


def target(name: str) -> Target:
    """Everything needed to fuzz one API; must be called inside an event loop."""
    api = next(each for each in _apis() if each.name == name)
    foreign = [
        Body(200, path.read_bytes())
        for folder in find_folders()
        if folder.path != api.folder.path
        for path in sorted((folder.path / "wire").glob("*.json"))
    ]
    return Target(name, [_question(api, provider, foreign) for provider in api.folder.providers])


def _apis() -> Iterator[_Api]:
    for folder in find_folders():
        if folder.providers[0].vendor in vendors():
            for api in folder.server.apis or ("",):
                yield _Api(folder, api)


def _question(api: _Api, demo: DemoProvider, foreign: Sequence[Body]) -> Question:
    server = api.folder.server(demo, EmulatorClock(), Runs())
    reference = server.new_reference(api=api.api)
    provider = _provider(demo)
    provider.connection = connection = Fed(provider.connection)
    return Question(provider, connection, reference, Corpus(_own(api, server, reference), foreign))


def _provider(demo: DemoProvider) -> Provider:
    kind = vendors()[demo.vendor]
    filled = {key: _NOWHERE if value == "{base_url}" else value for key, value in demo.settings.items()}
    table = {"id": demo.id, "vendor": demo.vendor, "base_url": _NOWHERE, **filled, **demo.secrets}
    settings = msgspec.convert(table, kind.settings_type, dec_hook=lambda _, secret: Secret(secret))
    clock = Clock()
    return kind(settings, Limiter(None, clock), clock)


def _own(api: _Api, server: VendorServer, reference: str) -> list[Body]:
    """The provider's wire files, stamped; half of them at least are of the API that is asked."""
    home = api.folder.path
    meanings = json.loads((home / "expected.json").read_text(encoding="utf-8"))
    default = next(iter(server.apis), "")
    mine: list[Body] = []
    rest: list[Body] = []
    for name, meaning in sorted(meanings.items()):
        if meaning["provider"] == server.provider.id:
            content = _stamped(home / "wire" / name, server, reference)
            kept = mine if meaning.get("api", default) == api.api else rest
            kept.append(Body(meaning["http_status"], content))
    return mine * max(1, len(rest) // max(1, len(mine))) + rest


def _stamped(path: Path, server: VendorServer, reference: str) -> bytes:
    content = path.read_bytes()
    try:
        body = json.loads(content)
    except ValueError:
        return content
    return json.dumps(server.stamp(body, reference)).encode() if isinstance(body, dict) else content
