"""Documents over any schema: fragments, aliases, conditions, arguments and `__typename`, as chance has it."""

import random

from graphql import (
    DocumentNode,
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInterfaceType,
    GraphQLNamedOutputType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    NoUnusedFragmentsRule,
    NoUnusedVariablesRule,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_required_argument,
    parse,
    specified_rules,
    validate,
)

VARIABLES = "($yes: Boolean! = true, $no: Boolean! = false, $any: Boolean!, $number: Int = 1)"
_RULES = [rule for rule in specified_rules if rule not in (NoUnusedFragmentsRule, NoUnusedVariablesRule)]
_CONDITIONS = (
    *("@include(if: $any)", "@skip(if: $any)", "@include(if: $yes)", "@include(if: $no)", "@skip(if: $no)"),
    *("@include(if: false)", "@skip(if: false)", "@skip(if: $any) @include(if: $yes)"),
)
_LITERALS = {"Int": ("0", "1", "3", "$number"), "Boolean": ("true", "false", "$any"), "String": ('"a"', '""')}
_DEEPEST = 4
_FRAGMENTS = 3


class Questions:
    """Valid documents over one schema; the same chance writes the same documents."""

    def __init__(self, schema: GraphQLSchema, chance: random.Random) -> None:
        self._schema = schema
        self._chance = chance
        types = schema.type_map.values()
        self._objects = [type_ for type_ in types if isinstance(type_, GraphQLObjectType) and _is_own(type_.name)]
        self._roots = [schema.query_type, schema.subscription_type]
        self._fragments: list[str] = []

    def document(self, operation: str = "query") -> DocumentNode:
        """One that validates; what does not, because aliases collide, is thrown away."""
        while True:
            document = parse(self._text(operation))
            if not validate(self._schema, document, _RULES):
                return document

    def variables(self) -> dict[str, object]:
        """Values for the variables of every document."""
        given: dict[str, object] = {"any": self._chance.random() < 0.5}
        if self._chance.random() < 0.3:
            given |= {"yes": self._chance.random() < 0.5, "no": self._chance.random() < 0.5, "number": 2}
        return given

    def _text(self, operation: str) -> str:
        kinds = [type_ for type_ in self._objects if type_ not in self._roots]
        self._fragments = [self._chance.choice(kinds).name for _ in range(_FRAGMENTS)]
        root = self._schema.query_type if operation == "query" else self._schema.subscription_type
        if root is None:
            raise ValueError(f"no {operation} in this schema")
        parts = [f"{operation} Generated{VARIABLES} {self._root(root, operation)}"]
        for number, name in enumerate(self._fragments):
            parts.append(f"fragment F{number} on {name} {self._selection(self._type(name), 3, number + 1)}")
        return "\n".join(parts)

    def _root(self, root: GraphQLObjectType, operation: str) -> str:
        if operation == "query":
            return self._selection(root, 0)
        # A subscription asks for one field, without conditions.
        name, definition = self._chance.choice(sorted(root.fields.items()))
        return f"{{ {name}{self._arguments(definition)}{self._below(definition, 1)} }}"

    def _type(self, name: str) -> GraphQLObjectType:
        return next(type_ for type_ in self._objects if type_.name == name)

    def _selection(self, type_: GraphQLNamedOutputType, depth: int, fragment: int = 0) -> str:
        """A selection set; inside a fragment only later ones are spread, so that there is no circle."""
        parts = [self._part(type_, depth, fragment) for _ in range(self._chance.randint(1, 4))]
        return "{ " + (" ".join(filter(None, parts)) or "__typename") + " }"

    def _part(self, type_: GraphQLNamedOutputType, depth: int, fragment: int) -> str:
        drawn = self._chance.random()
        if drawn < 0.06 or isinstance(type_, GraphQLUnionType):
            return self._narrowed(type_, depth, fragment) if drawn > 0.03 else self._alias("__typename")
        if drawn < 0.12:
            return f"... {self._condition()} {self._selection(type_, depth + 1, fragment)}"
        if drawn < 0.2:
            return self._narrowed(type_, depth, fragment)
        if drawn < 0.3:
            return self._spread(type_, fragment)
        return self._field(type_, depth, fragment)

    def _field(self, type_: GraphQLNamedOutputType, depth: int, fragment: int) -> str:
        if not isinstance(type_, GraphQLObjectType | GraphQLInterfaceType):
            return ""
        fields = [(name, each) for name, each in type_.fields.items() if _is_own(name)]
        name, definition = self._chance.choice(fields)
        if is_composite_type(get_named_type(definition.type)) and depth >= _DEEPEST:
            return ""
        below = self._below(definition, depth + 1, fragment)
        return f"{self._alias(name)}{self._arguments(definition)} {self._condition()}{below}"

    def _below(self, definition: GraphQLField, depth: int, fragment: int = 0) -> str:
        type_ = get_named_type(definition.type)
        return self._selection(type_, depth, fragment) if is_composite_type(type_) else ""

    def _narrowed(self, type_: GraphQLNamedOutputType, depth: int, fragment: int) -> str:
        if isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            inner = self._chance.choice(sorted(self._schema.get_possible_types(type_), key=lambda each: each.name))
        else:
            inner = self._type(type_.name)
        return f"... on {inner.name} {self._condition()} {self._selection(inner, depth + 1, fragment)}"

    def _spread(self, type_: GraphQLNamedOutputType, fragment: int) -> str:
        fitting = [
            number
            for number, name in enumerate(self._fragments)
            if number >= fragment and (name == type_.name or isinstance(type_, GraphQLInterfaceType))
        ]
        return f"...F{self._chance.choice(fitting)} {self._condition()}" if fitting else ""

    def _alias(self, name: str) -> str:
        drawn = self._chance.random()
        if drawn < 0.12:
            return f"{name}_{self._chance.randint(0, 2)}: {name}"
        return f"{self._chance.choice('abc')}: {name}" if drawn < 0.14 else name

    def _condition(self) -> str:
        return self._chance.choice(_CONDITIONS) if self._chance.random() < 0.15 else ""

    def _arguments(self, definition: GraphQLField) -> str:
        given = [
            f"{name}: {self._value(argument)}"
            for name, argument in definition.args.items()
            if is_required_argument(argument) or self._chance.random() < 0.4
        ]
        return f"({', '.join(given)})" if given else ""

    def _value(self, argument: GraphQLArgument) -> str:
        type_ = get_nullable_type(argument.type)
        words = list(type_.values) if isinstance(type_, GraphQLEnumType) else _LITERALS.get(str(type_), ("null",))
        return str(self._chance.choice(words))


def _is_own(name: str) -> bool:
    return not name.startswith("_")
