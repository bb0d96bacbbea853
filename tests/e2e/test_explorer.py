import httpx2 as httpx
import pytest
from playwright.async_api import expect

from graph.http.explorer_operations import prepared_operations
from tests.e2e.visit import Visit

# A prepared live tab follows a demo run to its end.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


def is_own(address: str, server_url: str) -> bool:
    own = (server_url, server_url.replace("http", "ws", 1), "data:")
    return address.startswith(own)


def names_of_prepared_operations() -> list[str]:
    return [operation.document.split("(")[0].split("{")[0].split()[-1] for operation in prepared_operations()]


async def test_page_opens_quietly_with_all_tabs(visit: Visit, server_url: str) -> None:
    await expect(visit.tabs).to_have_text(names_of_prepared_operations())
    await visit.page.get_by_label("Show Documentation Explorer").click()
    await expect(visit.page.get_by_text("Root Types")).to_be_visible()
    await visit.page.get_by_label("Show GraphiQL Explorer").click()
    await expect(visit.page.locator(".graphiql-explorer-root")).to_be_visible()
    for dialog in ("Open short keys dialog", "Open settings dialog"):
        await visit.page.get_by_label(dialog).click()
        await expect(visit.page.get_by_role("dialog")).to_be_visible()
        await visit.page.keyboard.press("Escape")
        await expect(visit.page.get_by_role("dialog")).to_be_hidden()
    assert visit.complaints == []
    assert [address for address in visit.addresses if not is_own(address, server_url)] == []


async def test_query_shows_its_answer(visit: Visit) -> None:
    await visit.open_tab("Providers")
    await visit.run()
    answer = visit.page.locator(".result-window")
    await expect(answer).to_contain_text('"precheckProviders"')
    await expect(answer).not_to_contain_text('"errors"')
    assert visit.complaints == []


async def test_subscription_shows_events_until_it_ends(
    visit: Visit, server_url: str, control: httpx.Client
) -> None:
    await visit.open_tab("LiveProgress")
    async with visit.page.expect_websocket() as opened:
        await visit.run()
    socket = await opened.value
    await expect(visit.page.locator(".result-window")).to_contain_text('"precheckUpdates"')
    while not socket.is_closed():  # the demo's time is made to fly, a step between two events at most
        control.post("/clock", json={"advance_seconds": 5})
        await visit.page.wait_for_timeout(1000)
    events = [frame["payload"]["data"]["precheckUpdates"] for frame in visit.received if frame["type"] == "next"]
    assert len(events) > 1
    assert visit.received[-1]["type"] == "complete"
    await expect(visit.page.locator(".result-window")).to_contain_text(f'"kind": "{events[-1]["kind"]}"')
    await expect(visit.page.get_by_label("Execute query")).to_be_visible()
    assert is_own(socket.url, server_url)
    assert visit.complaints == []


async def test_a_token_goes_out_of_all_tabs_and_is_kept_nowhere(visit: Visit) -> None:
    await visit.open_tab("Providers")
    await visit.type_headers()
    async with visit.page.expect_request(lambda request: request.method == "POST") as posted:
        await visit.run()
    assert (await (await posted.value).all_headers())["authorization"] == "Bearer SECRET"

    await visit.open_tab("LiveProgress")
    async with visit.page.expect_websocket() as opened:
        await visit.run()
    await (await opened.value).wait_for_event("framereceived")
    assert visit.sent[0] == {"type": "connection_init", "payload": {"Authorization": "Bearer SECRET"}}

    # GraphiQL writes half a second after the last change.
    await visit.page.wait_for_timeout(1500)
    assert "LiveProgress" in await visit.storage()
    assert "SECRET" not in await visit.storage()
    await visit.page.reload()
    await expect(visit.tabs).to_have_text(names_of_prepared_operations())
    assert "SECRET" not in await visit.storage()
    assert "SECRET" not in await visit.page.content()


async def test_prepared_tabs_can_be_restored(visit: Visit) -> None:
    await visit.open_tab("Providers")
    await visit.page.get_by_role("tab", name="Providers").get_by_label("Close Tab").click()
    await expect(visit.page.get_by_role("tab", name="Providers")).to_have_count(0)
    await visit.page.get_by_role("button", name="Restore the prepared tabs").click()
    await expect(visit.tabs).to_have_text(names_of_prepared_operations())
