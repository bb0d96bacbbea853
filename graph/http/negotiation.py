"""In which media type to answer: what a client's Accept header likes best of what can be written."""

from typing import NamedTuple

from graph.recent import Recent

JSON = "application/json"
GRAPHQL_JSON = "application/graphql-response+json"
EVENT_STREAM = "text/event-stream"
MULTIPART = "multipart/mixed"
STREAMED = frozenset({EVENT_STREAM, MULTIPART})
# Nobody who accepts anything expects a stream.
_OF_RANGE = {"*/*": (JSON, GRAPHQL_JSON), "application/*": (JSON, GRAPHQL_JSON)}
_BOUNDARY = "graphql"
MOST_SIGNS_LOOKED_AT = 500
# Clients say the same in every request, and reading it takes as long as executing a small operation.
_MEDIA_TYPES: Recent[str, str] = Recent(largest=MOST_SIGNS_LOOKED_AT, room=20_000)
_NONE = ""


class Range(NamedTuple):
    """One entry of an Accept header, or of one of its kin, in small letters."""

    name: str
    parameters: dict[str, str]
    quality: float


def media_type_of(accept: str) -> str | None:
    """The media type to answer in, None where none that can be written is accepted.

    By quality, then by the order in which the client lists them: a client that merely lists an event
    stream last does not get one.
    """
    accept = accept[:MOST_SIGNS_LOOKED_AT]
    known = _MEDIA_TYPES.get(accept)
    if known is None:
        known = _preferred(accept)
        _MEDIA_TYPES.keep(accept, known, len(accept))
    return known or None


def ranges(header: str) -> list[Range]:
    """What an Accept header or one of its kin names, the best first; what it refuses has a quality of 0."""
    found = []
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        named = {key.strip(): value.strip().strip("\"'") for key, _, value in map(_halves, parameters)}
        found.append(Range(name, named, _quality(named.get("q", "1"))))
    return sorted(found, key=lambda each: -each.quality)


def accepts(header: str, media_type: str) -> bool:
    """Whether an Accept header takes exactly that; one that says nothing takes everything."""
    kind = media_type.partition("/")[0]
    named = {each.name: each.quality for each in ranges(header[:MOST_SIGNS_LOOKED_AT]) if each.name}
    likings = [named[name] for name in (media_type, f"{kind}/*", "*/*") if name in named]
    return likings[0] > 0 if likings else not named


def ranked(header: str) -> list[str]:
    """The names alone, without what is refused."""
    return [each.name for each in ranges(header) if each.quality > 0]


def _preferred(accept: str) -> str:
    if not accept.strip():
        return JSON
    named = ranges(accept)
    refused = {each.name for each in named if each.quality == 0}
    for each in named:
        meant = _OF_RANGE.get(each.name, (each.name,) if _is_written(each) else ())
        for media_type in meant:
            if media_type not in refused:
                return media_type
    return _NONE


def _is_written(asked: Range) -> bool:
    if asked.name == MULTIPART:
        # Of the kinds of parts there are, these are the ones for subscriptions.
        is_known = asked.parameters.get("subscriptionspec", "").startswith("1.0")
        return is_known and asked.parameters.get("boundary", _BOUNDARY) == _BOUNDARY
    return asked.name in (JSON, GRAPHQL_JSON, EVENT_STREAM)


def _halves(parameter: str) -> tuple[str, str, str]:
    return parameter.partition("=")


def _quality(text: str) -> float:
    try:
        return min(max(0.0, float(text)), 1.0)  # in this order, for NaN
    except ValueError:
        return 0.0
