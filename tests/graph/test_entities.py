"""Entities as a gateway asks for them."""

from typing import Any

import pytest

from resolvers.reference import ItemIds, Reference
from tests.emulator.process import Emulator
from tests.graph.documents import DDS, MYSQL, calls, precheck_id
from tests.graph.served import Served

ENTITIES = """
query Entities($representations: [_Any!]!) {
  _entities(representations: $representations) {
    __typename
    ... on Precheck { id externalId verdict }
    ... on PrecheckItem { key precheck { verdict } }
    ... on Provider { name }
  }
}"""


def precheck(**key: str) -> dict[str, Any]:
    return {"__typename": "Precheck", **key}


async def test_five_representations_of_one_connection_are_one_call(server: Served, emulator: Emulator) -> None:
    references = [emulator.create_run("drs", scenario="clean", seconds=5) for _ in range(5)]
    by_both_keys = [
        precheck(id=precheck_id("drs", each)) if place % 2 else precheck(providerId="drs", externalId=each)
        for place, each in enumerate(references)
    ]
    data = await server.data(ENTITIES, representations=by_both_keys)
    assert [entity["externalId"] for entity in data["_entities"]] == references
    assert calls(emulator) == {"drs/batch-precheck-result": 1}


async def test_each_entity_is_found_by_its_key(server: Served, emulator: Emulator) -> None:
    known = precheck_id("drs", MYSQL)
    key = "SOURCE:srcDbConnection"
    representations = [
        precheck(providerId="drs", externalId=MYSQL),
        {"__typename": "PrecheckItem", "id": ItemIds(known).of(key)},
        {"__typename": "Provider", "id": "drs"},
    ]
    assert (await server.data(ENTITIES, representations=representations))["_entities"] == [
        {"__typename": "Precheck", "id": known, "externalId": MYSQL, "verdict": "READY"},
        {"__typename": "PrecheckItem", "key": key, "precheck": {"verdict": "READY"}},
        {"__typename": "Provider", "name": "Huawei DRS"},
    ]
    assert calls(emulator) == {"drs/batch-precheck-result": 1}


async def test_a_failed_entity_leaves_the_others_whole(server: Served, emulator: Emulator) -> None:
    representations: list[Any] = [
        precheck(providerId="drs", externalId=MYSQL),
        precheck(providerId="drs", externalId="00000000-0000-0000-0000-000000000000"),
        precheck(id="pc1.nonsense"),
        precheck(id=5),  # type: ignore[arg-type]
        precheck(),
        {"__typename": "Migration", "id": "1"},
        {"id": "1"},
        "text",
        {"__typename": "Provider", "id": "nobody"},
        {"__typename": "PrecheckItem", "id": ItemIds(Reference("drs", MYSQL).id).of("SOURCE:no")},
        {"__typename": "PrecheckItem"},
        {"__typename": "Provider"},
    ]
    answer = await server.ask(ENTITIES, representations=representations)
    assert [bool(entity) for entity in answer["data"]["_entities"]] == [True, *[False] * 11]
    codes = {error["path"][1]: error["extensions"]["code"] for error in answer["errors"]}
    assert codes == {
        1: "NOT_FOUND",
        2: "INVALID_REFERENCE",
        3: "BAD_REQUEST",
        4: "INVALID_REFERENCE",
        5: "BAD_REQUEST",
        6: "BAD_REQUEST",
        7: "BAD_REQUEST",
        8: "UNKNOWN_PROVIDER",
        9: "NOT_FOUND",
        10: "INVALID_REFERENCE",
        11: "BAD_REQUEST",
    }
    assert calls(emulator) == {"drs/batch-precheck-result": 1}


@pytest.mark.parametrize(
    "part", [{"providerId": "drs"}, {"externalId": MYSQL}, {"externalId": f" {MYSQL}"}], ids=str
)
async def test_an_id_may_stand_with_a_part_of_the_other_key_that_agrees(
    server: Served, part: dict[str, str]
) -> None:
    known = precheck_id("drs", MYSQL)
    [entity] = (await server.data(ENTITIES, representations=[precheck(id=known, **part)]))["_entities"]
    assert entity["id"] == known


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"providerId": "dts"}, "another `providerId`"),
        ({"providerId": ""}, "another `providerId`"),
        ({"externalId": DDS}, "another `externalId`"),
        ({"providerId": "drs", "externalId": DDS}, "another `externalId`"),
        ({"providerId": "dts", "externalId": DDS}, "another `providerId` and `externalId`"),
    ],
    ids=str,
)
async def test_what_does_not_agree_with_an_id_is_named(
    server: Served, emulator: Emulator, part: dict[str, str], said: str
) -> None:
    answer = await server.ask(ENTITIES, representations=[precheck(id=precheck_id("drs", MYSQL), **part)])
    [error] = answer["errors"]
    assert error["message"] == f"`id` names a precheck with {said}. Name it by `id`, or by the other two."
    assert (error["extensions"]["code"], calls(emulator)) == ("INVALID_REFERENCE", {})


@pytest.mark.parametrize(
    ("type_", "id_"),
    [("PrecheckItem", "pi1.Lw"), ("PrecheckItem", "1"), ("Precheck", "pc1.!!!!"), ("Precheck", "1")],
)
async def test_an_id_that_was_not_given_here_is_told_so_whatever_it_starts_with(
    server: Served, type_: str, id_: str
) -> None:
    [error] = (await server.ask(ENTITIES, representations=[{"__typename": type_, "id": id_}]))["errors"]
    assert error["message"].startswith(f"{id_!r} was not given by this API as the id of a")


@pytest.mark.parametrize("name", ["Nothing", "Query", "PrecheckRef", "", None, 5, ["Precheck"]])
async def test_a_name_that_is_no_entity_is_told_without_those_that_are(server: Served, name: object) -> None:
    document = "query ($them: [_Any!]!) { _entities(representations: $them) { __typename } }"
    [error] = (await server.ask(document, them=[{"__typename": name, "id": "x"}]))["errors"]
    assert error["message"] == "`__typename` of a representation is the name of an entity: a type with a key."
    assert error["extensions"] == {"code": "BAD_REQUEST"}


async def test_the_service_tells_its_schema(server: Served) -> None:
    sdl = (await server.data("{ _service { sdl } }"))["_service"]["sdl"]
    assert "specs.apollo.dev/federation/v2.5" in sdl
    assert 'type Precheck @key(fields: "id") @key(fields: "providerId externalId")' in sdl
