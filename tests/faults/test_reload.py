"""C4: a provider file that changed is read again on SIGHUP, by a server that goes on serving."""

import asyncio
import os
import pty
import re
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest

from tests.emulator.process import Emulator
from tests.faults.listening import reply, vendor
from tests.faults.serving import Serving, serving
from tests.graph.documents import LOOKUP, UPDATES, event_of, ref
from tests.graph.served import Served

NINE = "cd-tg3isu1xgs/pcte-dj02vti9tabd"
DTS = "dts-1ewjspuw"
LISTED = "{ prechecks(orderBy: PROVIDER) { nodes { provider { id name } externalId verdict } } }"
HEALTH = "{ precheckProviders { id name health { state lastSuccessAt problem { code } } } }"


class Configuration:
    """The provider file of a person who uses two of the emulator's vendors."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.file = folder / "providers.toml"
        self.secret = folder / "nine.secret"
        self.right = emulator.credentials("ninedata")["secret_key"]
        self.secret.write_text(self.right, encoding="utf-8")
        nine, dts = emulator.providers()["ninedata"], emulator.providers()["dts"]
        (folder / "dts.secret").write_text(dts["credentials"]["secret_key"], encoding="utf-8")
        self.nine = (
            f'[[provider]]\nid = "nine"\nvendor = "ninedata"\nname = "Nine"\nbase_url = "{nine["url"]}"\n'
            f'access_key_id = "{nine["credentials"]["access_key_id"]}"\nsecret_key = {{ file = "nine.secret" }}\n'
            f'allow_private = true\ntrack = ["{NINE}"]\n'
        )
        self.dts = (
            f'[[provider]]\nid = "dts"\nvendor = "tencent-dts"\nbase_url = "{dts["url"]}"\n'
            f'secret_id = "{dts["credentials"]["secret_id"]}"\nsecret_key = {{ file = "dts.secret" }}\n'
            f'allow_private = true\ntrack = ["{DTS}"]\n'
        )
        self.write(self.nine, self.dts)

    def nine_at(self, port: int) -> str:
        """The table of `nine` for a vendor elsewhere on this machine, nothing tracked."""
        moved = re.sub(r"http://127[0-9.]+:\d+", f"http://127.0.0.1:{port}", self.nine)
        return moved.replace(f'track = ["{NINE}"]', "")

    async def held_up(self, server: Serving) -> int:
        """Have the file read again, with a secret that does not come until it is written to what is returned."""
        self.secret.unlink()
        os.mkfifo(self.secret)
        server.hang_up()
        return await asyncio.to_thread(os.open, self.secret, os.O_WRONLY)

    def write(self, *tables: str) -> None:
        self.file.write_text("".join(tables), encoding="utf-8")


@pytest.fixture
def configuration(tmp_path: Path, emulator: Emulator) -> Configuration:
    return Configuration(tmp_path, emulator)


async def looked_up(server: Served, provider_id: str, external_id: str, max_age_seconds: int = 0) -> Any:
    found = await server.data(LOOKUP, refs=[ref(provider_id, external_id)], maxAgeSeconds=max_age_seconds)
    [entry] = found["lookupPrechecks"]
    return entry["problem"]["code"] if entry["problem"] else entry["precheck"]["verdict"]


async def listed(server: Served) -> dict[str, str]:
    nodes = (await server.data(LISTED))["prechecks"]["nodes"]
    return {node["externalId"]: node["verdict"] for node in nodes}


async def health(server: Served) -> dict[str, Any]:
    return {each["id"]: each for each in (await server.data(HEALTH))["precheckProviders"]}


@pytest.mark.row("C4")
async def test_a_secret_that_was_exchanged_is_used_without_a_restart(configuration: Configuration) -> None:
    configuration.secret.write_text("the-key-of-last-year", encoding="utf-8")
    with serving(configuration.file) as server:
        assert await looked_up(server, "nine", NINE) == "AUTHENTICATION"
        assert await listed(server) == {NINE: "INCONCLUSIVE", DTS: "READY_WITH_WARNINGS"}
        untouched = (await health(server))["dts"]
        configuration.secret.write_text(configuration.right, encoding="utf-8")
        assert await server.reloaded() == ["nine"]
        assert await listed(server) == {NINE: "READY", DTS: "READY_WITH_WARNINGS"}
        assert await looked_up(server, "nine", NINE) == "READY"
        now = await health(server)
        assert now["dts"] == untouched
        assert now["nine"]["health"]["state"] == "HEALTHY"


@pytest.mark.row("C4")
async def test_a_file_that_cannot_be_used_changes_nothing(configuration: Configuration) -> None:
    with serving(configuration.file) as server:
        for tables, says in (
            ([configuration.nine, "[[provider"], "is not TOML"),
            ([configuration.dts, configuration.nine.replace(NINE, "nonsense")], "`track` has 'nonsense'"),
            ([configuration.nine.replace("nine.secret", "gone.secret")], "secret file gone.secret cannot be read"),
            ([configuration.nine.replace("allow_private = true", "")], "`allow_private = true`"),
        ):
            configuration.write(*tables)
            server.hang_up()
            refused = await server.logged("configuration_refused")
            assert says in refused["message"]
            assert set(refused) == {"event", "level", "message", "timestamp"}
        assert await listed(server) == {NINE: "READY", DTS: "READY_WITH_WARNINGS"}
        configuration.write(configuration.nine, configuration.dts)
        assert await server.reloaded() == []


@pytest.mark.row("C4")
async def test_providers_and_tracked_references_come_and_go(configuration: Configuration) -> None:
    configuration.write(configuration.nine)
    with serving(configuration.file) as server:
        assert await listed(server) == {NINE: "READY"}
        configuration.write(configuration.dts, configuration.nine.replace(f'track = ["{NINE}"]', ""))
        assert await server.reloaded() == ["dts", "nine"]
        assert await listed(server) == {DTS: "READY_WITH_WARNINGS"}
        assert list(await health(server)) == ["dts", "nine"]
        configuration.write(configuration.dts)
        assert await server.reloaded() == ["nine"]
        assert await looked_up(server, "nine", NINE) == "UNKNOWN_PROVIDER"
        assert list(await health(server)) == ["dts"]


@pytest.mark.row("C4")
async def test_a_stream_of_a_provider_that_is_gone_says_so_and_ends(
    configuration: Configuration, emulator: Emulator
) -> None:
    running = emulator.create_run("ninedata", scenario="stuck", seconds=60)
    with serving(configuration.file) as server:
        stream = server.over_sse(UPDATES, refs=[ref("nine", running)])
        assert event_of(await anext(stream))["kind"] == "SNAPSHOT"
        configuration.write(configuration.dts)
        assert await server.reloaded() == ["nine"]
        events = [event_of(payload) async for payload in stream]
    assert [(event["kind"], event["problem"]["code"], event["remaining"]) for event in events] == [
        ("PROBLEM", "UNKNOWN_PROVIDER", 0)
    ]


@pytest.mark.row("C4")
async def test_a_call_under_way_ends_on_the_connection_it_began_on(configuration: Configuration) -> None:
    async with vendor() as nine:
        nine.may_answer.clear()
        own = re.sub(r"http://127[0-9.]+:\d+", f"http://127.0.0.1:{nine.port}", configuration.nine)
        configuration.write(own, configuration.dts)
        with serving(configuration.file) as server:
            calls = [asyncio.create_task(looked_up(server, "nine", NINE)) for _ in range(2)]
            await nine.was_asked.wait()
            configuration.write(own.replace('"Nine"', '"Nine, renamed"'), configuration.dts)
            assert await server.reloaded() == ["nine"]
            assert (await health(server))["nine"]["name"] == "Nine, renamed"
            nine.may_answer.set()
            assert await asyncio.gather(*calls) == ["READY", "READY"]


async def test_an_answer_over_an_exchanged_connection_is_for_those_who_waited_and_not_kept(
    configuration: Configuration,
) -> None:
    async with vendor() as nine:
        nine.may_answer.clear()
        own = configuration.nine_at(nine.port)
        configuration.write(own)
        with serving(configuration.file) as server:
            call = asyncio.create_task(looked_up(server, "nine", NINE))
            await nine.was_asked.wait()
            configuration.write(own.replace('"Nine"', '"Nine, renamed"'))
            assert await server.reloaded() == ["nine"]
            nine.may_answer.set()
            assert await call == "READY"
            assert await listed(server) == {}
            assert len(nine.heads) == 1
            assert await looked_up(server, "nine", NINE, max_age_seconds=3600) == "READY"
            assert len(nine.heads) == 2


async def test_a_breaker_that_opens_after_its_connection_was_exchanged_is_not_shown_as_the_new_one(
    configuration: Configuration,
) -> None:
    async with vendor(reply("503 Service Unavailable")) as nine:
        nine.may_answer.clear()
        own = configuration.nine_at(nine.port)
        configuration.write(own)
        with serving(configuration.file) as server, httpx.Client(base_url=server.url) as http:
            calls = [asyncio.create_task(looked_up(server, "nine", f"cd-tg3isu1xgs/pcte-{n}")) for n in range(5)]
            while len(nine.heads) < 5:
                await health(server)
            configuration.write(own.replace('"Nine"', '"Nine, renamed"'))
            assert await server.reloaded() == ["nine"]
            nine.may_answer.set()
            assert await asyncio.gather(*calls) == ["UNREACHABLE"] * 5
            assert 'precheck_breaker_opened_total{provider="nine"} 1.0\n' in http.get("/metrics").text
            async with asyncio.timeout(10):
                while 'precheck_breaker_state{provider="nine"} 0.0\n' not in http.get("/metrics").text:
                    await health(server)


async def test_a_provider_that_is_added_is_counted_from_zero(configuration: Configuration) -> None:
    configuration.write(configuration.nine)
    with serving(configuration.file) as server, httpx.Client(base_url=server.url) as http:
        assert 'provider="dts"' not in http.get("/metrics").text
        configuration.write(configuration.nine, configuration.dts)
        assert await server.reloaded() == ["dts"]
        metrics = http.get("/metrics").text
        assert 'precheck_vendor_calls_total{end="answered",provider="dts"} 0.0\n' in metrics
        assert 'precheck_breaker_state{provider="dts"} 0.0\n' in metrics


async def test_a_file_that_cannot_be_read_to_its_end_holds_up_nothing_and_comes_too_late(
    configuration: Configuration,
) -> None:
    with serving(configuration.file) as server:
        late = await configuration.held_up(server)
        assert await looked_up(server, "nine", NINE) == "READY"
        configuration.secret.unlink()
        configuration.secret.write_text(configuration.right, encoding="utf-8")
        configuration.write(configuration.nine.replace('"Nine"', '"Nine, renamed"'), configuration.dts)
        assert await server.reloaded() == ["nine"]
        os.write(late, b"the-key-of-last-year")
        os.close(late)
        await server.logged("configuration_superseded")
        assert (await health(server))["nine"]["name"] == "Nine, renamed"
        assert await looked_up(server, "nine", NINE) == "READY"


async def test_a_server_that_still_reads_its_file_ends_in_time(configuration: Configuration) -> None:
    with serving(configuration.file) as server:
        late = await configuration.held_up(server)
        server.process.terminate()
        assert await asyncio.to_thread(server.process.wait, 10) == 0
        os.close(late)


async def test_what_was_read_at_another_place_is_forgotten(configuration: Configuration) -> None:
    with serving(configuration.file) as server:
        assert await listed(server) == {NINE: "READY", DTS: "READY_WITH_WARNINGS"}
        moved = re.sub(r"http://127[0-9.]+:\d+", "http://127.0.0.1:9", configuration.nine)
        configuration.write(moved, configuration.dts)
        assert await server.reloaded() == ["nine"]
        assert await listed(server) == {NINE: "INCONCLUSIVE", DTS: "READY_WITH_WARNINGS"}


async def test_a_closed_terminal_ends_the_server_as_it_always_did(configuration: Configuration) -> None:
    ours, theirs = pty.openpty()
    with serving(configuration.file, stdin=theirs) as server:
        os.close(theirs)
        assert await server.reloaded() == []
        os.close(ours)
        server.hang_up()
        assert await asyncio.to_thread(server.process.wait, 10) == 0
