"""The rules that turn vendors' findings into one meaning: verdict, progress, counts, keys, runs. Pure."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from resolvers.domain import (
    Precheck,
    PrecheckCounts,
    PrecheckEvidence,
    PrecheckFreshness,
    PrecheckItem,
    PrecheckItemDetail,
    PrecheckProblem,
    PrecheckProgress,
    PrecheckRemedy,
    PrecheckSkip,
    PrecheckSubJob,
    PrecheckVendorView,
)
from resolvers.reference import Reference, item_id
from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckDirection,
    PrecheckEndpointRole,
    PrecheckItemState,
    PrecheckProblemCode,
    PrecheckProgressSource,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckSnapshotSource,
    PrecheckStatus,
    PrecheckVerdict,
)

NO_SKIP = PrecheckSkip()
_NOT_SAID = PrecheckVendorView()
_UNFINISHED = (PrecheckItemState.PENDING, PrecheckItemState.RUNNING)
_OPEN_OR_UNCLEAR = (*_UNFINISHED, PrecheckItemState.NOT_RUN, PrecheckItemState.UNKNOWN)
_ALL = 100.0
# What a run shows that reports 100 without being over: only a finished run shows 100.
_MOST_BEFORE_THE_END = 99.0


class Report:
    """Collects one vendor answer for one precheck and closes it into a `Precheck`.

    A provider adds the vendor's items in the vendor's order, then closes with what the vendor says of
    the whole run; keys, ordinals, counts, progress and verdict follow here, the same way for every vendor.
    """

    def __init__(self, reference: Reference, fetched_at: datetime) -> None:
        self.reference = reference
        self.items: list[PrecheckItem] = []
        self._fetched_at = fetched_at
        self._precheck_id = reference.id
        self._keys: set[str] = set()
        self._repeated: Counter[str] = Counter()

    def add(
        self,
        *,
        code: str,
        title: str,
        state: PrecheckItemState,
        category: PrecheckCategory,
        side: PrecheckSide,
        side_inferred: bool,
        vendor_state: str | None,
        skip: PrecheckSkip = NO_SKIP,
        role: PrecheckEndpointRole | None = None,
        description: str | None = None,
        vendor_group: str | None = None,
        reason: str | None = None,
        reason_code: str | None = None,
        remedy: PrecheckRemedy | None = None,
        raw_error: str | None = None,
        log: tuple[str, ...] = (),
        evidence: tuple[PrecheckEvidence, ...] = (),
        sub_jobs: tuple[PrecheckSubJob, ...] = (),
        details: tuple[PrecheckItemDetail, ...] = (),
    ) -> None:
        """Add the next item of the vendor's list."""
        key = self._key(side, role, code)
        self.items.append(
            PrecheckItem(
                id=item_id(self._precheck_id, key),
                key=key,
                precheck_id=self._precheck_id,
                code=code,
                title=title,
                ordinal=len(self.items),
                side=side,
                side_inferred=side_inferred,
                category=category,
                state=state,
                blocking=state is PrecheckItemState.FAILED and not skip.applied,
                skip=skip,
                description=description,
                role=role,
                vendor_group=vendor_group,
                vendor_state=vendor_state,
                reason=reason,
                reason_code=reason_code,
                remedy=remedy,
                raw_error=raw_error,
                log=log,
                evidence=evidence,
                sub_jobs=sub_jobs,
                details=details,
            )
        )

    def close(
        self,
        status: PrecheckStatus,
        *,
        vendor: PrecheckVendorView = _NOT_SAID,
        sends_flag: bool = False,
        reported_percent: float | None = None,
        lists_all_items: bool = True,
        task_id: str | None = None,
        purpose: PrecheckPurpose = PrecheckPurpose.UNKNOWN,
        direction: PrecheckDirection | None = None,
        problems: tuple[PrecheckProblem, ...] = (),
    ) -> Precheck:
        """The finished precheck.

        `vendor.passed` is the vendor's own flag, None where it means nothing yet; `sends_flag` says
        that this vendor always sends one with a finished run. `lists_all_items` is false while the
        vendor shows only the items it has finished, so that their total is not known.
        """
        items = tuple(self.items)
        counts = count(items)
        verdict = judge(status, counts, vendor.passed, sends_flag=sends_flag)
        if status.is_final and vendor.passed is False and not counts.blocking:
            problems = (*problems, _unexplained_refusal(self.reference.provider_id))
        return Precheck(
            id=self._precheck_id,
            provider_id=self.reference.provider_id,
            external_id=self.reference.external_id,
            task_id=task_id,
            purpose=purpose,
            direction=direction,
            status=status,
            verdict=verdict,
            summary=summarise(status, verdict, counts, items),
            progress=progress(status, counts, reported_percent, lists_all_items=lists_all_items),
            counts=counts,
            items=items,
            problems=problems,
            vendor=replace(vendor, disagrees=_disagrees(status, vendor.passed, verdict, counts)),
            freshness=PrecheckFreshness(
                source=PrecheckSnapshotSource.LIVE, fetched_at=self._fetched_at, age_seconds=0.0
            ),
        )

    def _key(self, side: PrecheckSide, role: PrecheckEndpointRole | None, code: str) -> str:
        base = ":".join([side.value, role.value, code] if role else [side.value, code])
        key = base
        while key in self._keys:  # also where a vendor's own code ends in `#2`
            self._repeated[base] += 1
            key = f"{base}#{self._repeated[base] + 1}"
        self._keys.add(key)
        return key


