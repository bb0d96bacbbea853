"""Secrets in every spelling that JSON and URLs have for them."""

import json
from urllib.parse import quote

import pytest

from resolvers.upstream.censor import Censor, credentials_of

SECRET = 'abcd+efgh/ijkl=="q\\é<&>'


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(sign):04X}" for sign in text)


SPELLINGS = {
    "plain": SECRET,
    "JSON": json.dumps(SECRET)[1:-1],
    "JSON with signs beyond ASCII": json.dumps(SECRET, ensure_ascii=False)[1:-1],
    "JSON with slashes escaped": json.dumps(SECRET)[1:-1].replace("/", "\\/"),
    "JSON as Gson writes it": json.dumps(SECRET)[1:-1].replace("=", "\\u003d").replace("<", "\\u003c"),
    "JSON in capitals": json.dumps(SECRET)[1:-1].replace("+", "\\u002B"),
    "JSON letter by letter": escaped(SECRET),
    "URL": quote(SECRET),
    "URL with slashes": quote(SECRET, safe=""),
    "URL in small letters": quote(SECRET, safe="").lower(),
}


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)
def test_a_secret_is_struck_out_however_it_is_spelt(spelt: str) -> None:
    censor = Censor()
    censor.learn("token", SECRET)
    assert censor.clean(f'{{"said": "token {spelt} is wrong"}}'.encode()) == b'{"said": "token *** is wrong"}'
    assert censor.clean_headers([(b"x-request-id", f"for {SECRET}".encode())]) == [(b"x-request-id", b"for ***")]


def test_a_secret_with_quotes_is_found_where_quotes_are_all_that_is_escaped() -> None:
    censor = Censor()
    censor.learn("token", 'ab"cd"efgh')
    assert censor.clean(json.dumps({"said": 'ab"cd"efgh, "or" so'}).encode()) == b'{"said": "***, \\"or\\" so"}'


def test_a_header_is_cleaned_by_itself() -> None:
    censor = Censor()
    censor.learn("token", "todays-token")
    headers = [(b"date", b"today"), (b"x-one", b"todays-"), (b"x-two", b"token"), (b"x-three", b"todays%2Dtoken")]
    assert censor.clean_headers(headers) == [*headers[:3], (b"x-three", b"***")]


def test_what_a_request_signed_in_with_is_a_secret_too() -> None:
    sent = credentials_of(["Basic cmVhZGVyOnNlY3JldA==", "a-token-of-yesterday"])
    assert Censor().clean(b'"cmVhZGVyOnNlY3JldA== and a-token-of-yesterday"', sent) == b'"*** and ***"'


def test_a_secret_within_another_leaves_nothing_of_it() -> None:
    censor = Censor()
    censor.learn("short", "secret-one")
    censor.learn("long", "secret-one-and-more")
    assert censor.clean(b"secret-one-and-more, secret-one") == b"***, ***"


def test_a_new_secret_replaces_the_one_of_its_name_and_short_ones_may_be_words() -> None:
    censor = Censor()
    censor.learn("token", "yesterdays-token")
    censor.learn("token", "todays-token")
    censor.learn("password", "check")
    assert censor.clean(b"yesterdays-token todays-token check") == b"yesterdays-token *** check"


def test_what_holds_no_secret_stays_as_it_is() -> None:
    body = json.dumps({"progress": "100%", "text": 'a "quoted" \\ word', "more": "é\u2028"}).encode()
    censor = Censor()
    censor.learn("token", SECRET)
    assert censor.clean(body) == body
