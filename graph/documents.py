"""Documents that are known to be valid: parsed and validated once, not with every request."""

from collections.abc import Sequence

from graphql import (
    ASTValidationRule,
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graph.cost import Cost, cost_of
from graph.guard.rights import Need, needs_of
from graph.recent import Recent
from graph.selection import Selected, selected

RULES: tuple[type[ASTValidationRule], ...] = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class Refused(Exception):
    """What a client sent is not executed; the errors say why."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = list(errors)


class Document:
    """A valid document, its operations, and what the one that was asked for last costs, needs and shows."""

    def __init__(self, schema: GraphQLSchema, node: DocumentNode) -> None:
        self._schema = schema
        self.node = node
        self.operations = tuple(each for each in node.definitions if isinstance(each, OperationDefinitionNode))
        # Of one operation only, or many in one document would take more memory than its text suggests.
        self._costed: tuple[OperationDefinitionNode, Cost] | None = None
        self._needed: tuple[OperationDefinitionNode, tuple[Need, ...]] | None = None
        self._selected: tuple[OperationDefinitionNode, Selected] | None = None

    def cost(self, operation: OperationDefinitionNode) -> Cost:
        """Of one of its operations."""
        if self._costed is None or self._costed[0] is not operation:
            self._costed = (operation, cost_of(self._schema, self.node, operation))
        return self._costed[1]

    def needs(self, operation: OperationDefinitionNode) -> tuple[Need, ...]:
        """The rights that one of its operations needs."""
        if self._needed is None or self._needed[0] is not operation:
            self._needed = (operation, needs_of(self._schema, self.node, operation))
        return self._needed[1]

    def selected(self, operation: OperationDefinitionNode) -> Selected:
        """By one of its operations, a subscription."""
        if self._selected is None or self._selected[0] is not operation:
            self._selected = (operation, selected(self.node, operation))
        return self._selected[1]


class Documents:
    """The valid documents of one schema, those that were used last."""

    def __init__(self, schema: GraphQLSchema, kept: Recent[str, Document] | None = None) -> None:
        self._schema = schema
        self._kept: Recent[str, Document] = Recent() if kept is None else kept

    def valid(self, text: str) -> Document:
        """The document of a text. Raises Refused for one that is not valid; that is looked at anew each time."""
        known = self._kept.get(text)
        if known is not None:
            return known
        try:
            node = parse(text)
        except GraphQLError as error:
            raise Refused([error]) from None
        if errors := validate(self._schema, node, RULES):
            raise Refused(errors)
        document = Document(self._schema, node)
        self._kept.keep(text, document, len(text))
        return document
