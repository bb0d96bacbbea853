"""Probes for whoever runs the server: does the process live, can it answer."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route


class Readiness:
    """Whether the server may be sent work."""

    is_ready = False


def probe_routes(readiness: Readiness) -> list[Route]:
    """`/healthz`, `/readyz`, and `/` for people who only know the port."""

    def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    def readyz(_: Request) -> Response:
        status, code = ("ready", 200) if readiness.is_ready else ("not ready", 503)
        return JSONResponse({"status": status}, code)

    def root(_: Request) -> Response:
        return RedirectResponse("/graphql")

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/", root)]
