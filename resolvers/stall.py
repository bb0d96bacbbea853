"""Whether a run that its vendor still calls unfinished has come to a stand, and the words for it. Pure."""

from datetime import timedelta

from msgspec.structs import replace

from resolvers.domain import Precheck, PrecheckProblem
from resolvers.errors import TimedOut
from resolvers.vocabulary import PrecheckStatus

# Vendors end a run within seconds of its last check; minutes are no delay of theirs any more.
ALL_FINISHED_SECONDS = 300
# A single check may read a whole catalogue in silence; none is known to take an hour.
NOTHING_CHANGED_SECONDS = 3600

# The words carry no running number: they come once and stand, and are not news at every poll.
_ALL_FINISHED = (
    f"Every listed check finished more than {ALL_FINISHED_SECONDS // 60} minutes ago, but the vendor has not "
    "ended the run. Look at it in the vendor's console."
)
_NOTHING_CHANGED = (
    f"Nothing has changed for more than {NOTHING_CHANGED_SECONDS // 60} minutes, but the vendor has not ended "
    "the run. Look at it in the vendor's console."
)


def stall_of(precheck: Precheck) -> PrecheckProblem | None:
    """What to tell of a run that ought to be over by now; None while it may still be at work."""
    if precheck.status not in (PrecheckStatus.PENDING, PrecheckStatus.RUNNING):
        return None
    quiet = _quiet(precheck)
    if quiet >= timedelta(seconds=ALL_FINISHED_SECONDS) and _lists_only_finished(precheck):
        return TimedOut(_ALL_FINISHED, provider_id=precheck.provider_id).problem
    if quiet >= timedelta(seconds=NOTHING_CHANGED_SECONDS):
        return TimedOut(_NOTHING_CHANGED, provider_id=precheck.provider_id).problem
    return None


def is_stalled(precheck: Precheck) -> bool:
    """Whether a reading carries the word that its run has come to a stand."""
    return any(map(_is_stall, precheck.problems))


def without_stall(precheck: Precheck) -> Precheck:
    """The reading as its vendor gave it."""
    if not is_stalled(precheck):
        return precheck
    problems = tuple(problem for problem in precheck.problems if not _is_stall(problem))
    return replace(precheck, problems=problems)


def _is_stall(problem: PrecheckProblem) -> bool:
    return problem.message in (_ALL_FINISHED, _NOTHING_CHANGED)


def _quiet(precheck: Precheck) -> timedelta:
    fetched_at, updated_at = precheck.freshness.fetched_at, precheck.updated_at
    return fetched_at - updated_at if fetched_at and updated_at else timedelta()


def _lists_only_finished(precheck: Precheck) -> bool:
    # Without a total the vendor lists what it has finished, and says nothing of what is still to come.
    is_all = precheck.progress.items_total is not None
    return is_all and not precheck.counts.pending and not precheck.counts.running
