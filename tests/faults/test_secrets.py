"""Twenty secrets on the way through every fault: none is seen in an answer, in the log or in a metric."""

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx2 as httpx
import orjson

from tests.driven import Hurried
from tests.emulator.process import Emulator
from tests.faults import faults
from tests.faults.bench import Wiring
from tests.faults.line import Exchange, Fault, Line, Reply
from tests.faults.serving import Serving, serving
from tests.graph.documents import ref

EVERYTHING = """query ($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs, maxAgeSeconds: 0) {
  precheck { status summary freshness { source problem { message } } vendor { status message requestId }
    problems { code message vendorCode vendorAdvice }
    items { code title reason rawError log vendorState evidence { key value } } }
  problem { code message vendorCode vendorAdvice vendorRequestId } } }"""
STATE = "{ precheckProviders { id name health { state problem { code message vendorCode vendorAdvice } } } }"
STREAM = "subscription ($refs: [PrecheckRefInput!]!) { precheckUpdates(refs: $refs) { kind problem { message } } }"


class Table(NamedTuple):
    """One provider table, without its secrets: these are made up and counted."""

    vendor: str
    reference: str
    secrets: tuple[str, ...]
    plain: str


OMS, DRS = "t_7di1uvmxd340", "140b5236-88ad-43c8-811c-1268453jb101"
DTS, NINE = "dts-1ewjspuw", "cd-tg3isu1xgs/pcte-dj02vti9tabd"
SIGNED = 'project_id = "054ba152d480d55b2f5dc0069e7ddef0"\naccess_key = "AK"'
TOKEN = 'project_id = "054ba152d480d55b2f5dc0069e7ddef0"\nauth = "token"\nusername = "u"\ndomain = "d"'
TABLES = (
    Table("oceanbase-oms", OMS, ("password",), 'auth = "basic"\nusername = "reader"'),
    Table("oceanbase-oms", OMS, ("password",), 'auth = "digest"\nusername = "reader"'),
    Table("oceanbase-oms", OMS, ("token",), 'auth = "bearer"'),
    Table("oceanbase-oms", OMS, ("header_value",), 'auth = "header"\nheader_name = "x-key"'),
    Table("oceanbase-oms", OMS, ("password",), 'edition = "enterprise"\nusername = "reader"'),
    Table("oceanbase-oms", OMS, ("token",), 'edition = "enterprise"\nauth = "bearer"'),
    Table("huawei-drs", DRS, ("secret_key",), SIGNED),
    Table("huawei-drs", DRS, ("secret_key", "security_token"), SIGNED),
    Table("huawei-drs", DRS, ("password",), f'{TOKEN}\niam_url = "{{url}}"'),
    Table("tencent-dts", DTS, ("secret_key",), 'secret_id = "one"'),
    Table("tencent-dts", DTS, ("secret_key", "session_token"), 'secret_id = "two"'),
    Table("tencent-dts", DTS, ("secret_key", "session_token"), 'secret_id = "three"'),
    Table("ninedata", NINE, ("secret_key",), 'access_key_id = "one"'),
    Table("ninedata", NINE, ("secret_key",), 'access_key_id = "two"'),
    Table("huawei-drs", f"{DRS}/{DRS}", ("secret_key", "security_token"), SIGNED),
)
# The token that IAM issues is the twentieth.
ISSUED = 'canary-issued-by-iam/+="20'


class Canaries:
    """Secrets with the signs that are spelt in several ways, and the file that names them."""

    def __init__(self, folder: Path, lines: list[Line]) -> None:
        self.secrets: list[str] = [ISSUED]
        self.refs: list[dict[str, str]] = []
        self.file = folder / "providers.toml"
        tables = [self._table(folder, *each) for each in zip(range(len(TABLES)), TABLES, lines, strict=True)]
        self.file.write_text("\n".join(tables), encoding="utf-8")

    def _table(self, folder: Path, number: int, table: Table, line: Line) -> str:
        self.refs.append(ref(f"p{number}", table.reference))
        keys = [f'[[provider]]\nid = "p{number}"\nvendor = "{table.vendor}"\nbase_url = "{line.url}"']
        keys += ["allow_private = true", 'region = "cn"', table.plain.replace("{url}", line.url)]
        for key in table.secrets:
            name = f"{number}-{key}"
            secret = f"canary{len(self.secrets):02}-{key}/+=?"
            self.secrets.append(secret)
            (folder / name).write_text(secret, encoding="utf-8")
            keys.append(f'{key} = {{ file = "{name}" }}')
        return "\n".join([*keys, "[provider.limits]", "timeout_seconds = 0.4", "breaker_seconds = 0.01\n"])

    def seen_in(self, text: str) -> list[str]:
        return [secret for secret in self.secrets for spelt in spellings(secret) if spelt in text]


