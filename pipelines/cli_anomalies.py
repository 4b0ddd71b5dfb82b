"""The command line's `outlay anomalies`: what is unusual, since when, what it costs, and why. Heavy imports inside."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from pipelines.cli_options import HomeOption

watching_anomalies = typer.Typer(
    help="What costs more or less than it ever should, since when, and why.", invoke_without_command=True
)


@watching_anomalies.callback()
def anomalies(
    context: typer.Context,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day; default 90 days before the last one.")
    ] = None,
    is_open: Annotated[bool, typer.Option("--open", help="Only those that go on.")] = False,
    by: Annotated[
        tuple[str, str] | None, typer.Option(help="Only what lies or shows in one series, such as `--by team search`.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what was foreseen, and trifles; neither counts.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """What costs more or less than it ever should, since when, and why; a line for each event."""
    if context.invoked_subcommand is not None:
        return
    from pipelines.anomalies import Asked, show_anomalies
    from pipelines.home import Home

    asked = Asked(since=since and since.date(), is_open=is_open, by=by, everything=everything)
    show_anomalies(Home.at(home), asked)


@watching_anomalies.command("show")
def show(
    incident: Annotated[str, typer.Argument(help="As `outlay anomalies` names it; its first characters do.")],
    home: HomeOption = None,
) -> None:
    """One event: its days, what caused it, in which series it shows, and what to do next."""
    from pipelines.anomalies import show_incident
    from pipelines.home import Home

    show_incident(Home.at(home), incident)
