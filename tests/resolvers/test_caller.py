"""What exists for a caller, and when one ends."""

import asyncio
from pathlib import Path

from resolvers import caller
from resolvers.caller import Caller, Right, seen_by
from resolvers.context import Context, Services
from resolvers.live.hub import Hub
from resolvers.live.places import Places
from resolvers.snapshots import Snapshots
from resolvers.store.local import LocalStore
from resolvers.vocabulary import PrecheckLocale
from tests.driven import Driven

CONFIGURED = {"a": 1, "b": 2, "c": 3}


def context(of: Caller | None, locale: PrecheckLocale = PrecheckLocale.EN) -> Context:
    clock = Driven()
    snapshots = Snapshots({}, LocalStore(), clock)
    services = Services({}, snapshots, Hub(snapshots, clock), clock, 100, Places())
    return Context(services, locale, of)


def test_without_a_token_or_with_one_for_all_everything_exists() -> None:
    assert seen_by(None, CONFIGURED) is CONFIGURED
    assert seen_by(Caller("alice"), CONFIGURED) is CONFIGURED


def test_what_a_token_does_not_name_is_as_if_it_were_not_configured() -> None:
    configured = dict(CONFIGURED)
    seen = seen_by(Caller("alice", providers=frozenset({"c", "a", "unknown"})), configured)
    assert (dict(seen), len(seen)) == ({"a": 1, "c": 3}, 2)
    assert list(seen) == ["a", "c"], "in the order of the configuration"
    assert [seen.get(each) for each in ("a", "b", "unknown", "nobody")] == [1, None, None, None]
    assert [each in seen for each in ("a", "b", "unknown", "nobody")] == [True, False, False, False]
    del configured["a"]
    configured["unknown"] = 4
    assert dict(seen) == {"c": 3, "unknown": 4}, "of the ones that are configured at the time"


def test_callers_share_what_is_executed_only_where_they_may_see_and_do_the_same() -> None:
    some, all_of_them = frozenset({"a"}), frozenset(Right)
    callers = [
        None,
        Caller("alice"),
        Caller("alice", providers=some),
        Caller("alice", rights=all_of_them),
        Caller("alice", providers=some, rights=all_of_them),
    ]
    views = [context(each).view for each in callers]
    assert len(set(views)) == len(callers)
    assert context(Caller("bob", providers=frozenset({"a"}))).view == views[2]
    assert context(Caller("bob"), PrecheckLocale.ZH_CN).view not in views


async def test_a_caller_ends_by_its_instant_or_by_being_withdrawn_whichever_comes_first() -> None:
    clock = Driven()
    withdrawn = asyncio.Event()
    lasting = Caller("alice", withdrawn=withdrawn)
    ending = asyncio.create_task(lasting.expiry(clock))
    await asyncio.wait((ending,), timeout=0.01)
    assert not ending.done()
    withdrawn.set()
    await asyncio.wait_for(ending, 5)
    assert lasting.is_expired(clock)
    lapsed = Caller("alice", expires_at=clock.now(), withdrawn=asyncio.Event())
    await asyncio.wait_for(lapsed.expiry(clock), 5)
    assert lapsed.is_expired(clock)
    assert [each.may_end for each in (lasting, lapsed, Caller("alice"))] == [True, True, False]
    assert not Caller("alice").is_expired(clock)


def test_resolvers_ask_their_context_what_exists() -> None:
    told = {
        path.name
        for path in Path(caller.__file__).parent.glob("*.py")
        if ".services.providers" in path.read_text()
    }
    assert told == {"context.py"}
