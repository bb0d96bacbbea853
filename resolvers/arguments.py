"""What clients may ask with: defaults for what is left out, and refusals in their words, before any call."""

from collections.abc import Callable, Collection, Hashable, Iterator, Sized
from typing import Any

from resolvers import errors
from resolvers.context import Context
from resolvers.domain import PrecheckProblem, PrecheckRef
from resolvers.reference import Reference, reference_of
from resolvers.vocabulary import PrecheckLocale

DEFAULT_MAX_AGE_SECONDS = 2
MOST_IN_A_FILTER = 1000


def locale_of(context: Context, locale: PrecheckLocale | None) -> PrecheckLocale:
    """The language asked for, else the request's."""
    return locale or context.locale


def max_age_of(max_age_seconds: int | None) -> float:
    """How old an answer may be, in seconds; left out or null means two. Raises BadRequest below 0."""
    if max_age_seconds is None:
        return DEFAULT_MAX_AGE_SECONDS
    if max_age_seconds < 0:
        raise errors.BadRequest(f"`maxAgeSeconds` is {max_age_seconds}; it takes 0 (ask the vendor now) or more.")
    return max_age_seconds


def within_limit(context: Context, argument: str, values: Sized) -> None:
    """Raises LimitExceeded where a list of references is longer than one operation may ask for."""
    most = context.services.most_references
    if len(values) > most:
        raise errors.too_many_references(argument, len(values), most)


def one_of(
    argument: str, accepted: Collection[Hashable] | None, attribute: Callable[[Any], Hashable]
) -> Iterator[Callable[[Any], bool]]:
    """The condition of a filter that an attribute is one of these; none where none are given.

    Raises LimitExceeded where they are too many.
    """
    if accepted is None:
        return
    if len(accepted) > MOST_IN_A_FILTER:
        raise errors.LimitExceeded(
            f"`{argument}` of a filter has {len(accepted)} entries; it takes at most {MOST_IN_A_FILTER}."
        )
    among = frozenset(accepted)
    yield lambda each: attribute(each) in among


def reference_from(ref: PrecheckRef) -> Reference | PrecheckProblem:
    """The reference that identifiers name, or why they name none."""
    external_id = ref.external_id.strip() if ref.external_id else ref.external_id
    given = Reference(ref.provider_id, external_id) if ref.provider_id and external_id else None
    if ref.id is None:
        return given or _incomplete(ref)
    known = reference_of(ref.id)
    if known is None:
        return errors.unreadable_id(ref.id)
    beside = {"`providerId`": ref.provider_id, "`externalId`": external_id}
    others = [name for (name, value), own in zip(beside.items(), known, strict=True) if value not in (None, own)]
    return _contradicted(others) if others else known


def _contradicted(others: Collection[str]) -> PrecheckProblem:
    return errors.InvalidReference(
        f"`id` names a precheck with another {' and '.join(others)}. Name it by `id`, or by the other two."
    ).problem


def _incomplete(ref: PrecheckRef) -> PrecheckProblem:
    return errors.InvalidReference(
        "A precheck is named by `id`, or by `providerId` together with `externalId`.", provider_id=ref.provider_id
    ).problem
