"""Who may call OMS: its documentation is silent, so the way to sign in can be switched."""

import base64
import hashlib
import hmac
import re
import secrets
from hmac import compare_digest

from emulator.clock import Clock
from emulator.vendor import Request

MODES = ("none", "basic", "digest", "bearer", "header")
REALM = "OMS"
TOKEN = "demo-oms-token-not-a-secret"  # noqa: S105
HEADER_NAME = "X-Oms-Access-Key"
HEADER_VALUE = "demo-oms-header-not-a-secret"
NONCE_SECONDS = 300.0
DIGEST_FIELD = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')


class Gate:
    """Checks one way to sign in at a time."""

    def __init__(self, mode: str, username: str, password: str, clock: Clock) -> None:
        self.mode = mode
        self._username = username
        self._password = password
        self._clock = clock
        self._nonce_key = secrets.token_bytes(16)

    def credentials(self) -> dict[str, str]:
        """What each mode wants to be told."""
        return {
            "auth": self.mode,
            "username": self._username,
            "password": self._password,
            "token": TOKEN,
            "header_name": HEADER_NAME,
            "header_value": HEADER_VALUE,
        }

    def admits(self, request: Request) -> bool:
        """Whether the request carries what the mode asks for."""
        sent = request.headers.get("authorization", "")
        if self.mode == "digest":
            return self._digest_holds(request, sent)
        if self.mode == "header":
            return _same(request.headers.get(HEADER_NAME.lower(), ""), HEADER_VALUE)
        if self.mode == "bearer":
            return _same(sent, f"Bearer {TOKEN}")
        return self.mode == "none" or _same(sent, self._basic())

    def challenge(self) -> dict[str, str]:
        """The headers of a refusal."""
        if self.mode == "digest":
            asked = f'Digest realm="{REALM}", nonce="{self._nonce()}", qop="auth", algorithm=MD5'
        else:
            asked = f'Bearer realm="{REALM}"' if self.mode == "bearer" else f'Basic realm="{REALM}"'
        return {} if self.mode == "header" else {"www-authenticate": asked}

    def _basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self._username}:{self._password}".encode()).decode()

    def _digest_holds(self, request: Request, sent: str) -> bool:
        scheme, _, rest = sent.partition(" ")
        given = {name: quoted or bare for name, quoted, bare in DIGEST_FIELD.findall(rest)}
        uri = request.path + (f"?{request.query}" if request.query else "")
        signed = _md5(f"{self._username}:{REALM}:{self._password}"), _md5(f"{request.method}:{uri}")
        nonce, count, own = (given.get(name, "") for name in ("nonce", "nc", "cnonce"))
        expected = _md5(f"{signed[0]}:{nonce}:{count}:{own}:auth:{signed[1]}")
        return (
            scheme.lower() == "digest"
            and given.get("uri") == uri
            and self._nonce_holds(nonce)
            and _same(given.get("response", ""), expected)
        )

    def _nonce(self) -> str:
        issued = f"{self._clock.time():.0f}"
        return f"{issued}.{self._sealed(issued)}"

    def _nonce_holds(self, nonce: str) -> bool:
        issued, _, seal = nonce.partition(".")
        return _same(seal, self._sealed(issued)) and abs(self._clock.time() - int(issued)) < NONCE_SECONDS

    def _sealed(self, issued: str) -> str:
        return hmac.new(self._nonce_key, issued.encode(), hashlib.sha256).hexdigest()[:32]


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _same(sent: str, wanted: str) -> bool:
    return compare_digest(sent.encode(), wanted.encode())
