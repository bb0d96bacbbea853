"""The command line: `python -m graph serve | demo | schema | check`."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from graph import demo

BEGUN = demo.begun(sys.argv[1:]) if __name__ == "__main__" else None  # while everything below is imported

from graph.app import build
from graph.connections import connect
from graph.contract import Contract, UnreadableSchema, breaking_changes, contract, dangerous_changes
from graph.provider_file import read_providers
from graph.reloading import Files, Reloading
from graph.risks import refuse_risks
from graph.schema import schema as graphql_schema
from graph.serving import (
    bounds_of,
    hold_standard_streams,
    listen,
    log_to_stderr,
    port_of,
    serve,
    stop_on_signals,
    tell,
)
from graph.settings import ConfigurationError, Settings, read_settings
from graph.token_file import read_tokens
from resolvers.clock import Clock
from resolvers.domain import PrecheckProblem
from resolvers.upstream.contract import Provider, ProviderSettings
from resolvers.upstream.health import CONNECTION_TROUBLE
from resolvers.vocabulary import PrecheckLocale

PORT = "PORT (or --port)"
cli = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="One GraphQL API over vendors' prechecks.",
)

Providers = Annotated[Path | None, typer.Option(help="Provider file (TOML). Else PRECHECK_PROVIDERS.")]
Host = Annotated[str | None, typer.Option(help="Address to listen on. Else PRECHECK_HOST, else 127.0.0.1.")]
Against = Annotated[
    Path | None, typer.Option(help="A schema (SDL) that is relied on: tell what of it would break.")
]
Port = Annotated[str | None, typer.Option(help="Port to listen on. Else PRECHECK_PORT, else 8000.")]
EmulatorPort = Annotated[str, typer.Option(help="The emulator's control port, the first of six.")]


@cli.command("serve")
def serve_command(providers: Providers = None, host: Host = None, port: Port = None) -> None:
    """Serve the API over the vendors of a provider file."""
    stop_on_signals()
    settings = _settings(providers, host, port)
    refuse_risks(settings)
    _serve(settings, _read(settings), [], lambda: _read_again(settings))


@cli.command(demo.COMMAND)
def demo_command(host: Host = None, port: Port = None, emulator_port: EmulatorPort = demo.EMULATOR_PORT) -> None:
    """Serve the API over emulated vendors, started and stopped with it."""
    stop_on_signals()
    settings = _settings(None, host, port)
    refuse_risks(settings)
    control_port = port_of(emulator_port, "EMULATOR_PORT (or --emulator-port)")
    with demo.emulated_vendors(control_port, BEGUN) as vendors:
        _serve(settings, read_providers(vendors.providers_file), [vendors.announcement])


@cli.command("schema")
def schema_command(against: Against = None) -> None:
    """Print the schema as SDL, or tell what of another one breaks; exit 1 if anything does."""
    if against is None:
        typer.echo(graphql_schema.as_str())
        return
    held, now = _held(against), contract(graphql_schema.as_str())
    breaking = breaking_changes(held, now)
    for change in breaking:
        typer.echo(f"breaks {change.matters_to}: `{change.name}`: {change.says}")
    for change in dangerous_changes(held, now):
        typer.echo(f"may surprise {change.matters_to}: `{change.name}`: {change.says}")
    if not breaking:
        typer.echo(f"Nothing of {against} breaks.")
    raise typer.Exit(1 if breaking else 0)


@cli.command("check")
def check_command(providers: Providers = None) -> None:
    """Try every configured credential once and say which work; exit 1 if one does not."""
    settings = _settings(providers, None, None)
    connected = connect(_read(settings), Clock())
    problems = asyncio.run(_tried(list(connected.values())))
    table = Table("provider", "vendor", "works", "why not")
    for provider, problem in zip(connected.values(), problems, strict=True):
        why = f"{problem.code.value}: {problem.message}" if problem else ""
        table.add_row(provider.id, provider.card.vendor, "no" if problem else "yes", why)
    Console().print(table)
    raise typer.Exit(1 if any(problems) else 0)


def main() -> None:
    """Run the command line; what a person can mend is one line on stderr and exit code 2."""
    hold_standard_streams()
    try:
        cli()
    except (ConfigurationError, demo.NoEmulator) as error:
        typer.echo(f"error: {error}", err=True)
        raise SystemExit(2) from None
    finally:
        if BEGUN is not None:
            BEGUN.close()


def _settings(providers: Path | None, host: str | None, port: str | None) -> Settings:
    settings = read_settings()
    log_to_stderr(settings.log_level)
    given = {"providers": providers and str(providers), "host": host, "port": port and port_of(port, PORT)}
    return msgspec.structs.replace(settings, **{name: value for name, value in given.items() if value is not None})


def _read(settings: Settings) -> list[ProviderSettings]:
    if not settings.providers:
        raise ConfigurationError(
            "no provider file is given: use --providers FILE or PRECHECK_PROVIDERS; "
            "`python -m graph demo` needs none."
        )
    return read_providers(Path(settings.providers))


def _held(file: Path) -> Contract:
    try:
        return contract(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, UnreadableSchema) as error:
        raise ConfigurationError(f"{file} cannot be read as a schema: {error}") from None


def _read_again(settings: Settings) -> Files:
    return Files(_read(settings), read_tokens(Path(settings.tokens_file)) if settings.tokens_file else ())


def _serve(
    settings: Settings,
    providers: Sequence[ProviderSettings],
    announcements: Sequence[str],
    read_again: Callable[[], Files] | None = None,
) -> None:
    product = build(settings, providers)
    listener = listen(settings.host, settings.port, PORT)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    url = f"http://{host}:{listener.getsockname()[1]}"

    def announce() -> None:
        for line in (*announcements, *_what_to_try(url, len(providers), settings)):
            tell(line)

    def use(files: Files) -> list[str]:
        changed = product.reload(files.providers)
        product.admit(files.tokens)
        return changed

    reload = None if read_again is None else Reloading(read_again, use).begin
    serve(product.app, listener, announce, product.drain, bounds_of(settings), reload)


def _what_to_try(url: str, providers: int, settings: Settings) -> list[str]:
    token = ' -H "authorization: Bearer $TOKEN"' if settings.knows_clients else ""
    query = "{ prechecks(orderBy: VERDICT_WORST_FIRST) { nodes { externalId verdict summary } } }"
    return [
        f"graphql:  {url}/graphql  ({providers} providers; in a browser this is the explorer)",
        f"clients:  {_who_is_let_in(settings)}",
        "try:      the explorer's prepared tabs, or" if settings.explorer else "try:",
        f"  curl -s {url}/graphql{token} -H 'content-type: application/json' -d '{{\"query\": \"{query}\"}}'",
        "stop:     Ctrl-C",
    ]


def _who_is_let_in(settings: Settings) -> str:
    if settings.tokens_file:
        return f"those with a bearer token of {settings.tokens_file}"
    if settings.jwks_url:
        return f"those with a bearer token of {settings.jwt_issuer} for {settings.jwt_audience}"
    return f"everyone who reaches {settings.host}, without a token"


async def _tried(providers: Sequence[Provider]) -> list[PrecheckProblem | None]:
    try:
        return list(await asyncio.gather(*(_trouble(provider) for provider in providers)))
    finally:
        await asyncio.gather(*(provider.close() for provider in providers))


async def _trouble(provider: Provider) -> PrecheckProblem | None:
    external_id = next(iter(provider.settings.track), provider.probe_external_id)
    outcome = (await provider.fetch([external_id], PrecheckLocale.EN))[external_id]
    is_trouble = isinstance(outcome, PrecheckProblem) and outcome.code in CONNECTION_TROUBLE
    return outcome if is_trouble and isinstance(outcome, PrecheckProblem) else None


if __name__ == "__main__":
    main()
