"""One vendor answer becomes one precheck: the vendor's items in order, then what it says of the run. Pure."""

from collections import Counter
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
    PrecheckRemedy,
    PrecheckSkip,
    PrecheckSubJob,
    PrecheckVendorView,
)
from resolvers.reference import ItemIds, Reference
from resolvers.verdict import count, judge, progress, summarise
from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckDirection,
    PrecheckEndpointRole,
    PrecheckItemState,
    PrecheckProblemCode,
    PrecheckPurpose,
    PrecheckSide,
    PrecheckSnapshotSource,
    PrecheckStatus,
    PrecheckVerdict,
)

NO_SKIP = PrecheckSkip()
_NOT_SAID = PrecheckVendorView()


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
        self._item_ids = ItemIds(self._precheck_id)
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
                id=self._item_ids.of(key),
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
        spelt = side._value_  # as `value` is, without a call for each of thousands of items
        key = base = f"{spelt}:{role.value}:{code}" if role else f"{spelt}:{code}"
        while key in self._keys:  # also where a vendor's own code ends in `#2`
            self._repeated[base] += 1
            key = f"{base}#{self._repeated[base] + 1}"
        self._keys.add(key)
        return key


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
