"""What the claims of a token allow, read strictly: whatever is unclear allows nothing."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from resolvers.caller import Right
from resolvers.errors import TokenRefused

ALL = "*"
_BETWEEN = re.compile(r"[\s,]+")
_RIGHTS = {right.value: right for right in Right}


class Claims(NamedTuple):
    """Where a token says which providers it may see and what it may do, and what holds where it does not."""

    providers: str = "providers"
    rights: str = "rights"
    default_providers: frozenset[str] | None = None
    default_rights: frozenset[Right] = frozenset({Right.READ})

    def providers_of(self, claims: Mapping[str, Any]) -> frozenset[str] | None:
        """The ids of the providers that the token may see, None for all. Raises TokenRefused."""
        if self.providers not in claims:
            return self.default_providers
        return these_or_all(_words(claims, self.providers))

    def rights_of(self, claims: Mapping[str, Any]) -> frozenset[Right]:
        """What the token allows; words of others are passed over. Raises TokenRefused."""
        if self.rights not in claims:
            return self.default_rights
        return frozenset(_RIGHTS[word] for word in _words(claims, self.rights) if word in _RIGHTS)


def these_or_all(ids: frozenset[str]) -> frozenset[str] | None:
    """The ids, or None where one of them stands for all."""
    return None if ALL in ids else ids


def _words(claims: Mapping[str, Any], name: str) -> frozenset[str]:
    """A list of texts, or one text with blanks or commas between its words, as the claim `scope` has them."""
    match claims[name]:
        case str(text):
            return frozenset(filter(None, _BETWEEN.split(text)))
        case [*words] if all(isinstance(word, str) for word in words):
            return frozenset(words)
    raise TokenRefused(f"The claim `{name}` of the bearer token is neither a list of texts nor a text.")
