"""The provider file as the providers' settings, secrets fetched; says in one line what to change."""

import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from graph.settings import ConfigurationError
from graph.tables import tables_of
from resolvers import registry
from resolvers.upstream.address import is_allowed, is_metadata, target_of, told_by
from resolvers.upstream.breaker import LONGEST_OPEN_SECONDS
from resolvers.upstream.contract import LimitSettings, ProviderSettings, Secret
from resolvers.upstream.trust import Authorities, authorities_of

_PROVIDER_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")


def read_providers(path: Path, environment: Mapping[str, str] = os.environ) -> list[ProviderSettings]:
    """The `[[provider]]` tables of a provider file, secrets fetched from where the file says they are.

    Raises ConfigurationError, with the file, the provider and what to change.
    """
    tables = tables_of(path, "provider", "connection to a vendor")
    read: dict[str, ProviderSettings] = {}
    for number, table in enumerate(tables, 1):
        where = (
            f"{path}: provider {table['id']!r}"
            if isinstance(table.get("id"), str)
            else f"{path}: provider {number}"
        )
        settings = _provider(table, where, path.parent, environment)
        if settings.id in read:
            raise ConfigurationError(f"{where} is there twice; give each provider an id of its own.")
        read[settings.id] = settings
    return list(read.values())


def _provider(table: dict[str, Any], where: str, folder: Path, environment: Mapping[str, str]) -> ProviderSettings:
    vendors = registry.vendors()
    vendor = table.get("vendor")
    if not isinstance(vendor, str) or vendor not in vendors:
        raise ConfigurationError(f"{where}: `vendor` is {vendor!r}; it takes one of {', '.join(sorted(vendors))}.")
    settings_type = vendors[vendor].settings_type

    def fetched(kind: type, value: Any) -> Any:
        if kind is Secret:
            return _secret(value, folder, environment)
        if kind is Authorities:
            return _authorities(value, folder)
        raise NotImplementedError(kind)  # how msgspec is told that a type is none of ours

    try:
        settings = msgspec.convert(table, settings_type, dec_hook=fetched)
    except msgspec.ValidationError as error:
        within = LimitSettings if "`$.limits`" in str(error) else settings_type
        accepted = ", ".join(within.__struct_fields__)
        hint = f" It takes: {accepted}." if "unknown field" in str(error) or "missing" in str(error) else ""
        raise ConfigurationError(f"{where}: {error}.{hint}") from None
    _check(settings, where)
    return settings


def _secret(value: Any, folder: Path, environment: Mapping[str, str]) -> Secret:
    match value:
        case {"env": str(name), **rest} if not rest:
            if not environment.get(name):
                raise ValueError(f"the environment variable {name} is not set; set it to the secret")
            return Secret(environment[name])
        case {"file": str(name), **rest} if not rest:
            try:
                secret = (folder / name).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise ValueError(f"the secret file {name} cannot be read") from None
            if not secret:
                raise ValueError(f"the secret file {name} is empty")
            return Secret(secret)
    raise ValueError('a secret never stands in this file; write { env = "NAME" } or { file = "PATH" }')


def _authorities(value: Any, folder: Path) -> Authorities:
    if not isinstance(value, str):
        raise ValueError("`ca_file` takes the path of a file")  # noqa: TRY004 - msgspec tells where a ValueError was
    try:
        return authorities_of((folder / value).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        raise ValueError(f"the file {value} cannot be read") from None
    except ValueError as error:
        raise ValueError(f"the file {value} is of no use: {error}") from None


def _check(settings: ProviderSettings, where: str) -> None:
    limits = settings.limits
    if not _PROVIDER_ID.fullmatch(settings.id):
        raise ConfigurationError(f"{where}: `id` takes small letters, digits, dots and hyphens, at most 63.")
    _check_route(settings, where)
    if not (settings.refresh_seconds >= 0 and math.isfinite(settings.refresh_seconds)):
        raise ConfigurationError(f"{where}: `refresh_seconds` takes 0 (never) or more seconds.")
    for name in limits.__struct_fields__:
        value = getattr(limits, name)
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise ConfigurationError(f"{where}: `limits.{name}` is {value}; it takes more than 0.")
    if (limits.breaker_seconds or 0) > LONGEST_OPEN_SECONDS:
        most = f"{LONGEST_OPEN_SECONDS:g} seconds"
        raise ConfigurationError(f"{where}: `limits.breaker_seconds` takes at most {most}.")


def _check_route(settings: ProviderSettings, where: str) -> None:
    for key, url in urls_of(settings).items():
        _check_url(key, url, where, allow_private=settings.allow_private)
    if settings.proxy is not None:
        proxy = target_of(settings.proxy)
        if proxy is None or proxy.path not in ("", "/"):
            raise ConfigurationError(
                f"{where}: `proxy` takes http:// or https:// with a host and a port; no user, password or path."
            )
    if settings.ca_file is not None and not settings.verify_tls:
        raise ConfigurationError(
            f"{where}: `ca_file` is of no use with `verify_tls = false`; leave one of the two out."
        )


def _check_url(key: str, url: str, where: str, *, allow_private: bool) -> None:
    target = target_of(url)
    if target is None:
        raise ConfigurationError(
            f"{where}: `{key}` takes http:// or https:// with a host, a port and a path at most; "
            "no user, password, query or fragment."
        )
    told = told_by(target.host)
    if told is not None and is_metadata(told):
        raise ConfigurationError(f"{where}: `{key}` is a cloud's metadata service, which is never called.")
    if told is not None and not is_allowed(told, allow_private=allow_private):
        raise ConfigurationError(
            f"{where}: `{key}` is no public address; correct it, or set `allow_private = true` if that is meant."
        )


def urls_of(settings: ProviderSettings) -> dict[str, str]:
    """The addresses that a provider's table has calls go to, by their keys."""
    values = msgspec.structs.asdict(settings)
    return {key: value for key, value in values.items() if key.endswith("_url") and value is not None}
