"""What answering an operation may take, estimated before anything is resolved."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

from graphql import (
    BooleanValueNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLCompositeType,
    GraphQLField,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from graph.guard.fragments import inner_first, spread_in
from graph.guard.limits import Limits
from graph.types.views import entries_of
from resolvers.errors import LimitExceeded, too_many_references
from resolvers.listing import DEFAULT_PAGE, LARGEST_PAGE

# A read of one precheck takes as much CPU as some hundred objects of an answer, and vendors count calls.
VENDOR_CALL = 100
ASKS_VENDORS = frozenset({"precheck", "lookupPrechecks", "_entities", "precheckUpdates"})
# Whatever is tracked is looked at for each page of it, and the printed schema is an answer of its own.
PRICES = {"prechecks": 500, "sdl": 100}
REFERENCES = ("refs", "ids", "representations")
PAGES = ("first", "last")
UNTOLD = 10  # entries of a list that nothing is told of, such as those of introspection
MOST = 10**12

Variables: TypeAlias = Mapping[str, Any]
Factor: TypeAlias = int | Callable[[Variables], int]


class Amount(NamedTuple):
    """A number, and steps of the estimate that count as often as a factor says."""

    fixed: int = 0
    terms: tuple[tuple[Factor, int], ...] = ()

    def reckoned(self, variables: Variables, steps: list[int]) -> int:
        """As a number, where the steps before have theirs."""
        if not self.terms:
            return self.fixed
        more = sum((each if isinstance(each, int) else each(variables)) * steps[at] for each, at in self.terms)
        return min(self.fixed + more, MOST)


class Cost(NamedTuple):
    """Of one operation: 1 for each object of the answer, 100 for each reference that vendors may be asked for."""

    total: Amount
    asked: Amount
    steps: tuple[Amount, ...]
    references: tuple[tuple[str, Factor], ...]

    def estimate(self, variables: Variables) -> int:
        """With these variables, as they came; what they would be refused for is not looked at. At most `MOST`."""
        return self._reckoned(variables)[0]

    def calls(self, variables: Variables) -> int:
        """How many references vendors may be asked for. The same one counts as often as it is given."""
        return self._reckoned(variables)[1]

    def refusal(self, variables: Variables, limits: Limits) -> LimitExceeded | None:
        """Why the operation may not be answered."""
        for name, factor in self.references:
            length = factor if isinstance(factor, int) else factor(variables)
            if length > limits.max_references:
                return too_many_references(name, length, limits.max_references)
        estimate, calls = self._reckoned(variables)
        if calls > limits.max_vendor_calls:
            return LimitExceeded(
                f"This operation names {calls} prechecks that vendors may be asked for; at most "
                f"{limits.max_vendor_calls} are allowed, each counted as often as it is named. Ask in several "
                "operations."
            )
        if estimate <= limits.max_cost:
            return None
        return LimitExceeded(
            f"Answering this operation may cost {estimate}; at most {limits.max_cost} is allowed. Each object "
            f"counts 1 and each precheck that a vendor may be asked for {VENDOR_CALL}: ask for fewer references, "
            "smaller pages or fewer lists of objects, or in several operations."
        )

    def _reckoned(self, variables: Variables) -> tuple[int, int]:
        if not self.steps:
            return self.total.fixed, self.asked.fixed
        steps: list[int] = []
        for step in self.steps:
            steps.append(step.reckoned(variables, steps))
        return self.total.reckoned(variables, steps), self.asked.reckoned(variables, steps)


class Selected(NamedTuple):
    """What a selection adds to one object, and for each entry of lists whose length the field above says.

    `asked` is how many references it has vendors asked for.
    """

    own: Amount = Amount()
    listed: Amount = Amount()
    asked: Amount = Amount()


def cost_of(schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode) -> Cost:
    """The cost of an operation of a valid document, in time linear in the document."""
    costing = _Costing(schema, operation)
    fragments = {
        each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)
    }
    for name in inner_first(spread_in(operation.selection_set), fragments):
        costing.add(fragments[name])
    return costing.cost()


class _Costing:
    """One pass over an operation: each fragment is counted once, after those it spreads."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._operation = operation
        self._defaults = {
            each.variable.name.value: each.default_value for each in operation.variable_definitions or ()
        }
        self._fragments: dict[str, Selected] = {}
        self._steps: list[Amount] = []
        self._references: list[tuple[str, Factor]] = []

    def add(self, fragment: FragmentDefinitionNode) -> None:
        """Count a fragment whose own spreads have been counted."""
        selected = self._selected(fragment.selection_set, self._type(fragment.type_condition.name.value))
        self._fragments[fragment.name.value] = selected

    def cost(self) -> Cost:
        """Of the operation, when all its fragments have been counted."""
        root = self._schema.get_root_type(self._operation.operation)
        selected = self._selected(self._operation.selection_set, cast("GraphQLCompositeType", root))
        total = _sum([selected.own, self._times(UNTOLD, selected.listed)])
        return Cost(total, selected.asked, tuple(self._steps), tuple(self._references))

    def _type(self, name: str) -> GraphQLCompositeType:
        return cast("GraphQLCompositeType", self._schema.type_map[name])

    def _selected(self, selections: SelectionSetNode, parent: GraphQLCompositeType) -> Selected:
        found = [self._kept(node, self._node(node, parent)) for node in selections.selections]
        return Selected(*(_sum(amounts) for amounts in zip(*found, strict=True)))

    def _node(self, node: SelectionNode, parent: GraphQLCompositeType) -> Selected:
        if isinstance(node, FragmentSpreadNode):
            return self._scaled(1, self._fragments[node.name.value])
        if isinstance(node, InlineFragmentNode):
            condition = node.type_condition
            return self._selected(node.selection_set, self._type(condition.name.value) if condition else parent)
        field = cast("FieldNode", node)
        price = Amount(PRICES.get(field.name.value, 0))
        if field.selection_set is None:
            return Selected(price)
        selected = self._object(field, field.selection_set, parent)
        return selected._replace(own=_sum([price, selected.own]))

    def _object(self, node: FieldNode, selections: SelectionSetNode, parent: GraphQLCompositeType) -> Selected:
        field = cast("GraphQLField", self._schema.get_field(parent, node.name.value))
        inner = self._selected(selections, cast("GraphQLCompositeType", get_named_type(field.type)))
        page = self._page(node, field)
        below = self._times(UNTOLD if page is None else page, inner.listed)
        is_root = parent is self._schema.get_root_type(self._operation.operation)
        asks = is_root and node.name.value in ASKS_VENDORS
        each = _sum([Amount(1 + VENDOR_CALL * asks), inner.own, below])
        if not (is_list_type(get_nullable_type(field.type)) or parent is self._schema.subscription_type):
            return Selected(each, asked=Amount(int(asks)))
        size = entries_of(field) if page is None else page
        sizes = list(self._lengths(node)) or ([] if size is None else [size])
        if not sizes:
            return Selected(listed=each)
        asked = _sum([self._times(size, Amount(int(asks))) for size in sizes])
        return Selected(_sum([self._times(size, each) for size in sizes]), asked=asked)

    def _kept(self, node: SelectionNode, selected: Selected) -> Selected:
        for directive in node.directives or ():
            if directive.name.value in ("skip", "include"):
                selected = self._scaled(self._condition(directive), selected)
        return selected

    def _scaled(self, factor: Factor, selected: Selected) -> Selected:
        return Selected(*(self._times(factor, amount) for amount in selected))

    def _times(self, factor: Factor, amount: Amount) -> Amount:
        if isinstance(factor, int) and not amount.terms:
            return Amount(min(factor * amount.fixed, MOST))
        if amount == Amount():
            return amount
        self._steps.append(amount)
        return Amount(0, ((factor, len(self._steps) - 1),))

    def _condition(self, directive: DirectiveNode) -> Factor:
        [argument] = directive.arguments or ()
        value, keeps = argument.value, directive.name.value == "include"
        if isinstance(value, VariableNode):
            name, default = value.name.value, self._defaults[value.name.value]
            usual = isinstance(default, BooleanValueNode) and default.value
            return lambda variables: int(bool(variables.get(name, usual)) is keeps)
        return int((isinstance(value, BooleanValueNode) and value.value) is keeps)

    def _lengths(self, node: FieldNode) -> Iterator[Factor]:
        for argument in node.arguments or ():
            if argument.name.value in REFERENCES:
                length = self._factor(argument.value, _length_of_literal, _length)
                self._references.append((argument.name.value, length))
                yield length

    def _page(self, node: FieldNode, field: GraphQLField) -> Factor | None:
        if not any(each in field.args for each in PAGES):
            return None
        given = next((each.value for each in node.arguments or () if each.name.value in PAGES), None)
        return self._factor(given, _page_of_literal, _page_size)

    def _factor(
        self, value: ValueNode | None, literal: Callable[[ValueNode | None], int], given: Callable[[Any], int]
    ) -> Factor:
        if not isinstance(value, VariableNode):
            return literal(value)
        name = value.name.value
        usual = literal(self._defaults[name])
        return lambda variables: given(variables[name]) if name in variables else usual


def _sum(amounts: Iterable[Amount]) -> Amount:
    known = list(amounts)
    terms = tuple(term for each in known for term in each.terms)
    return Amount(min(sum(each.fixed for each in known), MOST), terms)


def _length_of_literal(value: ValueNode | None) -> int:
    if isinstance(value, ListValueNode):
        return len(value.values)
    return int(value is not None and not isinstance(value, NullValueNode))


def _length(value: Any) -> int:
    return len(value) if isinstance(value, (list, tuple)) else int(value is not None)


def _page_of_literal(value: ValueNode | None) -> int:
    return _page_size(int(value.value) if isinstance(value, IntValueNode) else None)


def _page_size(value: Any) -> int:
    """The largest, where it is no size or more than a page may have: others refuse that."""
    if value is None:
        return DEFAULT_PAGE
    return max(0, min(value, LARGEST_PAGE)) if isinstance(value, int) else LARGEST_PAGE
