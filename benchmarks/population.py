"""A thousand prechecks of forty items at each of two emulated vendors, and a provider file without rate limits."""

import asyncio
import json
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.emulated import ROOT, Emulated

# One vendor that takes ten ids in a call, and one that takes a single one.
BATCH, SINGLE = "drs", "oms-ce"
PRECHECKS = 1000
ITEMS = 40
TRACKED = 50
_AT_ONCE = 20
_FREED = """
[provider.limits]
requests_per_second = 1000000.0
concurrency = 20
timeout_seconds = 60.0
"""


def references(provider_id: str, number: int = PRECHECKS, start: int = 0) -> list[str]:
    """So many external ids of a provider, from the one at `start` on; after the last comes the first."""
    made = [_reference(provider_id, (start + each) % PRECHECKS) for each in range(number)]
    return list(dict.fromkeys(made))


def _reference(provider_id: str, number: int) -> str:
    return f"{number:08x}-5eed-4bad-8eef-{number:010d}jb" if provider_id == BATCH else f"t_bench{number:06d}"


async def populate(emulated: Emulated) -> Path:
    """Begin every run, each over at once; the provider file for everyone who is measured."""
    for provider_id, script in ((BATCH, _drs), (SINGLE, _oms)):
        for start in range(0, PRECHECKS, _AT_ONCE):
            numbers = range(start, start + _AT_ONCE)
            runs = ((_reference(provider_id, number), script(number)) for number in numbers)
            await asyncio.gather(*(_begin(emulated, provider_id, reference, body) for reference, body in runs))
    return _freed(emulated.providers_file)


async def _begin(emulated: Emulated, provider_id: str, reference: str, body: Any) -> None:
    run = {"provider": provider_id, "reference": reference, "script": [{"body": body, "seconds": 1}]}
    await emulated.ask("POST", "/runs", run)


def _freed(providers_file: Path) -> Path:
    """The tables of the two vendors, with limits that nobody meets."""
    tables = providers_file.read_text(encoding="utf-8").split("[[provider]]\n")[1:]
    kept = {each: next(table for table in tables if f'id = "{each}"\n' in table) for each in (BATCH, SINGLE)}
    path = providers_file.with_name("freed.toml")
    text = "\n".join(f"[[provider]]\n{_tracking(each, table)}{_FREED}" for each, table in kept.items())
    path.write_text(text, encoding="utf-8")
    return path


def _tracking(provider_id: str, table: str) -> str:
    lines = [line for line in table.splitlines() if not line.startswith("track = ")]
    return "\n".join([*lines, f"track = {json.dumps(references(provider_id, TRACKED))}", ""])


def _drs(number: int) -> dict[str, Any]:
    body = _wire("huawei_drs", "seed-mysql.json")
    items = _several(body["results"][0]["precheck_result"], "item", ITEMS)
    items[number % ITEMS] |= {"result": "ALARM", "failed_reason": "SRC_BINLOG_FORMAT_IS_NOT_ROW"}
    if number % 10 == 0:
        items[-1] |= {"result": "FAILED", "failed_reason": "DST_PRIVILEGES_NOT_ENOUGH"}
    body["results"][0]["precheck_result"] = items
    return body


def _oms(number: int) -> dict[str, Any]:
    body = oms_body()
    items = body["data"]["preCheckResults"]
    items[number % ITEMS] |= {"status": "WARNING", "message": "The version is old."}
    if number % 10 == 0:
        items[-1] |= {"status": "FAILED", "message": "The account lacks a privilege."}
    return body


def oms_body(items: int = ITEMS) -> dict[str, Any]:
    """A run of OMS that is over, with so many checks, all passed."""
    body = _wire("oceanbase_oms", "seed-ce.json")
    body["data"]["preCheckResults"] = _several(body["data"]["preCheckResults"], "checkType", items)
    return body


def _wire(folder: str, name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((ROOT / "emulator" / folder / "wire" / name).read_text(encoding="utf-8"))
    return body


def _several(items: Sequence[dict[str, Any]], code: str, number: int) -> list[dict[str, Any]]:
    """So many of the documented items; where they are too few, again, by another code."""
    more = ({**item, code: f"{item[code]}_AGAIN"} for item in cycle(items))
    return [*({**item} for item in items), *islice(more, max(0, number - len(items)))][:number]
