"""The command line. Each command is a few lines around a function elsewhere; heavy imports stay inside the commands.

Exit status: 0 all well, 1 something failed and was told, 2 the command was not understood.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_alerts import alerting, slack
from pipelines.cli_anomalies import watching_anomalies
from pipelines.cli_exchange import checking, exporting, importing
from pipelines.cli_explain import explaining
from pipelines.cli_foresight import forecast
from pipelines.cli_options import HomeOption
from pipelines.cli_statements import stating
from pipelines.cli_tco import tco
from pipelines.cli_unit_costs import unit_costs
from pipelines.cli_uploads import uploading
from pipelines.cli_what_if import supposing
from pipelines.console import say, show_error, show_table, watching

if TYPE_CHECKING:
    from pipelines.home import Home

app = typer.Typer(
    name="outlay",
    help="One ledger for what AI costs: tokens and GPU hours, billed money reconciled to usage line by line.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
config = typer.Typer(help="Look after outlay.yaml.", no_args_is_help=True)
prices = typer.Typer(help="The price book: reviewed data, never changed behind your back.", no_args_is_help=True)
for name, group in (
    ("import", importing),
    ("export", exporting),
    ("check", checking),
    ("explain", explaining),
    ("what-if", supposing),
    ("anomalies", watching_anomalies),
    ("statement", stating),
    ("config", config),
    ("prices", prices),
    ("alerts", alerting),
    ("uploads", uploading),
):
    app.add_typer(group, name=name)
app.command("tco")(tco)
app.command("forecast")(forecast)
app.command("unit-costs")(unit_costs)
app.command("slack")(slack)

PortOption = Annotated[
    int | None, typer.Option(help="Port of the dashboard; default that of outlay.yaml, or the next free one.")
]
AddressOption = Annotated[
    str | None, typer.Option(help="Where it listens; other than this machine alone only with sign-in.")
]


def main() -> None:
    """Entry point: errors of the one family are told without a stack trace, exit status 1."""
    from models.errors import OutlayError

    try:
        app()
    except OutlayError as error:
        show_error(error)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # the reader of our output has gone (`outlay sql … | head`)
        sys.stderr.close()
        sys.exit(0)


@app.command()
def init(
    organization: Annotated[str | None, typer.Option(help="Your organisation's name.")] = None,
    openai: Annotated[bool | None, typer.Option("--openai/--no-openai", help="An OpenAI organisation.")] = None,
    anthropic: Annotated[
        bool | None, typer.Option("--anthropic/--no-anthropic", help="An Anthropic organisation.")
    ] = None,
    aws: Annotated[str | None, typer.Option(help="Folder or URL of an AWS Data Export (CUR 2.0).")] = None,
    gcp: Annotated[str | None, typer.Option(help="Google Cloud's billing table in BigQuery, or its files.")] = None,
    azure: Annotated[str | None, typer.Option(help="Folder or URL of an Azure Cost Management export.")] = None,
    focus: Annotated[str | None, typer.Option(help="Path or URL of any other FOCUS export.")] = None,
    start: Annotated[str | None, typer.Option(help="First billing period to pull, YYYY-MM.")] = None,
    home: HomeOption = None,
) -> None:
    """Write a first outlay.yaml and .env.example (never a secret)."""
    from pipelines.beginning import ask, begin

    exports = {"aws": aws, "gcp": gcp, "azure": azure, "focus-files": focus}
    told = ask(organization, openai=openai, anthropic=anthropic, exports=exports, start=start)
    for path in begin(_home(home), told):
        say(f"wrote {path}")
    say("next: put the keys into .env beside it, then `outlay config check` and `outlay run`")


@app.command()
def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the dashboard afterwards.")] = True,
    seed: Annotated[int, typer.Option(help="Which make-believe organisation.")] = 1,
    months: Annotated[int, typer.Option(min=1, max=24, help="Months of history.")] = 3,
    as_of: Annotated[str | None, typer.Option(help="Its present day, YYYY-MM-DD; default today.")] = None,
    port: PortOption = None,
    home: HomeOption = None,
) -> None:
    """The make-believe organisation, end to end without a key; then the dashboard."""
    from pipelines.demo import World
    from pipelines.demo import demo as play
    from pipelines.status import tell_report

    place = _home(home)
    with watching() as watcher:
        report = play(place, World.today(seed, months, _day(as_of)), watcher, frozen=as_of is not None)
    failed = tell_report(report)
    say(f"truth to compare with: {place.demo / 'truth.json'}")
    if serve and not failed:
        _serve(place, None, port)
    raise typer.Exit(failed)


@app.command()
def run(
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be given again.")] = None,
    period: Annotated[list[str] | None, typer.Option(help="Only this billing period, YYYY-MM.")] = None,
    accept_shrink: Annotated[
        bool, typer.Option(help="Believe a vendor that now tells of no charges where there were some.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Pull, load, prove, publish, alert. Without options: every source, the open period and the two before."""
    from pipelines.periods import checked
    from pipelines.run import run as work_off
    from pipelines.status import tell_report
    from pipelines.workplace import Workplace

    periods = [checked(each) for each in period or ()]
    with watching() as watcher, Workplace.open(_configured(home), on_step=watcher.step) as work:
        report = work_off(work, sources=source or (), periods=periods, accept_shrink=accept_shrink)
    raise typer.Exit(tell_report(report))


@app.command()
def replay(home: HomeOption = None) -> None:
    """Rebuild everything from the archive; talks to no vendor."""
    from pipelines.run import replay as rebuild
    from pipelines.status import tell_report
    from pipelines.workplace import Workplace

    with watching() as watcher, Workplace.open(_home(home), on_step=watcher.step) as work:
        report = rebuild(work)
    raise typer.Exit(tell_report(report))


