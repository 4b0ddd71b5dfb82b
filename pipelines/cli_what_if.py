"""The command line's `outlay what-if`: what usage would cost otherwise. Heavy imports stay inside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.cli_options import HomeOption

if TYPE_CHECKING:
    from decimal import Decimal

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
    from pipelines.home import Home
    from pipelines.repricing import what_if_repriced

    ratio = _number("--token-ratio", token_ratio)
    others = [Alternative(name, host, tier, geography, ratio) for name in other or (None,)]
    what_if_repriced(Home.at(home), model, others, month, source)


@supposing.command("break-even")
def break_even(
    model: ModelOption,
    accelerator: Annotated[str, typer.Option(help="Accelerator to serve it on, such as H100.")],
    serve: Annotated[str | None, typer.Option(help="Model that would be served; default the same.")] = None,
    together: Annotated[int | None, typer.Option(min=1, help="Accelerators that serve the model as one.")] = None,
    load: Annotated[str | None, typer.Option(help="Share of the throughput to run at, at most; default 0.7.")] = None,
    peak_factor: Annotated[str, typer.Option(help="Room for so many times the busiest hour.")] = "1",
    overhead: Annotated[str, typer.Option(help="People, network and the like, a month.")] = "0",
    price_per_hour: Annotated[str | None, typer.Option(help="An accelerator-hour's price to suppose.")] = None,
    month: MonthOption = None,
    source: SourceOption = None,
    home: HomeOption = None,
) -> None:
    """API or accelerators of our own: cost at the real curve of usage, break-even, ranges and every assumption."""
    from models.economics.break_even import USUAL_LOAD
    from models.errors import OutlayError
    from pipelines.break_even import Supposed, what_if_self_hosted
    from pipelines.home import Home

    price = None if price_per_hour is None else _number("--price-per-hour", price_per_hour)
    if price is not None and price <= 0:
        raise OutlayError("--price-per-hour is above zero", remedy="write what an accelerator-hour costs, such as 2.5")
    supposed = Supposed(
        model,
        accelerator,
        serve,
        month,
        source,
        together,
        USUAL_LOAD if load is None else _number("--load", load),
        _number("--peak-factor", peak_factor),
        _number("--overhead", overhead),
        price,
    )
    what_if_self_hosted(Home.at(home), supposed)


def _number(option: str, text: str) -> Decimal:
    from models.errors import MoneyError, OutlayError
    from models.ledger.money import parse_money

    try:
        return parse_money(text)[0]
    except MoneyError as error:
        raise OutlayError(
            f"{option} is a number, not {text!r}", remedy="write it with digits and a point, such as 0.7"
        ) from error
