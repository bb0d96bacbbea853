"""What breaks for those who rely on an older schema: clients by their documents, gateways by composing it."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from graphql import (
    BreakingChange,
    ConstDirectiveNode,
    DangerousChange,
    DirectiveLocation,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    build_ast_schema,
    find_breaking_changes,
    find_dangerous_changes,
    parse,
    value_from_ast_untyped,
)

_COORDINATE = re.compile(r"@?\w+\.\w+(?:\(\w+:\))?|@\w+(?:\(\w+:\))?|(?<=union type )\w+")
_MACHINERY = ("_", "link__", "federation__")
_LINK = re.compile(r"federation/v[\d.]+")
_CLIENTS = "clients whose documents use it"
_GATEWAYS = "gateways that compose it"
_LEANT_ON = frozenset({"key", "shareable", "provides"})
_IN_THE_WAY = frozenset(
    {"authenticated", "external", "inaccessible", "override", "policy", "requires", "requiresScopes"}
)
_TELLING = {"fields", "url", "from"}
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
    """What changed, by its schema coordinate such as `Precheck.items(filter:)`; in words; and to whom."""

    name: str
    says: str
    matters_to: str


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
        return Contract(build_ast_schema(document, assume_valid_sdl=True), document)
    except (GraphQLError, TypeError) as error:
        raise UnreadableSchema(str(error).partition("\n")[0]) from None


def breaking_changes(held: Contract, now: Contract) -> list[Change]:
    """What those who rely on `held` lose with `now`. An addition is none."""
    lost = [each for each in find_breaking_changes(held.api, now.api) if "Standard scalar" not in each.description]
    return [*_told(lost, held), *_lost_to_gateways(held.document, now.document)]


def dangerous_changes(held: Contract, now: Contract) -> list[Change]:
    """What leaves documents valid and may surprise who sends them: a new enum value, another default."""
    return _told(find_dangerous_changes(held.api, now.api), held)


def _told(found: Sequence[BreakingChange | DangerousChange], held: Contract) -> list[Change]:
    # Introspection shows what only schemas use, a printed schema does not.
    hidden = {f"@{each.name}" for each in held.api.directives if _EXECUTABLE.isdisjoint(each.locations)}
    told = [Change(_name(change.description), change.description, _CLIENTS) for change in found]
    return [
        each for each in told if not each.name.startswith(_MACHINERY) and each.name.partition("(")[0] not in hidden
    ]


def _name(description: str) -> str:
    match = _COORDINATE.search(description)
    return match[0] if match else description.partition(" ")[0]


def _lost_to_gateways(held: DocumentNode, now: DocumentNode) -> Iterator[Change]:
    before, after = _federated(held), _federated(now)
    for link in sorted(_links(before) - _links(after)):
        yield Change(link, f"{link} is not linked any more.", "composers, which may know no other version")
    if not _links(before):
        return
    for place in sorted(before.keys() & after.keys()):
        for lost in sorted(_of(_LEANT_ON, before[place] - after[place])):
            yield Change(f"{place} {lost}", f"{place} has no {lost} any more.", _GATEWAYS)
        for gained in sorted(_of(_IN_THE_WAY, after[place] - before[place])):
            yield Change(f"{place} {gained}", f"{place} has {gained} now.", _GATEWAYS)


def _links(places: dict[str, frozenset[str]]) -> set[str]:
    found = (_LINK.search(directive) for directive in places.get("schema", ()))
    return {match[0] for match in found if match}


def _of(names: frozenset[str], directives: frozenset[str]) -> list[str]:
    return [each for each in directives if each.removeprefix("@").partition("(")[0] in names]


def _federated(document: DocumentNode) -> dict[str, frozenset[str]]:
    """The directives of the schema, of each type and of each field. A type's @shareable is one of each field."""
    places: dict[str, set[str]] = {}
    for definition in document.definitions:
        name = getattr(definition, "name", None)
        place = name.value if name else "schema"
        own = _directives(getattr(definition, "directives", None))
        places.setdefault(place, set()).update(own - {"@shareable"})
        for field in getattr(definition, "fields", None) or ():
            inherited = own & {"@shareable"}
            places.setdefault(f"{place}.{field.name.value}", set()).update(
                inherited | _directives(field.directives)
            )
    return {place: frozenset(directives) for place, directives in places.items()}


def _directives(nodes: tuple[ConstDirectiveNode, ...] | None) -> set[str]:
    """As `@key(fields: "id")`, without what does not change the meaning."""
    read = [(node.name.value.removeprefix("federation__"), _arguments(node)) for node in nodes or ()]
    return {_written(name, arguments) for name, arguments in read if arguments.get("resolvable") is not False}


def _written(name: str, arguments: dict[str, object]) -> str:
    for word in _TELLING & arguments.keys():
        return f'@{name}({word}: "{" ".join(str(arguments[word]).replace(",", " ").split())}")'
    return f"@{name}"


def _arguments(node: ConstDirectiveNode) -> dict[str, object]:
    return {each.name.value: value_from_ast_untyped(each.value) for each in node.arguments or ()}
