"""How large a document and the lists beside it may be: counted in one pass, before anything is validated."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, cast

import msgspec
from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
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
from resolvers.errors import BadRequest, LimitExceeded

# Every rule of validation that looks at all pairs of something is bounded by one of these.
MOST_OPERATIONS = 50
MOST_FRAGMENTS = 100
MOST_ENTRIES_OF_OBJECTS = 100
MOST_NESTING = 100
_MOST_TOLD = 1_000_000
_LINE_ENDS = re.compile(r"\r\n|\n|\r")
_FEWER = "Ask for less, or in several operations."
# Ends with the text where a string does not end, so that each character is looked at once.
_TOKENS = re.compile(
    r'"""(?:[^"\\]|\\(?:""")?|"(?!""))*+(?:"""|\Z)|"(?:[^"\\\r\n]|\\[^\r\n])*+"?'
    r"|#[^\r\n]*|[A-Za-z_]\w*|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\.\.|[!$&()=@\[\]{|}:?*]",
    re.ASCII,
)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one operation may be and ask for; each is the setting of its name."""

    introspection: bool
    suggestions: bool
    max_document_characters: int
    max_tokens: int
    max_comments: int
    max_depth: int
    max_introspection_depth: int
    max_aliases: int
    max_root_fields: int
    max_fields: int
    max_directives: int
    max_list_entries: int
    max_references: int
    max_vendor_calls: int
    max_cost: int


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


def check_text(text: str, limits: Limits) -> None:
    """Raises LimitExceeded for a text that is too long to be parsed; in time linear in its length."""
    _within(len(text), limits.max_document_characters, "The document has", "characters")
    found = _TOKENS.findall(text)
    comments = sum(each.startswith("#") for each in found)
    _within(comments, limits.max_comments, "The document has", "comments", "Leave some out.")
    _within(len(found) - comments, limits.max_tokens, "The document has", "tokens")
    # To tell the place of an error takes time for each line before it.
    _within(len(_LINE_ENDS.findall(text)), limits.max_tokens, "The document has", "lines", "Leave out empty ones.")


def check_document(schema: GraphQLSchema, document: DocumentNode, limits: Limits) -> None:
    """Raises LimitExceeded, and BadRequest for introspection where there is none; linear in the document.

    Nothing is known to be valid yet: fragments may spread themselves, and types and fields need not be there.
    """
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    _within(len(operations), MOST_OPERATIONS, "The document has", "operations", "Send them one by one.")
    others = len(document.definitions) - len(operations)
    _within(others, MOST_FRAGMENTS, "The document has", "fragments")
    counting = Counting(schema, document)
    for operation in operations:
        _check_counted(_name_of(operation), counting.counted(operation), limits)
    _check_values(counting.values, limits)
    if counting.introspects and not limits.introspection:
        raise BadRequest(
            "Introspection is turned off here: `__schema`, `__type` and `_service` are not answered. "
            "Ask whoever runs this server for its schema."
        )


def check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raises LimitExceeded where a list in variables, however deep, has too many entries; or an object has."""
    for name, value in variables.items():
        waiting = [value]
        while waiting:
            each = waiting.pop()
            if isinstance(each, list):
                if len(each) > limits.max_list_entries:
                    _within(len(each), limits.max_list_entries, f"A list in `${name[:80]}` has", "entries")
                waiting += each
            elif isinstance(each, dict):
                if len(each) > MOST_ENTRIES_OF_OBJECTS:
                    _within(len(each), MOST_ENTRIES_OF_OBJECTS, f"An object in `${name[:80]}` has", "entries")
                waiting += each.values()


class Counting:
    """One pass over a document: each fragment is counted once, after those it spreads."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self.introspects = False
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
            # One that is not known or spreads itself is refused by validation.
            return _nested(self._fragments.get(node.name.value, Counted()), directives)
        if isinstance(node, InlineFragmentNode):
            return _nested(counted[id(node.selection_set)], directives)
        field = cast("FieldNode", node)
        self.values += [each.value for each in field.arguments or ()]
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
        self.values += [each.value for directive in found for each in directive.arguments or ()]
        return len(found)


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


def _check_counted(name: str, counted: Counted, limits: Limits) -> None:
    _within(counted.nesting, MOST_NESTING, f"{name} nests selections and fragments", "deep")
    _within(counted.depth, limits.max_depth, f"{name} nests fields", "deep")
    introspection = f"{name} nests fields of introspection"
    _within(counted.introspection_depth, limits.max_introspection_depth, introspection, "deep")
    _within(counted.aliases, limits.max_aliases, f"{name} has", "aliases, fragments expanded")
    _within(counted.root_fields, limits.max_root_fields, f"{name} has", "fields at its root, fragments expanded")
    _within(counted.fields, limits.max_fields, f"{name} has", "fields, fragments expanded")
    _within(counted.directives, limits.max_directives, f"{name} has", "directives, fragments expanded")


def _check_values(values: Iterable[ValueNode], limits: Limits) -> None:
    waiting = list(values)
    while waiting:
        each = waiting.pop()
        if isinstance(each, ListValueNode):
            _within(len(each.values), limits.max_list_entries, "A list in the document has", "entries")
            waiting += each.values
        elif isinstance(each, ObjectValueNode):
            _within(len(each.fields), MOST_ENTRIES_OF_OBJECTS, "An object in the document has", "entries")
            waiting += [field.value for field in each.fields]


def _within(count: int, limit: int, holder: str, what: str, advice: str = _FEWER) -> None:
    if count > limit:
        told = str(count) if count <= _MOST_TOLD else f"more than {_MOST_TOLD}"
        raise LimitExceeded(f"{holder} {told} {what}; at most {limit} are allowed. {advice}")


def _name_of(operation: OperationDefinitionNode) -> str:
    return f"The operation `{operation.name.value[:80]}`" if operation.name else "The operation"
