"""Combinations of settings that open the server to more than was meant; refused unless each is named."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from graph.settings import PREFIX, ConfigurationError, Settings, words_of


class Risk(NamedTuple):
    """One of them: the word that accepts it, whether it is there, and what is dangerous about it."""

    name: str
    is_taken: Callable[[Settings], bool]
    danger: str


def refuse_risks(settings: Settings) -> None:
    """Raise ConfigurationError for a risk that is taken and not accepted, and for one that does not exist."""
    accepted = words_of(settings.accepted_risks)
    known = {risk.name for risk in RISKS}
    for word in accepted:
        if word not in known:
            listed = ", ".join(sorted(known))
            raise ConfigurationError(f"{PREFIX}ACCEPTED_RISKS has {word!r}; there are {listed}.")
    for risk in RISKS:
        if risk.name not in accepted and risk.is_taken(settings):
            raise ConfigurationError(
                f"{risk.danger}; if that is meant, put `{risk.name}` into {PREFIX}ACCEPTED_RISKS."
            )


def _is_loopback(host: str) -> bool:
    """Whether nobody outside this machine is meant; a name other than `localhost` may be anybody's."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_anonymous(settings: Settings) -> bool:
    return not settings.knows_clients and not _is_loopback(settings.host)


def _is_for_any_origin(settings: Settings) -> bool:
    return not settings.knows_clients and "*" in settings.origins


def _has_plain_keys(settings: Settings) -> bool:
    url = urlsplit(settings.jwks_url)
    return url.scheme == "http" and not _is_loopback(url.hostname or "")


RISKS = (
    Risk(
        "anonymous",
        _is_anonymous,
        f"whoever reaches this machine may ask for everything: {PREFIX}HOST is beyond loopback, and neither "
        f"{PREFIX}JWKS_URL nor {PREFIX}TOKENS_FILE is set",
    ),
    Risk(
        "any-origin",
        _is_for_any_origin,
        f"any page that somebody opens in a browser may ask for everything: {PREFIX}CORS_ORIGINS has `*`, and "
        "clients need no token",
    ),
    Risk(
        "plain-keys",
        _has_plain_keys,
        "whoever is on the way to the issuer may exchange its keys and sign any token: "
        f"{PREFIX}JWKS_URL begins with http://",
    ),
)
