"""What came of the tests, for the reports of `make faults`, `make attack` and `make e2e`."""

from collections.abc import Iterator
from typing import Any

import pytest


def outcomes(terminalreporter: pytest.TerminalReporter) -> Iterator[tuple[pytest.TestReport, bool]]:
    """Each test that ran or could not, with whether it passed."""
    for word in ("passed", "failed", "error", "skipped", "xfailed"):
        for report in terminalreporter.stats.get(word, ()):
            if report.when == "call" or word in ("error", "skipped"):
                yield report, word == "passed"


def recorded(report: pytest.TestReport, name: str) -> list[Any]:
    """What a test has recorded by `record_property` under this name."""
    return [value for known, value in report.user_properties if known == name]
