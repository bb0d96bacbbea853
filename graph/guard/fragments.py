"""Fragments in the order in which each can be looked at once."""

from collections.abc import Iterable, Iterator, Mapping

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode


def inner_first(names: Iterable[str], fragments: Mapping[str, FragmentDefinitionNode]) -> list[str]:
    """These fragments and those they spread, each after its own spreads; without recursion.

    A spread of a fragment that is not there, or that leads back to where it stands, is passed over.
    """
    found: dict[str, None] = {}
    open_ones = [("", iter(names))]
    begun = {""}
    while open_ones:
        name, spreads = open_ones[-1]
        following = next((each for each in spreads if each not in begun and each in fragments), None)
        if following is None:
            open_ones.pop()
            found[name] = None
        else:
            begun.add(following)
            open_ones.append((following, spread_in(fragments[following].selection_set)))
    return [name for name in found if name]


def spread_in(root: SelectionSetNode) -> Iterator[str]:
    """The names of the fragments that are spread below."""
    waiting = [root]
    while waiting:
        for node in waiting.pop().selections:
            if isinstance(node, FragmentSpreadNode):
                yield node.name.value
            elif isinstance(node, (FieldNode, InlineFragmentNode)) and node.selection_set:
                waiting.append(node.selection_set)
