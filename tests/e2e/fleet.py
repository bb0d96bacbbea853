"""Many migrations for the other team's subgraph, and what is asked of both."""

from typing import Any

from tests.emulator.process import Emulator
from tests.graph.documents import precheck_id

ASK = """
query Migrations($ids: [ID!]) {
  migrations(ids: $ids) {
    id name
    precheck { id externalId verdict provider { name } migrations { id } }
  }
}"""
BACK = """
query Back($refs: [PrecheckRefInput!]!) {
  lookupPrechecks(refs: $refs) { precheck { externalId migrations { id name } } }
}"""
FOLLOW = """
subscription Follow($refs: [PrecheckRefInput!], $until: PrecheckStreamEnd, $after: String) {
  precheckUpdates(refs: $refs, until: $until, after: $after) {
    kind remaining problem { code }
    precheck { externalId verdict progress { percent } migrations { name } }
  }
}"""


def row(id: str, provider_id: str, external_id: str) -> dict[str, str]:
    """A migration as the page's data has it, with this API's id beside the vendor's."""
    known = {
        "providerId": provider_id,
        "externalId": external_id,
        "precheckId": precheck_id(provider_id, external_id),
    }
    return {"id": id, "name": f"Migration {id}", **known}


def of_one_connection(emulator: Emulator, provider_id: str, number: int, prefix: str) -> list[dict[str, str]]:
    """So many migrations with a precheck each that the vendor knows."""
    runs = [emulator.create_run(provider_id, scenario="clean", seconds=0.001) for _ in range(number)]
    return [row(f"{prefix}{place}", provider_id, run) for place, run in enumerate(runs)]


def ids_of(rows: list[dict[str, str]]) -> list[str]:
    return [each["id"] for each in rows]


def errors_by_path(answer: Any) -> dict[tuple[str | int, ...], str]:
    """Where each error is, without the field below the entity that some gateways name, and its code."""
    return {tuple(error["path"][:3]): error["extensions"]["code"] for error in answer["errors"]}
