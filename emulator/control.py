"""The control port: tests and the demo steer the emulator through it, in JSON."""

import json
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator.emulation import Emulation
from emulator.faults import read_fault
from emulator.fields import Fields, Refused
from emulator.orders import read_run
from emulator.vendor import VendorServer

FAR_SECONDS = 10 * 365 * 86400.0

ROUTES = "/, /runs, /clock, /calls, /faults, /faults/<provider>, /auth/<provider>"


def control_app(emulation: Emulation) -> Starlette:
    """The ASGI application of the control port."""
    control = Control(emulation)
    routes = [
        Route("/", control.providers, methods=["GET"]),
        Route("/runs", control.create_run, methods=["POST"]),
        Route("/clock", control.advance_clock, methods=["POST"]),
        Route("/calls", control.list_calls, methods=["GET"]),
        Route("/calls", control.reset_calls, methods=["DELETE"]),
        Route("/faults", control.list_faults, methods=["GET"]),
        Route("/faults", control.clear_faults, methods=["DELETE"]),
        Route("/faults/{provider}", control.put_fault, methods=["PUT"]),
        Route("/faults/{provider}", control.clear_fault, methods=["DELETE"]),
        Route("/auth/{provider}", control.switch_auth, methods=["PUT"]),
    ]
    return Starlette(routes=routes, exception_handlers={Refused: _refused, HTTPException: _no_such_route})


class Control:
    """One handler for each control request; each answers 400 or 404 with what would have been accepted."""

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    async def providers(self, _: Request) -> Response:
        """Where each provider listens, how to sign in, and what it answers for."""
        return JSONResponse({name: self._shown(server) for name, server in self._emulation.servers.items()})

    async def create_run(self, request: Request) -> Response:
        """Begin a run of a scenario or a script."""
        fields = Fields(await _json(request))
        server = self._emulation.servers[fields.choice("provider", list(self._emulation.servers))]
        run = read_run(fields, server)
        server.runs.add(run)
        return JSONResponse({"provider": server.provider.id, "reference": run.reference}, 201)

    async def advance_clock(self, request: Request) -> Response:
        """Move the emulator's clock; not back, since runs never go backwards."""
        fields = Fields(await _json(request))
        seconds = fields.number("advance_seconds", None)
        if seconds > FAR_SECONDS:
            raise Refused(f"advance_seconds must be at most {FAR_SECONDS:.0f}")
        fields.done()
        clock = self._emulation.clock
        clock.advance(seconds)
        return JSONResponse({"now": clock.now().isoformat(), "offset_seconds": clock.offset_seconds})

    async def list_calls(self, _: Request) -> Response:
        """Every call received, by provider and operation."""
        return JSONResponse(self._emulation.ledger.report())

    async def reset_calls(self, _: Request) -> Response:
        """Forget the calls received."""
        self._emulation.ledger.reset()
        return JSONResponse({})

    async def list_faults(self, _: Request) -> Response:
        """The faults there are, by provider."""
        return JSONResponse(self._emulation.faults.report())

    async def put_fault(self, request: Request) -> Response:
        """Begin a fault."""
        server = self._server(request)
        fault = read_fault(await _json(request), server)
        await self._emulation.put_fault(server.provider.id, fault)
        return JSONResponse(fault.shown())

    async def clear_fault(self, request: Request) -> Response:
        """End one provider's fault."""
        await self._emulation.clear_fault(self._server(request).provider.id)
        return JSONResponse({})

    async def clear_faults(self, _: Request) -> Response:
        """End every fault."""
        for name in self._emulation.servers:
            await self._emulation.clear_fault(name)
        return JSONResponse({})

    async def switch_auth(self, request: Request) -> Response:
        """Have a provider demand another way to sign in."""
        server = self._server(request)
        if not server.auth_modes:
            raise Refused(f"{server.provider.id} has its vendor's way to sign in, there is nothing to switch")
        fields = Fields(await _json(request))
        server.switch_auth(fields.choice("mode", server.auth_modes))
        fields.done()
        return JSONResponse(dict(server.credentials()))

    def _server(self, request: Request) -> VendorServer:
        name: str = request.path_params["provider"]
        if name not in self._emulation.servers:
            known = ", ".join(self._emulation.servers)
            raise Refused(f"no provider {name!r}; accepted: {known}", 404)
        return self._emulation.servers[name]

    def _shown(self, server: VendorServer) -> dict[str, Any]:
        return {
            "vendor": server.provider.vendor,
            "url": self._emulation.urls()[server.provider.id],
            "credentials": dict(server.credentials()),
            "references": server.runs.references(),
        }


async def _json(request: Request) -> Any:
    try:
        return json.loads(await request.body())
    except ValueError as error:
        raise Refused(f"the body is not JSON: {error}") from error


async def _refused(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, getattr(error, "status", 400))


async def _no_such_route(request: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    said = f"{request.method} {request.url.path}: {getattr(error, 'detail', error)}; there are {ROUTES}"
    return JSONResponse({"error": said}, status)
