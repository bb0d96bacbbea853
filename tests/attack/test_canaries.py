"""Twenty secrets of the server and its clients, and attacks on every edge: no answer, log or metric shows one."""

import base64
import hashlib
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2 as httpx
import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.attack.dialogue import Sent
from tests.attack.dialogues import CLOSED, HARMLESS, REFUSED, generated
from tests.emulator.process import ROOT, Emulator
from tests.faults.serving import Serving, serving
from tests.graph.documents import LOOKUP, UPDATES, ref
from tests.graph.served import Served

pytestmark = pytest.mark.attack("canaries")

SECRETS = [f"canary{number:02}/+=-~" for number in range(20)]
OF_PROVIDERS, HOLDING, ENDED, UNKNOWN = SECRETS[:10], SECRETS[10:14], SECRETS[14:17], SECRETS[17:]
NINE = "cd-tg3isu1xgs/pcte-dj02vti9tabd"
REFS = [ref(f"p{number}", NINE) for number in range(len(OF_PROVIDERS))]
BODIES: tuple[bytes, ...] = (
    b"",
    b"null",
    b"[]",
    b"\xff\xfe",
    b"[" * 50_000,
    b'{"query": 5}',
    b'{"query": "{ nothing }"}',
    b'{"query": "{ __typename }", "variables": [1]}',
    b'{"query": "{ precheckProviders { id name health { state problem { message } } } }"}',
    b'{"query": "{ precheck(id: \\"pc1.x\\") { id } }"}',
    b'{"query": "subscription { precheckUpdates { kind } }"}',
    b'{"documentId": "x"}',
    b"x" * 300_000,
    orjson.dumps({"query": LOOKUP, "variables": {"refs": REFS}}),
    orjson.dumps({"query": UPDATES, "variables": {"refs": REFS}}),
)
HEADERS = (
    {"content-type": "application/json"},
    {"content-type": "application/json", "accept": "application/graphql-response+json"},
    {"content-type": "application/json", "accept": "text/event-stream"},
    {"content-type": "multipart/form-data; boundary=x"},
)


def provider_file(folder: Path, emulator: Emulator) -> Path:
    tables = []
    for number, secret in enumerate(OF_PROVIDERS):
        (folder / f"p{number}").write_text(secret, encoding="utf-8")
        url = emulator.url("ninedata")
        keys = [f'[[provider]]\nid = "p{number}"\nvendor = "ninedata"\nbase_url = "{url}"\nallow_private = true']
        tables.append("\n".join([*keys, f'access_key_id = "k"\nsecret_key = {{ file = "p{number}" }}']))
    (folder / "providers.toml").write_text("\n".join(tables), encoding="utf-8")
    return folder / "providers.toml"


def tokens_file(folder: Path) -> Path:
    ends = dict.fromkeys(HOLDING, "") | dict.fromkeys(ENDED, "expires = 2020-01-01T00:00:00Z")
    tables = [
        f'[[token]]\nname = "client-{number}"\nsha256 = "{hashlib.sha256(token.encode()).hexdigest()}"\n{end}\n'
        for number, (token, end) in enumerate(ends.items())
    ]
    (folder / "tokens.toml").write_text("".join(tables), encoding="utf-8")
    return folder / "tokens.toml"


def seen_in(text: str) -> list[str]:
    return [secret for secret in SECRETS for spelt in spellings(secret) if spelt in text]


def spellings(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret), quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1])
    yield base64.b64encode(secret.encode()).decode()


