"""The operations that lie ready in the explorer's tabs, with variables for the demo's providers."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent / "explorer_static"


@dataclass(frozen=True)
class PreparedOperation:
    """One tab: the file's stem, a document with one named operation, and its variables."""

    name: str
    document: str
    variables: dict[str, Any]


def prepared_operations(static: Path = STATIC) -> list[PreparedOperation]:
    """All prepared operations in the order of their file names.

    A string in the variables that is a name in `demo-references.json`, such as DEMO_LIVE_REF, stands for
    the reference under that name.
    """
    references = json.loads((static / "demo-references.json").read_text())
    return [
        PreparedOperation(file.stem, file.read_text(), _variables(file.with_suffix(".json"), references))
        for file in sorted((static / "operations").glob("*.graphql"))
    ]


def _variables(file: Path, references: dict[str, Any]) -> dict[str, Any]:
    variables: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return {name: _resolved(value, references) for name, value in variables.items()}


def _resolved(value: object, references: dict[str, Any]) -> object:
    if isinstance(value, list):
        return [_resolved(entry, references) for entry in value]
    return references.get(value, value) if isinstance(value, str) else value
