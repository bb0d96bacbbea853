"""What a subscription shows of each of its events."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
)


class Selected(NamedTuple):
    """What the events of a stream are shown with: the variables used in them, and the names their gap is given."""

    variables: tuple[str, ...]
    gap_names: tuple[str, ...]


def selected(document: DocumentNode, operation: OperationDefinitionNode) -> Selected:
    """Of a valid subscription. The arguments of its one root field choose the events, and do not change them."""
    definitions = (each for each in document.definitions if isinstance(each, FragmentDefinitionNode))
    fragments = {each.name.value: each for each in definitions}
    parts: list[Any] = [operation.directives, *fragments.values()]
    for selection in operation.selection_set.selections:
        if isinstance(selection, FieldNode):
            parts += [selection.directives, selection.selection_set]
        else:
            parts.append(selection)
    variables = {name for part in parts for name in _variables(part)}
    roots = [each.selection_set for each in _fields(operation.selection_set, fragments)]
    shown = [each for root in roots if root is not None for each in _fields(root, fragments)]
    names = {(each.alias or each.name).value for each in shown if each.name.value == "gap"}
    return Selected(tuple(sorted(variables)), tuple(sorted(names)))


def _fields(
    selections: SelectionSetNode, fragments: dict[str, FragmentDefinitionNode], seen: frozenset[str] = frozenset()
) -> Iterator[FieldNode]:
    for each in selections.selections:
        if isinstance(each, FieldNode):
            yield each
        elif isinstance(each, FragmentSpreadNode):
            name = each.name.value
            if name not in seen:
                yield from _fields(fragments[name].selection_set, fragments, seen | {name})
        elif isinstance(each, InlineFragmentNode):
            yield from _fields(each.selection_set, fragments, seen)


def _variables(part: Any) -> Iterator[str]:
    if isinstance(part, VariableNode):
        yield part.name.value
    elif isinstance(part, Node):
        for key in part.keys:
            yield from _variables(getattr(part, key, None))
    elif isinstance(part, list | tuple):
        for each in part:
            yield from _variables(each)
