"""The federated schema: representations a gateway sends are read with care, one bad one never hides the others."""

import functools
from typing import Any, cast

from graphql import GraphQLEnumType, GraphQLObjectType
from strawberry.federation.schema import FederationAny
from strawberry.types.info import Info

from graph.operation import OperationSchema
from graph.representations import entities_of
from resolvers.arguments import within_limit
from resolvers.errors import BadRequest

_MACHINERY = {
    "_Any": "A representation of an entity: an object with `__typename` and the fields of a key.",
    "_Entity": "The types that a gateway can join by a key.",
    "_Service": "A subgraph as gateways see it.",
    "_FieldSet": "Fields as they stand in a selection.",
    "link__Purpose": "Why another specification is linked.",
    "link__Import": "A name that is taken over from a linked specification.",
}


class EntitySchema(OperationSchema):
    """The federated schema with clear refusals of malformed representations."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._entities = entities_of(self.schema_converter)

    def entities_resolver(self, info: Info, representations: list[FederationAny]) -> list[FederationAny]:
        """One entity or one error for each representation, in order."""
        within_limit(info.context, "representations", representations)
        return [self._resolved(info, each) for each in representations]

    def _resolved(self, info: Info, representation: object) -> Any:
        named = self._named(representation)
        if isinstance(named, BadRequest):
            return named
        [entity] = super().entities_resolver(info, cast("list[FederationAny]", [named]))
        return entity

    def _named(self, representation: object) -> dict[str, Any] | BadRequest:
        """What names an entity: its type, and its fields as far as the type has them."""
        if not isinstance(representation, dict):
            return BadRequest("A representation is an object with `__typename` and the fields of a key.")
        name = str(representation.get("__typename"))
        entity = self._entities.get(name)
        if entity is None:
            return BadRequest("`__typename` of a representation is the name of an entity: a type with a key.")
        fields = entity.known(representation)
        if not entity.is_named_by(fields):
            return BadRequest("A representation holds the fields of a key, each with a value of its type.")
        return {"__typename": name, **fields}


def describe_machinery(schema: EntitySchema) -> None:
    """Describe what federation adds to a schema, which its library leaves without words."""
    types = schema._schema.type_map
    for name, said in _MACHINERY.items():
        types[name].description = said
    query = cast("GraphQLObjectType", types["Query"])
    query.fields["_entities"].description = "The entities a gateway asks for, in the order of `representations`."
    query.fields["_entities"].args[
        "representations"
    ].description = "Each with `__typename` and the fields of a key."
    query.fields["_service"].description = "This subgraph, for gateways."
    cast("GraphQLObjectType", types["_Service"]).fields[
        "sdl"
    ].description = "Its schema, with federation directives."
    purposes = cast("GraphQLEnumType", types["link__Purpose"]).values
    purposes["SECURITY"].description = "The linked features provide security."
    purposes["EXECUTION"].description = "The linked features are needed to execute operations."


def print_once(schema: EntitySchema) -> None:
    """Have `_service` give one text: its library prints it anew for each alias, which takes milliseconds."""
    printed = functools.cache(schema.as_str)
    service = cast("GraphQLObjectType", schema._schema.type_map["_Service"])
    service.fields["sdl"].resolve = lambda *_: printed()
