"""Who asks, as a request says it: by which token and address, from which page, in which language."""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.websockets import WebSocket

from graph.http.negotiation import MOST_SIGNS_LOOKED_AT, ranked
from graph.recent import Recent
from resolvers.errors import TokenRefused
from resolvers.vocabulary import PrecheckLocale

_LOCALE_OF_LANGUAGE = {"en": PrecheckLocale.EN, "zh": PrecheckLocale.ZH_CN}
# Clients say the same in every request, and reading it takes as long as executing a small operation.
_LOCALES: Recent[str, PrecheckLocale] = Recent(largest=500, room=20_000)
_FROM_ANOTHER_SITE = frozenset({"cross-site", "same-site"})


def authorization_of(request: Request) -> str | None:
    """The one header. Raises TokenRefused where there are several, for who knows which of them others look at."""
    given = request.headers.getlist("authorization")
    if len(given) > 1:
        raise TokenRefused("The request has several `Authorization` headers: send one.")
    return given[0] if given else None


def address_of(request: Request | WebSocket) -> str:
    """The address of the client, as far as it is known."""
    return request.client.host if request.client else ""


def is_from_another_site(headers: Headers, origins: Collection[str]) -> bool:
    """Whether a browser says that a page has it ask that is neither of this server's origin nor of these."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if "*" in origins or origin in origins:
        return False
    if site is not None:
        return site in _FROM_ANOTHER_SITE
    # An older browser says it for what is asked across origins only.
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def locale_of(headers: Headers) -> PrecheckLocale:
    """The language that its client likes best of those that are spoken here."""
    accept_language = headers.get("accept-language", "")[:MOST_SIGNS_LOOKED_AT]
    known = _LOCALES.get(accept_language)
    if known is None:
        ranges = (each.partition("-")[0] for each in ranked(accept_language))
        known = next(
            (_LOCALE_OF_LANGUAGE[each] for each in ranges if each in _LOCALE_OF_LANGUAGE), PrecheckLocale.EN
        )
        _LOCALES.keep(accept_language, known, len(accept_language))
    return known
