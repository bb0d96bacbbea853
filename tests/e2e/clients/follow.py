"""Follows one subscription with `gql`: as the front ends in `follow.cjs` do, and with the same lines printed."""

import asyncio
import json
import logging
import sys
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportConnectionFailed
from gql.transport.websockets import WebsocketsTransport

WAIT_SECONDS = 0.05


async def follow(url: str, query: str, variables: dict[str, Any]) -> None:
    """Until the server completes the subscription; back with the newest cursor after each loss."""
    while True:
        try:
            async with Client(transport=WebsocketsTransport(url=url.replace("http", "ws"))) as session:
                say({"connected": True})
                request = GraphQLRequest(query, variable_values=variables)
                async for data in session.subscribe(request):
                    variables["after"] = data["precheckUpdates"]["cursor"]
                    say({"next": {"data": data}})
                say({"complete": True})
                return
        except (TransportConnectionFailed, OSError, EOFError) as lost:
            say({"lost": f"{lost}: {lost.__cause__}"})
            await asyncio.sleep(WAIT_SECONDS)


def say(line: dict[str, Any]) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    logging.disable()  # what was lost stands in the lines
    [_, asked_url, asked_query, given] = sys.argv
    asyncio.run(follow(asked_url, asked_query, json.loads(given)))
