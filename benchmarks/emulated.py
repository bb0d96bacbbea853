"""The emulator as a process, and providers of the product that point at it."""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2 as httpx
from msgspec.structs import replace
from prometheus_client import REGISTRY

from graph.provider_file import read_providers
from resolvers.clock import Clock
from resolvers.registry import vendors
from resolvers.upstream.contract import LimitSettings, Outcome, Provider, ProviderSettings
from resolvers.upstream.limiter import Limiter

ROOT = Path(__file__).parents[1]
_ANNOUNCEMENT = "emulator: control "
_LONGEST_LINE = 64 * 1024 * 1024
_NOTHING: Mapping[str, str] = {}


class Emulated:
    """A running emulator and the settings of the providers it emulates, by id."""

    def __init__(self, control: httpx.AsyncClient, providers_file: Path) -> None:
        self._control = control
        self.providers_file = providers_file
        self.settings = {settings.id: settings for settings in read_providers(providers_file)}

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        """One request to the control port. Raises httpx.HTTPStatusError."""
        answer = await self._control.request(method, path, json=body)
        return answer.raise_for_status().json()

    async def fault(self, provider_id: str, kind: str, **more: Any) -> None:
        """Begin a fault."""
        await self.ask("PUT", f"/faults/{provider_id}", {"kind": kind, **more})

    async def mend(self) -> None:
        """End every fault."""
        await self.ask("DELETE", "/faults")

    async def calls(self, provider_id: str) -> dict[str, int]:
        """Operation -> calls received since they were last forgotten."""
        report = (await self.ask("GET", "/calls"))[provider_id]
        return {operation: calls["count"] for operation, calls in report.items()}

    async def all_calls(self) -> int:
        """Calls received by every provider since they were last forgotten."""
        report = await self.ask("GET", "/calls")
        return sum(calls["count"] for operations in report.values() for calls in operations.values())

    async def forget_calls(self) -> None:
        """Count from nothing."""
        await self.ask("DELETE", "/calls")

    @asynccontextmanager
    async def provider(
        self, provider_id: str, limits: LimitSettings | None = None, **keys: Any
    ) -> AsyncIterator[Provider]:
        """A provider as the product builds it, with other limits or keys where they are given."""
        settings = replace(self.settings[provider_id], limits=limits or LimitSettings(), **keys)
        kind, clock = vendors()[settings.vendor], Clock()
        rate = settings.limits.requests_per_second or kind.requests_per_second
        provider = kind(settings, Limiter(rate, clock), clock)
        try:
            yield provider
        finally:
            await provider.close()


def reference(settings: ProviderSettings) -> str:
    """A precheck that the emulated vendor knows."""
    return settings.track[0]


async def read(provider: Provider) -> Outcome:
    """One read through everything a read goes through."""
    asked = reference(provider.settings)
    return (await provider.fetch([asked], provider.locales[0]))[asked]


def counted(name: str, provider_id: str) -> float:
    """A counter of the product for one provider, summed over its other labels."""
    samples = (sample for metric in REGISTRY.collect() for sample in metric.samples)
    return sum(
        sample.value
        for sample in samples
        if sample.name == f"{name}_total" and sample.labels.get("provider") == provider_id
    )


@asynccontextmanager
async def emulated() -> AsyncIterator[Emulated]:
    """Start the emulator on free ports; it ends with the block, and with this process however that ends."""
    with _folder() as folder:
        providers_file = folder / "providers.toml"
        options = ("--port", "0", "--no-demo-runs", "--while-stdin", "--providers-file", str(providers_file))
        async with process("emulator", *options) as running:
            url = await announced(running, _ANNOUNCEMENT)
            async with httpx.AsyncClient(base_url=url, trust_env=False) as control:
                yield Emulated(control, providers_file)


@asynccontextmanager
async def process(
    module: str, *options: str, environment: Mapping[str, str] = _NOTHING
) -> AsyncIterator[asyncio.subprocess.Process]:
    """One of our modules as a process of its own, with these variables beside those of this process."""
    async with command(sys.executable, "-m", module, *options, environment=environment) as running:
        yield running


@asynccontextmanager
async def command(
    *words: str, folder: Path = ROOT, environment: Mapping[str, str] = _NOTHING
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program, ended with the block."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(
        *words,
        stdin=pipe,
        stdout=pipe,
        stderr=asyncio.subprocess.DEVNULL,
        cwd=folder,
        env={**os.environ, **environment},
        limit=_LONGEST_LINE,
    )
    try:
        yield running
    finally:
        with suppress(ProcessLookupError):  # it may have ended by itself
            running.terminate()
        await running.wait()


async def announced(running: asyncio.subprocess.Process, beginning: str) -> str:
    """The first word after this beginning of a line. Raises RuntimeError where the process ends without it."""
    if running.stdout is None:
        raise RuntimeError("the process has no output to read")
    async for line in running.stdout:
        if line.startswith(beginning.encode()):
            return line.decode().removeprefix(beginning).split()[0]
    raise RuntimeError(f"no line begins with {beginning!r}")


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="precheck-bench-") as folder:
        yield Path(folder)
