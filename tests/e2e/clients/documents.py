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
_PARTS = """
query ClientsPartsQuery($id: ID!) {
  precheck(id: $id) %s{ externalId }
  precheckProviders { id }
}"""
IN_PARTS = [_PARTS % "", _PARTS % "@catch(to: RESULT) "]  # Relay hands an error of a field out where it is caught
DOCUMENTS = (FOLLOW, ASK, UNKNOWN_FIELD, IN_PARTS[True])
