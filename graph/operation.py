"""Gives each operation a context of its own: loaders never outlive the operation that filled them."""

from collections.abc import Iterator

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
