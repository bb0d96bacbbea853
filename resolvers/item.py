"""PrecheckItem: the way back to its precheck."""

from resolvers.context import Info
from resolvers.domain import Precheck, PrecheckItem
from resolvers.errors import NotFound, ProblemShown


def precheck(item: PrecheckItem, info: Info) -> Precheck:
    """The snapshot that this operation read the item from; never a second fetch."""
    snapshot = info.context.shown_with(item)
    if snapshot is None:
        raise ProblemShown(NotFound("The precheck of this item is not part of this answer.").problem)
    return snapshot
