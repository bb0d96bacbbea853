import json
from pathlib import Path
from typing import Any

import pytest

from emulator.folders import VendorFolder, find_folders

FOLDERS = {folder.path.name: folder for folder in find_folders()}
STATES = ("pending", "running", "passed", "warning", "failed", "not_run", "unknown")
PRECHECK = {"status", "verdict", "percent", "progress_source", "counts", "disagrees", "problems"}
ITEM = {
    "key",
    "code",
    "state",
    "side",
    "side_inferred",
    "category",
    "blocking",
    "skip_allowed",
    "skip_applied",
}


def expected(folder: VendorFolder) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder.path / "expected.json").read_text(encoding="utf-8"))
    return read


CASES = [(name, file, want) for name, folder in FOLDERS.items() for file, want in expected(folder).items()]


@pytest.mark.parametrize("name", FOLDERS)
def test_every_wire_file_has_its_expectation(name: str) -> None:
    folder = FOLDERS[name]
    assert {path.name for path in Path(folder.path / "wire").iterdir()} == set(expected(folder))


@pytest.mark.parametrize(("name", "file", "want"), CASES, ids=[f"{name}/{file}" for name, file, _ in CASES])
def test_expectation_is_whole(name: str, file: str, want: dict[str, Any]) -> None:
    assert want["provider"] in {provider.id for provider in FOLDERS[name].providers}
    assert want["http_status"] in range(200, 600)
    if "problem" in want:
        assert set(want["problem"]) == {"code", "vendor_code"}
        return
    precheck, counts = want["precheck"], want["precheck"]["counts"]
    assert set(precheck) - {"items"} == PRECHECK
    assert sum(counts[state] for state in STATES) == counts["total"]
    if "items" in precheck:
        check_items(precheck["items"], counts)


def check_items(items: list[dict[str, Any]], counts: dict[str, int]) -> None:
    states = [item["state"].lower() for item in items]
    assert all(set(item) == ITEM for item in items)
    assert len({item["key"] for item in items}) == len(items) == counts["total"]
    assert {state: states.count(state) for state in STATES} == {state: counts[state] for state in STATES}
    assert sum(item["blocking"] for item in items) == counts["blocking"]
    assert sum(item["skip_applied"] for item in items) == counts["skipped"]
