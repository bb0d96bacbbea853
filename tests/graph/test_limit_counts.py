"""What the limits count in one pass is what is there: in documents written out, and in tokens as they are read."""

from typing import Any

import pytest
from graphql import Lexer, OperationDefinitionNode, Source, TokenKind, build_schema, parse
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from graph.guard.counting import Counted, Counting
from graph.guard.limits import MOST_NESTING, check_text
from resolvers.errors import LimitExceeded
from tests.graph.test_limits import DEFAULT

TREE = build_schema("type Query { a: Query b(x: Int): Query c: Int }")
DEEPEST = 3


@st.composite
def trees(draw: st.DrawFn) -> list[Any]:
    """A row of selections, each of which may spread those after it: a field is its alias and what is below."""
    count = draw(st.integers(1, 4))

    def selection(at: int, depth: int) -> Any:
        kinds = ["leaf", "alias", "directive"]
        kinds += ["field", "inline"] if depth < DEEPEST else []
        kinds += ["spread"] if at + 1 < count else []
        kind = draw(st.sampled_from(kinds))
        if kind == "spread":
            return kind, draw(st.integers(at + 1, count - 1))
        return kind, [selection(at, depth + 1) for _ in range(draw(st.integers(1, 3)))] if kind in (
            "field",
            "inline",
        ) else []

    return [[selection(at, 0) for _ in range(draw(st.integers(1, 3)))] for at in range(count)]


def written(selections: list[Any]) -> str:
    words = {"leaf": "c", "alias": "z: c", "directive": "c @skip(if: false)"}
    parts = []
    for kind, below in selections:
        if kind == "spread":
            parts.append(f"...F{below}")
        elif kind in words:
            parts.append(words[kind])
        else:
            parts.append(("a" if kind == "field" else "...") + f" {{ {written(below)} }}")
    return " ".join(parts)


def naive(selections: list[Any], all_of_them: list[Any]) -> list[tuple[str, int]]:
    """Each field that is shown, written out: what is special about it, and how deep it stands."""
    shown: list[tuple[str, int]] = []
    for kind, below in selections:
        if kind == "spread":
            shown += naive(all_of_them[below], all_of_them)
        elif kind == "inline":
            shown += naive(below, all_of_them)
        elif kind == "field":
            shown.append((kind, 1))
            shown += [(word, depth + 1) for word, depth in naive(below, all_of_them)]
        else:
            shown.append((kind, 1))
    return shown


@given(trees())
def test_what_is_counted_once_is_what_is_there_when_written_out(trees: list[Any]) -> None:
    fragments = " ".join(f"fragment F{at} on Query {{ {written(each)} }}" for at, each in enumerate(trees) if at)
    document = parse(f"{{ {written(trees[0])} }} {fragments}")
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    shown = naive(trees[0], trees)
    counted = Counting(TREE, document).counted(operation)
    assert counted.nesting <= MOST_NESTING
    assert counted._replace(nesting=0) == Counted(
        fields=len(shown),
        root_fields=sum(depth == 1 for _, depth in shown),
        aliases=sum(word == "alias" for word, _ in shown),
        directives=sum(word == "directive" for word, _ in shown),
        depth=max(depth for _, depth in shown),
    )


STRINGS = ['"x"', '"a\\"b"', '""', '"""c\n"d" \\""" """', '"\\u0041 #"']
WORDS = [
    *STRINGS,
    "{",
    "}",
    "...",
    "a",
    "_b1",
    "# e\n",
    '# "\n',
    "\n",
    "1",
    "-2.5e+3",
    "$",
    "@",
    " ",
    ",",
    "\ufeff",
]


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_tokens_and_comments_are_counted_as_they_are_read(words: list[str]) -> None:
    text = " ".join(words) + "\n"
    lexer = Lexer(Source(text))
    tokens = comments = 0
    token = lexer.token
    while token.kind is not TokenKind.EOF:
        token = lexer.read_next_token(token.end)
        comments += token.kind is TokenKind.COMMENT
        tokens += token.kind not in (TokenKind.COMMENT, TokenKind.EOF)
    told = [
        (replace(DEFAULT, max_tokens=max(tokens - 1, 0)), f"The document has {tokens} tokens", tokens),
        (replace(DEFAULT, max_comments=max(comments - 1, 0)), f"The document has {comments} comments", comments),
    ]
    for limits, says, count in told:
        if count:
            with pytest.raises(LimitExceeded, match=says):
                check_text(text, limits)
