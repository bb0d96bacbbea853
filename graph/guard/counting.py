"""What a document holds, counted in one pass before anything is known of it."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, cast

from graphql import (
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionNode,
    SelectionSetNode,
    TypeMetaFieldDef,
    ValueNode,
    get_named_type,
    is_composite_type,
    is_introspection_type,
)

from graph.guard.fragments import inner_first


class Counted(NamedTuple):
    """What a selection holds, with its fragments expanded: as often as they are spread."""

    fields: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0
    depth: int = 0
    introspection_depth: int = 0
    nesting: int = 0


_TELLING = frozenset({"__schema", "__type", "_service"})
_PLAIN = Counted(fields=1, root_fields=1, depth=1, nesting=1)


class _Selections(NamedTuple):
    """A selection set, and the type whose fields it names; None where the schema has no such type."""

    node: SelectionSetNode
    parent: GraphQLNamedType | None


class Counting:
    """One pass over a document: each fragment is counted once, after those it spreads."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self.introspects = False
        self.spreads = 0
        self.most_arguments = 0
        self.values: list[ValueNode] = []
        self._fragments: dict[str, Counted] = {}
        definitions = {
            each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
        }
        for name in inner_first(definitions, definitions):
            self._fragments[name] = self._fragment(definitions[name])

    def counted(self, operation: OperationDefinitionNode) -> Counted:
        """What an operation holds."""
        inner = self._counted(operation.selection_set, self._schema.get_root_type(operation.operation))
        variables = operation.variable_definitions or ()
        self.values += [each.default_value for each in variables if each.default_value is not None]
        return _with_directives(inner, self._directives(operation, *variables))

    def _fragment(self, fragment: FragmentDefinitionNode) -> Counted:
        inner = self._counted(fragment.selection_set, self._type(fragment.type_condition.name.value))
        return _with_directives(inner, self._directives(fragment))

    def _counted(self, node: SelectionSetNode, parent: GraphQLNamedType | None) -> Counted:
        """Without recursion: each selection set comes before those below it, and is counted after them."""
        found = [_Selections(node, parent)]
        for selections in found:
            found += self._below(selections)
        counted: dict[int, Counted] = {}
        for selections in reversed(found):
            plain = None if selections.parent and is_introspection_type(selections.parent) else _PLAIN
            parts = [
                plain if plain and _is_plain(each) else self._node(each, selections.parent, counted)
                for each in selections.node.selections
            ]
            counted[id(selections.node)] = _merged(parts)
        return counted[id(node)]

    def _below(self, selections: _Selections) -> Iterator[_Selections]:
        for node in selections.node.selections:
            if isinstance(node, FieldNode) and node.selection_set:
                yield _Selections(node.selection_set, self._type_of(node, selections.parent))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                parent = self._type(condition.name.value) if condition else selections.parent
                yield _Selections(node.selection_set, parent)

    def _node(self, node: SelectionNode, parent: GraphQLNamedType | None, counted: dict[int, Counted]) -> Counted:
        directives = self._directives(node)
        if isinstance(node, FragmentSpreadNode):
            self.spreads += 1
            # One that is not known or spreads itself is refused by validation.
            return _nested(self._fragments.get(node.name.value, Counted()), directives)
        if isinstance(node, InlineFragmentNode):
            return _nested(counted[id(node.selection_set)], directives)
        field = cast("FieldNode", node)
        self._keep_arguments(field)
        inner = counted[id(field.selection_set)] if field.selection_set else Counted()
        return self._field(field, parent, inner, directives)

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, inner: Counted, directives: int) -> Counted:
        in_schema = self._is_of_schema(node, parent)
        return Counted(
            fields=1 + inner.fields,
            root_fields=1,
            aliases=(node.alias is not None) + inner.aliases,
            directives=directives + inner.directives,
            depth=0 if in_schema else 1 + inner.depth,
            introspection_depth=1 + inner.introspection_depth if in_schema or inner.introspection_depth else 0,
            nesting=1 + inner.nesting,
        )

    def _is_of_schema(self, node: FieldNode, parent: GraphQLNamedType | None) -> bool:
        """Whether a field tells of the schema: by what it is, not by what anything is called."""
        if parent is None:
            return False
        if is_introspection_type(parent):
            return True
        name = node.name.value
        query = self._schema.query_type
        if query is None or parent is not query or name not in _TELLING:
            return False
        field = self._schema.get_field(query, name)
        is_meta = field is SchemaMetaFieldDef or field is TypeMetaFieldDef
        self.introspects |= is_meta or name == "_service"
        return is_meta

    def _type_of(self, node: FieldNode, parent: GraphQLNamedType | None) -> GraphQLNamedType | None:
        if parent is None or not is_composite_type(parent):
            return None
        field = self._schema.get_field(parent, node.name.value)
        return get_named_type(field.type) if field is not None else None

    def _type(self, name: str) -> GraphQLNamedType | None:
        return self._schema.type_map.get(name)

    def _directives(self, *nodes: Any) -> int:
        found = [directive for node in nodes for directive in node.directives or ()]
        for directive in found:
            self._keep_arguments(directive)
        return len(found)

    def _keep_arguments(self, node: FieldNode | DirectiveNode) -> None:
        arguments = node.arguments or ()
        self.most_arguments = max(self.most_arguments, len(arguments))
        self.values += [each.value for each in arguments]


def _is_plain(node: SelectionNode) -> bool:
    """Whether it is a name and nothing else, as most are."""
    return (
        isinstance(node, FieldNode)
        and node.selection_set is None
        and node.alias is None
        and not node.arguments
        and not node.directives
        and node.name.value not in _TELLING
    )


def _with_directives(inner: Counted, directives: int) -> Counted:
    return inner._replace(directives=inner.directives + directives)


def _nested(inner: Counted, directives: int) -> Counted:
    return inner._replace(directives=inner.directives + directives, nesting=inner.nesting + 1)


def _merged(parts: Iterable[Counted]) -> Counted:
    known = list(parts)
    if not known:
        return Counted()
    fields, root_fields, aliases, directives, *deepest = zip(*known, strict=True)
    return Counted(sum(fields), sum(root_fields), sum(aliases), sum(directives), *map(max, deepest))
