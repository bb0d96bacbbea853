"""The contract of a vendor folder: what its server receives from the emulator and what it must provide.

A folder `emulator/<vendor>/` holds `__init__.py`, `server.py` with a class `Server(VendorServer)`,
`wire/*.json` (vendor bodies), `expected.json` (what a right client makes of each) and `demo.toml` (its demo
providers). It is found by scan; nothing else changes for a new vendor. For every request the emulator calls:
`identify`, then (after noting the call and unless a fault answers in its place) `answer`.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from emulator.clock import Clock
from emulator.demo import DemoProvider
from emulator.runs import Run, Runs


@dataclass(frozen=True)
class Request:
    """One HTTP request as it came; `path` and `query` still percent-encoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def parameters(self) -> list[tuple[str, str]]:
        """The decoded query string, in its order, blank values kept."""
        return parse_qsl(self.query, keep_blank_values=True)

    def parameter(self, name: str) -> str | None:
        """The first query parameter of that name."""
        return next((value for key, value in self.parameters if key == name), None)

    @cached_property
    def json(self) -> Any:
        """The body as JSON; None when it is empty or not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class Reply:
    """One HTTP answer; a dict is sent as JSON, text and bytes as they stand. The emulator adds `Date`."""

    body: dict[str, Any] | str | bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Call:
    """What a request asks for: an operation of `VendorServer.operations` ("" for none) and which references.

    Only a `result` call meets faults. `answer` must answer for exactly these references: a fault may have
    taken some of them out of the call.
    """

    operation: str = ""
    references: tuple[str, ...] = ()
    result: bool = False


class VendorServer(ABC):
    """One demo provider's side of one vendor's protocol; one instance for each `[[provider]]`."""

    operations: ClassVar[tuple[str, ...]]
    """Every operation the ledger counts, by the vendor's own name."""

    scenarios: ClassVar[tuple[str, ...]]
    """The scenarios of `runs.SCENARIOS` that this vendor's words can express."""

    reference_pattern: ClassVar[re.Pattern[str]]
    """What a reference (the product's external id) of this vendor looks like, matched whole."""

    batches: ClassVar[bool] = False
    """Whether one result call takes several references; the fault `partial_batch` needs it."""

    apis: ClassVar[tuple[str, ...]] = ()
    """The names of the vendor's APIs, where a run may be asked for by one of several."""

    auth_modes: ClassVar[tuple[str, ...]] = ()
    """What `PUT /auth/<provider>` may switch between; empty where the vendor documents its way to sign in."""

    def __init__(self, provider: DemoProvider, clock: Clock, runs: Runs) -> None:
        self.provider = provider
        self.clock = clock
        self.runs = runs

    @abstractmethod
    def seeds(self) -> Mapping[str, str]:
        """Reference -> wire file of the documented examples; they become one-step scripts, stamped."""

    @abstractmethod
    def credentials(self) -> Mapping[str, str]:
        """What a client needs to sign in here, in plain text: these are demo values."""

    @abstractmethod
    def new_reference(self, scenario: str = "", api: str = "") -> str:
        """A fresh random reference in the vendor's shape.

        Both arguments matter only where a vendor has several APIs: `scenario` ("" for a script) may need one of
        them, and `api` is what `POST /runs` asked for under that key ("" for no wish).
        """

    @abstractmethod
    def identify(self, request: Request) -> Call:
        """What is asked, read leniently and before any check: never raises, whatever was sent."""

    @abstractmethod
    def answer(self, request: Request, call: Call) -> Reply:
        """The vendor's answer, credentials checked first, as of `self.clock`."""

    @abstractmethod
    def throttled(self, request: Request, call: Call, retry_after: float) -> Reply:
        """The vendor's own way to say "too often"."""

    @abstractmethod
    def expired(self, request: Request, call: Call) -> Reply | None:
        """The vendor's own refusal of an expired credential.

        None: what the server did instead (voiding its tokens, say) takes effect in `answer`.
        """

    @abstractmethod
    def stamp(self, body: dict[str, Any], reference: str) -> dict[str, Any]:
        """A copy of a scripted body with `reference` in the fields the vendor echoes, where present."""

    def switch_auth(self, mode: str) -> None:
        """Demand another way to sign in; called only with one of `auth_modes`."""
        raise ValueError(f"{self.provider.id} has one way to sign in, not {mode}")

    def scripted(self, run: Run) -> Reply:
        """The answer that a script (or a seed) gives now; for runs whose `script` is not empty."""
        step = run.step(self.clock.time())
        body = step.body
        if isinstance(body, dict) and not step.verbatim:
            body = self.stamp(body, run.reference)
        return Reply(body, step.status, step.headers)
