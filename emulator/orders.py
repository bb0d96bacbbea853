"""Reads the control request that begins a run: a scenario, or a script of bodies."""

from typing import Any

from emulator.fields import Fields, Refused
from emulator.runs import SCENARIOS, Run, Step
from emulator.vendor import VendorServer


def read_run(fields: Fields, server: VendorServer) -> Run:
    """The run asked for, beginning now; raises `Refused`."""
    scripted = "script" in fields
    scenario = "" if scripted else _scenario(fields, server)
    run = Run(
        reference=_reference(fields, server, scenario),
        started=server.clock.time(),
        script=_script(fields.take("script")) if scripted else (),
        scenario=scenario,
        seconds=fields.number("seconds", 20.0, over=True),
        repeat=fields.flag("repeat"),
        hold_seconds=fields.number("hold_seconds", 20.0),
    )
    if scripted and "scenario" in fields:
        raise Refused("scenario and script exclude each other")
    fields.done()
    return run


def _reference(fields: Fields, server: VendorServer, scenario: str) -> str:
    api = fields.choice("api", server.apis) if server.apis and "api" in fields else ""
    reference = fields.text("reference")
    if reference is None:
        return server.new_reference(scenario, api)
    if not server.reference_pattern.fullmatch(reference):
        raise Refused(
            f"reference must look like {server.new_reference()}"
            f" ({server.reference_pattern.pattern}), not {reference!r}"
        )
    return reference


def _scenario(fields: Fields, server: VendorServer) -> str:
    if "scenario" not in fields:
        raise Refused(f"scenario (one of {', '.join(server.scenarios)}) or script must be given")
    scenario = fields.choice("scenario", SCENARIOS)
    if scenario not in server.scenarios:
        able = ", ".join(server.scenarios)
        raise Refused(f"scenario {scenario!r} cannot be said in {server.provider.vendor}'s words; it can {able}")
    return scenario


def _script(steps: Any) -> tuple[Step, ...]:
    if not isinstance(steps, list) or not steps:
        raise Refused("script must be a list of at least one step")
    return tuple(_step(step, f"script[{place}].") for place, step in enumerate(steps))


def _step(step: Any, place: str) -> Step:
    fields = Fields(step, place)
    body = fields.body(required=True)
    made = Step(
        body="" if body is None else body,
        seconds=fields.number("seconds", 1.0, over=True),
        status=fields.status(200),
        headers=_headers(fields.take("headers"), place),
        verbatim=fields.flag("verbatim"),
    )
    fields.done()
    return made


def _headers(value: Any, place: str) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise Refused(f"{place}headers must be an object of strings")
    return {name.lower(): text for name, text in value.items()}
