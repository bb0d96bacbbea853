"""Other people's composers accept the schema, alone and with another team's, and lose nothing of it."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

import pytest
from graphql import ObjectTypeDefinitionNode, build_schema, parse

from tests.docs.pages import FEDERATION, ROOT, examples
from tests.e2e.followed import THEIRS, Place, command, files, migrations, place, some_ports
from tests.graph.served import served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

OUR_SDL = (ROOT / "schema.graphql").read_text(encoding="utf-8")
MACHINERY = {"_Any", "_Entity", "_Service", "_entities", "_service"}
THEIR_URL = re.compile(r", migrations: '[^']+'")
THEIR_GRAPH = re.compile(r"  - name: migrations\n.*", re.DOTALL)
THEIR_PAGE_INFO = """
extend type Query { pages: PageInfo! }
type PageInfo @shareable {
  hasNextPage: Boolean!
  hasPreviousPage: Boolean!
  startCursor: String
  endCursor: String
}
"""
BROKEN = "extend type Query { broken: Nothing! }"


Keys: TypeAlias = set[tuple[str, frozenset[str]]]  # types, each with the fields of a key


class Composed(NamedTuple):
    """What a composer made: the schema that clients see, and our keys; or all it complained about."""

    sdl: str
    keys: Keys
    complaint: str


class Composer:
    """Composes by a program of the page, or by a command line tool as the page calls it."""

    def __init__(self, package: str) -> None:
        self._package = package

    async def compose(self, at: Place, theirs: str | None) -> Composed:
        """Compose the subgraph with another one, or alone."""
        at.schema()
        (at.folder / "migrations.graphql").write_text(theirs or "", encoding="utf-8")
        return await (self._by_cosmo(at, theirs) if self._package == "wgc" else self._by_program(at, theirs))

    async def _by_program(self, at: Place, theirs: str | None) -> Composed:
        program = files()["compose.mjs"].replace("'@apollo/composition'", f"'{self._package}'")
        assert self._package in program
        at.put("compose.mjs", program if theirs else THEIR_URL.sub("", program))
        code, printed = await at.run(command("node", "compose.mjs"))
        if code:
            return Composed("", set(), printed)
        sdl = (at.folder / "supergraph.graphql").read_text(encoding="utf-8")
        return Composed(sdl, _joined_keys(sdl), "")

    async def _by_cosmo(self, at: Place, theirs: str | None) -> Composed:
        graph = files()["graph.yaml"]
        at.put("graph.yaml", graph if theirs else THEIR_GRAPH.sub("", graph))
        code, printed = await at.run(command("npx", "wgc"))
        if code:
            return Composed("", set(), printed)
        engine = json.loads((at.folder / "router.json").read_text(encoding="utf-8"))["engineConfig"]
        [ours] = [each for each in engine["datasourceConfigurations"] if _is_ours(each)]
        keys = {(key["typeName"], frozenset(key["selectionSet"].split())) for key in ours["keys"]}
        return Composed(engine["graphqlSchema"], keys, "")


COMPOSERS = {
    "Apollo 2.5.0": Composer("composition-2.5"),
    "Apollo 2.14.4": Composer("@apollo/composition"),
    "Guild": Composer("@theguild/federation-composition"),
    "Cosmo": Composer("wgc"),
}
APOLLO = {name: composer for name, composer in COMPOSERS.items() if name.startswith("Apollo")}
SHARED = {
    "shared": 'type Provider @key(fields: "id") { id: ID! name: String! @shareable }',
    "provided": """type Provider @key(fields: "id") { id: ID! name: String! @external }
extend type Query { contracts: [Provider!]! @provides(fields: "name") }""",
}
each_composer = pytest.mark.parametrize("composer", COMPOSERS.values(), ids=COMPOSERS)


@pytest.fixture
def at() -> Iterator[Place]:
    with place({}) as at:
        yield at


@pytest.fixture(scope="module")
async def theirs() -> dict[str, str]:
    """What the other team's service writes as its schema, by the key it joins by."""
    written = {}
    with place({THEIRS: str(some_ports(1)[0])}) as at:
        for key in ("id", "providerId externalId"):
            async with migrations([], at, joins_by_id=key == "id"):
                written[key] = (at.folder / "migrations.graphql").read_text(encoding="utf-8")
                assert f'type Precheck @key(fields: "{key}")' in written[key]
    return written


async def test_the_checked_in_schema_is_what_the_server_tells_gateways() -> None:
    [asked] = [example.curl.body for example in examples(FEDERATION)]
    with served([]) as server:
        assert (await server.post(asked)).json() == {"data": {"_service": {"sdl": OUR_SDL.rstrip("\n")}}}


