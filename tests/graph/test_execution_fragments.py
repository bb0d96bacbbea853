"""What is shown again is encoded once, and what can change never is."""

import gc
import itertools
import weakref
from typing import Any

import orjson
import pytest
from graphql import parse

from graph.execution.executor import CompiledExecutor
from graph.execution.fragments import Encoded
from tests.graph.documents import MYSQL, ref
from tests.graph.parts import LooseValue, MadeValue, PartValue, parts, read, run
from tests.graph.served import Served

PART = "precheck { items { code title state evidence { name value } } }"
ITEMS = f"""query Items($refs: [PrecheckRefInput!]!) {{
  lookupPrechecks(refs: $refs, maxAgeSeconds: 3600) {{ {PART} }}
}}"""
UPDATES = f"""subscription Updates($refs: [PrecheckRefInput!]!) {{
  precheckUpdates(refs: $refs) {{ {PART} }}
}}"""


NAMES = parse("{ whole { parts { name } } }")


def shown(document: Any, values: Any, **given: Any) -> Any:
    """The list of parts: plain, or a fragment."""
    result = run(document, values, **given)
    assert result.errors is None
    return result.data["whole"]["parts"]


def is_fragment(completed: Any) -> bool:
    return isinstance(completed, orjson.Fragment)


def test_a_tuple_that_is_shown_again_is_encoded_once() -> None:
    values = parts("a", "b", "c")
    first, *later = (shown(NAMES, values) for _ in range(4))
    assert first == [{"name": "a"}, {"name": "b"}, {"name": "c"}]
    assert is_fragment(later[0])
    assert all(each is later[0] for each in later)
    assert orjson.dumps(later[0]) == orjson.dumps(first)


def test_equal_selections_of_other_documents_share_it() -> None:
    values = parts("a", "b", "c")
    documents = [
        "query A { whole { parts { ...F } } } fragment F on Part { name }",
        "{ whole { parts { name name } } }",
    ]
    shown(NAMES, values)
    kept = shown(NAMES, values)
    assert all(shown(parse(document), values) is kept for document in documents)
    assert read(shown(parse("{ whole { parts { n: name } } }"), values)) == [{"n": "a"}, {"n": "b"}, {"n": "c"}]


def test_what_is_kept_keeps_no_compiled_function_alive() -> None:
    complete = Encoded(lambda values: ([{"name": value.name} for value in values], True))
    values = parts("a", "b", "c")
    complete(values)
    assert is_fragment(complete(values))
    gone = weakref.ref(complete)
    del complete
    gc.collect()
    assert gone() is None


def test_a_new_reading_is_shown_as_it_is() -> None:
    for names in (("a", "b", "c"), ("a", "b", "d"), ("a", "b", "c", "d")):
        values = parts(*names)
        for _ in range(3):
            assert read(shown(NAMES, values)) == [{"name": name} for name in names]


def test_an_identity_that_is_given_again_shows_nothing_of_the_tuple_before() -> None:
    for number in range(200):
        assert read(shown(NAMES, parts(f"{number}", "b", "c")))[0] == {"name": f"{number}"}
        assert read(shown(NAMES, parts(f"{number}", "b", "c")))[0] == {"name": f"{number}"}


def test_conditions_are_kept_apart() -> None:
    document = parse("query ($any: Boolean!) { whole { parts { name words @include(if: $any) } } }")
    values = parts("a", "b", "c")
    for any_ in (True, False) * 3:
        first = read(shown(document, values, any=any_))[0]
        assert first == ({"name": "a", "words": []} if any_ else {"name": "a"})


@pytest.mark.parametrize(
    "values",
    [
        list(parts("a", "b", "c")),
        tuple(LooseValue(name) for name in "abc"),
        (LooseValue("a"), *parts("b", "c")),
        tuple(MadeValue(itertools.count()) for _ in "abc"),
        parts("a", "b"),
    ],
    ids=["a list", "loose structs", "a loose one first", "attributes that are made", "a short tuple"],
)
def test_what_may_change_or_is_short_is_no_fragment(values: Any) -> None:
    assert not any(is_fragment(shown(NAMES, values)) for _ in range(4))


def test_what_changes_below_is_seen() -> None:
    document = parse("{ whole { parts { words below { name } } } }")
    changing: list[str] = []
    loose = LooseValue("before")
    for values in ((PartValue("a", changing),) * 3, (PartValue("a", (), (loose,)),) * 3):
        for _ in range(3):
            shown(document, values)
        changing.append("more")
        loose.name = "after"
        last = read(shown(document, values))[2]
        assert last in ({"words": ["more"], "below": None}, {"words": [], "below": [{"name": "after"}]})


def test_what_is_frozen_all_the_way_down_is_one_fragment() -> None:
    document = parse("{ whole { parts { words below { name } } } }")
    values = (PartValue("a", ("w",), parts("x", "y", "z")),) * 3
    assert [is_fragment(shown(document, values)) for _ in range(3)] == [False, True, True]
    assert read(shown(document, values))[1] == {"words": ["w"], "below": [{"name": name} for name in "xyz"]}


def test_a_function_is_called_each_time() -> None:
    document = parse("{ whole { parts { next } } }")
    values = parts("a", "b", "c")
    assert len({orjson.dumps(shown(document, values)) for _ in range(4)}) == 4


def test_only_answers_for_orjson_hold_fragments() -> None:
    values = parts("a", "b", "c")
    for _ in range(3):
        shown(NAMES, values)
        assert run(NAMES, values, CompiledExecutor).data == {
            "whole": {"parts": [{"name": name} for name in "abc"]}
        }


def test_a_text_that_cannot_be_encoded_is_left_to_whoever_encodes() -> None:
    values = parts("a", "\ud800", "c")
    for _ in range(3):
        assert shown(NAMES, values) == [{"name": "a"}, {"name": "\ud800"}, {"name": "c"}]


def test_what_is_kept_is_bounded() -> None:
    first = parts("a", "b", "c")
    shown(NAMES, first)
    kept = shown(NAMES, first)
    for number in range(200):
        shown(NAMES, (PartValue(f"{number}"),) * 1000)
    assert not is_fragment(shown(NAMES, first))
    assert is_fragment(again := shown(NAMES, first))
    assert again is not kept
    assert shown(NAMES, first) is again


async def test_an_answer_from_snapshots_is_the_same_however_often_and_wherever(server: Served) -> None:
    refs = [ref("drs", MYSQL)]
    first = await server.data(ITEMS, refs=refs)
    [precheck] = [entry["precheck"] for entry in first["lookupPrechecks"]]
    assert len(precheck["items"]) > 2
    for _ in range(3):
        assert await server.data(ITEMS, refs=refs) == first
    for stream in (server.over_sse, server.over_multipart, server.over_websocket):
        events = [event["data"]["precheckUpdates"] async for event in stream(UPDATES, refs=refs)]
        assert events
        assert all(event == {"precheck": precheck} for event in events)
