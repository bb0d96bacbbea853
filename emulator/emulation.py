"""The whole emulator: every vendor folder's providers, each behind its own port, and the control port."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import asdict
from functools import partial

from emulator.clock import Clock
from emulator.demo import DemoProvider
from emulator.exchange import Exchange
from emulator.faults import Fault, Faults
from emulator.folders import FolderError, VendorFolder
from emulator.ledger import Ledger
from emulator.listener import Listener
from emulator.runs import Run, Runs, Step
from emulator.vendor import VendorServer

SEED_SECONDS = 1.0


class Emulation:
    """What the control port steers; ports are bound when it is built, and served after `open`.

    In process: `async with Emulation(find_folders(), port=0) as emulation`.
    """

    def __init__(
        self, folders: list[VendorFolder], *, host: str = "127.0.0.1", port: int = 8100, demo: bool = True
    ) -> None:
        self.clock = Clock()
        self.faults = Faults()
        self.demo = demo
        self.servers = {
            provider.id: self._server(folder, provider) for folder in folders for provider in folder.providers
        }
        self.ledger = Ledger(list(self.servers.values()))
        self.listeners = {
            name: self._listener(server, host, port and port + server.provider.port_offset)
            for name, server in self.servers.items()
        }

    async def __aenter__(self) -> "Emulation":
        for listener in self.listeners.values():
            await listener.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        async with AsyncExitStack() as stack:
            for listener in self.listeners.values():
                stack.push_async_callback(listener.close)

    def tracked(self, provider: DemoProvider) -> list[str]:
        """The references a provider file lists: the seeds, and the demo's runs if there are any."""
        return [*provider.track, *(run.reference for run in provider.runs if self.demo)]

    def urls(self) -> Mapping[str, str]:
        """Provider -> base URL."""
        return {name: listener.url for name, listener in self.listeners.items()}

    async def put_fault(self, provider: str, fault: Fault) -> None:
        """Begin a fault in place of the one before; `refuse` closes the port (or resets `times` connections)."""
        self.faults.put(provider, fault)
        listener = self.listeners[provider]
        if fault.kind != "refuse":
            await listener.open()
        elif fault.times is None:
            await listener.refuse()
        else:
            await listener.open()
            listener.drop_connections()

    async def clear_fault(self, provider: str) -> None:
        """End a provider's fault."""
        self.faults.clear(provider)
        await self.listeners[provider].open()

    def _listener(self, server: VendorServer, host: str, port: int) -> Listener:
        exchange = Exchange(server, self.clock, self.ledger, self.faults)
        return Listener(exchange, host, port, resets=partial(self.faults.refuses, server.provider.id))

    def _server(self, folder: VendorFolder, provider: DemoProvider) -> VendorServer:
        server = folder.server(provider, self.clock, Runs())
        for reference, name in server.seeds().items():
            script = (Step(folder.wire(name), SEED_SECONDS),)
            server.runs.add(Run(reference, self.clock.time(), script=script))
        for run in provider.runs if self.demo else ():
            if run.scenario not in server.scenarios:
                raise FolderError(f"emulator/{folder.path.name}/demo.toml: no scenario {run.scenario!r}")
            server.runs.add(Run(started=self.clock.time(), **asdict(run)))
        return server
