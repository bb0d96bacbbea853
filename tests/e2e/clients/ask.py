"""Asks once with `gql`; prints what its API hands out as `ask.cjs` does: the data, and the codes of errors."""

import json
import sys
from typing import Any

from gql import Client, GraphQLRequest
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport


def ask(url: str, query: str, variables: dict[str, Any]) -> dict[str, Any]:
    client = Client(transport=RequestsHTTPTransport(url))
    try:
        return {"data": client.execute(GraphQLRequest(query, variable_values=variables)), "codes": []}
    except TransportQueryError as error:
        return {"data": error.data, "codes": [each["extensions"]["code"] for each in error.errors or []]}


if __name__ == "__main__":
    [_, asked_url, asked_query, given] = sys.argv
    sys.stdout.write(json.dumps(ask(asked_url, asked_query, json.loads(given))))
