"""Documents that are known to be valid: parsed and validated once, not with every request."""

from collections.abc import Iterator
from typing import TypeAlias

from graphql import ASTValidationRule, DocumentNode
from strawberry.extensions import SchemaExtension

from graph.recent import Recent

Question: TypeAlias = tuple[str, tuple[type[ASTValidationRule], ...], int | None]
Documents: TypeAlias = Recent[Question, DocumentNode]


class KnownDocuments(SchemaExtension):
    """Puts a known document where the parser and the validator would put theirs, and keeps what passed both.

    One memory belongs to one schema. The extension stands last in a schema's list, so that it sees what the others
    have made of the rules, and which document they have refused.
    """

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._is_known = False

    def on_parse(self) -> Iterator[None]:
        """Before the parser."""
        execution = self.execution_context
        if execution.graphql_document is None and execution.query:
            execution.graphql_document = self._documents.get(self._question())
            self._is_known = execution.graphql_document is not None
        yield

    def on_validate(self) -> Iterator[None]:
        """Around the validator."""
        execution = self.execution_context
        is_judged = execution.pre_execution_errors is not None
        if self._is_known and not is_judged:
            execution.pre_execution_errors = []
        yield
        document = execution.graphql_document
        if document and execution.query and not (self._is_known or is_judged or execution.pre_execution_errors):
            self._documents.keep(self._question(), document, len(execution.query))

    def _question(self) -> Question:
        execution = self.execution_context
        return (execution.query or "", execution.validation_rules, execution.parse_options.get("max_tokens"))
