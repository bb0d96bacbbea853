"""What real clients say that they accept, and what they are given for it."""

import json
import re
from collections.abc import Callable

import pytest

from tests.e2e.cable import Cable
from tests.e2e.clients.documents import IN_PARTS
from tests.e2e.follower import follower
from tests.e2e.programs import command, told
from tests.e2e.told import Run

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]

JSON = re.compile(r"application/(graphql-response\+)?json")
OF_QUERIES = {
    "Apollo-multipart": JSON,
    "urql-SSE": JSON,
    "urql-WS": JSON,
    "graphql-sse": re.compile("text/event-stream"),  # which wants nothing else
    "Relay": JSON,
    "gql": JSON,
}
OF_STREAMS = {
    "Apollo-multipart": "multipart/mixed",
    "urql-SSE": "text/event-stream",
    "graphql-sse": "text/event-stream",
}


def headers(said: bytes | bytearray, name: str) -> list[str]:
    """The values of this header, in what went over a connection."""
    return [value.decode() for value in re.findall(rb"(?im)^%s: ?(.*)\r$" % name.encode(), said)]


@pytest.mark.parametrize("client", OF_QUERIES)
async def test_a_query_is_answered_in_json_whatever_else_is_accepted(
    line: Cable, client: str, record_property: Callable[[str, str], None]
) -> None:
    variables = json.dumps({"id": "pc1.b21zLWNlLzE"})
    await told(*command("ask", client), f"{line.url}/graphql", IN_PARTS[client == "Relay"], variables)
    [accept], [given] = headers(line.sent, "accept"), headers(line.answered, "content-type")
    record_property("figure", f"{accept} gets {given}")
    assert OF_QUERIES[client].match(given)


@pytest.mark.parametrize("client", OF_STREAMS)
async def test_a_subscription_is_answered_in_a_stream(
    run: Run, line: Cable, client: str, record_property: Callable[[str, str], None]
) -> None:
    async with follower(client, line.url, run.refs) as watching:
        await watching.next()
        [accept], [given] = headers(line.sent, "accept"), headers(line.answered, "content-type")[:1]
        record_property("figure", f"{accept} gets {given}")
        assert given.startswith(OF_STREAMS[client])
