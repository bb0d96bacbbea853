"""What every client asks. The names are such as Relay's compiler demands of a module `Clients`."""

from tests.e2e.follower import FOLLOW

ASK = """
query ClientsQuery($refs: [PrecheckRefInput!]!, $id: ID!) {
  lookupPrechecks(refs: $refs) {
    ref { id externalId }
    precheck { id externalId verdict counts { total failed } items { id key state } provider { id vendor } }
    problem { code }
  }
  precheck(id: $id) { externalId summary }
}"""
UNKNOWN_FIELD = "query ClientsGoneQuery { precheckProviders { id } gone }"
NOT_FOUND = """
query ClientsPartsQuery($id: ID!) {
  precheck(id: $id) @catch(to: RESULT) { externalId }
  precheckProviders { id }
}"""
DOCUMENTS = (FOLLOW, ASK, UNKNOWN_FIELD, NOT_FOUND)