@each_composer
async def test_the_schema_composes_alone_and_nothing_of_it_is_lost(composer: Composer, at: Place) -> None:
    composed = await composer.compose(at, None)
    assert composed.complaint == ""
    assert fields_of(composed.sdl) == fields_of(OUR_SDL)
    assert composed.keys == _own_keys()


@each_composer
@pytest.mark.parametrize("key", ["id", "providerId externalId"])
async def test_it_composes_with_another_team_that_joins_by(
    composer: Composer, key: str, at: Place, theirs: dict[str, str]
) -> None:
    composed = await composer.compose(at, theirs[key])
    assert composed.complaint == ""
    fields = fields_of(composed.sdl)
    assert fields_of(OUR_SDL).items() <= fields.items()
    assert fields["Precheck.migrations"].startswith("[Migration!]!")
    assert fields["Migration.precheck"].startswith("Precheck ")
    assert _own_keys() <= composed.keys


@each_composer
async def test_page_info_is_shared(composer: Composer, at: Place, theirs: dict[str, str]) -> None:
    sdl = with_more(theirs, THEIR_PAGE_INFO).replace('import: ["@key"]', 'import: ["@key", "@shareable"]')
    composed = await composer.compose(at, sdl)
    assert composed.complaint == ""
    assert fields_of(composed.sdl)["Query.pages"].startswith("PageInfo!")


@each_composer
async def test_a_provider_of_others_is_refused(composer: Composer, at: Place, theirs: dict[str, str]) -> None:
    composed = await composer.compose(at, with_more(theirs, files()["clash.graphql"]))
    assert "Provider" in composed.complaint
    assert "name" in composed.complaint


@pytest.mark.parametrize("theirs_of_it", SHARED.values(), ids=SHARED)
@pytest.mark.parametrize("composer", APOLLO.values(), ids=APOLLO)
async def test_apollo_refuses_to_share_a_field_that_is_ours(
    composer: Composer, theirs_of_it: str, at: Place, theirs: dict[str, str]
) -> None:
    used = ", ".join(f'"{name}"' for name in ("@key", "@shareable", "@provides", "@external"))
    sdl = with_more(theirs, theirs_of_it).replace('import: ["@key"]', f"import: [{used}]")
    assert "Provider.name" in (await composer.compose(at, sdl)).complaint


@each_composer
@pytest.mark.parametrize("way", ["renamed", "joined"])
async def test_the_way_out_of_that_composes(
    composer: Composer, way: str, at: Place, theirs: dict[str, str]
) -> None:
    composed = await composer.compose(at, with_more(theirs, files()[f"{way}.graphql"]))
    assert composed.complaint == ""
    assert fields_of(OUR_SDL).items() <= fields_of(composed.sdl).items()


@each_composer
async def test_a_broken_schema_is_refused(composer: Composer, at: Place, theirs: dict[str, str]) -> None:
    assert "Nothing" in (await composer.compose(at, with_more(theirs, BROKEN))).complaint


def with_more(theirs: dict[str, str], more: str) -> str:
    """The other team's schema with something appended."""
    return f"{theirs['providerId externalId']}\n{more}"


def fields_of(sdl: str) -> dict[str, str]:
    """Each field of each type as `Type.field`, with its type, arguments and words; enum values, too."""
    schema = build_schema(sdl, assume_valid=True, assume_valid_sdl=True)
    found = {}
    for name, type_ in schema.type_map.items():
        if name.startswith(("__", "join__", "link__", "openfed__")) or name in MACHINERY:
            continue
        for member, field in {**getattr(type_, "fields", {}), **getattr(type_, "values", {})}.items():
            if member not in MACHINERY:
                found[f"{name}.{member}"] = _said(field)
    return found


def _said(field: Any) -> str:
    arguments = {name: (str(each.type), each.description) for name, each in getattr(field, "args", {}).items()}
    return f"{getattr(field, 'type', '')} {field.description} {arguments}"


def _joined_keys(sdl: str) -> Keys:
    """The keys that a supergraph has of this subgraph."""
    joined = _directives(sdl, "join__type")
    ours = [(type_, given["key"]) for type_, given in joined if given["graph"] == "PRECHECKS"]
    return {(type_, frozenset(key.split())) for type_, key in ours if key}


def _own_keys() -> Keys:
    return {(type_, frozenset(given["fields"].split())) for type_, given in _directives(OUR_SDL, "key")}


def _directives(sdl: str, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each object type that has this directive, with its arguments; a key that is not given is no field."""
    for node in parse(sdl).definitions:
        if isinstance(node, ObjectTypeDefinitionNode):
            for directive in node.directives or ():
                if directive.name.value == name:
                    given = {
                        each.name.value: str(getattr(each.value, "value", ""))
                        for each in directive.arguments or ()
                    }
                    yield node.name.value, {"key": "", **given}


def _is_ours(source: dict[str, Any]) -> bool:
    return any(node["typeName"] == "PrecheckItem" for node in source["rootNodes"])
