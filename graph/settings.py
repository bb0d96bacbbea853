"""The only reader of the environment; says in one line what to change."""

import os
import re
from collections.abc import Mapping
from enum import Enum
from ipaddress import ip_network
from urllib.parse import urlsplit

import msgspec

from graph.http.bounds import MOST_STREAMS_PER_SOCKET
from resolvers.caller import Right
from resolvers.live.places import MOST_STREAMS, MOST_STREAMS_PER_CLIENT

PREFIX = "PRECHECK_"
# Left empty by mistake, these would let in more than was meant.
_MEANT = frozenset(
    {
        "jwks_url",
        "jwt_issuer",
        "jwt_audience",
        "jwt_providers_claim",
        "jwt_rights_claim",
        "tokens_file",
        "trusted_documents_file",
    }
)
_ORIGIN = re.compile(r"https?://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]{1,5})?")
_HOST_NAME = re.compile(r"[a-z0-9._-]+")
_LOG_LEVELS = ("debug", "info", "warning", "error")
_LONGEST_SECONDS = 10 * 365 * 24 * 3600.0
_MAY_BE_ZERO = frozenset({"max_cost_per_minute"})
_OF_CLAIMS = ("jwt_providers_claim", "jwt_rights_claim", "jwt_default_providers", "jwt_default_rights")


class ConfigurationError(Exception):
    """The configuration cannot be used; the message says where and what to change."""


class TrustedDocuments(Enum):
    """What the manifest of trusted documents decides."""

    OFF = "off"
    LOG = "log"
    ONLY = "only"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the server behaves. Each field is read from `PRECHECK_` and its name in capitals.

    Names that end in `_seconds` and `_bytes` give their unit; several words stand in one text with commas between.
    With a `jwks_url` or a `tokens_file` every client needs a bearer token; without either nobody does.
    """

    providers: str = ""
    host: str = "127.0.0.1"
    port: int = 8000
    log_level: str = "info"
    compiled_execution: bool = True
    stream_deadline_seconds: float = 1800.0

    cors_origins: str = ""
    hosts: str = ""
    trusted_proxies: str = ""
    jwks_url: str = ""
    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_providers_claim: str = "providers"
    jwt_rights_claim: str = "rights"
    jwt_default_providers: str = "*"
    jwt_default_rights: str = "read"
    tokens_file: str = ""
    accepted_risks: str = ""

    introspection: bool = True
    suggestions: bool = True
    explorer: bool = True
    open_metrics: bool = False
    draft_status_codes: bool = False
    trusted_documents: TrustedDocuments = TrustedDocuments.OFF
    trusted_documents_file: str = ""

    max_connections: int = 25_000
    max_header_bytes: int = 64 * 1024
    max_body_bytes: int = 256 * 1024
    max_message_bytes: int = 64 * 1024
    receive_seconds: float = 10.0
    init_seconds: float = 3.0
    operation_seconds: float = 15.0

    max_document_characters: int = 32 * 1024
    max_tokens: int = 2_000
    max_comments: int = 100
    max_depth: int = 10
    max_introspection_depth: int = 15
    max_aliases: int = 30
    max_root_fields: int = 20
    max_fields: int = 1_000
    max_directives: int = 50
    max_list_entries: int = 1_000
    max_references: int = 100
    max_vendor_calls: int = 200
    max_cost: int = 40_000
    max_cost_per_minute: int = 0
    max_streams: int = MOST_STREAMS
    max_streams_per_client: int = MOST_STREAMS_PER_CLIENT
    max_streams_per_socket: int = MOST_STREAMS_PER_SOCKET

    @property
    def knows_clients(self) -> bool:
        """Whether clients need a bearer token."""
        return bool(self.jwks_url or self.tokens_file)

    @property
    def origins(self) -> list[str]:
        """The origins whose pages may use this server, as browsers write them."""
        return [origin.lower().removesuffix("/") for origin in words_of(self.cors_origins)]


def words_of(text: str) -> list[str]:
    """The words of a setting that takes several."""
    return [word.strip() for word in text.split(",") if word.strip()]


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings from the environment. Raises ConfigurationError for a value or a name that means nothing."""
    known = {PREFIX + name.upper(): name for name in Settings.__struct_fields__}
    given = {name: value for name, value in environment.items() if name.startswith(PREFIX)}
    if unknown := sorted(given.keys() - known.keys()):
        raise ConfigurationError(f"{unknown[0]} is not a setting; there are {', '.join(sorted(known))}.")
    for name, value in given.items():
        if known[name] in _MEANT and not value.strip():
            raise ConfigurationError(f"{name} is empty; give it a value, or leave it out if that is meant.")
    values = {known[name]: value for name, value in given.items()}
    for name, value in values.items():
        try:
            msgspec.convert({name: value}, Settings, strict=False)
        except msgspec.ValidationError as error:
            raise ConfigurationError(f"{PREFIX}{name.upper()}={value}: {error}.") from None
    return _checked(msgspec.convert(values, Settings, strict=False))


