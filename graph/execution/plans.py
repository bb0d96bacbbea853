"""The plans of an operation, made once and kept while it is asked for."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple, TypeAlias

from graphql import GraphQLObjectType, GraphQLOutputType, SelectionSetNode, VariableNode
from graphql.execution import Executor
from graphql.execution.collect_fields import FieldDetails
from graphql.language import DirectiveNode

from graph.execution.plan import Run, compiled
from graph.execution.shape import CONDITIONS, Left, Many, One, Survey, is_read
from graph.recent import Recent

_LEAST_FIELDS, _MOST_FIELDS = 200, 8000


class Plan(NamedTuple):
    """A compiled function from a value to the completed value, and the keys of what it leaves to graphql-core.

    Where it `is_of_readings`, a tuple that it completes may be shown again.
    """

    run: Run
    left: tuple[str, ...] = ()
    is_of_readings: bool = False


Place: TypeAlias = tuple[object, ...]


class Plans:
    """The plans of one operation.

    A plan is found by the identity of syntax nodes, by its type, and by the values of variables that conditions
    read. The nodes are kept here as long as the plans, so that no identity is ever given again. All plans together
    have no more fields than `most`.
    """

    def __init__(self, executor: Executor[Any], most: int) -> None:
        self._operation = executor.operation
        self._fragments = list(executor.fragment_definitions.values())
        self._conditions = frozenset(_conditions(executor))
        self._plans: dict[Place, Plan | None] = {}
        self._fields_left = most

    def are_of(self, executor: Executor[Any]) -> bool:
        """Whether this is the same operation with the same fragments."""
        fragments = list(executor.fragment_definitions.values())
        return (
            executor.operation is self._operation
            and len(fragments) == len(self._fragments)
            and all(one is other for one, other in zip(fragments, self._fragments, strict=True))
        )

    def conditions(self, executor: Executor[Any]) -> tuple[object, ...]:
        """The values that decide which fields are asked for: what is no Boolean is an error."""
        given = executor.variable_values.coerced
        return tuple(
            (name, given[name] if isinstance(given[name], bool) else None)
            for name in self._conditions
            if name in given
        )

    def find(self, place: Place, make: Callable[[Survey], Plan | None], executor: Executor[Any]) -> Plan | None:
        """The plan for this place, made where it is missing; None where none can be made."""
        if place not in self._plans:
            if self._fields_left <= 0:
                return None
            survey = Survey(executor, self._fields_left)
            try:
                self._plans[place] = make(survey)
            except Exception:  # whatever is wrong with the selection is told by graphql-core
                self._plans[place] = None
            self._fields_left = survey.left - 1
        return self._plans[place]


def object_plan(
    survey: Survey, type_: GraphQLObjectType, details: list[FieldDetails], *, is_encoded: bool
) -> Plan | None:
    """What of an object needs no resolver; None where that is nothing."""
    shape = survey.of_object(type_, details)
    left = tuple(field.key for field in shape.fields if isinstance(field, Left)) if shape else ()
    if shape is None or len(left) == len(shape.fields):
        return None
    return Plan(compiled(shape, is_encoded=is_encoded), left)


def list_plan(
    survey: Survey, item_type: GraphQLOutputType, details: list[FieldDetails], *, is_encoded: bool
) -> Plan | None:
    """A whole list at once; None where its items are more than plain data."""
    item = survey.of_value(item_type, details)
    if item is None:
        return None
    run = compiled(Many(item, is_nullable=False), is_encoded=is_encoded)
    return Plan(run, is_of_readings=is_encoded and isinstance(item, One) and is_read(item))


_KEPT: Recent[tuple[int, bool], Plans] = Recent()


def plans_of(executor: Executor[Any], *, is_encoded: bool) -> Plans | None:
    """The plans of what this executor runs; None for fragments with arguments, which no plan understands."""
    if any(fragment.variable_signatures for fragment in executor.fragments.values()):
        return None
    known = _KEPT.get((id(executor.operation), is_encoded))
    if known is not None and known.are_of(executor):
        return known
    location = executor.operation.loc
    length = len(location.source.body) if location else 0
    plans = Plans(executor, min(max(_LEAST_FIELDS, length), _MOST_FIELDS))
    if location is not None:
        _KEPT.keep((id(executor.operation), is_encoded), plans, length)
    return plans


def place_of(kind: str, type_: object, details: list[FieldDetails], conditions: tuple[object, ...]) -> Place:
    """Where in an operation a value stands, by identities that last as long as its plans."""
    return (kind, type_, conditions, *[id(each.node) for each in details])


def _conditions(executor: Executor[Any]) -> Iterator[str]:
    """The variables that @include and @skip read, anywhere in the operation."""
    selections = [executor.operation.selection_set]
    selections += [definition.selection_set for definition in executor.fragment_definitions.values()]
    while selections:
        for selection in selections.pop().selections:
            yield from _variables(selection.directives or ())
            nested = getattr(selection, "selection_set", None)
            if isinstance(nested, SelectionSetNode):
                selections.append(nested)


def _variables(directives: Iterable[DirectiveNode]) -> Iterator[str]:
    for directive in directives:
        if directive.name.value in CONDITIONS:
            for argument in directive.arguments or ():
                if isinstance(argument.value, VariableNode):
                    yield argument.value.name.value
