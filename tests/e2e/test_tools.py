"""Code generators, linters and comparers that others wrote take the schema and the documents."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.provider_file import read_providers
from graph.schema import schema
from resolvers.upstream.contract import ProviderSettings
from tests.docs.pages import TOOLS, blocks, commands
from tests.e2e.project import ROOM, Project, Shown, for_relay, project, shown_operations, snippet
from tests.emulator.process import started
from tests.graph.served import served

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

CONFIGURATION = Path(__file__).parent / ROOM
WRONG = "query Wrong { precheckProviders { nothingOfTheKind } }"
USE = """
import type { DashboardQuery, WaitForAllSubscription } from './gql/graphql';
export const verdicts = (data: DashboardQuery) => data.prechecks.nodes.map((each) => each.verdict);
export const at = (data: WaitForAllSubscription): string => data.precheckUpdates.at;
"""
TYPESCRIPT = ("--strict", "--noEmit", "--module", "esnext", "--moduleResolution", "bundler", "--target", "es2022")
STRAY = '"""Nobody asks for it."""\ntype Stray {\n  """What it is called."""\n  name: String!\n}\n\n'
DEFECTS = {
    "description": (
        '  """How far the run has come."""\n  progress:',
        "  # How far the run has come.\n  progress:",
    ),
    "name": ("  taskId: String\n", "  task_id: String\n"),
    "prefix": ("  counts: PrecheckCounts!", "  precheckCounts: PrecheckCounts!"),
    "stray type": ('"""One page of prechecks."""\n', f'{STRAY}"""One page of prechecks."""\n'),
    "page info": ("  endCursor: String\n", "  lastCursor: String\n"),
    "connection": ("  edges: [PrecheckEdge!]!", "  edges: PrecheckEdge!"),
    "edge": ('  cursor: String!\n\n  """The precheck.', '  cursor: PrecheckRef!\n\n  """The precheck.'),
    "arguments": ("    first: Int = 50\n", "    most: Int = 50\n"),
    "deprecation": ("  ordinal: Int!\n", "  ordinal: Int! @deprecated\n"),
    "enum values": ("  READY\n}", '  READY\n\n  """Also."""\n  Ready\n}'),
}
FOUND_IN_SCHEMA = {
    "require-description", "naming-convention", "no-typename-prefix", "no-unreachable-types",
    "no-hashtag-description", "strict-id-in-types", "relay-page-info", "relay-connection-types",
    "relay-edge-types", "relay-arguments", "require-deprecation-reason", "require-deprecation-date",
    "unique-enum-value-names",
}  # fmt: skip
FOUND_IN_DOCUMENTS = {
    "fields-on-correct-type": "query Wrong { precheckProviders { id nothingOfTheKind } }",
    "require-selections": "query Wrong { precheckProviders { name } }",
    "no-anonymous-operations": "{ precheckProviders { id } }",
    "no-unused-variables": "query Wrong($id: ID!) { precheckProviders { id } }",
    "no-duplicate-fields": "query Wrong { precheckProviders { id id } }",
}


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[ProviderSettings]]:
    """The demo's."""
    file = tmp_path_factory.mktemp("tools") / "providers.toml"
    with started("--providers-file", str(file)):
        yield read_providers(file)


@pytest.fixture(scope="module")
def introspected(providers: list[ProviderSettings]) -> Iterator[str]:
    """What introspection tells of a running server, as the page has it written."""
    with project("") as made, served(providers) as server:
        written = made.run_as_shown("graphql-inspector introspect", server.url)
        assert written.returncode == 0, written.stdout
        yield (made.folder / "introspected.graphql").read_text(encoding="utf-8")


@pytest.fixture
def front_end(introspected: str) -> Iterator[Project]:
    with project(introspected) as made:
        yield made


def test_codegen_generates_what_compiles_strictly(front_end: Project, record_property: Any) -> None:
    generated = front_end.generate()
    assert generated.returncode == 0, generated.stdout
    front_end.write("src/use.ts", USE)
    compiled = front_end.run("tsc", *TYPESCRIPT, "src/use.ts", "src/gql/index.ts")
    assert compiled.returncode == 0, compiled.stdout
    front_end.write("src/misuse.ts", USE.replace(": string", ": number").replace("each.verdict", "each.verdikt"))
    refused = front_end.run("tsc", *TYPESCRIPT, "src/misuse.ts")
    assert len(re.findall(r"src/misuse\.ts.*error TS(?:2322|2551)", refused.stdout)) == 2, refused.stdout
    record_property("figure", f"{len(shown_operations())} operations")


def test_codegen_refuses_an_unknown_field(front_end: Project) -> None:
    front_end.write("src/wrong.graphql", WRONG)
    refused = front_end.generate()
    assert refused.returncode != 0
    assert 'Cannot query field "nothingOfTheKind" on type "Provider"' in refused.stdout


def test_relay_compiles_pages_and_fragments_without_a_warning(front_end: Project) -> None:
    compiled = front_end.compile_for_relay(for_relay())
    assert compiled.returncode == 0, compiled.stdout
    assert set(re.findall(r"\[(\w+)\]", compiled.stdout)) == {"INFO", "default"}, compiled.stdout
    written = {path.name for path in front_end.folder.glob("src/__generated__/*.ts")}
    assert {"PrecheckListPageQuery.graphql.ts", "listSubscription.graphql.ts"} <= written


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("totalCount", "howMany", "The type `PrecheckConnection` has no field `howMany`"),
        (
            "_precheck on Precheck {",
            '_precheck on Precheck @refetchable(queryName: "ThisQuery") {',
            "Invalid use of @refetchable",
        ),
    ],
    ids=["an unknown field", "to fetch a precheck again without `node`"],
)
def test_relay_refuses(front_end: Project, before: str, after: str, says: str) -> None:
    refused = front_end.compile_for_relay(for_relay().replace(before, after))
    assert refused.returncode != 0
    assert says in refused.stdout, refused.stdout


