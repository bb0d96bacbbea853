"""Links, decisions, changelog, and the tests that CONTRIBUTING names."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.docs.pages import CHANGELOG, CONTRIBUTING, DECISIONS, PAGES, README, ROOT, anchors, links, prose, table

PARTS = ["Context", "Decision", "Cost"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(("https://", "http://")):
            continue
        target, _, anchor = link.partition("#")
        file = (page.parent / target).resolve() if target else page
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


@pytest.mark.parametrize("page", DECISIONS, ids=lambda page: page.stem)
def test_a_decision_is_one_page_with_its_parts(page: Path) -> None:
    text = prose(page)
    title, tags = re.match(r"# \d{4}\. (.+)\n\nTags: ([a-z, ]+)\n", text + "\n", re.ASCII).groups()  # type: ignore[union-attr]
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower().replace("'", "")).strip("-")
    assert page.name == f"{text[2:6]}-{slug}.md"
    assert tags
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    assert all(part.strip() for part in re.split(r"^## .+$", text, flags=re.MULTILINE))
    assert len(text.splitlines()) < 50


def test_decisions_are_numbered_without_gaps() -> None:
    assert [page.name[:4] for page in DECISIONS] == [f"{number:04d}" for number in range(1, len(DECISIONS) + 1)]


def test_a_decision_that_is_referred_to_exists() -> None:
    numbers = {page.name[:4] for page in DECISIONS}
    sources = [*PAGES, *(path for room in ("graph", "resolvers") for path in (ROOT / room).rglob("*.py"))]
    for page in sources:
        assert set(re.findall(r"\bdecisions?[ /](\d{4})\b", prose(page))) <= numbers, page


def test_the_changelog_has_the_version_or_what_comes_next() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    headings = re.findall(r"^## \[([^\]]+)\]", prose(CHANGELOG), re.MULTILINE)
    assert headings[0] == "Unreleased" or headings[0] == version
    assert version in prose(CHANGELOG)


def test_what_the_changelog_has_in_bold_is_a_vendor() -> None:
    demos = [tomllib.loads(path.read_text(encoding="utf-8")) for path in ROOT.glob("emulator/*/demo.toml")]
    names = {provider["name"] for demo in demos for provider in demo["provider"]}
    bold = re.findall(r"^- \*\*(.+?)\*\*", prose(CHANGELOG), re.MULTILINE)
    assert bold
    assert [word for word in bold if not any(name.startswith(word) for name in names)] == []


def test_the_tests_that_contributing_names_exist() -> None:
    named = re.findall(r"`(test_\w+)`", prose(CONTRIBUTING))
    contract = (ROOT / "tests" / "providers" / "test_contract.py").read_text(encoding="utf-8")
    assert len(named) >= len(table(CONTRIBUTING, "A new vendor on one screen"))
    assert [name for name in named if f"def {name}(" not in contract] == []


def test_the_pages_name_no_machine() -> None:
    for page in PAGES:
        assert not re.search(r"(?<![\w.])/(?:work|root|tmp|home)\b", prose(page)), page


def test_readme_leads_to_every_page() -> None:
    names = (
        "operations.md",
        "clients.md",
        "federation.md",
        "tools.md",
        "streams.md",
        "security.md",
        "reliability.md",
        "performance.md",
        "metrics.md",
        "decisions",
    )
    pages = {f"docs/{name}" for name in names}
    assert pages | {"CONTRIBUTING.md", "CHANGELOG.md"} <= set(links(README))