async def over_http(server: Serving) -> AsyncIterator[str]:
    """Every body under every token, as all kinds of requests; then other ways to bring a token."""
    async with httpx.AsyncClient(base_url=server.url, timeout=20) as client:
        for token in (*HOLDING, *ENDED, *UNKNOWN):
            bearer = {"authorization": f"Bearer {token}"}
            for body in BODIES:
                for headers in HEADERS:
                    answer = await client.post("/graphql", content=body, headers={**headers, **bearer})
                    yield f"{answer.headers} {answer.text}"
            for odd in (
                {"authorization": token},
                {"authorization": f"Basic {token}"},
                {"cookie": f"token={token}"},
            ):
                answer = await client.post("/graphql", json={"query": "{ __typename }"}, headers=odd)
                yield f"{answer.headers} {answer.text}"
            for path in ("/graphql", "/metrics", "/nothing", "/graphql/assets/x"):
                answer = await client.get(path, params={"access_token": token}, headers=bearer)
                yield f"{answer.headers} {answer.text}"


async def over_websockets(server: Serving) -> AsyncIterator[str]:
    """Dialogues that keep to no protocol, each begun with the next token."""
    dialogues: list[list[Sent]] = [sent for _, sent in CLOSED.values()]
    dialogues += HARMLESS.values()
    dialogues += [[each] for each in REFUSED.values()]
    dialogues += [generated(seed) for seed in range(100)]
    for number, dialogue in enumerate(dialogues):
        yield await said(server.url, SECRETS[10 + number % 10], dialogue)


async def said(url: str, token: str, dialogue: list[Sent]) -> str:
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {token}"}}
    answers: list[str] = []
    address = f"{url.replace('http://', 'ws://')}/graphql"
    async with connect(address, subprotocols=[Subprotocol("graphql-transport-ws")]) as ws:
        try:
            for each in (init, *dialogue, {"type": "pong", "id": []}):  # the last one closes it
                await ws.send(each if isinstance(each, str | bytes) else orjson.dumps(each).decode())
            while True:
                answers.append(str(await ws.recv()))
        except ConnectionClosed as closed:
            return f"{answers} {closed.rcvd}"


async def test_no_secret_is_seen_at_any_edge(
    module_emulator: Emulator, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    file, log = provider_file(tmp_path, module_emulator), tmp_path / "log"
    settings: dict[str, Any] = {"PRECHECK_TOKENS_FILE": str(tokens_file(tmp_path)), "PRECHECK_LOG_LEVEL": "debug"}
    settings["PRECHECK_STREAM_DEADLINE_SECONDS"] = "0.2"
    with log.open("w") as stderr, serving(file, stderr=stderr, **settings) as server:
        answers = [answer async for answer in over_http(server)]
        answers += [answer async for answer in over_websockets(server)]
        assert any("AUTHENTICATION" in answer for answer in answers), "the secrets of providers were used"
        assert (await Served(server.url, HOLDING[0]).get("/metrics")).status_code == 200
    assert [answer for answer in answers if seen_in(answer)] == []
    assert seen_in(log.read_text(encoding="utf-8")) == []
    record_property("figure", f"{len(answers):,} answers, 20 secrets, 0 seen")


@pytest.mark.parametrize("mistake", ["token for hash", "token as key", "secret in the provider file"])
def test_a_mistake_in_a_file_does_not_print_the_secret_beside_it(
    module_emulator: Emulator, tmp_path: Path, mistake: str
) -> None:
    file, tokens = provider_file(tmp_path, module_emulator), tokens_file(tmp_path)
    if mistake == "token for hash":
        tokens.write_text(f'[[token]]\nname = "x"\nsha256 = "{SECRETS[10]}"\n', encoding="utf-8")
    elif mistake == "token as key":
        tokens.write_text(f'[[token]]\nname = "x"\ntoken = "{SECRETS[10]}"\n', encoding="utf-8")
    else:
        text = file.read_text(encoding="utf-8").replace('{ file = "p0" }', f'"{SECRETS[0]}"')
        file.write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "graph", "serve", "--providers", str(file), "--port", "0"]
    environment = {"PRECHECK_TOKENS_FILE": str(tokens), "PATH": ""}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2
    assert "error:" in ended.stderr
    assert seen_in(ended.stdout + ended.stderr) == []
