"""A browser tab that holds a dashboard while one vendor of five fails in every way, and comes back."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import pytest

from tests.e2e.visit import Visit

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOLD = """subscription Hold($refs: [PrecheckRefInput!]!) {
  precheckUpdates(refs: $refs, until: NEVER) {
    kind problem { code } precheck { provider { id } verdict freshness { source problem { code } } } } }"""
LOOK = """query ($refs: [PrecheckRefInput!]!) {
  lookupPrechecks(refs: $refs, maxAgeSeconds: 0) {
    ref { providerId } precheck { verdict freshness { source } } problem { code } } }"""
FETCH = """async ([query, refs]) => (await fetch('/graphql', {
  method: 'POST', headers: {'content-type': 'application/json'},
  body: JSON.stringify({query, variables: {refs}})})).json()"""
SICK = "dts"
FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "refuse": ({}, "UNREACHABLE"),
    "status": ({"status": 503}, "UNREACHABLE"),
    "delay": ({"seconds": 60}, "TIMEOUT"),
    "truncate": ({}, "UNREACHABLE"),
    "garbage": ({}, "UNREADABLE_ANSWER"),
    "rate_limit": ({"retry_after": 1}, "RATE_LIMITED"),
    "expired_token": ({}, "AUTHENTICATION"),
}


async def test_one_vendor_fails_in_every_way_and_the_tab_sees_it_and_its_recovery(
    visit: Visit, control: httpx.Client
) -> None:
    refs = [new_run(control, name) for name in control.get("/").json()]
    await hold(visit, refs)
    await seen(visit, 0, lambda event: event["kind"] == "SNAPSHOT" and provider(event) == SICK)
    for kind, (more, code) in FAULTS.items():
        mark = len(visit.received)
        control.put(f"/faults/{SICK}", json={"kind": kind, **more}).raise_for_status()
        trouble = await seen(visit, mark, lambda event: event["kind"] == "PROBLEM")
        assert provider(trouble) == SICK, "nobody else is in trouble"
        assert trouble["problem"]["code"] == code, kind
        assert trouble["precheck"]["freshness"] == {"source": "STALE", "problem": {"code": code}}
        assert trouble["precheck"]["verdict"], "the newest answer that is known"
        sources = await looked_up(visit, refs)
        assert sources.pop(SICK) == ("STALE", code)
        assert set(sources.values()) == {("LIVE", None)}
        mark = len(visit.received)
        control.delete("/faults")
        # Nobody asks: the server finds out by itself.
        await seen(visit, mark, lambda event: provider(event) == SICK and event["problem"] is None)
    assert {provider(event) for event in events(visit, 0) if event["kind"] == "PROBLEM"} == {SICK}


def new_run(control: httpx.Client, name: str) -> dict[str, str]:
    order = {"provider": name, "scenario": "clean", "seconds": 3000}
    return {"providerId": name, "externalId": control.post("/runs", json=order).json()["reference"]}


async def hold(visit: Visit, refs: list[dict[str, str]]) -> None:
    """Type the dashboard into the page, as a person would, and press play."""
    await visit.open_tab("LiveProgress")
    await type_into(visit, "section[aria-label='Query Editor']", HOLD)
    await visit.page.get_by_role("button", name="Variables", exact=True).click()
    await type_into(visit, "section[aria-label=Variables]", json.dumps({"refs": refs}))
    await visit.run()


async def type_into(visit: Visit, section: str, text: str) -> None:
    await visit.page.locator(f"{section} .graphiql-editor:not(.hidden) .CodeMirror").first.click()
    await visit.page.keyboard.press("Control+A")
    await visit.page.keyboard.insert_text(text)


def events(visit: Visit, start: int) -> list[dict[str, Any]]:
    frames = [frame for frame in visit.received[start:] if frame["type"] == "next"]
    return [frame["payload"]["data"]["precheckUpdates"] for frame in frames]


async def seen(visit: Visit, start: int, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The first such event since a frame; those before it are passed over."""
    async with asyncio.timeout(60):
        while not (found := [event for event in events(visit, start) if wanted(event)]):
            await visit.page.wait_for_timeout(100)
    return found[0]


def provider(event: dict[str, Any]) -> str | None:
    return event["precheck"] and str(event["precheck"]["provider"]["id"])


async def looked_up(visit: Visit, refs: list[dict[str, str]]) -> dict[str, tuple[str, str | None]]:
    """Each provider's source and problem, asked by the page itself."""
    answer = await visit.page.evaluate(FETCH, [LOOK, refs])
    return {
        entry["ref"]["providerId"]: (
            entry["precheck"]["freshness"]["source"],
            entry["problem"] and entry["problem"]["code"],
        )
        for entry in answer["data"]["lookupPrechecks"]
    }
