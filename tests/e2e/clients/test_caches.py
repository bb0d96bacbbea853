"""Caches of clients know our entities by their ids: what a stream tells is what a query shows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.clients.snippets import Watched, programs, running, written
from tests.e2e.programs import PROGRAMS, compile_for_relay
from tests.e2e.told import Run
from tests.faults.serving import Serving

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

SEE = """
query ClientsSeeQuery($refs: [PrecheckRefInput!]!) {
  lookupPrechecks(refs: $refs) {
    ref { id externalId }
    precheck {
      id externalId verdict status summary
      progress { percent source }
      counts { total failed passed }
      freshness { source ageSeconds }
      vendor { status message }
      items { id key state skip { applied allowed } remedy { text source } }
      blockers { id key }
      problems { code message }
      provider { id name }
    }
  }
}"""
HEAR = """
subscription ClientsHearSubscription($refs: [PrecheckRefInput!]!) {
  precheckUpdates(refs: $refs) {
    precheck {
      id verdict status summary
      progress { percent }
      counts { failed passed }
      freshness { source }
      vendor { status }
      items { id state skip { applied } remedy { text source } }
      blockers { id }
      problems { code message }
      provider { id }
    }
  }
}"""


@pytest.fixture(scope="module")
def folder(server: Serving, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The program, the cache of docs/clients.md, and what Relay's compiler makes of the documents."""
    mine = {"show.js": (PROGRAMS / "show.js").read_text(), "cache_of_the_page.js": programs()["cache.js"]}
    with written(Watched(server.url), mine) as folder:
        yield folder


@pytest.fixture(scope="module", autouse=True)
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        artifacts = compile_for_relay(tmp_path_factory.mktemp("relay"), SEE, HEAR)
        environment.setenv("RELAY_ARTIFACTS", str(artifacts))
        yield


async def lines(folder: Path, client: str, run: Run, server: Serving) -> list[dict[str, Any]]:
    """What the program prints while the run goes on to its end."""
    words = ("show.js", client, f"{server.url}/graphql", SEE, HEAR, json.dumps({"refs": run.refs}))
    printed: list[dict[str, Any]] = []
    async with running(folder, *words) as printing:
        while said := await printing.line():
            printed.append(json.loads(said))
            if "shown" in printed[-1]:
                run.go_on()
    return printed


@pytest.mark.parametrize("client", ["Apollo Client", "Relay"])
async def test_what_a_query_shows_moves_with_the_stream_and_nothing_is_asked_again(
    folder: Path, run: Run, server: Serving, client: str
) -> None:
    printed = await lines(folder, client, run, server)
    assert [each["warned"] for each in printed if "warned" in each] == []
    assert sum("asked" in each for each in printed) == 2  # the query and the stream
    shown = [each["shown"]["lookupPrechecks"][0] for each in printed if "shown" in each]
    [now] = (await server.data(SEE, refs=run.refs))["lookupPrechecks"]
    assert shown[0]["precheck"]["verdict"] == "WAITING"
    assert moving(shown[-1]) == moving(now)
    assert len(now["precheck"]["blockers"]) > 0
    assert [each["ref"] for each in shown] == [shown[0]["ref"]] * len(shown)


@pytest.mark.parametrize(
    ("client", "of"), [("Apollo Client untold", "Cache data may be lost"), ("Relay untold", "__typename")]
)
async def test_a_cache_that_is_not_told_which_types_have_no_identity_warns(
    folder: Path, run: Run, server: Serving, client: str, of: str
) -> None:
    printed = await lines(folder, client, run, server)
    assert any(of in each["warned"] for each in printed if "warned" in each), printed


def moving(shown: dict[str, Any]) -> dict[str, Any]:
    """What the stream tells as well."""
    precheck = shown["precheck"]
    told = {name: precheck[name] for name in ("id", "externalId", "verdict", "status", "summary")}
    counts = {name: precheck["counts"][name] for name in ("total", "failed", "passed")}
    items = [(each["id"], each["key"], each["state"]) for each in precheck["items"]]
    blockers = [(each["id"], each["key"]) for each in precheck["blockers"]]
    progress = (precheck["progress"]["percent"], precheck["progress"]["source"])
    return {**told, "counts": counts, "items": items, "blockers": blockers, "progress": progress}
