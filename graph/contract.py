"""What breaks for those who rely on an older schema: clients by their documents, gateways by composing it."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graphql import (
    BreakingChange,
    DangerousChange,
    DefinitionNode,
    DirectiveLocation,
    DocumentNode,
    ExecutableDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    LoneSchemaDefinitionRule,
    OperationType,
    UniqueArgumentDefinitionNamesRule,
    UniqueDirectiveNamesRule,
    UniqueEnumValueNamesRule,
    UniqueFieldDefinitionNamesRule,
    UniqueOperationTypesRule,
    UniqueTypeNamesRule,
    build_ast_schema,
    find_breaking_changes,
    find_dangerous_changes,
    parse,
)
from graphql.validation.validate import validate_sdl

from graph.directives import Places, links, named, places, shared_without_key

_COORDINATE = re.compile(r"@?\w+\.\w+(?:\(\w+:\))?|@\w+(?:\(\w+:\))?")
_MEMBER = re.compile(r"(\w+) was (?:removed from|added to) union type (\w+)")
_INTERFACE = re.compile(r"(\w+) no longer implements interface (\w+)")
_MACHINERY = ("_", "link__", "federation__")
_CLIENTS = "clients whose documents use it"
_GATEWAYS = "gateways that compose it"
_LEANT_ON = frozenset({"key", "shareable", "provides"})
_IN_THE_WAY = frozenset(
    {
        "authenticated",
        "external",
        "inaccessible",
        "interfaceObject",
        "override",
        "policy",
        "requires",
        "requiresScopes",
    }
)
_ONCE = (
    LoneSchemaDefinitionRule,
    UniqueTypeNamesRule,
    UniqueArgumentDefinitionNamesRule,
    UniqueDirectiveNamesRule,
    UniqueEnumValueNamesRule,
    UniqueFieldDefinitionNamesRule,
    UniqueOperationTypesRule,
)
_EXECUTABLE = frozenset(
    {
        DirectiveLocation.QUERY,
        DirectiveLocation.MUTATION,
        DirectiveLocation.SUBSCRIPTION,
        DirectiveLocation.FIELD,
        DirectiveLocation.FRAGMENT_DEFINITION,
        DirectiveLocation.FRAGMENT_SPREAD,
        DirectiveLocation.INLINE_FRAGMENT,
        DirectiveLocation.VARIABLE_DEFINITION,
    }
)


class UnreadableSchema(Exception):
    """The text is no schema; the message says why."""


class Change(NamedTuple):
    """What changed, by its schema coordinate such as `Precheck.items(filter:)`; in words; to whom; is it gone."""

    name: str
    says: str
    matters_to: str
    removes: bool


class Contract(NamedTuple):
    """A schema as its clients and as composers read it."""

    api: GraphQLSchema
    document: DocumentNode


def contract(sdl: str) -> Contract:
    """Read SDL with or without the directives of federation.

    Raises UnreadableSchema.
    """
    try:
        document = parse(sdl, no_location=True)
        _refuse(document)
        api = build_ast_schema(document, assume_valid_sdl=True)
    except (GraphQLError, TypeError) as error:
        raise UnreadableSchema(str(error).partition("\n")[0]) from None
    if api.query_type is None:
        raise UnreadableSchema("it has no query type")
    return Contract(api, document)


def _refuse(document: DocumentNode) -> None:
    if any(isinstance(each, ExecutableDefinitionNode) for each in document.definitions):
        raise UnreadableSchema("it has operations or fragments, as documents of clients do")
    if any(_defined(each).startswith("join__") for each in document.definitions):
        raise UnreadableSchema("it is a supergraph, composed of several subgraphs; give ours alone")
    for error in validate_sdl(document, rules=_ONCE):
        raise error


def _defined(definition: DefinitionNode) -> str:
    name = getattr(definition, "name", None)
    return name.value if name else ""


def breaking_changes(held: Contract, now: Contract) -> list[Change]:
    """What those who rely on `held` lose with `now`. An addition is none."""
    lost = [each for each in find_breaking_changes(held.api, now.api) if "Standard scalar" not in each.description]
    return [
        *_told(lost, held),
        *_lost_operations(held.api, now.api),
        *_narrowed_inputs(held.api, now.api),
        *_lost_to_gateways(held, now),
    ]


def dangerous_changes(held: Contract, now: Contract) -> list[Change]:
    """What leaves documents valid and may surprise who sends them: a new enum value, another default."""
    return _told(find_dangerous_changes(held.api, now.api), held)


def _told(found: Sequence[BreakingChange | DangerousChange], held: Contract) -> list[Change]:
    # Introspection shows what only schemas use, a printed schema does not.
    hidden = {f"@{each.name}" for each in held.api.directives if _EXECUTABLE.isdisjoint(each.locations)}
    told = [
        Change(_name(each.description), each.description, _CLIENTS, "_REMOVED" in each.type.name) for each in found
    ]
    return [
        each for each in told if not each.name.startswith(_MACHINERY) and each.name.partition("(")[0] not in hidden
    ]


def _name(description: str) -> str:
    if match := _MEMBER.match(description):
        return f"{match[2]} = {match[1]}"
    if match := _INTERFACE.match(description):
        return f"{match[1]} implements {match[2]}"
    match = _COORDINATE.search(description)
    return match[0] if match else description.partition(" ")[0]


def _lost_operations(held: GraphQLSchema, now: GraphQLSchema) -> Iterator[Change]:
    for operation in OperationType:
        before, after = held.get_root_type(operation), now.get_root_type(operation)
        if before is not None and (after is None or after.name != before.name):
            name = f"schema.{operation.value}"
            says = f"{name} is {after.name} now, no longer {before.name}." if after else f"{name} was removed."
            yield Change(name, says, _CLIENTS, removes=after is None)


def _narrowed_inputs(held: GraphQLSchema, now: GraphQLSchema) -> Iterator[Change]:
    for name in sorted(_inputs_of_one_field(now) - _inputs_of_one_field(held)):
        if name in held.type_map:
            yield Change(f"{name} @oneOf", f"{name} has @oneOf now.", _CLIENTS, removes=False)


def _inputs_of_one_field(api: GraphQLSchema) -> set[str]:
    return {name for name, kind in api.type_map.items() if getattr(kind, "is_one_of", False)}


def _lost_to_gateways(held: Contract, now: Contract) -> Iterator[Change]:
    before, after = places(held.document), places(now.document)
    if not links(before):
        return
    for link in sorted(links(before) - links(after)):
        matters_to = "composers, which may know no other version"
        yield Change(link, f"{link} is not linked any more.", matters_to, removes=True)
    for place in sorted(before.keys() & after.keys()):
        for lost in named(_LEANT_ON, before[place], but=after[place]):
            yield Change(f"{place} {lost}", f"{place} has no {lost} any more.", _GATEWAYS, removes=True)
        for gained in named(_IN_THE_WAY, after[place], but=before[place]):
            yield Change(f"{place} {gained}", f"{place} has {gained} now.", _GATEWAYS, removes=False)
    yield from _new_to_sharers(before, after, _roots(now.api))


def _new_to_sharers(before: Places, after: Places, roots: set[str]) -> Iterator[Change]:
    shared = shared_without_key(before, after) - roots
    for place in sorted(_visible(after) - _visible(before)):
        name, _, field = place.partition(".")
        if name in shared and field and "(" not in field:
            says = f"{place} is new, and {name} has no key: whoever shares {name} has to have {field} too."
            yield Change(place, says, _GATEWAYS, removes=False)


def _visible(found: Places) -> set[str]:
    return {place for place, directives in found.items() if "@inaccessible" not in directives}


def _roots(api: GraphQLSchema) -> set[str]:
    return {root.name for each in OperationType if (root := api.get_root_type(each))}
