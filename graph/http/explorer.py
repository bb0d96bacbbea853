"""The explorer: GraphiQL on the endpoint's own path, from files of our own origin only."""

import functools
import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from string import Template

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from graph.http.explorer_assets import CACHE, COMMAND, PINS, missing, sha384
from graph.http.explorer_operations import STATIC, prepared_operations

ENDPOINT = "/graphql"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript"}
HOST = re.compile(r"[A-Za-z0-9.:\[\]-]+")
# GraphiQL's dialogs stop the page behind them from scrolling by one style element, always the same.
DIALOG_STYLE = "'sha256-Y/huXlwoYkVyQlxwSVcCi1RCDGDCSVBzDt0hYP9qlTc='"

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": f"'self' {DIALOG_STYLE}",
    "img-src": "'self' data:",
    "font-src": "data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept, Host",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Asset:
    """One file the page loads; its name changes with its bytes."""

    name: str
    file: Path
    sha384: str


@functools.cache
def _assets(cache: Path) -> dict[str, Asset]:
    """Every file that may be served, in the order the page loads them."""
    styles_and_scripts = [Asset(pin.name, cache / pin.name, pin.sha384) for pin in PINS]
    styles_and_scripts += [_own("page.css"), _own("boot.js")]
    return {asset.name: asset for asset in styles_and_scripts}


def _own(name: str) -> Asset:
    file = STATIC / name
    digest = sha384(file.read_bytes())
    label = re.sub(r"\W", "", digest)[:12]
    return Asset(f"{file.stem}.{label}{file.suffix}", file, digest)


def wants_explorer(request: Request) -> bool:
    """Whether this is a browser that opens the endpoint, rather than a client of the API."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("accept", "")


def explorer_page(endpoint: str = ENDPOINT, cache: Path = CACHE) -> str:
    """The page as HTML. It names the command to run where GraphiQL's files are not installed."""
    absent = missing(cache)
    assets = [asset for asset in _assets(cache).values() if not absent or asset.file.parent == STATIC]
    template = Template((STATIC / "page.html").read_text())
    return template.substitute(
        styles="\n".join(_tags(assets, ".css", endpoint)),
        scripts="" if absent else "\n".join(_tags(assets, ".js", endpoint)),
        notice=_notice() if absent else "Loading ...",
        prepared=_prepared_tabs(),
    )


def explorer_headers(host: str = "") -> dict[str, str]:
    """The page's headers. `host` lets browsers whose 'self' leaves out WebSockets reach ours."""
    policy = dict(POLICY)
    if HOST.fullmatch(host):
        policy["connect-src"] += f" ws://{host} wss://{host}"
    return {**HEADERS, "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items())}


def explorer_response(request: Request, cache: Path = CACHE) -> HTMLResponse:
    """Answer a request for which `wants_explorer` holds, whatever path the endpoint has."""
    page = explorer_page(request.scope["path"], cache)
    return HTMLResponse(page, headers=explorer_headers(request.headers.get("host", "")))


def explorer_routes(endpoint: str = ENDPOINT, cache: Path = CACHE) -> list[Route]:
    """The routes of the files under `<endpoint>/assets/`; the page itself is the endpoint's to serve."""

    def serve(request: Request) -> Response:
        return _serve(request.path_params["name"], cache)

    return [Route(f"{endpoint}/assets/{{name}}", serve, methods=["GET"], name="explorer-assets")]


def _serve(name: str, cache: Path) -> Response:
    asset = _assets(cache).get(name)
    if asset is None or not asset.file.is_file():
        return PlainTextResponse("There is no such file.", 404, {"X-Content-Type-Options": "nosniff"})
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}
    return Response(asset.file.read_bytes(), headers=headers, media_type=MEDIA_TYPES[asset.file.suffix])


def _tags(assets: Iterable[Asset], suffix: str, endpoint: str) -> list[str]:
    # A relative address keeps working behind a proxy that adds a prefix to the path.
    folder = f"{endpoint.rpartition('/')[2]}/assets"
    pattern = {
        ".css": '    <link rel="stylesheet" href="{}" integrity="sha384-{}" />',
        ".js": '    <script defer src="{}" integrity="sha384-{}"></script>',
    }[suffix]
    return [
        pattern.format(html.escape(f"{folder}/{asset.name}"), asset.sha384)
        for asset in assets
        if asset.file.suffix == suffix
    ]


def _notice() -> str:
    return (
        '<p class="notice">GraphiQL is not installed here: run '
        f"<code>{html.escape(COMMAND)}</code> and load this page again.</p>"
    )


@functools.cache
def _prepared_tabs() -> str:
    tabs = [
        {
            "query": operation.document,
            "variables": json.dumps(operation.variables, indent=2) if operation.variables else "",
        }
        for operation in prepared_operations()
    ]
    return json.dumps(tabs).replace("<", "\\u003c")
