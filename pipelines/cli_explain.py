"""The command line's `outlay explain`: whose a charge is and why, and why a cost changed. Heavy imports stay inside."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_options import HomeOption

explaining = typer.Typer(help="Why a figure is what it is.", no_args_is_help=True)


@explaining.command("change")
def explain_change(
    before: Annotated[str, typer.Option("--from", help="Month (2026-09) or days (2026-09-01..2026-09-07).")],
    after: Annotated[str, typer.Option("--to", help="Month or days to compare with it.")],
    by: Annotated[list[str] | None, typer.Option(help="Dimension, such as team or model; may be given again.")] = None,
    basis: Annotated[str, typer.Option(help="effective, billed, list or contracted.")] = "effective",
    where: Annotated[list[str] | None, typer.Option(help="Only where key=value; may be given again.")] = None,
    top: Annotated[int, typer.Option(min=1, help="How many lines; the rest is added up.")] = 15,
    home: HomeOption = None,
) -> None:
    """Why a cost changed: volume, mix, cache, tier, geography and price, exact to the cent."""
    from pipelines.changes import explain_change as explain
    from pipelines.home import Home

    explain(Home.at(home), before, after, by or (), basis, where or (), top)