def spellings(secret: str) -> Iterator[str]:
    yield from (secret, quote(secret), quote(secret, safe=""), orjson.dumps(secret).decode()[1:-1])
    for text in (secret, f"reader:{secret}"):
        yield base64.b64encode(text.encode()).decode()


def echoing(body: Callable[[str], bytes], status: int) -> Fault:
    """A vendor that puts all it was sent into its answer, its headers too; and as IAM issues a token."""

    async def answer(exchange: Exchange) -> None:
        if b"/v3/auth/tokens" in exchange.request.split(b"\r\n", 1)[0]:
            await exchange.send(Reply(201, b"{}", (("x-subject-token", ISSUED),)).wire)
            return
        sent = exchange.request.decode("latin-1")
        line = "; ".join(sent.splitlines())
        await exchange.send(Reply(status, body(sent), (("x-request-id", line), ("retry-after", line))).wire)

    return answer


def refusal(sent: str) -> bytes:
    said = {"Code": sent, "Message": sent}
    keys = dict.fromkeys(
        ("code", "message", "advice", "errorDetail", "errorCode", "error_code", "error_msg", "requestId"), sent
    )
    return orjson.dumps({"success": False, **keys, "Response": {"Error": said, "RequestId": sent}})


def precheck(sent: str) -> bytes:
    item = {"name": sent, "checkType": sent, "status": sent, "message": sent, "errorDetail": sent}
    data = {"preCheckStatus": sent, "preCheckResults": [item]}
    return orjson.dumps(
        {"success": True, "message": sent, "data": data, "results": [{"precheck_id": DRS, "process": sent}]}
    )


FAULTS: dict[str, Fault] = {
    "echo in a refusal": echoing(refusal, 200),
    "echo in a refusal under 400": echoing(refusal, 400),
    "echo in a 401": echoing(refusal, 401),
    "echo in a 503": echoing(refusal, 503),
    "echo in an answer": echoing(precheck, 200),
    "echo as text": echoing(str.encode, 200),
    "digest": faults.replied(401, www_authenticate='Digest realm="r", nonce="n", qop="auth"'),
    "reset": faults.reset,
    "reset in the body": faults.reset_in_the_body,
    "no HTTP": faults.said(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "silence": faults.silent,
    "many headers": faults.many_headers(3000),
    "page": faults.replied(502, faults.MARKUP),
    "redirect": faults.replied(302, location="http://169.254.169.254/latest"),
    "throttled": faults.replied(429),
    "empty": faults.replied(204, b""),
}


async def test_no_secret_is_seen_in_any_answer_log_or_metric(
    wiring: Wiring, emulator: Emulator, tmp_path: Path
) -> None:
    lines = [await wiring.line(wiring.bench.settings(demo_id(table)).base_url, Hurried()) for table in TABLES]
    canaries = Canaries(tmp_path, lines)
    assert len(canaries.secrets) == 20
    log = tmp_path / "log"
    seen: list[str] = []
    with log.open("w") as stderr, serving(canaries.file, stderr=stderr, PRECHECK_LOG_LEVEL="debug") as server:
        for name, fault in FAULTS.items():
            for line in lines:
                line.always(fault)
            answers = await everything(server, canaries.refs)
            seen += [f"{name}: {secret}" for secret in canaries.seen_in(answers)]
    assert all(line.requests for line in lines)
    assert any(ISSUED in request.decode("latin-1") for line in lines for request in line.requests)
    assert seen == []
    assert canaries.seen_in(log.read_text(encoding="utf-8")) == []


async def everything(server: Serving, refs: list[dict[str, str]]) -> str:
    """All that a client or an operator can have of the server."""
    parts: list[Any] = [await server.ask(EVERYTHING, refs=refs), await server.ask(STATE)]
    async for event in server.over_sse(STREAM, refs=refs):
        parts.append(event)
        if len(parts) > len(refs):
            break
    async with httpx.AsyncClient(base_url=server.url) as client:
        parts += [(await client.get(path)).text for path in ("/metrics", "/readyz")]
    return orjson.dumps(parts).decode()


def demo_id(table: Table) -> str:
    return {"oceanbase-oms": "oms-ce", "huawei-drs": "drs", "tencent-dts": "dts"}.get(table.vendor, "ninedata")