def _checked(settings: Settings) -> Settings:
    for name, value in msgspec.structs.asdict(settings).items():
        if name.endswith("_seconds") and not 0 < value <= _LONGEST_SECONDS:
            raise ConfigurationError(f"{PREFIX}{name.upper()} takes more than 0 seconds, and ten years at most.")
        if name.startswith("max_") and value < (0 if name in _MAY_BE_ZERO else 1):
            least = "0 (no limit)" if name in _MAY_BE_ZERO else "1"
            raise ConfigurationError(f"{PREFIX}{name.upper()} takes {least} or more.")
    if 0 < settings.max_cost_per_minute < settings.max_cost:
        raise ConfigurationError(
            f"{PREFIX}MAX_COST_PER_MINUTE is less than {PREFIX}MAX_COST, so one operation could never be paid."
        )
    _check_names(settings)
    _check_proxies(settings)
    _check_bearers(settings)
    _check_claims(settings)
    if settings.trusted_documents is not TrustedDocuments.OFF and not settings.trusted_documents_file:
        raise ConfigurationError(
            f"{PREFIX}TRUSTED_DOCUMENTS={settings.trusted_documents.value} needs a manifest: "
            f"set {PREFIX}TRUSTED_DOCUMENTS_FILE."
        )
    return settings


def _check_names(settings: Settings) -> None:
    if settings.log_level.lower() not in _LOG_LEVELS:
        raise ConfigurationError(
            f"{PREFIX}LOG_LEVEL is {settings.log_level!r}; it takes {', '.join(_LOG_LEVELS)}."
        )
    for origin in settings.origins:
        if origin != "*" and not _ORIGIN.fullmatch(origin):
            raise ConfigurationError(
                f"{PREFIX}CORS_ORIGINS has {origin!r}; it takes origins such as https://app.example, without a "
                "path, or `*`."
            )
    for host in words_of(settings.hosts):
        if not _HOST_NAME.fullmatch(host.lower()):
            raise ConfigurationError(
                f"{PREFIX}HOSTS has {host!r}; it takes names such as prechecks.example, no scheme, port or path."
            )


def _check_proxies(settings: Settings) -> None:
    for proxy in words_of(settings.trusted_proxies):
        try:
            ip_network(proxy)
        except ValueError:
            raise ConfigurationError(
                f"{PREFIX}TRUSTED_PROXIES has {proxy!r}; it takes addresses and networks such as 10.0.0.0/8."
            ) from None


def _check_bearers(settings: Settings) -> None:
    if settings.jwks_url and settings.tokens_file:
        raise ConfigurationError(
            f"{PREFIX}JWKS_URL and {PREFIX}TOKENS_FILE are two ways to know clients: set one of them."
        )
    if not any((settings.jwks_url, settings.jwt_issuer, settings.jwt_audience)):
        return
    if not all((settings.jwks_url, settings.jwt_issuer, settings.jwt_audience)):
        raise ConfigurationError(
            f"{PREFIX}JWKS_URL, {PREFIX}JWT_ISSUER and {PREFIX}JWT_AUDIENCE go together: "
            "set all three, or none to let every client in."
        )
    if not _is_address(settings.jwks_url):
        raise ConfigurationError(f"{PREFIX}JWKS_URL takes https:// or http:// with a host; no user or password.")


def _check_claims(settings: Settings) -> None:
    plain = Settings()
    changed = [name for name in _OF_CLAIMS if getattr(settings, name) != getattr(plain, name)]
    if changed and not settings.jwks_url:
        raise ConfigurationError(f"{PREFIX}{changed[0].upper()} is of no use without {PREFIX}JWKS_URL.")
    rights = [right.value for right in Right]
    for word in words_of(settings.jwt_default_rights):
        if word not in rights:
            raise ConfigurationError(f"{PREFIX}JWT_DEFAULT_RIGHTS has {word!r}; it takes {', '.join(rights)}.")


def _is_address(text: str) -> bool:
    try:
        url = urlsplit(text)
        has_host = bool(url.hostname) and url.port != 0
    except ValueError:
        return False
    is_plain = text.isprintable() and " " not in text and "@" not in url.netloc
    return url.scheme in ("http", "https") and has_host and is_plain
