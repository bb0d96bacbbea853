import time
from collections.abc import Iterator

import httpx2 as httpx
import pytest

from tests.emulator.process import Emulator

PATH = "/api/v2?Action=GetPreCheckResult"
SEED = {"id": "t_7di1uvmxd340"}


class Oms:
    """A client of the community emulation that keeps its connection."""

    def __init__(self, emulator: Emulator) -> None:
        sent = emulator.credentials("oms-ce")
        self.client = httpx.Client(base_url=emulator.url("oms-ce"), auth=(sent["username"], sent["password"]))

    def ask(self, *, seconds: float = 5) -> httpx.Response:
        return self.client.post(PATH, json=SEED, timeout=seconds)

    def works(self) -> bool:
        return bool(self.ask().json()["data"]["preCheckId"] == SEED["id"])


@pytest.fixture
def oms(emulator: Emulator) -> Iterator[Oms]:
    oms = Oms(emulator)
    yield oms
    oms.client.close()


def test_status_is_answered_as_often_as_said(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "status", status=503, times=2)
    assert emulator.ask("GET", "/faults") == {"oms-ce": {"kind": "status", "status": 503, "times": 2}}
    assert [oms.ask().status_code for _ in range(3)] == [503, 503, 200]
    assert emulator.ask("GET", "/faults") == {}
    assert emulator.calls("oms-ce")["GetPreCheckResult"]["count"] == 3


def test_status_lasts_until_deleted_and_carries_its_body(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "status", status=418, body={"tea": True})
    assert [oms.ask().json() for _ in range(2)] == [{"tea": True}] * 2
    emulator.ask("DELETE", "/faults/oms-ce")
    assert oms.works()


def test_new_fault_replaces_the_old(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "refuse")
    emulator.fault("oms-ce", "status", status=500)
    assert oms.ask().status_code == 500


def test_fault_spares_other_providers_and_other_calls(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ee", "status", status=503)
    emulator.fault("oms-ce", "status", status=503)
    other = oms.client.post("/api/v2?Action=ListProjects", json={})
    assert other.json()["code"] == "OMS-ACTION-UNSUPPORTED"
    emulator.ask("DELETE", "/faults/oms-ce")
    assert oms.works()


def test_delayed_answer_comes_late(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "delay", seconds=0.2, times=1)
    begun = time.monotonic()
    assert oms.works()
    assert time.monotonic() - begun >= 0.2


def test_client_may_leave_a_delayed_answer(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "delay", seconds=30, times=1)
    with pytest.raises(httpx.ReadTimeout):
        oms.ask(seconds=0.1)
    assert oms.works()


def test_refusing_provider_closes_its_port_and_opens_it_again(emulator: Emulator, oms: Oms) -> None:
    assert oms.works()
    for _ in range(2):
        emulator.fault("oms-ce", "refuse")
        with pytest.raises(httpx.ConnectError):
            oms.ask()
        emulator.ask("DELETE", "/faults")
        assert oms.works()


def test_refusing_some_times_resets_that_many_connections(emulator: Emulator, oms: Oms) -> None:
    # Without a connection kept from before, for its end would be a third trouble.
    emulator.fault("oms-ce", "refuse", times=2)
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            oms.ask()
    assert oms.works()
    assert emulator.ask("GET", "/faults") == {}


def test_throttling_says_when_to_come_back(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "rate_limit", retry_after=7, times=1)
    answer = oms.ask()
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")
    assert answer.json()["success"] is False


def test_truncated_answer_breaks_off(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "truncate", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        oms.ask()
    assert oms.works()


def test_garbage_is_no_json(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "garbage", times=1)
    answer = oms.ask()
    assert answer.status_code == 200
    with pytest.raises(ValueError, match=r"."):
        answer.json()


def test_expired_credential_is_the_vendors_refusal(emulator: Emulator, oms: Oms) -> None:
    emulator.fault("oms-ce", "expired_token", times=1)
    emulator.fault("ninedata", "expired_token", times=1)
    assert oms.ask().status_code == 401
    url = emulator.url("ninedata") + "/openapi/v1/comparedata/precheck/status"
    answer = httpx.get(url, params={"taskId": "cd-1", "precheckTaskId": "pcte-1"}).json()
    assert (answer["success"], answer["message"]) == (False, "timestamp expired")
