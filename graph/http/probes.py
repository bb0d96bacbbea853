"""Probes for whoever runs the server: does the process live, can it answer."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from graph.http.watchdog import Watchdog


class Readiness:
    """Whether the server may be sent work."""

    is_serving = False
    is_ending = False

    def __init__(self, watchdog: Watchdog) -> None:
        self._watchdog = watchdog

    def why_not(self) -> str | None:
        """Why no work should be sent now, None if it may be."""
        if self.is_ending or not self.is_serving:
            return "The server is about to end." if self.is_ending else "The server is starting."
        return self._watchdog.trouble()


def probe_routes(readiness: Readiness) -> list[Route]:
    """`/healthz` and `/readyz`."""

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        if reason := readiness.why_not():
            return JSONResponse({"status": "not ready", "reason": reason}, 503)
        return JSONResponse({"status": "ready"})

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


def root_route() -> Route:
    """`/` for people who only know the port: where the explorer is."""

    async def root(_: Request) -> Response:
        return RedirectResponse("/graphql")

    return Route("/", root)
