"""The measured facts that DRS packs into the text `data` of a check."""

import ast
import warnings

import msgspec

from resolvers.domain import PrecheckEvidence
from resolvers.upstream.wire import raw_text, text

# Reading single-quoted text costs far more than reading JSON.
MOST_SIGNS_SINGLE_QUOTED = 65_536


def decode_evidence(data: object) -> tuple[PrecheckEvidence, ...]:
    """The facts in `data`, whose values stay whole: names in them hold commas, quotes and braces."""
    if data is None or data == "":  # as with most checks
        return ()
    pairs = data if isinstance(data, dict) else _pairs(text(data) or "")
    said = {str(name): _said(value) for name, value in pairs.items()}
    return tuple(PrecheckEvidence(name=name, value=value) for name, value in said.items() if value is not None)


def _said(value: object) -> str | None:
    return str(value).lower() if isinstance(value, bool) else raw_text(value)


def _pairs(data: str) -> dict[str, object]:
    for read in (msgspec.json.decode, _single_quoted):
        try:
            value = read(data)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
        return value if isinstance(value, dict) else {}
    return {}


def _single_quoted(data: str) -> object:
    """A Python literal, by way of JSON, so that nothing stays in it that JSON could not have said."""
    if not data.startswith("{") or len(data) > MOST_SIGNS_SINGLE_QUOTED:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the text escapes, which is not ours to mend
        return msgspec.json.decode(msgspec.json.encode(ast.literal_eval(data)))
