"""What holds for each operation: it has a context of its own, and it is the one that was meant."""

from collections.abc import Iterator

from graphql import GraphQLError, OperationDefinitionNode
from strawberry.extensions import SchemaExtension

from resolvers.context import Context


class OwnContext(SchemaExtension):
    """Replaces the context of a socket, which every operation on it would share."""

    def on_operation(self) -> Iterator[None]:
        """Before anything is resolved."""
        context = self.execution_context.context
        if isinstance(context, Context):
            self.execution_context.context = context.for_operation()
        yield


class NamedOperation(SchemaExtension):
    """Refuses a document of several operations without the name of the one that is meant."""

    def on_validate(self) -> Iterator[None]:
        """Before the rules of GraphQL, which do not look at this."""
        execution = self.execution_context
        operations = [
            each
            for each in (execution.graphql_document.definitions if execution.graphql_document else ())
            if isinstance(each, OperationDefinitionNode)
        ]
        if len(operations) > 1 and not execution._provided_operation_name:
            names = ", ".join(each.name.value for each in operations if each.name)
            said = f"The document holds several operations ({names}); say by `operationName` which one to run."
            execution.pre_execution_errors = [GraphQLError(said)]
        yield
