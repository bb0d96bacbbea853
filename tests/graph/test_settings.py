"""The configuration: what is wrong is said in one line that tells what to change."""

from pathlib import Path
from typing import Any

import pytest

from graph.connections import connect
from graph.provider_file import read_providers
from graph.settings import ConfigurationError, Settings, read_settings
from resolvers.clock import Clock
from resolvers.upstream.contract import Secret

NINEDATA = """
[[provider]]
id = "nine"
vendor = "ninedata"
base_url = "https://ninedata.example"
access_key_id = "AK"
secret_key = { env = "NINE_SECRET" }
"""
ENVIRONMENT = {"NINE_SECRET": "demo-not-a-secret"}
BEARERS = {
    "PRECHECK_JWKS_URL": "https://issuer.example/jwks?policy=p",
    "PRECHECK_JWT_ISSUER": "https://issuer.example",
    "PRECHECK_JWT_AUDIENCE": "prechecks",
}


def read(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> Any:
    file = tmp_path / "providers.toml"
    file.write_text(text, encoding="utf-8")
    return read_providers(file, ENVIRONMENT if environment is None else environment)


def refusal(tmp_path: Path, text: str, environment: dict[str, str] | None = None) -> str:
    with pytest.raises(ConfigurationError) as refused:
        connect(read(tmp_path, text, environment), Clock())
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_a_secret_is_fetched_by_environment_or_by_file_and_never_shown(tmp_path: Path) -> None:
    (tmp_path / "nine.secret").write_text("from-a-file\n", encoding="utf-8")
    [by_environment] = read(tmp_path, NINEDATA)
    [by_file] = read(tmp_path, NINEDATA.replace('env = "NINE_SECRET"', 'file = "nine.secret"'))
    assert by_environment.secret_key.reveal() == "demo-not-a-secret"
    assert by_file.secret_key.reveal() == "from-a-file"
    assert "demo-not-a-secret" not in repr(by_environment)
    assert isinstance(by_file.secret_key, Secret)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('id = "nine"', 'id = "Nine/1"', "`id` takes small letters"),
        ('id = "nine"', "", "missing required field `id`"),
        ('"ninedata"', '"ninedate"', "`vendor` is 'ninedate'; it takes one of "),
        ('vendor = "ninedata"', "", "`vendor` is None"),
        ('"https://ninedata.example"', '"ninedata.example"', "`base_url` takes http:// or https://"),
        ('"https://ninedata.example"', '"http://[::1"', "`base_url` takes http:// or https://"),
        ('"https://ninedata.example"', '"http://127.0.0.1:99999"', "`base_url` takes http:// or https://"),
        ('"https://ninedata.example"', '"https://x.example/?a=b"', "`base_url` takes http:// or https://"),
        ('"https://ninedata.example"', '"https://me:secret@x.example"', "`base_url` takes http:// or https://"),
        ("access_key_id", "acces_key_id", "It takes: id, vendor, base_url"),
        ('"AK"', "5", "Expected `str`, got `int`"),
        ('{ env = "NINE_SECRET" }', '"plain"', "a secret never stands in this file"),
        ('{ env = "NINE_SECRET" }', '{ env = "NINE_SECRET", file = "x" }', "a secret never stands in this file"),
        ('env = "NINE_SECRET"', 'env = "NOT_SET"', "environment variable NOT_SET is not set"),
        ('env = "NINE_SECRET"', 'file = "nowhere"', "secret file nowhere cannot be read"),
        ('"AK"', '"AK"\ntrack = ["nonsense"]', "`track` has 'nonsense'"),
        ('"AK"', '"AK"\nrefresh_seconds = -1', "`refresh_seconds` takes 0"),
        ('"AK"', '"AK"\nrefresh_seconds = nan', "`refresh_seconds` takes 0"),
        ('"AK"', '"AK"\nrefresh_seconds = inf', "`refresh_seconds` takes 0"),
        ('env = "NINE_SECRET"', 'file = "/dev/null"', "is empty"),
        ("[[provider]]", "[[providers]]", "unknown key 'providers'"),
        ("[[provider]]", "[provider]", "holds no [[provider]] table"),
        ("[[provider]]", "provider = 5\n[x]", "unknown key 'x'"),
        ('"AK"', '"AK', "is not TOML"),
        (NINEDATA, "", "holds no [[provider]] table"),
        (NINEDATA, NINEDATA * 2, "provider 'nine' is there twice"),
        (NINEDATA, NINEDATA + "[provider.limits]\npoll_seconds = 0\n", "`limits.poll_seconds` is 0"),
        (
            NINEDATA,
            NINEDATA + "[provider.limits]\nbreaker_seconds = 61\n",
            "`limits.breaker_seconds` takes at most 60",
        ),
        (NINEDATA, NINEDATA + "[provider.limits]\npoll = 1\n", "It takes: requests_per_second"),
    ],
)
def test_a_wrong_provider_file_is_one_line_that_says_what_to_change(
    tmp_path: Path, old: str, new: str, says: str
) -> None:
    assert old in NINEDATA
    message = refusal(tmp_path, NINEDATA.replace(old, new))
    assert says in message
    assert "demo-not-a-secret" not in message


