"""What the tests of the surface ask for, and how they read and count what comes of it."""

from typing import Any

from resolvers.reference import Reference
from tests.emulator.process import Emulator

MYSQL = "140b5236-88ad-43c8-811c-1268453jb101"
DDS = "a281f62f-4631-45d6-a2d3-679a9f4jb105"
SEEDS = [
    ("oms-ce", "t_7di1uvmxd340"),
    ("oms-ee", "t_57p3m9qk2v1a"),
    ("drs", MYSQL),
    ("drs", DDS),
    ("dts", "dts-1ewjspuw"),
    ("ninedata", "cd-tg3isu1xgs/pcte-dj02vti9tabd"),
]
EVERY_SEED_ONCE = {
    "oms-ce/GetPreCheckResult": 1,
    "oms-ee/GetPreCheckResult": 1,
    "drs/batch-precheck-result": 1,
    "dts/DescribeMigrationCheckJob": 1,
    "ninedata/precheck-status": 1,
}
LOOKUP = """
query ByVendorIds($refs: [PrecheckRefInput!]!, $maxAgeSeconds: Int) {
  lookupPrechecks(refs: $refs, maxAgeSeconds: $maxAgeSeconds) {
    ref { id providerId externalId }
    precheck { id verdict status freshness { source problem { code } } }
    problem { code message retryable providerId }
  }
}"""
DASHBOARD = """
query Dashboard($after: String, $first: Int) {
  prechecks(first: $first, after: $after, orderBy: VERDICT_WORST_FIRST) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    nodes {
      id externalId taskId verdict status
      provider { id name vendor }
      progress { percent }
      counts { total passed failed warning skipped blocking }
      freshness { source ageSeconds }
    }
  }
}"""
UPDATES = """
subscription Updates($ids: [ID!], $refs: [PrecheckRefInput!], $until: PrecheckStreamEnd, $after: String) {
  precheckUpdates(ids: $ids, refs: $refs, until: $until, after: $after) {
    kind cursor gap remaining
    precheck { externalId run status verdict progress { percent } items { precheck { externalId } } }
    changes { previousState item { key state } }
    problem { code message retryAfterSeconds }
  }
}"""


def ref(provider_id: str, external_id: str) -> dict[str, str]:
    return {"providerId": provider_id, "externalId": external_id}


def precheck_id(provider_id: str, external_id: str) -> str:
    return Reference(provider_id, external_id).id


def calls(emulator: Emulator) -> dict[str, int]:
    """Vendor calls since the test began, by operation; only those that were made."""
    made = emulator.ask("GET", "/calls")
    counted = {
        f"{provider}/{name}": call["count"]
        for provider, operations in made.items()
        for name, call in operations.items()
    }
    return {name: count for name, count in counted.items() if count}


def event_of(payload: dict[str, Any]) -> dict[str, Any]:
    assert "errors" not in payload, payload
    event: dict[str, Any] = payload["data"]["precheckUpdates"]
    return event
