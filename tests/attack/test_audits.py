"""GraphQL over HTTP, as the suite of graphql-http audits it."""

import json
import subprocess
from collections.abc import Callable
from os import environ

import pytest

from graph.settings import Settings
from tests.e2e.follower import INSTALLED, PROGRAMS, node
from tests.graph.served import served

AUDITS = 61


@pytest.mark.attack("graphql-http audits")
def test_every_audit_of_graphql_over_http_holds(record_property: Callable[[str, str], None]) -> None:
    assert (INSTALLED / "graphql-http").is_dir(), "`make clients` installs it"
    environment = {**environ, "NODE_PATH": str(INSTALLED)}
    with served([], Settings()) as server:
        audit = [node(), str(PROGRAMS / "audit.cjs"), f"{server.url}/graphql"]
        printed = subprocess.run(audit, env=environment, capture_output=True, text=True, timeout=60, check=True)
    results = json.loads(printed.stdout)
    record_property("figure", f"{sum(each['status'] == 'ok' for each in results)} of {len(results)} hold")
    assert [each for each in results if each["status"] != "ok"] == []
    assert len(results) == AUDITS
