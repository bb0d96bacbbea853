"""What docs/clients.md has Apollo's cache told is true of the schema."""

import re

from graphql import GraphQLObjectType, build_schema, get_named_type, get_nullable_type, is_list_type

from graph.schema import schema
from tests.docs.pages import CLIENTS, ROOT, blocks, pinned, prose

ENTITIES = ("Precheck", "PrecheckItem", "Provider")
SDL = re.sub(r"(extend )?schema @link.*?\n}\n|@(key|shareable)(\(.*?\))?", "", schema.as_str(), flags=re.DOTALL)


def cache() -> str:
    [text] = (block.text for block in blocks(CLIENTS, "js") if block.text.startswith("// cache.js"))
    return text


def named(name: str) -> set[str]:
    """The names in a list of the program."""
    [listed] = re.findall(rf"const {name} = \[(.*?)\]", cache(), re.DOTALL)
    return set(re.findall(r"'(\w+)'", listed))


def parts_of_entities() -> tuple[set[str], set[str]]:
    """The types that stand in an entity without an identity, and the lists of objects that do."""
    single, lists = set(), set()
    types = build_schema(SDL, assume_valid=True).type_map
    for entity in ENTITIES:
        holder = types[entity]
        assert isinstance(holder, GraphQLObjectType)
        for name, field in holder.fields.items():
            part = get_named_type(field.type)
            if is_list_type(get_nullable_type(field.type)):
                lists |= {name} if isinstance(part, GraphQLObjectType) else set()
            elif isinstance(part, GraphQLObjectType) and part.name not in ENTITIES:
                single.add(part.name)
    return single, lists


def test_every_type_without_an_identity_is_told() -> None:
    single, lists = parts_of_entities()
    assert single - {"PrecheckConnection"} <= named("merged") | named("replaced")
    told = set(re.findall(r"'(\w+)'", " ".join(re.findall(r"lists\((.*?)\)", cache()))))
    assert lists <= told


def test_what_has_an_id_that_is_no_identity_has_no_key() -> None:
    types = build_schema(SDL, assume_valid=True).type_map.values()
    with_id = {each.name for each in types if isinstance(each, GraphQLObjectType) and "id" in each.fields}
    keyless = set(re.findall(r"(\w+): { keyFields: false }", cache()))
    assert with_id == {*ENTITIES, *keyless}


def test_the_versions_that_are_told_are_those_that_are_run() -> None:
    packages = pinned("clients")
    [gql] = re.findall(r"(?m)^gql==(.+)$", (ROOT / "requirements.lock").read_text(encoding="utf-8"))
    run = {
        "Apollo Client": packages["@apollo/client"],
        "urql": packages["@urql/core"],
        "Relay": packages["relay-runtime"],
        "graphql-ws": packages["graphql-ws"],
        "graphql-sse": packages["graphql-sse"],
        "Python": gql,
    }
    told = dict(re.findall(r"(?m)^\| \[([\w -]+)\]\(#[\w-]+\)[^|]*\| (\d\S+)", prose(CLIENTS)))
    assert told == {name: version.rpartition(".")[0] for name, version in run.items()}
