"""The rules that turn vendors' findings into one meaning: verdict, progress, counts, keys, runs. Pure."""

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from resolvers.domain import (
    Precheck,
    PrecheckCounts,
    PrecheckFreshness,
    PrecheckItem,
    PrecheckProgress,
    PrecheckUnconfirmedEnd,
)
from resolvers.stall import stall_of, without_stall
from resolvers.vocabulary import (
    PrecheckItemState,
    PrecheckProgressSource,
    PrecheckSnapshotSource,
    PrecheckStatus,
    PrecheckVerdict,
)

_UNFINISHED = (PrecheckItemState.PENDING, PrecheckItemState.RUNNING)
_OPEN_OR_UNCLEAR = (*_UNFINISHED, PrecheckItemState.NOT_RUN, PrecheckItemState.UNKNOWN)
_COUNTED = tuple((state.value.lower(), state) for state in PrecheckItemState)
_ALL = 100.0
# What a run shows that reports 100 without being over: only a finished run shows 100.
_MOST_BEFORE_THE_END = 99.0
# Of a vendor whose final answers never repeat, the last of so many is believed: every stream has to end.
MOST_FINAL_READINGS = 5
# Machines of one vendor disagree for seconds; a run last seen at work before that may well have ended since.
_DOUBTED_FOR = timedelta(seconds=60)
# No call takes so long. A reading dated further back is no late one: the clock was set back meanwhile.
_LONGEST_DELAY = timedelta(seconds=60)


def count(items: Sequence[PrecheckItem]) -> PrecheckCounts:
    """Items by state, and across the states how many are skipped and how many block."""
    states = [item.state for item in items]
    return PrecheckCounts(
        total=len(items),
        skipped=sum([item.skip.applied for item in items]),
        blocking=sum([item.blocking for item in items]),
        **{field: states.count(state) for field, state in _COUNTED},
    )


def judge(
    status: PrecheckStatus, counts: PrecheckCounts, passed: bool | None, *, sends_flag: bool
) -> PrecheckVerdict:
    """Whether the migration may start: the first rule that fits, the stricter of flag and items."""
    if counts.blocking or (status.is_final and passed is False):
        return PrecheckVerdict.BLOCKED
    if status in (PrecheckStatus.PENDING, PrecheckStatus.RUNNING):
        return PrecheckVerdict.WAITING
    if status is not PrecheckStatus.COMPLETED or not counts.total or (sends_flag and passed is None):
        return PrecheckVerdict.INCONCLUSIVE
    if counts.pending or counts.running or counts.not_run or counts.unknown:
        return PrecheckVerdict.INCONCLUSIVE
    if counts.warning or counts.failed:  # a failure that does not block was skipped
        return PrecheckVerdict.READY_WITH_WARNINGS
    return PrecheckVerdict.READY


def progress(
    status: PrecheckStatus, counts: PrecheckCounts, reported: float | None, *, lists_all_items: bool = True
) -> PrecheckProgress:
    """Percent as reported, else finished items over listed ones; 100 only at the end of a run."""
    # A run that broke never came to what it did not run; in any other it is settled that these never will.
    unreached = counts.not_run if status is PrecheckStatus.ERRORED else 0
    done = counts.total - counts.pending - counts.running - unreached
    derived = _ALL * done / counts.total if counts.total else 0.0
    percent = min(max(derived if reported is None else reported, 0.0), _ALL)
    if status in (PrecheckStatus.COMPLETED, PrecheckStatus.SKIPPED):
        percent = _ALL
    elif not status.is_final:
        percent = _before_the_end(percent)
    return PrecheckProgress(
        percent=percent,
        source=PrecheckProgressSource.DERIVED if reported is None else PrecheckProgressSource.REPORTED,
        items_done=done,
        items_total=counts.total if counts.total and (lists_all_items or status.is_final) else None,
    )


def continued(previous: Precheck | None, reading: Precheck) -> Precheck:
    """The reading as the next moment of what was seen before: run number, times, progress that never falls.

    A new run begins where a finished run goes back to work, or where the percentage that the vendor
    itself reports falls; a derived percentage may fall only because more items were listed. A run seen
    at work that is read as over is `unconfirmed` until a second reading agrees; if the next one is at
    work again, the run goes on as if it had never been over.
    """
    fetched_at = reading.freshness.fetched_at
    ended_at = fetched_at if reading.status.is_final else None
    if previous is None:
        return replace(reading, first_seen_at=fetched_at, updated_at=fetched_at, completed_at=ended_at)
    before = believed(previous)
    is_new = is_new_run(before, reading)
    kept = replace(
        reading,
        run=before.run + 1 if is_new else before.run,
        progress=reading.progress if is_new else _no_lower(before, reading),
        first_seen_at=previous.first_seen_at,
    )
    is_same = says_the_same(without_stall(previous), kept)
    kept = replace(
        kept,
        updated_at=previous.updated_at if is_same else fetched_at,
        completed_at=(kept.run == previous.run and ended_at and previous.completed_at) or ended_at,
        unconfirmed=_unconfirmed(previous, before, kept, is_same=is_same),
    )
    stall = stall_of(kept)
    return kept if stall is None else replace(kept, problems=(*kept.problems, stall))


