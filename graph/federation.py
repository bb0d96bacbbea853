"""The federated schema: representations a gateway sends are read with care, one bad one never hides the others."""

from typing import Any, cast

import strawberry
from graphql import GraphQLError
from strawberry.federation.schema import FederationAny
from strawberry.types import ExecutionContext
from strawberry.types.info import Info

from resolvers.arguments import within_limit
from resolvers.errors import BadRequest

_KEYS = ("id", "providerId", "externalId")


class EntitySchema(strawberry.federation.Schema):
    """Strawberry's federated schema with clear refusals of malformed representations."""

    def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:
        """One entity or one error for each representation, in order."""
        within_limit(info.context, "representations", representations)
        entities: list[Any] = []
        for representation in representations:
            refusal = self._refusal(representation)
            entities += [refusal] if refusal else super().entities_resolver(info, [_copy(representation)])
        return entities

    def process_errors(
        self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None
    ) -> None:
        """Nothing: graph.errors logs what is our fault, and a client's mistakes are not worth a traceback."""

    def _refusal(self, representation: object) -> BadRequest | None:
        if not isinstance(representation, dict):
            return BadRequest("A representation is an object with `__typename` and the fields of a key.")
        known = self.schema_converter.type_map.get(str(representation.get("__typename")))
        if known is None or not hasattr(getattr(known.definition, "origin", None), "resolve_reference"):
            return BadRequest(
                "`__typename` of a representation names an entity: Precheck, PrecheckItem or Provider."
            )
        if not all(isinstance(representation.get(key, ""), str) for key in _KEYS):
            return BadRequest("The key fields of a representation are texts.")
        return None


def _copy(representation: Any) -> FederationAny:
    return cast("FederationAny", dict(representation))