def test_a_breaker_may_be_open_for_a_minute_at_first(tmp_path: Path) -> None:
    [settings] = read(tmp_path, NINEDATA + "[provider.limits]\nbreaker_seconds = 60\n")
    assert settings.limits.breaker_seconds == 60


def test_a_missing_file_and_one_that_is_no_text_are_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="there is no such provider file"):
        read_providers(tmp_path / "none.toml", {})
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_providers(tmp_path / "binary.toml", {})
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_providers(tmp_path, {})


def test_settings_come_from_the_environment() -> None:
    assert read_settings({}) == Settings()
    read = read_settings(
        {"PRECHECK_PORT": "9000", "PRECHECK_CORS_ORIGINS": "https://a.example, https://b.example"}
    )
    assert read_settings(BEARERS).jwks_url == BEARERS["PRECHECK_JWKS_URL"]
    assert (read.port, read.origins) == (9000, ["https://a.example", "https://b.example"])


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"PRECHECK_PROT": "1"}, "PRECHECK_PROT is not a setting; there are PRECHECK_ACCEPTED_RISKS"),
        ({"PRECHECK_PORT": "many"}, "PRECHECK_PORT=many"),
        ({"PRECHECK_MAX_REFERENCES": "0"}, "PRECHECK_MAX_REFERENCES takes 1"),
        ({"PRECHECK_MAX_COST": "0"}, "PRECHECK_MAX_COST takes 1"),
        ({"PRECHECK_MAX_STREAMS": "0"}, "PRECHECK_MAX_STREAMS takes 1"),
        ({"PRECHECK_MAX_STREAMS_PER_CLIENT": "-1"}, "PRECHECK_MAX_STREAMS_PER_CLIENT takes 1"),
        ({"PRECHECK_STREAM_DEADLINE_SECONDS": "-1"}, "PRECHECK_STREAM_DEADLINE_SECONDS takes more than 0"),
        ({**BEARERS, "PRECHECK_JWT_ISSUER": ""}, "PRECHECK_JWT_ISSUER is empty; give it a value"),
        ({"PRECHECK_JWKS_URL": "https://a.example"}, "JWT_ISSUER and PRECHECK_JWT_AUDIENCE go together"),
        ({"PRECHECK_TOKENS_FILE": " "}, "PRECHECK_TOKENS_FILE is empty"),
        ({**BEARERS, "PRECHECK_JWT_PROVIDERS_CLAIM": ""}, "PRECHECK_JWT_PROVIDERS_CLAIM is empty"),
        ({"PRECHECK_CORS_ORIGINS": "a.example"}, "CORS_ORIGINS has 'a.example'; it takes origins such as"),
        ({"PRECHECK_CORS_ORIGINS": "https://a.example/app"}, "CORS_ORIGINS has 'https://a.example/app'"),
        ({"PRECHECK_CORS_ORIGINS": "https://*.example"}, "CORS_ORIGINS has"),
        ({"PRECHECK_HOSTS": "https://a.example"}, "HOSTS has 'https://a.example'; it takes names such as"),
        ({"PRECHECK_TRUSTED_PROXIES": "*"}, "TRUSTED_PROXIES has '.'; it takes addresses"),
        ({"PRECHECK_HOSTS": "*"}, "HOSTS has '*'"),
        ({"PRECHECK_LOG_LEVEL": "critical"}, "LOG_LEVEL is 'critical'; it takes debug, info, warning, error"),
        ({"PRECHECK_INIT_SECONDS": "1e20"}, "PRECHECK_INIT_SECONDS takes more than 0 seconds, and ten years"),
        ({**BEARERS, "PRECHECK_JWKS_URL": "file:///keys"}, "PRECHECK_JWKS_URL takes https:// or http://"),
        ({**BEARERS, "PRECHECK_JWKS_URL": "https://me:x@a.example"}, "no user or password"),
        ({**BEARERS, "PRECHECK_TOKENS_FILE": "tokens.toml"}, "two ways to know clients: set one of them"),
        ({"PRECHECK_JWT_PROVIDERS_CLAIM": "p"}, "JWT_PROVIDERS_CLAIM is of no use without PRECHECK_JWKS_URL"),
        ({"PRECHECK_JWT_DEFAULT_RIGHTS": "raw"}, "JWT_DEFAULT_RIGHTS is of no use without PRECHECK_JWKS_URL"),
        ({**BEARERS, "PRECHECK_JWT_DEFAULT_RIGHTS": "read,all"}, "has 'all'; it takes read, raw, act"),
        ({"PRECHECK_TRUSTED_DOCUMENTS": "log"}, "=log needs a manifest: set PRECHECK_TRUSTED_DOCUMENTS_FILE"),
        ({"PRECHECK_TRUSTED_DOCUMENTS": "only"}, "=only needs a manifest"),
    ],
)
def test_a_wrong_setting_is_told(environment: dict[str, str], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        read_settings(environment)
