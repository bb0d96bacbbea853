"""The rules on verdict, progress, keys and runs, as tables."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.domain import Precheck, PrecheckSkip, PrecheckVendorView
from resolvers.reference import Reference, item_reference_of
from resolvers.report import Report
from resolvers.stall import is_stalled
from resolvers.verdict import believed, continued, is_overtaken, says_the_same
from resolvers.vocabulary import (
    PrecheckCategory,
    PrecheckEndpointRole,
    PrecheckItemState,
    PrecheckProblemCode,
    PrecheckProgressSource,
    PrecheckSide,
    PrecheckStatus,
    PrecheckVerdict,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REFERENCE = Reference("p", "x/1")
SKIPPED_FAILURE = "SKIPPED_FAILURE"
FINAL = [status for status in PrecheckStatus if status.is_final]
OPEN = [status for status in PrecheckStatus if not status.is_final]


def report(*words: str, at: datetime = NOW) -> Report:
    made = Report(REFERENCE, at)
    for number, word in enumerate(words):
        add(made, word, code=f"C{number}")
    return made


def add(made: Report, word: str, code: str, **more: Any) -> None:
    state = PrecheckItemState.FAILED if word == SKIPPED_FAILURE else PrecheckItemState(word)
    known: dict[str, Any] = {
        "code": code,
        "title": code,
        "state": state,
        "category": PrecheckCategory.OTHER,
        "side": PrecheckSide.SOURCE,
        "side_inferred": False,
        "vendor_state": word,
        "skip": PrecheckSkip(applied=word == SKIPPED_FAILURE),
    }
    made.add(**{**known, **more})


def closed(
    status: str, words: str = "", flag: bool | None = None, *, sends_flag: bool = False, **more: Any
) -> Precheck:
    at = more.pop("at", NOW)
    view = PrecheckVendorView(passed=flag)
    return report(*words.split(), at=at).close(PrecheckStatus(status), vendor=view, sends_flag=sends_flag, **more)


@pytest.mark.parametrize(
    ("status", "words", "verdict"),
    [
        ("RUNNING", "FAILED PENDING", "BLOCKED"),
        ("PENDING", "FAILED", "BLOCKED"),
        ("UNKNOWN", "FAILED", "BLOCKED"),
        ("ERRORED", "FAILED", "BLOCKED"),
        ("COMPLETED", "PASSED FAILED UNKNOWN", "BLOCKED"),
        ("PENDING", "", "WAITING"),
        ("RUNNING", "PASSED RUNNING", "WAITING"),
        ("RUNNING", "UNKNOWN", "WAITING"),
        ("RUNNING", "SKIPPED_FAILURE", "WAITING"),
        ("ERRORED", "PASSED", "INCONCLUSIVE"),
        ("SKIPPED", "PASSED", "INCONCLUSIVE"),
        ("UNKNOWN", "PASSED", "INCONCLUSIVE"),
        ("COMPLETED", "", "INCONCLUSIVE"),
        ("COMPLETED", "PASSED UNKNOWN", "INCONCLUSIVE"),
        ("COMPLETED", "PASSED PENDING", "INCONCLUSIVE"),
        ("COMPLETED", "PASSED RUNNING", "INCONCLUSIVE"),
        ("COMPLETED", "WARNING NOT_RUN", "INCONCLUSIVE"),
        ("COMPLETED", "PASSED WARNING", "READY_WITH_WARNINGS"),
        ("COMPLETED", "PASSED SKIPPED_FAILURE", "READY_WITH_WARNINGS"),
        ("COMPLETED", "PASSED", "READY"),
    ],
)
def test_first_rule_that_fits_gives_the_verdict(status: str, words: str, verdict: str) -> None:
    assert closed(status, words).verdict is PrecheckVerdict(verdict)


@pytest.mark.parametrize(
    ("status", "words", "flag", "verdict", "disagrees"),
    [
        ("COMPLETED", "PASSED", True, "READY", False),
        ("COMPLETED", "WARNING", True, "READY_WITH_WARNINGS", False),
        ("COMPLETED", "SKIPPED_FAILURE", True, "READY_WITH_WARNINGS", False),
        ("COMPLETED", "FAILED", False, "BLOCKED", False),
        ("COMPLETED", "FAILED", True, "BLOCKED", True),
        ("COMPLETED", "PASSED", False, "BLOCKED", True),
        ("COMPLETED", "", False, "BLOCKED", True),
        ("COMPLETED", "UNKNOWN", True, "INCONCLUSIVE", True),
        ("COMPLETED", "PASSED", None, "INCONCLUSIVE", False),
        ("RUNNING", "PASSED", False, "WAITING", False),
        ("RUNNING", "PASSED", None, "WAITING", False),
        ("RUNNING", "FAILED", True, "BLOCKED", False),
    ],
)
def test_stricter_of_flag_and_items_wins(
    status: str, words: str, flag: bool | None, verdict: str, disagrees: bool
) -> None:
    precheck = closed(status, words, flag, sends_flag=True)
    assert (precheck.verdict, precheck.vendor.disagrees) == (PrecheckVerdict(verdict), disagrees)


def test_refusal_that_no_item_explains_is_a_problem() -> None:
    assert [problem.code for problem in closed("COMPLETED", "PASSED", False).problems] == [
        PrecheckProblemCode.VENDOR_ERROR
    ]
    assert not closed("COMPLETED", "FAILED", False).problems


@given(
    st.sampled_from(PrecheckStatus), st.lists(st.sampled_from([*PrecheckItemState.__members__, SKIPPED_FAILURE]))
)
def test_counts_add_up_and_a_failure_is_never_ready(status: PrecheckStatus, words: list[str]) -> None:
    precheck = report(*words).close(status)
    counts = precheck.counts
    by_state = [getattr(counts, state.value.lower()) for state in PrecheckItemState]
    assert sum(by_state) == counts.total == len(words)
    assert (counts.blocking, counts.skipped) == (words.count("FAILED"), words.count(SKIPPED_FAILURE))
    assert (precheck.verdict is PrecheckVerdict.BLOCKED) == ("FAILED" in words)
    assert precheck.summary.endswith(".")
    assert precheck.summary[0].isupper() or precheck.summary[0].isdigit()


@pytest.mark.parametrize(
    ("status", "words", "reported", "percent", "source"),
    [
        ("RUNNING", "PASSED PENDING", None, 50, "DERIVED"),
        ("RUNNING", "PASSED PENDING", 10, 10, "REPORTED"),
        ("RUNNING", "PASSED", None, 99, "DERIVED"),
        ("RUNNING", "", 100, 99, "REPORTED"),
        ("RUNNING", "", 400, 99, "REPORTED"),
        ("RUNNING", "", -4, 0, "REPORTED"),
        ("RUNNING", "NOT_RUN PENDING", None, 50, "DERIVED"),
        ("PENDING", "", None, 0, "DERIVED"),
        ("UNKNOWN", "PASSED", 100, 99, "REPORTED"),
        ("COMPLETED", "PASSED", 42, 100, "REPORTED"),
        ("COMPLETED", "", None, 100, "DERIVED"),
        ("SKIPPED", "", 0, 100, "REPORTED"),
        ("ERRORED", "PASSED PENDING", None, 50, "DERIVED"),
        ("ERRORED", "PASSED NOT_RUN", None, 50, "DERIVED"),
        ("ERRORED", "PASSED", 100, 100, "REPORTED"),
    ],
)
def test_percent(status: str, words: str, reported: float | None, percent: float, source: str) -> None:
    progress = closed(status, words, reported_percent=reported).progress
    assert (progress.percent, progress.source) == (percent, PrecheckProgressSource(source))


def test_total_is_unknown_while_the_vendor_lists_only_what_is_done() -> None:
    assert closed("RUNNING", "PASSED", lists_all_items=False).progress.items_total is None
    assert closed("COMPLETED", "PASSED", lists_all_items=False).progress.items_total == 1
    assert closed("PENDING").progress.items_total is None


def test_keys_tell_sides_roles_and_repetitions_apart_and_stay() -> None:
    def keys() -> list[str]:
        made = report()
        add(made, "PASSED", "A")
        add(made, "PASSED", "A", side=PrecheckSide.TARGET)
        add(made, "PASSED", "A", role=PrecheckEndpointRole.STANDBY)
        add(made, "FAILED", "A")
        return [item.key for item in made.items]

    assert keys() == keys() == ["SOURCE:A", "TARGET:A", "SOURCE:STANDBY:A", "SOURCE:A#2"]


@given(st.lists(st.tuples(st.sampled_from(["A", "A#2", "A#3", "B"]), st.sampled_from(PrecheckSide)), max_size=8))
def test_keys_are_unique_and_ids_name_them(checks: list[tuple[str, PrecheckSide]]) -> None:
    made = report()
    for code, side in checks:
        add(made, "PASSED", code, side=side)
    assert len({item.key for item in made.items}) == len({item.id for item in made.items}) == len(checks)
    assert [item_reference_of(item.id) for item in made.items] == [(REFERENCE, item.key) for item in made.items]
    assert [item.ordinal for item in made.items] == list(range(len(checks)))


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("before", FINAL)
@pytest.mark.parametrize("after", OPEN)
def test_leaving_a_final_status_is_a_new_run(before: PrecheckStatus, after: PrecheckStatus) -> None:
    first = continued(None, closed(before.value, "PASSED"))
    second = continued(first, closed(after.value, "PENDING", at=later(9)))
    assert (first.run, second.run, second.progress.percent) == (1, 2, 0)
    assert (second.first_seen_at, second.updated_at, second.completed_at) == (NOW, later(9), None)


def test_fall_of_what_the_vendor_reports_is_a_new_run() -> None:
    first = continued(None, closed("RUNNING", "PASSED", reported_percent=60))
    second = continued(first, closed("RUNNING", "PENDING", reported_percent=5))
    assert (second.run, second.progress.percent) == (2, 5)


def test_derived_percent_is_held_when_more_items_are_listed() -> None:
    first = continued(None, closed("RUNNING", "PASSED PENDING"))
    second = continued(first, closed("RUNNING", "PASSED PENDING PENDING PENDING"))
    assert (second.run, second.progress.percent) == (1, 50)


def test_end_of_a_run_that_broke_early_is_no_new_run() -> None:
    first = continued(None, closed("RUNNING", "PASSED", reported_percent=60))
    second = continued(first, closed("ERRORED", "PASSED", reported_percent=60))
    assert (second.run, second.completed_at) == (1, NOW)


@pytest.mark.parametrize("status", FINAL)
def test_time_of_the_end_is_when_it_was_first_seen(status: PrecheckStatus) -> None:
    first = continued(None, closed(status.value, "PASSED"))
    second = continued(first, closed(status.value, "PASSED", at=later(9)))
    assert (second.run, second.completed_at, second.updated_at) == (1, NOW, NOW)
    assert second.freshness.fetched_at == later(9)


def test_reading_that_says_something_new_is_an_update() -> None:
    first = continued(None, closed("RUNNING", "PENDING"))
    second = continued(first, closed("RUNNING", "RUNNING", at=later(9)))
    assert (second.first_seen_at, second.updated_at) == (NOW, later(9))
    assert not says_the_same(first, second)
    assert says_the_same(closed("RUNNING", "PENDING"), closed("RUNNING", "PENDING", at=later(9)))


def course(*readings: Precheck) -> list[Precheck]:
    seen: list[Precheck] = []
    for reading in readings:
        seen.append(continued(seen[-1] if seen else None, reading))
    return seen


def test_an_end_is_believed_at_the_second_reading_that_agrees() -> None:
    running, ended, confirmed = course(
        closed("RUNNING", "PENDING"),
        closed("COMPLETED", "PASSED", at=later(1)),
        closed("COMPLETED", "PASSED", at=later(2)),
    )
    assert (ended.status, believed(ended)) == (PrecheckStatus.COMPLETED, running)
    assert believed(confirmed) is confirmed
    assert (confirmed.run, confirmed.completed_at, confirmed.updated_at) == (1, later(1), later(1))


def test_an_end_that_is_the_first_reading_is_believed_at_once() -> None:
    [ended] = course(closed("COMPLETED", "PASSED"))
    assert believed(ended) is ended


def test_an_end_that_did_not_last_was_none() -> None:
    *_, again, later_on = course(
        closed("RUNNING", "PASSED PENDING", reported_percent=60),
        closed("ERRORED", "PASSED PENDING", reported_percent=60, at=later(1)),
        closed("RUNNING", "PASSED PENDING", reported_percent=60, at=later(2)),
        closed("RUNNING", "PASSED PENDING", reported_percent=60, at=later(3)),
    )
    assert (again.run, again.progress.percent, again.completed_at, again.unconfirmed) == (1, 60, None, None)
    # Whoever saw the end in a list has something new to read.
    assert again.updated_at == later_on.updated_at == later(2)


def test_a_run_that_begins_afresh_after_an_unconfirmed_end_is_a_new_one() -> None:
    *_, again = course(
        closed("RUNNING", "PASSED PENDING", reported_percent=60),
        closed("COMPLETED", "PASSED PASSED", reported_percent=100),
        closed("RUNNING", "PENDING PENDING", reported_percent=5),
    )
    assert (again.run, again.progress.percent) == (2, 5)


def test_of_ends_that_never_agree_the_fifth_is_believed() -> None:
    words = ["PASSED", "FAILED", "WARNING", "UNKNOWN", "NOT_RUN"]
    _, *ends = course(closed("RUNNING", "PENDING"), *(closed("COMPLETED", word) for word in words))
    assert [believed(end) is end for end in ends] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("status", "words", "more", "seconds"),
    [
        ("RUNNING", "PASSED FAILED", {}, 300),
        ("PENDING", "PASSED", {}, 300),
        ("RUNNING", "PASSED PENDING", {}, 3600),
        ("RUNNING", "RUNNING", {}, 3600),
        ("PENDING", "", {}, 3600),
        ("RUNNING", "PASSED", {"lists_all_items": False}, 3600),
    ],
)
def test_a_run_that_never_ends_is_said_to_be_stalled(
    status: str, words: str, more: dict[str, Any], seconds: int
) -> None:
    first, before, stalled, still, changed = course(
        closed(status, words, **more),
        closed(status, words, at=later(seconds - 1), **more),
        closed(status, words, at=later(seconds), **more),
        closed(status, words, at=later(seconds * 20), **more),
        closed(status, f"{words} WARNING", at=later(seconds * 20 + 1), **more),
    )
    [problem] = stalled.problems
    assert (problem.code, problem.retryable, problem.provider_id) == (PrecheckProblemCode.TIMEOUT, True, "p")
    assert still.problems == stalled.problems, "once said it is not news at every poll"
    assert [each.updated_at for each in (before, stalled, still)] == [NOW] * 3
    assert first.problems == before.problems == changed.problems == ()
    assert [is_stalled(each) for each in (before, stalled, still, changed)] == [False, True, True, False]


@pytest.mark.parametrize("status", [*FINAL, PrecheckStatus.UNKNOWN])
def test_a_run_that_is_over_or_not_understood_is_not_stalled(status: PrecheckStatus) -> None:
    *_, last = course(closed(status.value, "PASSED"), closed(status.value, "PASSED", at=later(90_000)))
    assert not is_stalled(last)


@pytest.mark.parametrize(("seconds", "is_late"), [(9, False), (0, False), (-0.5, True), (-60, True), (-61, False)])
def test_a_reading_that_a_newer_one_overtook_is_told_from_a_clock_set_back(seconds: float, is_late: bool) -> None:
    assert is_overtaken(closed("RUNNING"), closed("RUNNING", at=later(seconds))) is is_late


READINGS = st.lists(
    st.tuples(
        st.sampled_from(PrecheckStatus), st.none() | st.floats(-10, 110), st.integers(0, 3), st.integers(0, 3)
    ),
    max_size=8,
)


@given(READINGS)
def test_percent_never_falls_within_a_run_and_is_100_only_at_its_end(
    readings: list[tuple[PrecheckStatus, float | None, int, int]],
) -> None:
    known: Precheck | None = None
    for status, percent, passed, pending in readings:
        words = " ".join(["PASSED"] * passed + ["PENDING"] * pending)
        now = continued(known, closed(status.value, words, reported_percent=percent))
        before, after = known and believed(known), believed(now)
        assert before is None or after.run >= before.run
        assert before is None or after.run > before.run or after.progress.percent >= before.progress.percent
        assert before is None or after.run > before.run or after.status.is_final >= before.status.is_final
        assert now.progress.percent < 100 or now.status.is_final
        known = now
