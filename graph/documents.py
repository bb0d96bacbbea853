"""Documents that are known to be valid: parsed and validated once, not with every request."""

from collections.abc import Sequence
from typing import NamedTuple

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

from graph.recent import Recent

RULES: tuple[type[ASTValidationRule], ...] = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


class Refused(Exception):
    """What a client sent is not executed; the errors say why."""

    def __init__(self, errors: Sequence[GraphQLError]) -> None:
        super().__init__(errors)
        self.errors = list(errors)


class Document(NamedTuple):
    """A valid document and its operations."""

    node: DocumentNode
    operations: tuple[OperationDefinitionNode, ...]


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
        operations = (each for each in node.definitions if isinstance(each, OperationDefinitionNode))
        document = Document(node, tuple(operations))
        self._kept.keep(text, document, len(text))
        return document
