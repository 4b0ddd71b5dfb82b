"""The command line's `outlay what-if`: what usage would cost otherwise. Heavy imports stay inside."""

from __future__ import annotations

from typing import Annotated

import typer

from pipelines.cli_options import HomeOption

supposing = typer.Typer(help="What the same usage would cost otherwise.", no_args_is_help=True)

ModelOption = Annotated[str, typer.Option(help="Model whose usage it is, as the vendor names it; may be a glob.")]
MonthOption = Annotated[str | None, typer.Option(help="Month of usage, YYYY-MM; default the last whole one.")]
SourceOption = Annotated[str | None, typer.Option(help="Only usage of this source.")]


@supposing.command("reprice")
def reprice(
    model: ModelOption,
    other: Annotated[list[str] | None, typer.Option("--as", help="Other model; may be given again.")] = None,
    host: Annotated[str | None, typer.Option(help="Whose price list: anthropic, aws, azure, openai, …")] = None,
    tier: Annotated[str | None, typer.Option(help="standard, batch, flex, priority or fast.")] = None,
    geography: Annotated[str | None, typer.Option(help="Where inference would run, in the host's words.")] = None,
    token_ratio: Annotated[str, typer.Option(help="Tokens that the other counts for one of ours.")] = "1",
    month: MonthOption = None,
    source: SourceOption = None,
    home: HomeOption = None,
) -> None:
    """The usage of a model at the prices of another model, host, tier or region, at list and at our rates."""
    from models.economics.repricing import Alternative
    from models.ledger.money import parse_money
    from pipelines.home import Home
    from pipelines.repricing import what_if_repriced

    ratio, _ = parse_money(token_ratio)
    others = [Alternative(name, host, tier, geography, ratio) for name in other or (None,)]
    what_if_repriced(Home.at(home), model, others, month, source)