def test_inspector_finds_every_document_valid_and_says_what_they_cover(
    front_end: Project, record_property: Any
) -> None:
    valid = front_end.run_as_shown("graphql-inspector validate")
    assert (valid.returncode, "All documents are valid" in valid.stdout) == (0, True), valid.stdout
    covered = front_end.run_as_shown("graphql-inspector coverage")
    [share] = re.findall(r"Fields covered\s+│\s+([\d.]+)%", covered.stdout)
    assert float(share) > 50
    record_property("figure", f"{share}% of the fields in {len(shown_operations())} documents")
    front_end.write("src/wrong.graphql", WRONG)
    refused = front_end.run_as_shown("graphql-inspector validate")
    assert (refused.returncode, "nothingOfTheKind" in refused.stdout) == (1, True), refused.stdout


def test_inspector_tells_a_breaking_version_from_the_same(front_end: Project, introspected: str) -> None:
    front_end.write("held.graphql", introspected)
    assert front_end.run_as_shown("graphql-inspector diff").returncode == 0
    front_end.write("held.graphql", introspected.replace("  run: Int!\n", "  run: Int!\n\n  rerun: Int!\n"))
    broken = front_end.run_as_shown("graphql-inspector diff")
    assert (broken.returncode, "rerun was removed" in broken.stdout) == (1, True), broken.stdout


def test_eslint_finds_nothing_in_schema_and_documents(front_end: Project, record_property: Any) -> None:
    ours(front_end)
    linted = front_end.run("eslint", "--max-warnings", "0", "schema.graphql", "operations")
    assert (linted.returncode, linted.stdout) == (0, "")
    told = json.loads(front_end.run("eslint", "--print-config", "schema.graphql").stdout)["rules"]
    record_property(
        "figure", f"{sum(level != [0] for level in told.values())} rules of {len(told)} for the schema"
    )


def test_eslint_finds_what_is_wrong_in_a_schema(front_end: Project, record_property: Any) -> None:
    ours(front_end)
    sdl = schema.as_str()
    for before, after in DEFECTS.values():
        assert before in sdl
        sdl = sdl.replace(before, after)
    front_end.write("schema.graphql", sdl)
    assert found(front_end, "schema.graphql") == FOUND_IN_SCHEMA
    record_property("figure", f"{len(FOUND_IN_SCHEMA)} rules")


@pytest.mark.parametrize(("rule", "document"), FOUND_IN_DOCUMENTS.items(), ids=FOUND_IN_DOCUMENTS)
def test_eslint_finds_in_a_document(front_end: Project, rule: str, document: str) -> None:
    ours(front_end)
    front_end.write("operations/Wrong.graphql", document)
    assert found(front_end, "operations/Wrong.graphql") == {rule}


def test_each_rule_that_is_off_has_its_reason() -> None:
    lines = (CONFIGURATION / "eslint.config.cjs").read_text(encoding="utf-8").splitlines()
    rules = [at for at, line in enumerate(lines) if line.startswith('  "@graphql-eslint/')]
    assert [lines[at] for at in rules if not lines[at - 1].strip().startswith("// ")] == []
    assert sum(lines[at].endswith('"off",') for at in rules) == 4


def test_eslint_as_the_page_has_it(front_end: Project) -> None:
    for shown in shown_operations():
        if is_typed(shown) or shown.name == "Entities":  # which gateways send
            (front_end.folder / f"src/operations/{shown.name}.graphql").unlink()
    front_end.write("eslint.config.mjs", snippet("js", "eslint"))
    linted = front_end.run_as_shown("eslint")
    assert linted.returncode == 0, linted.stdout
    front_end.write("src/wrong.graphql", WRONG)
    assert "nothingOfTheKind" in front_end.run_as_shown("eslint").stdout


def test_every_snippet_of_the_page_is_run() -> None:
    known = [
        *(
            snippet(*each)
            for each in (("ts", "CodegenConfig"), ("json", "persistConfig"), ("graphql", "PrecheckList"))
        ),
        *(snippet(*each) for each in (("json", "persisted-query-manifest"), ("js", "eslint"), ("text", "breaks"))),
    ]
    assert {block.text for block in blocks(TOOLS) if block.language != "sh"} == set(known)
    programs = {" ".join(command.split()[1:3]) for command in commands(TOOLS)}
    assert programs == {
        "graphql-inspector introspect", "graphql-codegen", "relay-compiler relay.config.json",
        "generate-persisted-query-manifest", "graphql-inspector validate", "graphql-inspector coverage",
        "eslint src", "graphql-inspector diff", "-m graph",
    }  # fmt: skip


def ours(front_end: Project) -> None:
    """The configuration of this repository, with its documents where it looks for them."""
    for file in ("eslint.config.cjs", "federation.graphql"):
        front_end.write(file, (CONFIGURATION / file).read_text(encoding="utf-8"))
    for shown in shown_operations():
        if not is_typed(shown):
            front_end.write(f"operations/{shown.name}.graphql", shown.document)


def found(front_end: Project, file: str) -> set[str]:
    """The rules that a file breaks."""
    [told] = json.loads(front_end.run("eslint", "--format", "json", file).stdout)
    return {str(each["ruleId"]).removeprefix("@graphql-eslint/") for each in told["messages"]}


def is_typed(shown: Shown) -> bool:
    """Whether it was typed into a command line, where there is no cache that needs ids."""
    return shown.name.startswith("Typed")
