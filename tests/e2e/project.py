"""A front end's project as it would stand beside the API: documents, configuration, tools that read them."""

import json
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from graphql import NameNode, OperationDefinitionNode, OperationType, parse, print_ast

from graph.http.explorer_operations import prepared_operations
from graph.schema import schema
from tests.docs.pages import OPERATIONS, README, STREAMS, TOOLS, blocks, commands, examples
from tests.e2e.packages import environment, installed, node

ROOM = "tools"


FRAGMENTS = """import { graphql } from 'relay-runtime';
export const card = graphql`
  fragment PrecheckList_precheck on Precheck {
    verdict
    summary
    provider { name }
    blockers { ...PrecheckList_item }
  }
`;
export const item = graphql`
  fragment PrecheckList_item on PrecheckItem { title state remedy { text } precheck { id } }
`;
export const list = graphql`
  query listQuery { ...PrecheckList_query }
`;
export const watch = graphql`
  subscription listSubscription($refs: [PrecheckRefInput!]!) {
    precheckUpdates(refs: $refs) { kind precheck { id ...PrecheckList_precheck } }
  }
`;
export const page = graphql`
PAGE`;
"""


class Shown(NamedTuple):
    """An operation that the explorer or a page shows, under its name, with variables that go with it."""

    name: str
    document: str
    variables: dict[str, Any]
    streams: bool


class Project:
    """A folder from which programs find the packages of the room, by `require` and by `import`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return file

    def json(self, path: str) -> Any:
        return json.loads((self.folder / path).read_text(encoding="utf-8"))

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Whatever comes of a program of the room's packages; both of its outputs are in `stdout`."""
        path = installed(ROOM) / "node_modules" / ".bin" / program
        return subprocess.run(
            [node(), str(path), *arguments],
            cwd=self.folder,
            env={**environment(ROOM), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )

    def run_as_shown(self, program: str, url: str = "") -> subprocess.CompletedProcess[str]:
        """The command of the page that begins with these words, with the server's own address."""
        [command] = [each for each in commands(TOOLS) if each.startswith(f"npx {program}")]
        _, name, *arguments = shlex.split(command.replace("http://127.0.0.1:8000", url))
        return self.run(name, *arguments)

    def generate(self) -> subprocess.CompletedProcess[str]:
        """GraphQL Code Generator, configured as the page says."""
        self.write("codegen.ts", snippet("ts", "CodegenConfig"))
        return self.run_as_shown("graphql-codegen")

    def compile_for_relay(self, fragments: str, algorithm: str = "SHA256") -> subprocess.CompletedProcess[str]:
        """The Relay compiler, configured as the page says; its documents stand in programs only."""
        shutil.rmtree(self.folder / "src", ignore_errors=True)
        self.write("relay.config.json", snippet("json", "persistConfig").replace("SHA256", algorithm))
        self.write("relay.json", "{}")
        self.write("src/list.ts", fragments)
        return self.run_as_shown("relay-compiler")


@contextmanager
def project(introspected: str = "") -> Iterator[Project]:
    """One with both schemas and every operation that is shown anywhere; removed in the end."""
    with TemporaryDirectory(prefix="project-", dir=installed(ROOM)) as folder:
        made = Project(Path(folder))
        made.write("schema.graphql", schema.as_str())
        made.write("introspected.graphql", introspected)
        for shown in shown_operations():
            made.write(f"src/operations/{shown.name}.graphql", shown.document)
        yield made


def shown_operations() -> list[Shown]:
    """Those of the explorer, of README, of operations.md and of streams.md."""
    prepared = [_shown(each.document, each.variables) for each in prepared_operations()]
    streams = [_shown(block.text, prepared[3].variables) for block in blocks(STREAMS, "graphql")]
    pages = [example.curl for page in (README, OPERATIONS) for example in examples(page)]
    bodies = [curl.body for curl in pages if curl.to == "server"]
    typed = [_shown(each["query"], each.get("variables", {}), f"Typed{at}") for at, each in enumerate(bodies)]
    return [*prepared, *streams, *typed]


def for_relay() -> str:
    """A program with the fragment of the page, and what it needs to be a list of cards."""
    return FRAGMENTS.replace("PAGE", snippet("graphql", "PrecheckList_query"))


def snippet(language: str, has: str) -> str:
    """The block of the page in this language that has these words."""
    [found] = [block.text for block in blocks(TOOLS, language) if has in block.text]
    return found


def _shown(document: str, variables: dict[str, Any], name: str = "") -> Shown:
    [operation] = parse(document).definitions
    assert isinstance(operation, OperationDefinitionNode)
    streams = operation.operation is OperationType.SUBSCRIPTION
    if operation.name:
        return Shown(operation.name.value, document, variables, streams)
    return Shown(name, _under_a_name(operation, name), variables, streams)


def _under_a_name(operation: OperationDefinitionNode, name: str) -> str:
    # What is typed into a command line has none, and generators have to call the types something.
    return print_ast(
        OperationDefinitionNode(
            operation=operation.operation,
            name=NameNode(value=name),
            variable_definitions=operation.variable_definitions,
            directives=operation.directives,
            selection_set=operation.selection_set,
        )
    )
