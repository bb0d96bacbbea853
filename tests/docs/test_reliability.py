"""The fault matrix is held to its tests: a row names tests that carry its marker, and no marker lacks a row."""

import ast
from collections.abc import Iterator

import pytest

from resolvers.vocabulary import PrecheckProblemCode
from tests.docs.pages import RELIABILITY, ROOT, FaultRow, fault_matrix, prose

FAULTS = ROOT / "tests" / "faults"
GROUPS = {"T": 14, "H": 10, "P": 16, "S": 7, "C": 6, "L": 6, "K": 9, "X": 6}
NOT_YET = {"X2", "X3", "X6"}
ROWS = fault_matrix()


Test = ast.FunctionDef | ast.AsyncFunctionDef


def marked() -> dict[str, set[str]]:
    """Test -> the rows whose markers it carries: itself, one of its cases, or its class."""
    found: dict[str, set[str]] = {}
    for path in sorted(FAULTS.glob("test_*.py")):
        for parents, test in functions_of(ast.parse(path.read_text(encoding="utf-8"))):
            name = "::".join([str(path.relative_to(ROOT)), *(parent.name for parent in parents), test.name])
            found[name] = {row for node in (*parents, test) for row in rows_of(node)}
    return found


def functions_of(module: ast.Module) -> Iterator[tuple[tuple[ast.ClassDef, ...], Test]]:
    for node in module.body:
        if isinstance(node, Test) and node.name.startswith("test_"):
            yield (), node
        elif isinstance(node, ast.ClassDef):
            yield from (((node,), each) for each in node.body if isinstance(each, Test))


def rows_of(node: Test | ast.ClassDef) -> Iterator[str]:
    for call in (each for decorator in node.decorator_list for each in ast.walk(decorator)):
        match call:
            case ast.Call(
                func=ast.Name(id="row") | ast.Attribute(attr="row"), args=[ast.Constant(value=str(name))]
            ):
                yield name


MARKED = marked()


def test_the_matrix_has_every_row_once_and_in_order() -> None:
    names = [f"{group}{number + 1}" for group, count in GROUPS.items() for number in range(count)]
    assert list(ROWS) == [name for name in names if name not in NOT_YET]
    assert prose(RELIABILITY).count("\n| T1 |") == 1


@pytest.mark.parametrize(("name", "row"), ROWS.items(), ids=list(ROWS))
def test_a_row_is_shown_by_tests_that_say_so(name: str, row: FaultRow) -> None:
    assert row.text
    assert row.seen
    assert row.tests
    assert {test: name in MARKED.get(test, ()) for test in row.tests} == dict.fromkeys(row.tests, True)


def test_every_marker_has_its_row() -> None:
    assert set().union(*MARKED.values()) <= set(ROWS)


def test_codes_are_ours() -> None:
    known = {code.value for code in PrecheckProblemCode} | {
        "AUTH_EXPIRED",
        "TOO_MANY_STREAMS",
        "TOO_MANY_CONNECTIONS",
        "BAD_REQUEST",
        "LIMIT_EXCEEDED",
        "SIGTERM",
        "PROBLEM",
        "COMPLETED",
        "UNKNOWN",
        "JSON",
    }
    words = {
        word.strip(",;.") for row in ROWS.values() for word in row.seen.split() if word.strip(",;.").isupper()
    }
    assert {word for word in words if len(word) > 3} <= known