@app.command()
def lock(
    period: Annotated[str, typer.Argument(help="Billing period to book, YYYY-MM.")],
    source: Annotated[list[str] | None, typer.Option(help="Only this source; may be given again.")] = None,
    home: HomeOption = None,
) -> None:
    """Book a month: what vendors change later becomes a Correction in the open month."""
    from pipelines.booking import lock_period
    from pipelines.workplace import Workplace

    with Workplace.open(_home(home)) as work:
        for told in lock_period(work, period, source or ()):
            say(told)


@app.command()
def withdraw(
    source: Annotated[str, typer.Argument(help="Source whose loads shall count no longer.")],
    why: Annotated[str, typer.Option(help="The reason, kept with the action.")],
    period: Annotated[str | None, typer.Option(help="Only this billing period, YYYY-MM.")] = None,
    home: HomeOption = None,
) -> None:
    """Take a source out of the ledger, or one month of it; the archive keeps its answers."""
    from pipelines.booking import withdraw as take_out
    from pipelines.workplace import Workplace

    with Workplace.open(_home(home)) as work:
        say(f"{take_out(work, source, period, why)} load(s) of {source} count no longer")


@app.command()
def status(home: HomeOption = None) -> None:
    """Sources, freshness, proofs and budgets of what is published."""
    from pipelines.status import show_status
    from pipelines.uploaded import lying_over

    is_well = show_status(_home(home))
    if over := lying_over(home):
        say(over)
    raise typer.Exit(0 if is_well else 1)


@app.command()
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT over the published warehouse.")],
    format: Annotated[str, typer.Option("--format", help="table, csv, json or parquet.")] = "table",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default stdout.")] = None,
    home: HomeOption = None,
) -> None:
    """Ask the published warehouse, read-only."""
    from pipelines.answers import show_answer

    show_answer(_home(home), query, format, output)


@config.command("check")
def config_check(home: HomeOption = None) -> None:
    """Explain every mistake in outlay.yaml with its line."""
    from pipelines.configuration import read_settings
    from pipelines.uploaded import kept_uploads, lying_over
    from pipelines.uploads import laid_over

    place = _home(home)
    settings = laid_over(read_settings(place.configuration, within=place), kept_uploads(home)).settings
    if over := lying_over(home):
        say(over)
    say(f"{settings.organization}: {len(settings.sources)} source(s), {len(settings.budgets)} budget(s), all well")


@config.command("schema")
def config_schema() -> None:
    """JSON Schema of outlay.yaml, for editors."""
    import json

    from pipelines.settings import Settings

    print(json.dumps(Settings.model_json_schema(), indent=2))


@prices.command("diff")
def prices_diff() -> None:
    """What the installed genai-prices would change in data/prices; exit 1 where it would."""
    from pipelines.price_catalogue import difference, from_package, read
    from pipelines.reference import reference_folder

    changes = difference(read(reference_folder("prices")), from_package())
    if changes.height:
        show_table("genai-prices against data/prices", changes.columns, changes.rows())
    say(f"{changes.height} difference(s)")
    raise typer.Exit(1 if changes.height else 0)


@prices.command("update")
def prices_update() -> None:
    """Write the installed genai-prices into data/prices, to be reviewed and committed."""
    from pipelines.price_catalogue import materialise
    from pipelines.reference import reference_folder

    folder = reference_folder("prices")
    materialise(folder)
    say(f"wrote {folder}; review the change before you commit it")


@app.command()
def doctor(home: HomeOption = None) -> None:
    """Is this installation in order? Exit 1 where something is broken."""
    from pipelines.doctor import diagnose

    found = diagnose(_home(home))
    show_table(None, ("", "what", "found", "to do"), [(d.verdict, d.what, d.detail, d.remedy) for d in found])
    raise typer.Exit(1 if any(diagnosis.verdict == "broken" for diagnosis in found) else 0)


@app.command()
def serve(address: AddressOption = None, port: PortOption = None, home: HomeOption = None) -> None:
    """The dashboard over the published warehouse."""
    _serve(_home(home), address, port)


@app.command()
def up(
    address: AddressOption = None,
    port: PortOption = None,
    dagster_port: Annotated[int, typer.Option(help="Port of the Dagster webserver.")] = 3000,
    home: HomeOption = None,
) -> None:
    """Dashboard, Dagster webserver and daemon with schedules on; one Ctrl-C for all."""
    from pipelines.serving import dagster_services, dashboard, free_port, keep, prepare_dagster

    place = _configured(home)
    prepare_dagster(place)
    keep(place, [dashboard(place, address, port), *dagster_services(free_port(dagster_port))], say)


@app.command()
def simulate(home: HomeOption = None) -> None:
    """Start the demo's make-believe vendors again, so that `outlay run` can pull them; Ctrl-C ends them."""
    import signal

    from pipelines.demo import serving, world_of

    place = _home(home)
    with serving(place, world_of(place).simulation()) as server:
        say(f"make-believe vendors: {server.base_url}\nCtrl-C ends them.")
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


def _home(folder: Path | None) -> Home:
    from pipelines.home import Home

    return Home.at(folder)


def _configured(folder: Path | None) -> Home:
    """A home with an outlay.yaml; without one there is nothing to pull."""
    from pipelines.configuration import read_settings

    place = _home(folder)
    read_settings(place.configuration)
    return place


def _serve(home: Home, address: str | None, port: int | None) -> None:
    from pipelines.serving import dashboard, keep

    keep(home, [dashboard(home, address, port)], say)


def _day(text: str | None):
    if text is None:
        return None
    from datetime import UTC, datetime

    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a day; write YYYY-MM-DD") from None


if __name__ == "__main__":
    main()