def believed(precheck: Precheck) -> Precheck:
    """What may be told to whoever waits for the end: an end that is not confirmed has not come."""
    return precheck if precheck.unconfirmed is None else precheck.unconfirmed.before


def is_doubtful(precheck: Precheck) -> bool:
    """Whether an end that is not confirmed came so soon after a reading at work that the next may be so again."""
    end_at, before_at = precheck.freshness.fetched_at, believed(precheck).freshness.fetched_at
    if precheck.unconfirmed is None or end_at is None or before_at is None:
        return False
    return end_at - before_at <= _DOUBTED_FOR


def is_new_run(previous: Precheck, reading: Precheck) -> bool:
    """Whether this reading belongs to a later run than the one before."""
    if previous.status.is_final and not reading.status.is_final:
        return True
    both_reported = previous.progress.source is reading.progress.source is PrecheckProgressSource.REPORTED
    return both_reported and reading.progress.percent < previous.progress.percent


def is_overtaken(known: Precheck, reading: Precheck) -> bool:
    """Whether this reading came late: what is known already was answered after it."""
    known_at, read_at = known.freshness.fetched_at, reading.freshness.fetched_at
    return known_at is not None and read_at is not None and read_at < known_at <= read_at + _LONGEST_DELAY


def says_the_same(before: Precheck, after: Precheck) -> bool:
    """Whether two readings differ only in when and by which request they were made."""
    return _timeless(before) == _timeless(after)


def summarise(
    status: PrecheckStatus, verdict: PrecheckVerdict, counts: PrecheckCounts, items: Sequence[PrecheckItem]
) -> str:
    """One sentence that explains the verdict."""
    checks = f"{counts.total} {'check' if counts.total == 1 else 'checks'}"
    match verdict:
        case PrecheckVerdict.BLOCKED if counts.blocking:
            titles = "; ".join(item.title for item in items if item.blocking)
            return f"{counts.blocking} of {checks} failed and {_stands(counts.blocking)} in the way: {titles}."
        case PrecheckVerdict.BLOCKED:
            return "The vendor says the precheck did not pass, though none of the listed checks explains it."
        case PrecheckVerdict.WAITING if not counts.total:
            return "The precheck has not listed any check yet."
        case PrecheckVerdict.WAITING:
            done = counts.total - counts.pending - counts.running
            return (
                f"{done} of the {checks} listed so far {'has' if done == 1 else 'have'} finished; nothing blocks."
            )
        case PrecheckVerdict.READY_WITH_WARNINGS:
            return f"The migration may start; of {checks}, {_reservations(counts)}."
        case PrecheckVerdict.READY:
            return f"The migration may start: {checks} passed." if counts.total == 1 else f"All {checks} passed."
        case PrecheckVerdict.INCONCLUSIVE:
            return _why_inconclusive(status, counts)


def _why_inconclusive(status: PrecheckStatus, counts: PrecheckCounts) -> str:
    if status is PrecheckStatus.ERRORED:
        return "The precheck itself broke; run it again."
    if status is PrecheckStatus.SKIPPED:
        return "The whole precheck was bypassed at the vendor, so nothing was checked."
    if status is PrecheckStatus.UNKNOWN:
        return "The vendor's state was not understood, so nothing can be concluded."
    if not counts.total:
        return "The precheck ended without listing any check, which proves nothing."
    unclear = counts.pending + counts.running + counts.not_run + counts.unknown
    if unclear:
        return f"The precheck ended, but {unclear} of {counts.total} checks have no clear result."
    return "The precheck ended, but the vendor did not say whether it passed."


def _reservations(counts: PrecheckCounts) -> str:
    parts = []
    if counts.warning:
        parts.append(f"{counts.warning} {'warns' if counts.warning == 1 else 'warn'}")
    if counts.failed:
        parts.append(f"{counts.failed} failed and {'was' if counts.failed == 1 else 'were'} skipped")
    return " and ".join(parts)


def _stands(number: int) -> str:
    return "stands" if number == 1 else "stand"


def _no_lower(before: Precheck, reading: Precheck) -> PrecheckProgress:
    if reading.progress.percent < before.progress.percent:
        percent, source = before.progress.percent, before.progress.source
    else:
        percent, source = reading.progress.percent, reading.progress.source
    if not reading.status.is_final:
        percent = _before_the_end(percent)
    return replace(reading.progress, percent=percent, source=source)


def _unconfirmed(
    previous: Precheck, before: Precheck, kept: Precheck, *, is_same: bool
) -> PrecheckUnconfirmedEnd | None:
    if before.status.is_final or not kept.status.is_final:
        return None
    readings = 1 + (previous.unconfirmed.readings if previous.unconfirmed else 0)
    return (
        None
        if is_same or readings >= MOST_FINAL_READINGS
        else PrecheckUnconfirmedEnd(before=before, readings=readings)
    )


def _before_the_end(percent: float) -> float:
    return percent if percent < _ALL else _MOST_BEFORE_THE_END


def _timeless(precheck: Precheck) -> Precheck:
    return replace(
        precheck,
        freshness=PrecheckFreshness(source=PrecheckSnapshotSource.LIVE),
        vendor=replace(precheck.vendor, request_id=None),
        updated_at=None,
        completed_at=None,
        unconfirmed=None,
    )
