"""What is written where there is no server: gathers the calls with a stock client and prints the same fields."""

import asyncio
import json
import sys
from pathlib import Path

import httpx2 as httpx
import orjson

from benchmarks.plain import answered, batches, bodies, plain_vendors, shown


async def main(providers_file: Path) -> None:
    """A question is a line `{"provider": id, "references": [...]}`, its answer a line of JSON."""
    vendors = plain_vendors(providers_file)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        async for line in lines:
            question = json.loads(line)
            vendor, asked = vendors[question["provider"]], question["references"]
            found = await bodies(vendor, client, asked)
            decoded = (vendor.decode(*each) for each in zip(found, batches(vendor, asked), strict=True))
            answer = answered([shown(precheck) for prechecks in decoded for precheck in prechecks])
            sys.stdout.buffer.write(orjson.dumps(answer) + b"\n")
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
