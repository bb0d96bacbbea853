"""The start refuses what opens a server to more than was meant, unless it is named."""

import re
import subprocess
import sys
from typing import Any

import pytest

from graph.risks import RISKS, refuse_risks
from graph.settings import ConfigurationError, Settings
from tests.emulator.process import ROOT

ISSUER = {"jwt_issuer": "https://issuer.example", "jwt_audience": "prechecks"}
KNOWN: dict[str, Any] = {"jwks_url": "https://issuer.example/jwks", **ISSUER}
TAKEN: dict[str, list[dict[str, Any]]] = {
    "anonymous": [{"host": each} for each in ("0.0.0.0", "::", "", "10.0.0.1", "gateway", "127.1", "localhost.x")],
    "any-origin": [{"cors_origins": "*"}, {"cors_origins": "https://a.example, *"}],
    "plain-keys": [
        {"jwks_url": "http://issuer.example/jwks", **ISSUER},
        {"jwks_url": "http://10.0.0.1/jwks", **ISSUER},
    ],
}
CAREFUL: list[dict[str, Any]] = [
    {},
    *({"host": each} for each in ("127.0.0.1", "127.3.2.1", "::1", "localhost", "LOCALHOST")),
    {"host": "0.0.0.0", **KNOWN},
    {"host": "0.0.0.0", "tokens_file": "tokens.toml"},
    {"cors_origins": "https://a.example"},
    {"cors_origins": "*", **KNOWN},
    {"cors_origins": "*", "tokens_file": "tokens.toml"},
    {"jwks_url": "http://127.0.0.1:9000/jwks", **ISSUER},
    {"jwks_url": "http://localhost/jwks", **ISSUER},
]


def test_every_risk_is_tried_here() -> None:
    assert list(TAKEN) == [risk.name for risk in RISKS]


@pytest.mark.parametrize(("name", "taken"), [(name, taken) for name, each in TAKEN.items() for taken in each])
def test_a_risk_is_refused_by_name_until_it_is_accepted(name: str, taken: dict[str, Any]) -> None:
    others = ", ".join(risk.name for risk in RISKS if risk.name != name)
    for accepted in ("", others):
        with pytest.raises(ConfigurationError) as refused:
            refuse_risks(Settings(**taken, accepted_risks=accepted))
        assert f"`{name}` into PRECHECK_ACCEPTED_RISKS" in str(refused.value)
        assert "\n" not in str(refused.value)
    refuse_risks(Settings(**taken, accepted_risks=f" {name} ,"))


@pytest.mark.parametrize("settings", CAREFUL)
def test_what_is_careful_needs_no_word(settings: dict[str, Any]) -> None:
    refuse_risks(Settings(**settings))


def test_a_risk_that_does_not_exist_is_told_with_those_that_do() -> None:
    with pytest.raises(ConfigurationError, match="has 'anonymus'; there are anonymous, any-origin, plain-keys"):
        refuse_risks(Settings(accepted_risks="anonymus"))


@pytest.mark.parametrize("command", ["serve", "demo"])
def test_the_command_line_refuses_to_listen_for_everybody_who_comes(command: str) -> None:
    line = [sys.executable, "-m", "graph", command, "--host", "0.0.0.0", "--port", "0"]
    line += ["--emulator-port", "0"] if command == "demo" else ["--providers", "none.toml"]
    ended = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    [said] = ended.stderr.strip().splitlines()
    assert re.fullmatch(r"error: whoever reaches .* put `anonymous` into PRECHECK_ACCEPTED_RISKS\.", said)
