"""GraphQL over HTTP, as the suite of graphql-http audits it."""

import json
import subprocess
from collections.abc import Callable

import pytest

from graph.settings import Settings
from tests.e2e.packages import environment, node
from tests.e2e.programs import PROGRAMS
from tests.graph.served import served

AUDITS = 61


@pytest.mark.attack("graphql-http audits")
def test_every_audit_of_graphql_over_http_holds(record_property: Callable[[str, str], None]) -> None:
    with served([], Settings()) as server:
        audit = [node(), str(PROGRAMS / "audit.cjs"), f"{server.url}/graphql"]
        printed = subprocess.run(
            audit, env=environment("clients"), capture_output=True, text=True, timeout=60, check=True
        )
    results = json.loads(printed.stdout)
    record_property("figure", f"{sum(each['status'] == 'ok' for each in results)} of {len(results)} hold")
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == AUDITS
