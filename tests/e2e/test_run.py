"""What the two commands promise, shown on the processes that `make run` starts."""

import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import pytest

from graph.http.explorer_operations import prepared_operations
from resolvers.reference import Reference
from tests.e2e.process import ROOT, Running, free_ports, make_run
from tests.graph.documents import DDS, LOOKUP, MYSQL, SEEDS, UPDATES, event_of, ref
from tests.graph.served import Served
from tests.graph.test_schema import OPERATIONS

pytestmark = pytest.mark.e2e

GOLDEN = {
    "t_7di1uvmxd340": "READY_WITH_WARNINGS",
    "t_57p3m9qk2v1a": "READY",
    MYSQL: "READY",
    DDS: "READY_WITH_WARNINGS",
    "dts-1ewjspuw": "READY_WITH_WARNINGS",
    "cd-tg3isu1xgs/pcte-dj02vti9tabd": "READY",
}


@pytest.fixture
def server(server_url: str) -> Served:
    return Served(server_url)


def test_it_says_where_things_are_and_what_to_try(running: Running) -> None:
    printed = "\n".join(running.printed)
    assert f"{running.url}/graphql" in printed
    assert running.control_url in printed
    assert "curl" in printed


async def test_every_prepared_operation_is_answered_by_the_demo(server: Served) -> None:
    for operation in prepared_operations():
        if "\nsubscription " not in operation.document:
            await server.data(operation.document, **operation.variables)


async def test_the_dashboard_holds_all_vendors_and_the_golden_verdicts(server: Served) -> None:
    dashboard = prepared_operations()[0]
    nodes = (await server.data(dashboard.document))["prechecks"]["nodes"]
    verdicts = {node["externalId"]: node["verdict"] for node in nodes}
    assert {reference: verdicts[reference] for reference in GOLDEN} == GOLDEN
    assert {node["provider"]["id"] for node in nodes} >= {"oms-ce", "oms-ee", "drs", "dts", "ninedata"}
    assert len(nodes) > len(GOLDEN), "some runs unfold"


async def test_a_lookup_with_one_wrong_and_one_vendor_down(server: Served, control: httpx.Client) -> None:
    control.put("/faults/oms-ee", json={"kind": "refuse"})
    refs = [ref(*seed) for seed in SEEDS]
    refs[4] = ref("dts", "dts-nosuchid")
    entries = (await server.data(LOOKUP, refs=refs, maxAgeSeconds=0))["lookupPrechecks"]
    problems = [entry["problem"] and entry["problem"]["code"] for entry in entries]
    assert problems == [None, "UNREACHABLE", None, None, "NOT_FOUND", None]
    calls = control.get("/calls").json()
    counts = {name: each["count"] for operations in calls.values() for name, each in operations.items()}
    assert counts["batch-precheck-result"] == 1
    assert counts["DescribeMigrationCheckJob"] == 1
    assert counts["precheck-status"] == 1


@pytest.mark.parametrize("transport", ["over_websocket", "over_sse"])
async def test_a_run_is_followed_to_completed(server: Served, control: httpx.Client, transport: str) -> None:
    created = control.post("/runs", json={"provider": "drs", "scenario": "clean", "seconds": 8})
    assert created.status_code == 201
    events = getattr(server, transport)(UPDATES, refs=[ref("drs", created.json()["reference"])])
    kinds = [event_of(payload)["kind"] async for payload in events]
    assert (kinds[0], kinds[-1]) == ("SNAPSHOT", "COMPLETED")
    assert "CHANGED" in kinds


BAR, WAIT_ALL, FAIL_FAST = OPERATIONS[:3]


@pytest.mark.parametrize("transport", ["over_websocket", "over_sse"])
async def test_the_streams_that_users_open_end_by_themselves(server: Served, transport: str) -> None:
    known = Reference("drs", MYSQL).id
    for document, variables in ((BAR, {"id": known}), (WAIT_ALL, {"ids": [known]}), (FAIL_FAST, {"ids": [known]})):
        kinds = [event_of(payload)["kind"] async for payload in getattr(server, transport)(document, **variables)]
        assert kinds == ["SNAPSHOT", "COMPLETED"]


def test_a_provider_file_takes_the_place_of_the_emulator(running: Running, tmp_path: Path) -> None:
    """The file of the demo's own vendors, as if it were a person's."""
    dts = httpx.get(running.control_url).json()["dts"]
    file = tmp_path / "providers.toml"
    (tmp_path / "secret").write_text(dts["credentials"]["secret_key"])
    file.write_text(
        f'[[provider]]\nid = "mine"\nvendor = "tencent-dts"\nbase_url = "{dts["url"]}"\n'
        f'secret_id = "{dts["credentials"]["secret_id"]}"\nsecret_key = {{ file = "secret" }}\n'
        'track = ["dts-1ewjspuw"]\nallow_private = true\n'
    )
    with make_run(PROVIDERS=str(file)) as own:
        body = {"query": "{ prechecks { nodes { provider { id } verdict } } }"}
        nodes = httpx.post(f"{own.url}/graphql", json=body).json()["data"]["prechecks"]["nodes"]
        own.interrupt()
    assert nodes == [{"provider": {"id": "mine"}, "verdict": "READY_WITH_WARNINGS"}]


async def test_it_is_alive_and_ready(server_url: str) -> None:
    async with httpx.AsyncClient(base_url=server_url) as client:
        statuses = [(await client.get(path)).status_code for path in ("/healthz", "/readyz")]
    assert statuses == [200, 200]


def test_ctrl_c_stops_everything_though_streams_are_open() -> None:
    with make_run() as running:
        body = {"query": UPDATES, "variables": {"refs": [ref("dts", "dts-demoblok")], "until": "NEVER"}}
        headers = {"accept": "text/event-stream"}
        with (
            httpx.Client(timeout=10) as client,
            client.stream("POST", f"{running.url}/graphql", json=body, headers=headers) as answer,
        ):
            assert answer.status_code == 200
            running.interrupt()
            assert "SERVER_RESTARTING" in answer.read().decode()
        assert running.survivors() == []
        assert not [line for line in running.rest_of_output() if "rror:" in line or "Traceback" in line]


def test_a_taken_port_is_one_clear_line_and_exit_2(running: Running) -> None:
    port = running.url.rpartition(":")[2]
    command = [
        sys.executable,
        "-m",
        "graph",
        "demo",
        "--port",
        port,
        "--emulator-port",
        str(free_ports(21, 18200)),
    ]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "choose another PORT" in refused.stderr
