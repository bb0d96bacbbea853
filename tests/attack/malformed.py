"""Requests that are wrong in every place where one can be, written by hand."""

from collections.abc import Iterator
from urllib.parse import quote

import orjson

from tests.graph.raw import post

CANARY = "canary-token-of-a-client"
AUTHORIZATION = f"authorization: Bearer {CANARY}"
LOOKUP = "query Lookup($refs: [PrecheckRefInput!]!) { lookupPrechecks(refs: $refs) { problem { code } } }"
QUERY = b'{"query": "{ __typename }"}'
JSON_HEAD = b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
CHUNKED = JSON_HEAD + b"transfer-encoding: chunked\r\n\r\n"
UPGRADE = b"GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
KEYED = b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13"
WRONG: tuple[object, ...] = (None, True, 0, -1, 1.5, "", "x", "\x00", [], [1], {}, {"a": 1}, [[]], 2**63, "\u2028")
NAMES = ("query", "variables", "operationName", "extensions", "documentId")


def get(target: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {target} HTTP/1.1", "host: localhost", AUTHORIZATION, *headers, "", ""]).encode(
        "latin-1"
    )


def posted(body: bytes, *headers: str) -> bytes:
    return post(body, AUTHORIZATION, *headers)


def envelopes() -> Iterator[bytes]:
    """Every wrong type in every place."""
    for name in NAMES:
        for value in WRONG:
            yield orjson.dumps({"query": "{ __typename }", name: value})
    for value in WRONG:
        yield orjson.dumps(value)
        yield orjson.dumps({"query": "{ __typename }", "extensions": {"persistedQuery": value}})
        yield orjson.dumps({"query": LOOKUP, "variables": {"refs": value}})


