"""What the pages say of who may ask is what the server does: risks, rights, claims, the file of tokens."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from graph.guard.claims import Claims
from graph.guard.rights import RAW_FIELDS
from graph.risks import RISKS
from graph.settings import PREFIX, Settings, read_settings
from graph.token_file import TokenTable, read_tokens
from resolvers.caller import Right
from tests.docs.pages import README, ROOT, SECURITY, blocks, code, prose, table
from tests.faults.issuer import AUDIENCE, NAME, Issuer, issuing
from tests.graph.served import served
from tests.graph.tokens import token_of
from tests.graph.transports import Client, codes_of

SECTION = prose(README).partition("### Who may ask, and for what\n")[2].partition("\n## ")[0]


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def test_the_table_of_risks_is_the_risks() -> None:
    rows = table(SECURITY, "Dangerous combinations")
    assert [code(row[0]) for row in rows] == [[risk.name] for risk in RISKS]
    for row, risk in zip(rows, RISKS, strict=True):
        settings = {word for word in code(row[1]) if word.startswith(PREFIX)}
        assert settings == {word.strip(",:;") for word in risk.danger.split() if word.startswith(PREFIX)}
        assert len(row) == 3


def test_the_table_of_rights_is_the_rights() -> None:
    rows = [line for line in SECTION.splitlines() if line.startswith("| `")]
    assert [code(row)[0] for row in rows] == [right.value for right in Right]
    assert set(code(rows[1])[2:]) == {f"{type_name}.{field}" for type_name, field in RAW_FIELDS}


async def test_the_file_of_tokens_is_read_as_told(tmp_path: Path) -> None:
    [block] = [each for each in blocks(README, "toml") if "[[token]]" in each.text]
    file = tmp_path / "tokens.toml"
    file.write_text(block.text, encoding="utf-8")
    [listed] = read_tokens(file)
    assert (listed.name, listed.providers) == ("team-a", frozenset({"oms-berlin", "dts"}))
    assert listed.rights == {Right.READ, Right.RAW}
    assert listed.expires_at is not None
    assert set(TokenTable.__struct_fields__) == {line.split()[0] for line in block.text.splitlines()[1:]}


async def test_the_claims_are_read_as_told(issuer: Issuer) -> None:
    [told] = [each.text for each in blocks(README, "text") if each.text.startswith('{"iss"')]
    claims: dict[str, Any] = json.loads(told)
    plain = Settings()
    read = Claims(plain.jwt_providers_claim, plain.jwt_rights_claim)
    assert read.providers_of(claims) == frozenset({"oms-berlin", "dts"})
    assert read.rights_of(claims) == {Right.READ, Right.RAW}
    assert (claims["iss"], claims["aud"]) == (NAME, AUDIENCE)
    with served([], issuer.settings(), issuer.clock) as server:
        client = Client(server.url)
        [answer] = await client.over_post(issuer.token(**claims), "{ precheckProviders { id } }", {})
        await client.close()
    assert answer == {"data": {"precheckProviders": []}}


async def test_without_the_claims_the_settings_decide(issuer: Issuer) -> None:
    strict = msgspec.structs.replace(
        issuer.settings(), jwt_default_providers="", jwt_default_rights="", jwt_rights_claim="scope"
    )
    with served([], strict, issuer.clock) as server:
        client = Client(server.url)
        refused = await client.over_post(issuer.token(rights="read"), "{ __typename }", {})
        answered = await client.over_post(issuer.token(scope="openid read"), "{ __typename }", {})
        await client.close()
    assert (codes_of(refused), codes_of(answered)) == ({"NOT_PERMITTED"}, set())


def test_the_way_to_a_sum_is_the_one_that_is_told() -> None:
    assert '`printf %s "$TOKEN" | sha256sum`' in SECTION, "without a line feed, which would be part of the sum"
    assert token_of("team-a") not in SECTION


def test_every_setting_stands_in_the_table_of_all() -> None:
    told = [name for row in table(SECURITY, "Every setting") for name in code(row[1])]
    assert sorted(told) == sorted(PREFIX + name.upper() for name in Settings.__struct_fields__)


def test_what_is_advised_for_production_can_be_set() -> None:
    rows = table(SECURITY, "In production")
    given = dict(word.split("=") for row in rows for word in code(row[0]) if "=" in word)
    assert given["PRECHECK_INTROSPECTION"] == "false"
    read_settings({**given, "PRECHECK_TRUSTED_DOCUMENTS_FILE": "manifest.json"})


def test_every_family_of_attacks_is_told_and_marked() -> None:
    marked = {
        family
        for file in (ROOT / "tests" / "attack").glob("test_*.py")
        for family in re.findall(r'mark\.attack\("([^"]+)"\)', file.read_text(encoding="utf-8"))
    }
    assert {row[0] for row in table(SECURITY, "What was tried")} == marked
