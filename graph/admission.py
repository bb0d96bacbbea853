"""What may be executed: the operation that is meant, of a valid document, permitted, within limits, paid for."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from graphql import GraphQLError, GraphQLSchema, OperationDefinitionNode
from strawberry.exceptions import MissingQueryError
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from graph.documents import Document, Documents, Refused
from graph.guard.allowances import READ_AT_ONCE, READING, Allowances
from graph.guard.limits import Limits, check_variables
from graph.guard.rights import refusal as refusal_of
from graph.guard.trusted import Trusted, not_trusted
from resolvers.context import Context
from resolvers.errors import RequestError


class Policy(NamedTuple):
    """What operations may be: None bounds nothing."""

    limits: Limits | None = None
    trusted: Trusted = Trusted()
    allowances: Allowances | None = None
    operation_seconds: float | None = None

    @property
    def hides_suggestions(self) -> bool:
        """Whether an error about an unknown name keeps the known ones to itself."""
        return self.limits is not None and not self.limits.suggestions


class Sent(NamedTuple):
    """An operation as it was sent, and which types of operation may come that way."""

    text: str | None
    variables: dict[str, Any] | None
    context: Any
    root: Any
    name: str | None
    allowed: Collection[OperationType]


class Asked(NamedTuple):
    """An operation that may be executed: a valid document, and which of its operations with what."""

    document: Document
    operation: OperationDefinitionNode
    variables: dict[str, Any] | None
    context: Any
    root: Any
    name: str | None


class Admission:
    """The checks before anything is resolved, the cheapest first."""

    def __init__(self, schema: GraphQLSchema, policy: Policy) -> None:
        """Raises ManifestError for a trusted document that would not be executed."""
        self._policy = policy
        self._documents = Documents(schema, limits=policy.limits)
        policy.trusted.check(self._trouble_with)

    def admit(self, sent: Sent) -> Asked:
        """What is to be executed, paid for by its client: the reading at once, the rest when its cost is known.

        Raises Refused where a client has to correct it, MissingQueryError, CannotGetOperationTypeError,
        InvalidOperationTypeError, and TooMuchAtOnce.
        """
        allowances = self._policy.allowances
        if allowances is None or not isinstance(sent.context, Context):
            return self._asked(sent)
        text = sent.text or ""
        reading = READING if self._documents.is_known(text) else READING + len(text) // READ_AT_ONCE
        allowances.charge(sent.context.client, reading)
        asked = self._asked(sent)
        cost = asked.document.cost(asked.operation).estimate(asked.variables or {})
        allowances.charge(sent.context.client, max(0, cost - reading))
        return asked

    def _asked(self, sent: Sent) -> Asked:
        if not sent.text:
            raise MissingQueryError
        if self._policy.trusted.refuses(sent.text):
            raise Refused.by(not_trusted())
        document = self._documents.valid(sent.text)
        operation = _operation_of(document.operations, sent.name)
        operation_type = OperationType(operation.operation.value)
        if operation_type not in sent.allowed:
            raise InvalidOperationTypeError(operation_type)
        try:
            self._check(document, operation, sent)
        except RequestError as refusal:
            raise Refused.by(refusal, is_valid=True) from None
        self._policy.trusted.note(sent.text, operation)
        # On a socket all operations are given the same context, and none may share it.
        own = sent.context.for_operation() if isinstance(sent.context, Context) else sent.context
        return Asked(document, operation, sent.variables, own, sent.root, sent.name)

    def _check(self, document: Document, operation: OperationDefinitionNode, sent: Sent) -> None:
        """Raises NotPermitted where its caller may not ask that, and LimitExceeded where nobody may."""
        if isinstance(sent.context, Context) and sent.context.caller is not None:
            not_permitted = refusal_of(document.needs(operation), sent.context.caller)
            if not_permitted is not None:
                raise not_permitted
        if self._policy.limits is not None:
            variables = sent.variables or {}
            too_much = document.cost(operation).refusal(variables, self._policy.limits)
            if too_much is not None:
                raise too_much
            check_variables(variables, self._policy.limits)

    def _trouble_with(self, document: str) -> str | None:
        try:
            self._documents.valid(document)
        except Refused as refusal:
            return refusal.errors[0].message
        return None


def _operation_of(operations: Sequence[OperationDefinitionNode], name: str | None) -> OperationDefinitionNode:
    """The operation that is meant. Raises CannotGetOperationTypeError, and Refused where that is not clear."""
    if name is None and len(operations) > 1:
        raise Refused([_ambiguous(operations)])
    for operation in operations:
        if name is None or (operation.name and operation.name.value == name):
            return operation
    raise CannotGetOperationTypeError(name)


def _ambiguous(operations: Sequence[OperationDefinitionNode]) -> GraphQLError:
    names = ", ".join(each.name.value for each in operations if each.name)
    said = f"The document holds several operations ({names}); say by `operationName` which one to run."
    return GraphQLError(said)
