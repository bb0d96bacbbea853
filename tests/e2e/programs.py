"""The programs around other people's GraphQL clients, and what they are run with."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.e2e.packages import environment, installed, node
from tests.e2e.process import ROOT

PROGRAMS = Path(__file__).parent / "clients"
CLIENTS = (
    "Apollo-WS",
    "Apollo-multipart",
    "urql-WS",
    "urql-SSE",
    "graphql-ws",
    "graphql-sse",
    "graphql-sse-single",
    "Relay",
    "gql",
)
_OF_ANOTHER_DAY = "type Query { gone: String"
_WAIT_SECONDS = 20.0


def command(program: str, client: str) -> list[str]:
    """How this program is begun for a client: ours for JavaScript knows the clients by name."""
    if client == "gql":
        return [sys.executable, str(PROGRAMS / f"{program}.py")]
    return [node(), str(PROGRAMS / f"{program}.cjs"), client]


async def told(*words: str, **variables: str) -> Any:
    """What a program prints, one text of JSON, until it ends; `variables` go into its environment."""
    process = await asyncio.create_subprocess_exec(
        *words, stdout=asyncio.subprocess.PIPE, env={**environment("clients"), **variables}, limit=2**22
    )
    try:
        async with asyncio.timeout(_WAIT_SECONDS):
            printed, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()
    return json.loads(printed)


def compile_for_relay(folder: Path, *documents: str) -> Path:
    """The folder with what Relay's compiler writes for documents named `Clients..Query` and the like.

    It knows a field that the server does not have, like that of a client whose schema is of another day.
    """
    sources, artifacts = folder / "sources", folder / "artifacts"
    for each in (sources, artifacts):
        each.mkdir()
    (sources / "Clients.js").write_text("".join(f"graphql`{document}`;\n" for document in documents))
    schema = (ROOT / "schema.graphql").read_text().replace("type Query {", _OF_ANOTHER_DAY)
    (folder / "schema.graphql").write_text(schema)
    settings = {"src": "sources", "schema": "schema.graphql", "artifactDirectory": "artifacts"}
    (folder / "relay.config.json").write_text(json.dumps({**settings, "language": "javascript"}))
    compiler = installed("clients") / "node_modules" / "relay-compiler" / "cli.js"
    done = subprocess.run(
        [node(), str(compiler), "relay.config.json"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return artifacts