BODIES = [
    b"", b" ", b"\x00", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf" + QUERY, QUERY.decode().encode("utf-16"), b"{",
    b"}", b"[", b"]",
    b'"', b"nul", b"NaN", b"Infinity", b"-", b"0x10", b"'{}'", b"{'query': 1}", b'{"query"}', b'{"query": }',
    b'{"query": "{ a }",}',
    b'{"query": "\xff"}', b'{"query": "\xc3\x28"}', b'{"query": "\\ud800"}', b'{"query": "\\udc00\\ud800"}',
    b'{"query": "\\x41"}',
    b'{"query": "\\u0000"}', b'{"query": "a\x00b"}', b'{"query": "a\nb"}', b'{"query": NaN}',
    b'{"query": 1e999}', b'{"query": -0}',
    b'{"variables": {"a": ' + b"9" * 5000 + b"}}", b'{"variables": {"a": 0.' + b"9" * 5000 + b"}}",
    b'{"a": 1e' + b"9" * 5000 + b"}",
    b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 40_000,
    b'{"query": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"variables": {"a": ' + b"[" * 1000 + b"]" * 1000 + b'}, "query": "{ __typename }"}',
    b'{"query": "' + b"a" * 200_000 + b'"}',
    b'{"query": "' + b"\\u0041" * 30_000 + b'"}', b'{"query": "' + b"{" * 1000 + b'"}',
    b'{"query": "\\"' + b"x" * 100_000 + b'"}',
    b'{"query": "{ a }", "query": "{ __typename }"}', b'{"query": "{ __typename }", "query": 5}', QUERY + QUERY,
    QUERY + b"x",
    b"{" + b",".join(b'"a%d": 1' % place for place in range(15_000)) + b"}", b'{"' + b"k" * 200_000 + b'": 1}',
    QUERY + b"\x00",
    b"query=%7B__typename%7D",
    b"--x\r\ncontent-disposition: form-data; name=query\r\n\r\n{ __typename }\r\n--x--", b"<xml/>",
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00", bytes(range(256)), b'[{"query": "{ __typename }"}]',
    b'{"query": "{ __typename }"}' * 5000,
]  # fmt: skip

TARGETS = [
    "/graphql", "/graphql?", "/graphql?query", "/graphql?query=", "/graphql?query=%", "/graphql?query=%zz",
    "/graphql?query=%ff",
    "/graphql?query=%c3%28", "/graphql?query=%00", "/graphql?query=%ed%a0%80", "/graphql?query={a&query={b",
    "/graphql?query=[]",
    "/graphql?" + "&" * 10_000, "/graphql?" + "a=1&" * 5000, "/graphql?query=" + "%7B" * 10_000,
    "/graphql?query=" + "a" * 60_000,
    "/graphql?" + "x" * 70_000, "/graphql?query=mutation{a}", "/graphql?query=subscription{precheckUpdates{kind}}",
    "/graphql?query={__typename}&variables=", "/graphql?query={__typename}&variables=x",
    "/graphql?query={__typename}&variables=[]",
    "/graphql?query={__typename}&variables=NaN", "/graphql?query={__typename}&variables=" + "[" * 5000,
    "/graphql?query={__typename}&extensions=5", "/graphql?query={__typename}&operationName=nothing",
    "/graphql?documentId=" + "x" * 5000,
    "/graphql?query={__typename}&operationName[]=a", "/graphql?query[a]=b", "/graphql#query", "/graphql;a=b",
    "/graphql/", "//graphql",
    "/graphql/../healthz", "/%67raphql", "/graphql%00", "/graphql/assets/../../settings.py",
    "/graphql/assets/%2e%2e%2f", "/", "*", "?",
    "http://localhost/graphql?query={__typename}", "http://evil.example/graphql", "http://", "https://[::1",
    "localhost:80", "/\xff",
    "/" + "a/" * 20_000, "/graphql?query=" + quote("{ a(b: \"" + "\\" * 500 + "\") }"), "/healthz?" + "x" * 5000,
    "/metrics/../graphql",
]  # fmt: skip

HEADS = [
    b"\r\n\r\n", b"\x00" * 100, bytes(range(256)), b"GET", b"GET \r\n\r\n", b"GET /\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n", b"GET  /  HTTP/1.1\r\n\r\n",
    b"get /graphql HTTP/1.1\r\nhost: localhost\r\n\r\n", b"GET /graphql http/1.1\r\nhost: localhost\r\n\r\n",
    b"GET /graphql HTTP/0.9\r\n\r\n",
    b"GET /graphql HTTP/9.9\r\nhost: localhost\r\n\r\n", b"GET /graphql HTTP/1.1.1\r\n\r\n",
    b"GET /graphql HTTP/2\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    b"SSH-2.0-OpenSSH_9.9\r\n", b"EHLO localhost\r\n",
    b"BREW /graphql HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"CONNECT localhost:80 HTTP/1.1\r\nhost: localhost\r\n\r\n", b"\xff\xfe\r\n\r\n",
    b"TRACE /graphql HTTP/1.1\r\nhost: localhost\r\n\r\n", b"OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n",
    b"G" * 70_000,
    b"GET /graphql HTTP/1.1\nhost: localhost\n\n",
    *(b"%s /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}" % method
      for method in (b"PUT", b"DELETE", b"PATCH", b"OPTIONS", b"PROPFIND", b"LINK", b"SEARCH", b"SOURCE",
      b"M-SEARCH", b"PURGE")),
    b"GET /graphql HTTP/1.0\r\n\r\n",
    b"POST /graphql HTTP/1.0\r\ncontent-type: application/json\r\ncontent-length: 26\r\n\r\n" + QUERY,
    *(b"GET /graphql HTTP/1.1\r\nhost: localhost\r\n%s\r\n\r\n" % header for header in (
        b"no colon", b": no name", b"a b: c", b"a\x00: b", b"a: b\x00", b"a: \x7f", b"a: \xff", b"\xff: a",
        b"a: b\r c", b"a: b\n\n c",
        b" folded: x", b"a: b\r\n folded", b"host: localhost", b"host: evil.example", b"a:" + b" " * 60_000,
        b"a:\r\n" * 2000,
        b"a: " + b"x" * 70_000, b"x" * 70_000, b"accept: " + b"*/*," * 5000, b"accept: ;;;,,,=q",
        b"accept: */*;q=" + b"9" * 5000,
        b"accept: text/html;q=nan", b"accept: application/json;q=0", b"accept-language: " + b"-," * 5000,
        b"accept-language: \xff",
        b"accept-encoding: gzip;q=x, \xff", b"range: bytes=0-,0-,0-", b"cookie: " + b"a=b;" * 5000,
        b"authorization: \xff", b"te: trailers",
        b"authorization: Bearer " + b"a" * 20_000, b"authorization: Bearer a.b.c", b"authorization:",
        b"authorization: Basic x",
        b"origin: null", b"origin: \xff", b"if-modified-since: never", b"forwarded: for=evil",
        b"x-forwarded-for: \xff",
        b"connection: upgrade\r\nupgrade: h2c\r\nhttp2-settings: x", b"connection: upgrade\r\nupgrade: websocket",
        b"connection: close, keep-alive, upgrade", b"connection: \xff", b"expect: 100-continue", b"expect: \xff",
        b"keep-alive: -1",
    )),
    *(b"POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n%s\r\n\r\n%s" % (header,
    QUERY) for header in (
        b"content-length: -1", b"content-length: x", b"content-length: 1x", b"content-length: 0x1a",
        b"content-length: +26", b"content-length: ",
        b"content-length: 26, 26", b"content-length: 26\r\ncontent-length: 5", b"content-length: " + b"9" * 40,
        b"content-length: " + b"9" * 5000,
        b"content-length: 99999999", b"content-length: 20", b"content-length: 26\r\ntransfer-encoding: chunked",
        b"transfer-encoding: chunked",
        b"transfer-encoding: gzip, chunked", b"transfer-encoding: chunked, gzip", b"transfer-encoding: x",
        b"transfer-encoding: chunked, chunked",
        b"content-length: 26\r\nconnection: upgrade\r\nupgrade: websocket", b"content-length: 1000",
    )),
    *(CHUNKED + body for body in (
        b"x\r\n", b"-1\r\n", b"0\r\n\r\n", b"0\r\na: b\r\n\r\n", b"ffffffffffffffffff\r\n", b"7fffffff\r\nx",
        b"1\r\nxx\r\n", b"1\nx\n0\n\n", b";\r\n",
        b"1;a=b\r\n{\r\n0\r\n\r\n", b"1;" + b"x" * 100_000 + b"\r\n", b"1\r\n{\r\n" * 10_000 + b"0\r\n\r\n",
        b"0\r\n" + b"a: b\r\n" * 1000, b"1a",
    )),
    *(b"%s%s\r\n\r\n" % (UPGRADE, header) for header in (
        b"sec-websocket-key: x", b"sec-websocket-version: 13",
        b"sec-websocket-key: \xff\r\nsec-websocket-version: 13",
        b"sec-websocket-key: x\r\nsec-websocket-version: x",
        b"sec-websocket-key: x\r\nsec-websocket-key: x\r\nsec-websocket-version: 13",
        b"sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 12",
        KEYED + b"\r\norigin: https://evil.example",
        KEYED + b"\r\na: " + b"x" * 9000,
        KEYED + b"\r\ncontent-length: 5",
        KEYED + b"\r\nsec-websocket-protocol: \xff,,",
        KEYED + b"\r\nsec-websocket-extensions: ;;\xff",
    )),
]  # fmt: skip

CONTENT_TYPES = [
    "", "text/plain", "text/plain; x=application/json", "application/x-www-form-urlencoded",
    "multipart/form-data", "application/graphql",
    "application/json; charset=utf-16", "application/json; charset=latin-1", "application/json;;;",
    "application/json; charset", "*/*", "json",
    "application/json, text/plain", "application/jsonx", " application/json", "APPLICATION/JSON",
    "application/json;charset=\"utf-8", "\xff", "a" * 9000,
]  # fmt: skip
POST_HEADERS = ["content-encoding: gzip", "content-encoding: br, identity", "content-encoding: \xff",
"expect: 100-continue", "accept: text/event-stream",
                "accept: multipart/mixed;subscriptionSpec=1.0", "accept: application/graphql-response+json",
                "accept: x/y", "cookie: \x01"]  # fmt: skip


def kept() -> list[bytes]:
    """Those that were written by hand."""
    odd_types = [
        posted(QUERY).replace(b"content-type: application/json", f"content-type: {each}".encode("latin-1"))
        for each in CONTENT_TYPES
    ]
    bodies = [posted(body) for body in (*BODIES, *envelopes())]
    return [*HEADS, *bodies, *map(get, TARGETS), *odd_types, *(posted(QUERY, each) for each in POST_HEADERS)]
