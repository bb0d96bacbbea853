"""Documents by their hashes, as Apollo's link and Relay's compiler name them."""

import asyncio
import json
import re
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path

import pytest

from emulator.runs import PHASES
from tests.e2e.cable import cable
from tests.e2e.clients.conftest import logged_server
from tests.e2e.clients.snippets import Watched, compile_artifacts, running, written
from tests.e2e.told import PHASE_SECONDS, RUN_SECONDS
from tests.emulator.process import Emulator
from tests.faults.serving import Serving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

OTHER = {"{ providers }": "query Providers { precheckProviders { id } }"}


@pytest.fixture
def reference(emulator: Emulator) -> str:
    """A run that is moved on by hand."""
    run = emulator.create_run("ninedata", scenario="blocked", seconds=RUN_SECONDS)
    emulator.advance(PHASE_SECONDS / 2)
    return run


async def persisted(url: str, reference: str) -> tuple[str, list[str], str, str]:
    """What Apollo's link has printed, which requests it made, the last text it sent, and all that was answered."""
    async with cable(url) as line:
        with written(Watched(line.url, reference)) as folder:
            async with running(folder, "persisted.js") as printing:
                said = await printing.line()
        methods = re.findall(rb"(?m)^(GET|POST) /graphql", line.sent)
        body = line.sent.rpartition(b"\r\n\r\n")[2]
        text = json.loads(body)["query"] if body else ""
        return said, [each.decode() for each in methods], text, line.answered.decode()


def only(manifest: Path, provider_file: Path, documents: dict[str, str]) -> AbstractContextManager[Serving]:
    """A server that executes these documents alone."""
    manifest.write_text(json.dumps(documents))
    return logged_server(
        provider_file, PRECHECK_TRUSTED_DOCUMENTS="only", PRECHECK_TRUSTED_DOCUMENTS_FILE=str(manifest)
    )


async def test_apollos_link_sends_a_text_that_is_not_known_and_no_text_that_is(
    server: Serving, provider_file: Path, reference: str, tmp_path: Path
) -> None:
    said, methods, text, answered = await persisted(server.url, reference)
    assert (said, methods) == ("WAITING", ["GET", "POST"])
    assert "PERSISTED_QUERY_NOT_FOUND" in answered
    known = {sha256(text.encode()).hexdigest(): text}
    with only(tmp_path / "manifest.json", provider_file, known) as trusting:
        said, methods, _, _ = await persisted(trusting.url, reference)
    assert (said, methods) == ("WAITING", ["GET"])


async def test_apollos_link_is_told_why_where_only_trusted_documents_are_executed(
    emulator: Emulator, provider_file: Path, reference: str, tmp_path: Path
) -> None:
    with only(tmp_path / "manifest.json", provider_file, OTHER) as trusting:
        said, methods, _, answered = await persisted(trusting.url, reference)
    assert (said, methods) == ("", ["GET", "POST"])
    assert "DOCUMENT_NOT_TRUSTED" in answered


async def test_what_relays_compiler_persists_is_trusted_over_http_and_websocket(
    emulator: Emulator, provider_file: Path, reference: str
) -> None:
    with written(Watched("")) as compiled:
        settings = json.loads((compiled / "relay.config.json").read_text())
        settings["persistConfig"] = {"file": "persisted.json", "algorithm": "SHA256"}
        (compiled / "relay.config.json").write_text(json.dumps(settings))
        (compiled / "persisted.json").write_text("{}")
        await asyncio.to_thread(compile_artifacts, compiled)
        manifest = json.loads((compiled / "persisted.json").read_text())
        with (
            only(compiled / "persisted.json", provider_file, manifest) as trusting,
            written(Watched(trusting.url, reference)) as folder,
        ):
            (compiled / "__generated__").rename(folder / "__generated__")
            printed = []
            async with running(folder, "relay.js") as printing:
                while said := await printing.line():
                    printed.append(said)
                    if said.startswith(("SNAPSHOT", "CHANGED")):
                        emulator.advance(PHASE_SECONDS)
    assert len(printed) == 2 + 1 + PHASES
    assert (printed[0], printed[-1]) == ("WAITING", "COMPLETED 100")
