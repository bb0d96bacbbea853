"""How large a document and the lists beside it may be: counted in one pass, before anything is validated."""

import re
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

import msgspec
from graphql import (
    DocumentNode,
    ExecutableDefinitionNode,
    GraphQLSchema,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
)

from graph.guard.counting import Counted, Counting
from resolvers.errors import BadRequest, LimitExceeded

# Every rule of validation that looks at all pairs of something is bounded by one of these.
MOST_OPERATIONS = 50
MOST_FRAGMENTS = 100
MOST_SPREADS = 200
MOST_ENTRIES = 100
MOST_NESTING = 100
# Every double can be written with fewer; Python refuses to read some thousands, in words of its own.
MOST_DIGITS = 1_000
_MOST_TOLD = 1_000_000
_LINE_ENDS = re.compile(r"\r\n|\n|\r")
_DIGITS = frozenset("-0123456789")
_PLAIN = frozenset({str, int, float, bool, type(None)})
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


def check_text(text: str, limits: Limits) -> None:
    """Raises LimitExceeded for a text that is too long to be parsed; in time linear in its length."""
    _within(len(text), limits.max_document_characters, "The document has", "characters")
    found = _TOKENS.findall(text)
    comments = sum(each.startswith("#") for each in found)
    _within(comments, limits.max_comments, "The document has", "comments", "Leave some out.")
    _within(len(found) - comments, limits.max_tokens, "The document has", "tokens")
    longest = max((len(each) for each in found if len(each) > MOST_DIGITS and each[0] in _DIGITS), default=0)
    _within(longest, MOST_DIGITS, "A number in the document has", "characters", "Write it shorter.")
    # To tell the place of an error takes time for each line before it.
    _within(len(_LINE_ENDS.findall(text)), limits.max_tokens, "The document has", "lines", "Leave out empty ones.")


def check_document(schema: GraphQLSchema, document: DocumentNode, limits: Limits) -> None:
    """Raises LimitExceeded, and BadRequest for what defines a schema, and for introspection where there is none.

    In time linear in the document. Nothing is known to be valid yet: fragments may spread themselves, and types
    and fields need not be there.
    """
    if not all(isinstance(each, ExecutableDefinitionNode) for each in document.definitions):
        raise BadRequest(
            "A document to be executed holds operations and fragments only. Leave out what defines a schema."
        )
    operations = [each for each in document.definitions if isinstance(each, OperationDefinitionNode)]
    _within(len(operations), MOST_OPERATIONS, "The document has", "operations", "Send them one by one.")
    others = len(document.definitions) - len(operations)
    _within(others, MOST_FRAGMENTS, "The document has", "fragments")
    counting = Counting(schema, document)
    for operation in operations:
        _check_counted(_name_of(operation), counting.counted(operation), limits)
    _within(counting.spreads, MOST_SPREADS, "The document has", "spreads of fragments")
    _within(counting.most_arguments, MOST_ENTRIES, "A field in the document has", "arguments")
    _check_values(counting.values, limits)
    if counting.introspects and not limits.introspection:
        raise BadRequest(
            "Introspection is turned off here: `__schema`, `__type` and `_service` are not answered. "
            "Ask whoever runs this server for its schema."
        )


def check_variables(variables: Mapping[str, Any], limits: Limits) -> None:
    """Raises LimitExceeded where a list in variables, however deep, has too many entries; or an object has."""
    for name, value in variables.items():
        values = [value]
        # Level by level, for what is built in looks at all the values of one faster than a loop does.
        while not _PLAIN.issuperset(map(type, values)):
            lists = [each for each in values if type(each) is list]
            objects = [each for each in values if type(each) is dict]
            longest, largest = max(map(len, lists), default=0), max(map(len, objects), default=0)
            _within(longest, limits.max_list_entries, "A list in `${}` has", "entries", name=name)
            _within(largest, MOST_ENTRIES, "An object in `${}` has", "entries", name=name)
            values = [*chain.from_iterable(lists), *chain.from_iterable(map(dict.values, objects))]


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
            _within(len(each.fields), MOST_ENTRIES, "An object in the document has", "entries")
            waiting += [field.value for field in each.fields]


def _within(count: int, limit: int, holder: str, what: str, advice: str = _FEWER, name: str = "") -> None:
    if count > limit:
        told = str(count) if count <= _MOST_TOLD else f"more than {_MOST_TOLD}"
        holder = holder.replace("{}", name[:80])
        raise LimitExceeded(f"{holder} {told} {what}; at most {limit} are allowed. {advice}")


def _name_of(operation: OperationDefinitionNode) -> str:
    return f"The operation `{operation.name.value[:80]}`" if operation.name else "The operation"
