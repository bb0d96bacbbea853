"""A client of the emulated DRS that signs by the emulator's clock."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx

from emulator.huawei_drs import signature
from emulator.vendor import Request
from tests.emulator.process import Emulator

FOLDER = Path(signature.__file__).parent
MYSQL = "140b5236-88ad-43c8-811c-1268453jb101"
DDS = "a281f62f-4631-45d6-a2d3-679a9f4jb105"
PROJECT = "054ba152d480d55b2f5dc0069e7ddef0"
BATCH = f"/v3/{PROJECT}/jobs/batch-precheck-result"


class Drs:
    """A client of the emulated DRS that signs by the emulator's clock."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.credentials = emulator.credentials("drs")
        self.http = httpx.Client(base_url=emulator.url("drs"))

    def now(self) -> datetime:
        return self.advance(0)

    def advance(self, seconds: float) -> datetime:
        moved = self.emulator.ask("POST", "/clock", {"advance_seconds": seconds})
        return datetime.fromisoformat(moved["now"])

    def run(self, **order: Any) -> str:
        return self.emulator.create_run("drs", **order)

    def fault(self, kind: str, **more: Any) -> None:
        self.emulator.fault("drs", kind, **more)

    def signed(self, method: str, path: str, query: str = "", body: bytes = b"", **changed: Any) -> httpx.Response:
        secret_key = changed.pop("secret_key", self.credentials["secret_key"])
        sent = self.now() + timedelta(seconds=changed.pop("late_seconds", 0))
        headers = {
            "host": self.http.base_url.netloc.decode(),
            "content-type": "application/json",
            "x-sdk-date": sent.strftime(signature.DATE_FORMAT),
            "x-project-id": PROJECT,
            **changed.pop("headers", {}),
        }
        names = sorted(headers)
        made = signature.sign(Request(method, path, query, headers, body), secret_key, names)
        who = f"Access={self.credentials['access_key']}, SignedHeaders={';'.join(names)}, Signature={made}"
        headers["authorization"] = f"{signature.ALGORITHM} {who}"
        url = f"{path}?{query}" if query else path
        return self.http.request(method, url, content=body, headers=headers)

    def batch(self, *jobs: object, **changed: Any) -> httpx.Response:
        return self.signed("POST", BATCH, body=json.dumps({"jobs": jobs}).encode(), **changed)

    def detail(self, reference: str, **changed: Any) -> httpx.Response:
        job, _, query = reference.partition("/")
        return self.signed("GET", f"/v5/{PROJECT}/jobs/{job}", f"type=precheck&query_id={query}", **changed)

    def with_token(self, token: str, *jobs: str, path: str = BATCH) -> httpx.Response:
        return self.http.post(path, json={"jobs": jobs}, headers={"X-Auth-Token": token})

    def token(self, **changed: Any) -> httpx.Response:
        known = {**self.credentials, **changed}
        user = {"name": known["username"], "password": known["password"], "domain": {"name": known["domain"]}}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"name": "ap-southeast-1"}}
        return self.http.post("/v3/auth/tokens", json={"auth": {"identity": identity, "scope": scope}})


def wire(name: str) -> Any:
    return json.loads((FOLDER / "wire" / name).read_text(encoding="utf-8"))


def problem(reply: httpx.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error_code"]
