"""What a schema says to composers: the directives of federation, by the places that carry them."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TypeAlias

from graphql import (
    ConstDirectiveNode,
    DefinitionNode,
    DocumentNode,
    GraphQLError,
    Node,
    SelectionSetNode,
    Visitor,
    parse,
    print_ast,
    value_from_ast_untyped,
    visit,
)

SHAREABLE = "@shareable"
_LINK = re.compile(r"federation/v[\d.]+")
_TELLING = ("fields", "url", "from")

# Of one place: what each directive means, and how it is written.
Directives: TypeAlias = dict[str, str]
Places: TypeAlias = dict[str, Directives]


def places(document: DocumentNode) -> Places:
    """The directives of the schema and of each type, field, argument and value, by its schema coordinate.

    A type's @shareable is one of each field.
    """
    found: Places = {}
    for definition in document.definitions:
        name = getattr(definition, "name", None)
        place = name.value if name else "schema"
        own = _directives(definition)
        inherited = {SHAREABLE: own.pop(SHAREABLE)} if SHAREABLE in own else {}
        found.setdefault(place, {}).update(own)
        for inner, node in _inside(place, definition):
            of_type = {} if "(" in inner else inherited
            found.setdefault(inner, {}).update(of_type | _directives(node))
    return found


def links(found: Places) -> set[str]:
    """The versions of federation that are linked, as `federation/v2.5`."""
    matches = (_LINK.search(directive) for directive in found.get("schema", ()))
    return {match[0] for match in matches if match}


def named(names: Collection[str], directives: Directives, but: Collection[str]) -> list[str]:
    """Those of `names`, as they are written, without those that mean what one of `but` means."""
    ours = {meaning: written for meaning, written in directives.items() if _word(meaning) in names}
    return sorted(written for meaning, written in ours.items() if meaning not in but)


def shared_without_key(before: Places, after: Places) -> set[str]:
    """The types with a @shareable field before that have no key after."""
    shared = {place.partition(".")[0] for place, directives in before.items() if SHAREABLE in directives}
    return {name for name in shared if not named({"key"}, after.get(name, {}), but=())}


def _word(directive: str) -> str:
    return directive.removeprefix("@").partition("(")[0]


def _inside(place: str, definition: DefinitionNode) -> Iterator[tuple[str, Node]]:
    for node in (*_parts(definition, "fields"), *_parts(definition, "values")):
        inner = f"{place}.{node.name.value}"  # type: ignore[attr-defined]
        yield inner, node
        for argument in _parts(node, "arguments"):
            yield f"{inner}({argument.name.value}:)", argument  # type: ignore[attr-defined]


def _parts(node: Node, kind: str) -> tuple[Node, ...]:
    return tuple(getattr(node, kind, None) or ())


def _directives(node: Node) -> Directives:
    read = ((each.name.value.removeprefix("federation__"), _arguments(each)) for each in _of(node))
    return dict(_read(name, arguments) for name, arguments in read if arguments.get("resolvable") is not False)


def _of(node: Node) -> tuple[ConstDirectiveNode, ...]:
    return tuple(getattr(node, "directives", None) or ())


def _arguments(node: ConstDirectiveNode) -> dict[str, object]:
    return {each.name.value: value_from_ast_untyped(each.value) for each in node.arguments or ()}


def _read(name: str, arguments: dict[str, object]) -> tuple[str, str]:
    for word in _TELLING:
        if word in arguments:
            text = str(arguments[word])
            meaning = _sorted_selections(text) if word == "fields" else text
            return f"@{name}({meaning})", f'@{name}({word}: "{" ".join(text.split())}")'
    return f"@{name}", f"@{name}"


def _sorted_selections(fields: str) -> str:
    try:
        return print_ast(visit(parse(f"{{{fields}}}", no_location=True), _InOneOrder()))
    except GraphQLError:
        return fields


class _InOneOrder(Visitor):
    def leave_selection_set(self, node: SelectionSetNode, *_: object) -> SelectionSetNode:
        return replace(node, selections=tuple(sorted(node.selections, key=print_ast)))
