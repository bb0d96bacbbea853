"""What breaks for those who hold an older schema is told in the changelog; `make check` runs this."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from graph.schema import schema
from tests.docs.history import ENVIRONMENT, SCHEMA, History, Told, compared, to_tell, told, untold
from tests.docs.pages import CHANGELOG, ROOT, prose

OLD = schema.as_str()
UNRELEASED = "# Changelog\n\n## [Unreleased]\n"
BREAKING = {
    "a field that is removed": ("  run: Int!\n", "  rerun: Int!\n", "Precheck.run"),
    "a field that may be null now": ("  summary: String!\n", "  summary: String\n", "Precheck.summary"),
    "a field of another type": ("  ordinal: Int!\n", "  ordinal: Float!\n", "PrecheckItem.ordinal"),
    "a type that is removed": ("PrecheckSubJob", "PrecheckPart", "PrecheckSubJob"),
    "a type of another kind": ("scalar DateTime", "type DateTime { at: Int! }\n\nscalar Time", "DateTime"),
    "an enum value that is removed": ("  ZH_CN\n", "  ZH\n", "PrecheckLocale.ZH_CN"),
    "an argument that is removed": (
        "maxAgeSeconds: Int = 2\n",
        "maxAge: Int = 2\n",
        "Query.precheck(maxAgeSeconds:)",
    ),
    "an argument of another type": ("    first: Int = 50\n", "    first: String\n", "Query.prechecks(first:)"),
    "an argument that is needed now": (
        "    filter: PrecheckItemFilter = null\n",
        "    filter: PrecheckItemFilter = null, of: ID!\n",
        "Precheck.items(of:)",
    ),
    "an input field that is removed": (
        "  stale: Boolean = null\n",
        "  old: Boolean = null\n",
        "PrecheckFilter.stale",
    ),
    "an input field that is needed now": (
        "  stale: Boolean = null\n",
        "  stale: Boolean = null, at: Int!\n",
        "PrecheckFilter.at",
    ),
    "a key that is removed": (
        ' @key(fields: "providerId externalId")',
        "",
        'Precheck @key(fields: "providerId externalId")',
    ),
    "a key that is not resolved any more": (
        '@key(fields: "providerId externalId")',
        '@key(fields: "providerId externalId", resolvable: false)',
        'Precheck @key(fields: "providerId externalId")',
    ),
    "a type that is not shared any more": ("PageInfo @shareable", "PageInfo", "PageInfo.endCursor @shareable"),
    "a field that gateways hide now": ("  run: Int!", "  run: Int! @inaccessible", "Precheck.run @inaccessible"),
    "another version of federation": ("federation/v2.5", "federation/v2.9", "federation/v2.5"),
}
ADDITIONS = {
    "a field": ("  run: Int!\n", "  run: Int!\n\n  runs: Int!\n"),
    "an argument": ("    first: Int = 50\n", "    first: Int = 50\n    last: Int\n"),
    "an enum value": ("  ZH_CN\n", "  ZH_CN\n  DE\n"),
    "a type": ("type PageInfo", "type Page { number: Int }\n\ntype PageInfo"),
    "a key": ("type PrecheckEdge {", 'type PrecheckEdge @key(fields: "cursor") {'),
    "a type's own word for what its fields may": ("PageInfo @shareable", "PageInfo @federation__shareable"),
    "a description": ("One sentence that explains the verdict.", "The verdict in a sentence."),
}
OF_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="no git here")


def git(root: Path, *arguments: str) -> None:
    author = ("-c", "user.name=Some One", "-c", "user.email=one@example.org", "-c", "init.defaultBranch=main")
    command = ["git", "-C", str(root), *author, *arguments]
    subprocess.run(command, check=True, capture_output=True, env={**ENVIRONMENT, **OF_GIT})


def commit(root: Path, sdl: str) -> None:
    (root / SCHEMA).write_text(sdl)
    git(root, "add", SCHEMA)
    git(root, "commit", "--message", "Change the schema")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose only commit has the schema as it is."""
    git(tmp_path, "init")
    commit(tmp_path, OLD)
    return tmp_path


def changed(before: str, after: str) -> str:
    assert before in OLD
    return OLD.replace(before, after)


def test_every_breaking_change_of_this_repository_is_told() -> None:
    history = History(ROOT)
    failures = untold(compared(history.versions, OLD), told(prose(CHANGELOG), history.release))
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)


def test_the_whole_history_was_compared() -> None:
    history = History(ROOT)
    if history.missing:
        pytest.skip(history.missing)
    assert history.versions


@needs_git
@pytest.mark.parametrize(("before", "after", "name"), BREAKING.values(), ids=BREAKING)
def test_it_fails_until_the_changelog_names(repository: Path, before: str, after: str, name: str) -> None:
    history = History(repository)
    found = compared(history.versions, changed(before, after))
    said = untold(found, told(UNRELEASED, history.release))
    assert any(f"with `{name}` in the line" in each and history.versions[0].commit in each for each in said), said
    lines = [
        (to_tell(change).heading, f"- `{change.name}`: ask for something else.\n") for change in found.breaking
    ]
    assert untold(found, told(UNRELEASED + "".join(below(*each) for each in lines), "")) == []
    assert untold(found, told(UNRELEASED + "".join(below("Added", line) for _, line in lines), "")) == said


