"""A client of the emulated DTS that signs by the emulator's clock."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2 as httpx

from emulator.tencent_dts import signature
from emulator.vendor import Request
from tests.emulator.process import Emulator

FOLDER = Path(signature.__file__).parent
SEED = "dts-1ewjspuw"
ACTION = "DescribeMigrationCheckJob"


class Dts:
    """A client of the emulated DTS that signs by the emulator's clock."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.credentials = emulator.credentials("dts")
        self.http = httpx.Client(base_url=emulator.url("dts"))

    def advance(self, seconds: float) -> datetime:
        moved = self.emulator.ask("POST", "/clock", {"advance_seconds": seconds})
        return datetime.fromisoformat(moved["now"])

    def run(self, **order: Any) -> str:
        return self.emulator.create_run("dts", **order)

    def fault(self, kind: str, **more: Any) -> None:
        self.emulator.fault("dts", kind, **more)

    def call(self, body: Any, **changed: Any) -> httpx.Response:
        return self.http.send(self.request(body, **changed))

    def request(self, body: Any, **changed: Any) -> httpx.Request:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        known = {**self.credentials, **changed.pop("credentials", {})}
        sent = int(self.advance(0).timestamp()) + changed.pop("late_seconds", 0)
        date = changed.pop("date", f"{datetime.fromtimestamp(sent, UTC):%Y-%m-%d}")
        headers = {
            "content-type": "application/json",
            "host": self.http.base_url.netloc.decode(),
            "x-tc-action": ACTION,
            "x-tc-version": "2021-12-06",
            "x-tc-timestamp": str(sent),
            "x-tc-region": "ap-guangzhou",
            "x-tc-language": "en-US",
            **changed.pop("headers", {}),
        }
        names = changed.pop("names", ["content-type", "host"])
        made = signature.sign(
            Request("POST", "/", "", headers, content), known["secret_key"], (date, "dts"), names
        )
        who = f"Credential={known['secret_id']}/{date}/dts/tc3_request, SignedHeaders={';'.join(names)}"
        headers["authorization"] = f"{signature.ALGORITHM} {who}, Signature={made}"
        return self.http.build_request("POST", "/", content=content, headers=headers)

    def read(self, job: str, **changed: Any) -> Any:
        return self.call({"JobId": job}, **changed).json()["Response"]


def wire(name: str) -> Any:
    return json.loads((FOLDER / "wire" / name).read_text(encoding="utf-8"))


def code(reply: httpx.Response) -> str:
    assert reply.status_code == 200
    return str(reply.json()["Response"]["Error"]["Code"])
