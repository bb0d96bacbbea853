"""Tokens listed in a file: read strictly, known by their hashes, taken away while streams go on."""

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from graph.guard.tokens import Listed, Tokens
from graph.settings import ConfigurationError
from graph.token_file import read_tokens
from resolvers.caller import Right
from resolvers.clock import Clock
from resolvers.errors import RequestError
from tests.driven import Driven
from tests.graph.tokens import table, token_of, tokens_file

ALICE = table("alice", ["oms-ce", "drs"], ["read", "raw"], "2030-01-01T00:00:00Z")


def tokens(tmp_path: Path, *tables: str) -> Tokens:
    return Tokens(read_tokens(tokens_file(tmp_path, *tables)), Driven())


async def outcome(tokens: Tokens, authorization: str | None) -> str:
    """The caller's name, or the code of the refusal."""
    try:
        return (await tokens.caller(authorization)).subject
    except RequestError as error:
        return error.code


async def test_a_token_names_a_caller_with_what_it_may_see_and_do(tmp_path: Path) -> None:
    known = tokens(tmp_path, ALICE, table("bob"), table("carol", ["drs", "*"], []))
    alice, bob, carol = [await known.caller(f"Bearer {token_of(name)}") for name in ("alice", "bob", "carol")]
    assert (alice.subject, alice.expires_at) == ("alice", datetime(2030, 1, 1, tzinfo=UTC))
    assert (alice.providers, alice.rights) == (frozenset({"oms-ce", "drs"}), frozenset({Right.READ, Right.RAW}))
    assert (bob.providers, bob.rights, bob.expires_at) == (None, frozenset({Right.READ}), None)
    assert (carol.providers, carol.rights) == (None, frozenset())


async def test_whoever_has_none_of_the_tokens_is_refused(tmp_path: Path) -> None:
    known = tokens(tmp_path, ALICE)
    right = token_of("alice")
    wrong = [None, "", "Bearer", "Bearer ", right, f"Basic {right}", f"Bearer {right}x", f"Bearer {right[:-1]}"]
    wrong += [f"Bearer {right.upper()}", "Bearer \u00e9", f"Bearer {'x' * 20_000}", f"Bearer {token_of('bob')}"]
    assert {each: await outcome(known, each) for each in wrong} == dict.fromkeys(wrong, "UNAUTHENTICATED")
    assert await outcome(known, f"bearer  {right} ") == "alice"


async def test_a_token_is_over_at_its_instant(tmp_path: Path) -> None:
    clock = Driven()
    until = clock.now().isoformat()
    known = Tokens(read_tokens(tokens_file(tmp_path, table("alice", expires=until))), clock)
    assert await outcome(known, f"Bearer {token_of('alice')}") == "UNAUTHENTICATED"


async def test_other_tokens_withdraw_those_that_are_gone_or_changed_and_no_others(tmp_path: Path) -> None:
    known = tokens(tmp_path, ALICE, table("bob"), table("carol"))
    names = ("alice", "bob", "carol")
    before = [await known.caller(f"Bearer {token_of(name)}") for name in names]
    known.exchange(read_tokens(tokens_file(tmp_path, table("alice", ["drs"]), table("carol"), table("dave"))))
    assert [each.is_expired(Driven()) for each in before] == [True, True, False]
    assert [await outcome(known, f"Bearer {token_of(name)}") for name in (*names, "dave")] == [
        "alice",
        "UNAUTHENTICATED",
        "carol",
        "dave",
    ]
    assert (await known.caller(f"Bearer {token_of('alice')}")).providers == frozenset({"drs"})
    await asyncio.wait_for(before[0].expiry(Driven()), 5)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[[token]]", "[[tokens]]", "unknown key 'tokens'; the file holds [[token]] tables only"),
        (ALICE, "[[token", "is not TOML"),
        ('name = "alice"\n', "", "missing required field `name`. It takes: name, sha256, providers"),
        ('"alice"', '""', "length >= 1 - at `$.name`"),
        ("sha256 =", "token =", "It takes: name, sha256, providers"),
        (
            'sha256 = "',
            'sha256 = "0',
            "`sha256` takes the 64 hexadecimal digits of the token's SHA-256",
        ),
        ('["oms-ce", "drs"]', '"oms-ce"', "Expected `array`, got `str` - at `$.providers`"),
        ('"raw"', '"admin"', "Invalid enum value 'admin' - at `$.rights"),
        ("00:00Z", "00:00", "`datetime` with a timezone component - at `$.expires`"),
        ("2030-01-01T00:00:00Z", "2030-01-01", "Expected `datetime | null`, got `date` - at `$.expires`"),
        (ALICE, f"a = {'[' * 3000}", "is not TOML"),
        (ALICE, f"a = {'9' * 5000}", "is not TOML"),
        (ALICE, ALICE * 2, "token 2 has the `sha256` of another one"),
    ],
)
def test_a_wrong_file_is_one_line_that_says_what_to_change(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in ALICE
    with pytest.raises(ConfigurationError) as refused:
        read_tokens(tokens_file(tmp_path, ALICE.replace(old, new)))
    assert says in str(refused.value)
    assert str(refused.value).count("\n") == 0


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such token file"):
        read_tokens(tmp_path / "none.toml")


def test_a_file_that_everybody_may_write_is_warned_of(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tokens_file(tmp_path, ALICE)
    os.chmod(file, 0o644)
    read_tokens(file)
    assert capfd.readouterr().out == ""
    os.chmod(file, 0o646)
    [listed] = read_tokens(file)
    assert isinstance(listed, Listed)
    assert "tokens_file_writable" in capfd.readouterr().out


def test_what_is_hardly_meant_is_warned_of(tmp_path: Path) -> None:
    listed = read_tokens(
        tokens_file(
            tmp_path, table("alice", ["dst", "drs"]), table("bob", expires="2020-01-01T00:00:00Z"), table("carol")
        )
    )
    with capture_logs() as logged:
        Tokens(listed, Clock(), {"drs": None, "dts": None})
    assert [(each["event"], each["name"], each.get("providers")) for each in logged] == [
        ("token_names_unknown_providers", "alice", ["dst"]),
        ("token_has_expired", "bob", None),
    ]
