"""The rights that an operation needs, found before anything is resolved."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
)

from resolvers.caller import Caller, Right
from resolvers.errors import NotPermitted

# Text as a vendor's database gave it: it may quote rows and statements.
RAW_FIELDS = frozenset({("PrecheckItem", "rawError")})
_OF_OPERATION = {
    OperationType.QUERY: ("A query", Right.READ),
    OperationType.SUBSCRIPTION: ("A subscription", Right.READ),
    OperationType.MUTATION: ("A mutation", Right.ACT),
}


class Need(NamedTuple):
    """What cannot be asked without a right: an operation of its kind, or a field by its coordinate."""

    what: str
    right: Right


def needs_of(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> tuple[Need, ...]:
    """What an operation of a valid document needs, in time linear in the document.

    A field counts wherever it is selected, be it skipped by a directive.
    """
    raw = {coordinate for coordinate in _fields(schema, document, operation) if coordinate in RAW_FIELDS}
    fields = (Need(f"`{type_name}.{field}`", Right.RAW) for type_name, field in sorted(raw))
    return (Need(*_OF_OPERATION[operation.operation]), *fields)


def refusal(needs: Iterable[Need], caller: Caller) -> NotPermitted | None:
    """Why this caller may not ask for all of that."""
    missing = next((need for need in needs if need.right not in caller.rights), None)
    if missing is None:
        return None
    given = ", ".join(f"`{right.value}`" for right in Right if right in caller.rights) or "none"
    return NotPermitted(
        f"{missing.what} needs the right `{missing.right.value}`; the bearer token gives {given}. "
        "Leave it out, or ask with another token."
    )


def _fields(
    schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode
) -> Iterator[tuple[str, str]]:
    """The fields that are selected, each as its type's name and its own; fragments are looked into once."""
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    waiting: list[tuple[SelectionSetNode, Any]] = [
        (operation.selection_set, schema.get_root_type(operation.operation))
    ]
    while waiting:
        selections, parent = waiting.pop()
        for node in selections.selections:
            found: Any = fragments.pop(node.name.value, None) if isinstance(node, FragmentSpreadNode) else node
            if isinstance(node, FieldNode):
                yield parent.name, node.name.value
            if found is not None and found.selection_set is not None:
                waiting.append((found.selection_set, _type_of(found, parent, schema)))


def _type_of(node: Any, parent: GraphQLCompositeType, schema: GraphQLSchema) -> Any:
    """What is selected from inside a field or a fragment."""
    if isinstance(node, FieldNode):
        return get_named_type(cast("GraphQLField", schema.get_field(parent, node.name.value)).type)
    return parent if node.type_condition is None else schema.type_map[node.type_condition.name.value]
