"""Documents that are known to be valid: parsed and validated once, not with every request."""

import re
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
from graphql.validation.rules import overlapping_fields_can_be_merged as overlapping
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from graph.guard.cost import Cost, cost_of
from graph.guard.limits import Limits, check_document, check_text
from graph.guard.rights import Need, needs_of
from graph.recent import Recent
from graph.selection import Selected, selected
from resolvers.errors import LimitExceeded, RequestError

RULES: tuple[type[ASTValidationRule], ...] = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)
MOST_ERRORS = 10
# Fields of one name that stand beside each other are compared in pairs: a hundred leaves, or fifty small objects.
overlapping.MAX_COMPLEXITY_BUDGET = 10_000
_ABORTED = "Validation aborted."
_REPEATED = (
    "The document has so many fields of one name beside each other, in fragments or without, that comparing them "
    "takes too long. Ask for each field once."
)
_SUGGESTION = re.compile(r" Did you mean .*\?$", re.DOTALL)


class Refused(Exception):
    """What a client sent is not executed; the errors say why. Its document may be valid nevertheless."""

    def __init__(self, errors: Sequence[GraphQLError], is_valid: bool = False) -> None:
        super().__init__(errors)
        self.errors = list(errors)
        self.is_valid = is_valid

    @classmethod
    def by(cls, error: RequestError, is_valid: bool = False) -> "Refused":
        """For a reason of our own."""
        return cls([GraphQLError(str(error), original_error=error)], is_valid)


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
    """The valid documents of one schema that hold its limits, those that were used last; None limits nothing."""

    def __init__(
        self, schema: GraphQLSchema, kept: Recent[str, Document] | None = None, limits: Limits | None = None
    ) -> None:
        self._schema = schema
        self._kept: Recent[str, Document] = Recent() if kept is None else kept
        self._limits = limits

    def is_known(self, text: str) -> bool:
        """Whether this was valid a moment ago, so that it need not be looked at again."""
        return self._kept.get(text) is not None

    def valid(self, text: str) -> Document:
        """The document of a text. Raises Refused for one that is not valid; that is looked at anew each time."""
        known = self._kept.get(text)
        if known is not None:
            return known
        node = self._parsed(text) if self._limits is None else self._within(self._limits, text)
        hides = self._limits is not None and not self._limits.suggestions
        errors = validate(self._schema, node, RULES, MOST_ERRORS, hide_suggestions=hides)
        if any(error.message == _ABORTED for error in errors):
            raise Refused.by(LimitExceeded(_REPEATED))
        if errors:
            raise Refused([_without_suggestion(each) for each in errors] if hides else errors)
        document = Document(self._schema, node)
        self._kept.keep(text, document, len(text))
        return document

    def _within(self, limits: Limits, text: str) -> DocumentNode:
        try:
            check_text(text, limits)
            node = self._parsed(text, limits)
            check_document(self._schema, node, limits)
        except RequestError as error:
            raise Refused.by(error) from None
        return node

    def _parsed(self, text: str, limits: Limits | None = None) -> DocumentNode:
        try:
            return parse(text, max_lexical_tokens=limits.max_tokens if limits else None)
        except GraphQLError as error:
            raise Refused([error]) from None


def _without_suggestion(error: GraphQLError) -> GraphQLError:
    """The rule about fields of leaves suggests a selection even where it is told not to."""
    error.message = _SUGGESTION.sub("", error.message)
    return error