def count(items: Sequence[PrecheckItem]) -> PrecheckCounts:
    """Items by state, and across the states how many are skipped and how many block."""
    states = Counter(item.state for item in items)
    return PrecheckCounts(
        total=len(items),
        skipped=sum(item.skip.applied for item in items),
        blocking=sum(item.blocking for item in items),
        **{state.value.lower(): states[state] for state in PrecheckItemState},
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
    itself reports falls; a derived percentage may fall only because more items were listed.
    """
    fetched_at = reading.freshness.fetched_at
    ended_at = fetched_at if reading.status.is_final else None
    if previous is None:
        return replace(reading, first_seen_at=fetched_at, updated_at=fetched_at, completed_at=ended_at)
    if is_new_run(previous, reading):
        return replace(
            reading,
            run=previous.run + 1,
            first_seen_at=previous.first_seen_at,
            updated_at=fetched_at,
            completed_at=ended_at,
        )
    percent = max(reading.progress.percent, previous.progress.percent)
    if not reading.status.is_final:
        percent = _before_the_end(percent)
    kept = replace(
        reading,
        progress=replace(reading.progress, percent=percent),
        run=previous.run,
        first_seen_at=previous.first_seen_at,
        updated_at=previous.updated_at,
        completed_at=ended_at and (previous.completed_at or ended_at),
    )
    return kept if says_the_same(previous, kept) else replace(kept, updated_at=fetched_at)


def is_new_run(previous: Precheck, reading: Precheck) -> bool:
    """Whether this reading belongs to a later run than the one before."""
    if previous.status.is_final and not reading.status.is_final:
        return True
    both_reported = previous.progress.source is reading.progress.source is PrecheckProgressSource.REPORTED
    return both_reported and reading.progress.percent < previous.progress.percent


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
            return f"{done} of {checks} so far have finished, and nothing blocks."
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


def _disagrees(
    status: PrecheckStatus, passed: bool | None, verdict: PrecheckVerdict, counts: PrecheckCounts
) -> bool:
    if passed is None or not status.is_final:
        return False
    if passed:
        return verdict in (PrecheckVerdict.BLOCKED, PrecheckVerdict.INCONCLUSIVE)
    return not counts.blocking


def _unexplained_refusal(provider_id: str) -> PrecheckProblem:
    return PrecheckProblem(
        code=PrecheckProblemCode.VENDOR_ERROR,
        message="The vendor says the precheck did not pass, but none of the checks it lists failed. "
        "Look at the task in the vendor's console.",
        retryable=False,
        provider_id=provider_id,
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
    )