@needs_git
def test_a_line_about_a_change_does_not_excuse_that_it_is_removed(repository: Path) -> None:
    changelog = UNRELEASED + below("Changed", "- `Precheck.summary` may be null.\n")
    versions = History(repository).versions
    nullable = compared(versions, changed("  summary: String!\n", "  summary: String\n"))
    assert untold(nullable, told(changelog, "")) == []
    gone = compared(versions, changed("  summary: String!\n", "  text: String!\n"))
    [says] = untold(gone, told(changelog, ""))
    assert "say below `### Removed`" in says
    assert "What is gone is told there and under no other heading." in says


@needs_git
@pytest.mark.parametrize(("before", "after"), ADDITIONS.values(), ids=ADDITIONS)
def test_nothing_has_to_be_told_of(repository: Path, before: str, after: str) -> None:
    assert broken(repository, changed(before, after)) == []


@needs_git
def test_a_new_enum_value_may_surprise_and_is_not_refused(repository: Path) -> None:
    found = compared(History(repository).versions, changed("  ZH_CN\n", "  ZH_CN\n  DE\n"))
    assert [change.name for change in found.dangerous] == ["PrecheckLocale.DE"]
    assert found.breaking == {}


@needs_git
def test_what_was_added_and_removed_between_two_commits_breaks_too(repository: Path) -> None:
    commit(repository, changed("  run: Int!\n", "  run: Int!\n\n  runs: Int!\n"))
    commit(repository, OLD)
    assert broken(repository, OLD) == ["Precheck.runs"]


@needs_git
def test_what_was_taken_back_breaks_nothing(repository: Path) -> None:
    commit(repository, changed("  run: Int!\n", "  rerun: Int!\n"))
    assert broken(repository, changed("  run: Int!\n", "  run: Int!\n\n  rerun: Int!\n")) == []


@needs_git
def test_a_release_is_where_the_telling_begins_anew(repository: Path) -> None:
    released = changed("  run: Int!\n", "  rerun: Int!\n")
    commit(repository, released)
    git(repository, "tag", "v0.1.0")
    history = History(repository)
    assert (history.release, len(history.versions)) == ("v0.1.0", 1)
    assert broken(repository, released) == []
    assert broken(repository, OLD) == ["Precheck.rerun"]
    of_the_release = f"{UNRELEASED}\n## [0.1.0]\n\n### Removed\n\n- `Precheck.rerun`.\n"
    assert told(of_the_release, "") == {Told("Removed", "Precheck.rerun")}
    assert told(of_the_release, history.release) == set()


@needs_git
def test_a_shallow_clone_says_what_it_does_not_compare(repository: Path) -> None:
    commit(repository, changed("  run: Int!\n", "  rerun: Int!\n"))
    git(repository, "clone", "--depth=1", repository.as_uri(), "shallow")
    history = History(repository / "shallow")
    assert len(history.versions) == 1
    assert history.missing is not None
    assert "shallow" in history.missing
    assert broken(repository / "shallow", OLD) == ["Precheck.rerun"]


@needs_git
@pytest.mark.parametrize(
    "unreadable",
    ["<<<<<<< HEAD\n" + OLD, OLD + "type Query { a: Int }\n", "\udcff"],
    ids=["a conflict", "a type twice", "no text"],
)
def test_a_version_that_cannot_be_read_is_left_out_and_told(repository: Path, unreadable: str) -> None:
    (repository / SCHEMA).write_bytes(unreadable.encode(errors="surrogateescape"))
    git(repository, "commit", "--all", "--message", "Break the schema")
    commit(repository, OLD)
    newest, oldest = (version.commit for version in History(repository).versions)
    missing = History(repository).missing
    assert missing is not None
    told_of = re.fullmatch(r"the schema of (\w+) was not compared: .+", missing)
    assert told_of
    assert told_of[1] not in {newest, oldest}
    assert broken(repository, changed("  run: Int!\n", "  rerun: Int!\n")) == ["Precheck.run"]


@needs_git
def test_a_project_may_be_a_folder_of_a_larger_repository(tmp_path: Path) -> None:
    git(tmp_path, "init")
    project = tmp_path / "services" / "prechecks"
    project.mkdir(parents=True)
    assert (
        History(project).missing
        == f"no readable {SCHEMA} of this folder was ever committed: no older schema was compared"
    )
    commit(tmp_path, "type Query { other: Int }")
    commit(project, OLD)
    assert broken(project, changed("  run: Int!\n", "  rerun: Int!\n")) == ["Precheck.run"]
    assert History(project).missing is None


def test_without_git_nothing_older_is_compared(tmp_path: Path) -> None:
    history = History(tmp_path)
    assert history.versions == []
    assert history.missing == "this is no clone of the repository: no older schema was compared"


def below(heading: str, line: str) -> str:
    return f"\n### {heading}\n\n{line}"


def broken(root: Path, printed: str) -> list[str]:
    """The names of what breaks for those who hold a version of this repository."""
    return [change.name for change in compared(History(root).versions, printed).breaking]
