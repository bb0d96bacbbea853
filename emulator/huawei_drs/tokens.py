"""The IAM beside DRS: issues project tokens, knows which are still good, answers in Keystone's shapes."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from emulator.clock import Clock
from emulator.vendor import Reply

LIFETIME = timedelta(hours=24)
TOKEN_BYTES = 1800  # real ones are kilobytes long: a client must not cap the header
TIME_FORMAT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Grant:
    """What one token allows, and until when; `project_id` is empty for a token without a project scope."""

    project_id: str
    expires: datetime


class Iam:
    """The token store of one account with one user and one project."""

    def __init__(self, credentials: Mapping[str, str], region: str, clock: Clock) -> None:
        self._credentials = credentials
        self._region = region
        self._clock = clock
        self._grants: dict[str, Grant] = {}

    def issue(self, body: Any) -> Reply:
        """Answer one `POST /v3/auth/tokens`."""
        methods = _dig(body, "auth", "identity", "methods")
        if not isinstance(methods, list) or not methods:
            return _failure(400, "Bad Request", "The request body is invalid")
        if not all(self._proves(method, _dig(body, "auth", "identity", str(method))) for method in methods):
            return _failure(401, "Unauthorized", "The username or password is wrong.")
        scope = _dig(body, "auth", "scope", "project")
        if scope is not None and not self._in_project(scope):
            return _failure(401, "Unauthorized", "The project does not exist or the user has no role in it.")
        return self._token([str(method) for method in methods], scoped=scope is not None)

    def grant(self, token: str) -> Grant | None:
        """What a token allows now; None for an unknown, expired or voided one."""
        found = self._grants.get(token)
        return found if found is not None and self._clock.now() < found.expires else None

    def void(self) -> None:
        """Make every token issued so far worthless, as a changed password does."""
        self._grants.clear()

    def _proves(self, method: object, proof: Any) -> bool:
        known = self._credentials
        if method == "password":
            user = _dig(proof, "user")
            given = (_dig(user, "domain", "name"), _dig(user, "name"), _dig(user, "password"))
            return given == (known["domain"], known["username"], known["password"])
        keys = (_dig(proof, "access", "key"), _dig(proof, "secret", "key"))
        return method == "hw_ak_sk" and keys == (known["access_key"], known["secret_key"])

    def _in_project(self, scope: Any) -> bool:
        return bool(_dig(scope, "name") == self._region or _dig(scope, "id") == self._credentials["project_id"])

    def _token(self, methods: list[str], *, scoped: bool) -> Reply:
        issued = self._clock.now()
        grant = Grant(self._credentials["project_id"] if scoped else "", issued + LIFETIME)
        token = "MII" + secrets.token_urlsafe(TOKEN_BYTES)
        self._grants[token] = grant
        domain = {"id": "d78cbac186b744899480f25bd022f468", "name": self._credentials["domain"]}
        user = {"domain": domain, "id": "7116d09f88fa41908676fdd4b039e95b", "name": self._credentials["username"]}
        described: dict[str, Any] = {
            "expires_at": grant.expires.strftime(TIME_FORMAT),
            "issued_at": issued.strftime(TIME_FORMAT),
            "methods": methods,
            "user": user,
            "roles": [{"id": "0", "name": "drs_adm"}],
            "catalog": [],
        }
        if scoped:
            described["project"] = {"domain": domain, "id": grant.project_id, "name": self._region}
        return Reply({"token": described}, 201, {"X-Subject-Token": token})


def _failure(status: int, title: str, message: str) -> Reply:
    return Reply({"error": {"code": status, "message": message, "title": title}}, status)


def _dig(value: Any, *keys: str) -> Any:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
