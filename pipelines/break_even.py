"""`outlay what-if break-even`: API or accelerators of one's own, for people: answer, figures, assumptions, sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import polars as pl
from rich.text import Text

from models.economics.accelerator_usage import ACCELERATOR_RATES
from models.economics.api_costs import TEXT, TEXT_KINDS
from models.economics.break_even import USUAL_LOAD, Demand, Fleet, Range
from models.economics.declared_costs import DECLARED_COSTS
from models.economics.self_hosting import Option, options
from models.economics.serving_options import (
    SCALED_KINDS,
    Measurement,
    Throughput,
    demand_of,
    hours_of,
    owned_accelerators,
    prices_per_hour,
    throughput,
)
from models.errors import OutlayError
from models.ledger.money import split
from models.ledger.units import METERS
from models.table import Table
from models.wording import count_text, day_text, money_text, month_text
from pipelines.configuration import read_settings
from pipelines.console import show_table, stdout
from pipelines.door import query
from pipelines.home import Home
from pipelines.model_usage import ModelUsage, api_costs_of, model_usage
from pipelines.reference import accelerator_list_prices, throughput_reference
from pipelines.settings.measures import ThroughputSettings

_A_TENTH = Decimal("0.1")
_KIND_NAMES = {
    "owned": "owned",
    "reserved": "reserved",
    "committed": "committed",
    "capacity_block": "capacity block",
    "on_demand": "on demand",
    "spot": "spot",
}


@dataclass(frozen=True)
class Supposed:
    """What is asked: a model's usage of a month, served as another model on an accelerator.

    `serve` None: the model's own name. `fleet` says how it would be run; its `together` None: as many as the throughput
    was told for. `price` is an hourly price to suppose beside the known ones.
    """

    model: str
    accelerator: str
    serve: str | None = None
    month: str | None = None
    source: str | None = None
    together: int | None = None
    load: Decimal = USUAL_LOAD
    peak_factor: Decimal = Decimal(1)
    overhead: Decimal = Decimal(0)
    price: Decimal | None = None


@dataclass(frozen=True)
class _Answer:
    usage: ModelUsage
    currency: str
    demand: Demand
    served: Throughput
    fleet: Fleet
    found: list[Option]
    is_hourly: bool
    beside: str


def measurements(settings: Sequence[ThroughputSettings]) -> list[Measurement]:
    """What outlay.yaml says of measured throughput."""
    return [
        Measurement(each.model, each.accelerator, each.tokens_per_second, each.measured_on, each.note)
        for each in settings
    ]


def what_if_self_hosted(home: Home, supposed: Supposed) -> None:
    """Tell what a model's usage would cost on accelerators, and from which utilisation and volume on that is less.

    Raises `OutlayError` where the usage, the throughput or every price per hour is unknown.
    """
    answer = _answer(home, supposed)
    _print(_headline(answer))
    for line in _verdicts(answer):
        _print(f"  {line}")
    _show(answer)
    _print("Assumptions and sources")
    for line in _assumptions(answer, supposed):
        _print(f"  · {line}")


def _answer(home: Home, supposed: Supposed) -> _Answer:
    usage = model_usage(home, supposed.model, supposed.month, supposed.source)
    settings = read_settings(home.configuration).throughput if home.configuration.exists() else ()
    serve = supposed.serve or supposed.model
    served = throughput(serve, supposed.accelerator, measurements(settings), throughput_reference())
    costs = api_costs_of(home, usage)
    currency, cost = _cost(costs, usage)
    demand, is_hourly = demand_of(usage.readings, usage.month, cost, usage.through)
    declared = _read(home, DECLARED_COSTS)
    prices = prices_per_hour(
        _read(home, ACCELERATOR_RATES),
        declared,
        accelerator_list_prices(),
        accelerator=supposed.accelerator,
        month=usage.month,
        currency=currency,
    )
    if supposed.price is not None:
        sharp = Range(supposed.price, supposed.price, supposed.price, "supposed by you (--price-per-hour)")
        prices = {**prices, "supposed": sharp}
    if not prices:
        raise OutlayError(
            f"what an hour of {supposed.accelerator} costs is not known",
            remedy="suppose a price with --price-per-hour, or declare owned accelerators under costs in outlay.yaml",
        )
    fleet = Fleet(
        together=supposed.together or served.together,
        load=supposed.load,
        peak_factor=supposed.peak_factor,
        overhead=_part_of_month(supposed.overhead, usage),
    )
    found = options(demand, served, prices, fleet, owned_accelerators(declared, supposed.accelerator, usage.month))
    return _Answer(usage, currency, demand, served, fleet, found, is_hourly, _beside(costs))


def _part_of_month(overhead: Decimal, usage: ModelUsage) -> Decimal:
    """What falls on the hours that are compared."""
    hours, whole = hours_of(usage.month, usage.through), hours_of(usage.month)
    return split(overhead, [Decimal(hours), Decimal(whole - hours)])[0]


def _cost(costs: pl.DataFrame, usage: ModelUsage) -> tuple[str, Decimal]:
    """Currency and cost of the text."""
    text = costs.filter(pl.col("what") == TEXT).group_by("currency").agg(pl.col("effective_cost").sum())
    if text.height > 1:
        raise OutlayError(
            f"{usage.model} is paid in {', '.join(text['currency'].sort())} in {usage.month}",
            remedy="choose one source with --source, or another month with --month",
        )
    if text.is_empty() or text["effective_cost"][0] <= 0:
        raise OutlayError(
            f"no tokens of text that {usage.model} writes were charged in {usage.month}",
            remedy="choose a model that generates text and is paid by the token, or another month with --month",
        )
    return text.row(0)


def _beside(costs: pl.DataFrame) -> str:
    """What else the models cost, which accelerators would not take over."""
    rest = costs.filter(pl.col("what") != TEXT).group_by("what", "currency").agg(pl.col("effective_cost").sum())
    told = rest.filter(pl.col("effective_cost") != 0).sort("effective_cost", descending=True)
    return ", ".join(
        f"{what.replace('_', ' ')} {money_text(cost, currency)}" for what, currency, cost in told.iter_rows()
    )


def _read(home: Home, table: Table) -> pl.DataFrame:
    rows = query(home.published, f"SELECT * FROM {table.qualified_name}").rows
    return rows if rows.height else table.empty()


def _headline(answer: _Answer) -> str:
    demand, currency = answer.demand, answer.currency
    per_million = answer.found[0].comparison.api_cost_per_million
    fleet = answer.fleet
    left_out = "people and network not counted (--overhead)" if not fleet.overhead else "overheads in"
    return (
        f"{answer.usage.model} in {_when(answer.usage)}: {count_text(demand.tokens)} output tokens cost "
        f"{money_text(demand.api_cost, currency)} through the API, {money_text(per_million, currency)} per million "
        f"output tokens with their prompts. Served as {answer.served.model} on {answer.served.accelerator}, "
        f"{left_out}, at up to {_percent(fleet.load)} of the throughput, if {_prompt_ratio(answer)} tokens of prompt "
        "to one of output take none of it:"
    )


def _when(usage: ModelUsage) -> str:
    """The month; of one under way, how much of it."""
    if usage.through is None:
        return month_text(usage.month)
    last = usage.through - timedelta(days=1)
    return f"{month_text(usage.month)} so far (it is under way: through {day_text(last.date())})"


def _verdicts(answer: _Answer) -> list[str]:
    said = {
        "self-hosting": "self-hosting costs less",
        "API": "the API costs less",
        "depends": "either may cost less: the range spans the API's cost",
    }
    period = "month" if answer.usage.through is None else "days so far"
    return [
        f"{_KIND_NAMES.get(option.kind, option.kind)}: {said[option.comparison.verdict]} – "
        f"{_range(option, 'cost', answer.currency)}{_unranged(option)} for the {period}; break-even "
        f"{_percent(option.comparison.likely.break_even_utilisation)} busy, here "
        f"{_percent(option.comparison.likely.utilisation)}"
        for option in answer.found
    ]


def _show(answer: _Answer) -> None:
    columns = (
        "per hour", "at peak", "mean", "busy", "per M output", "break-even busy",
        f"break-even output tokens {'a month' if answer.usage.through is None else 'in these days'}",
    )  # fmt: skip
    rows = [
        (
            _KIND_NAMES.get(option.kind, option.kind),
            "by the hour" if option.fleet.scaled else "kept running",
            _spread(option.price_per_hour),
            option.comparison.likely.accelerators_at_peak,
            f"{option.comparison.likely.mean_accelerators:,.2f}",
            _percent(option.comparison.likely.utilisation),
            _range(option, "cost_per_million"),
            _break_even(option),
            _volume(option),
        )
        for option in answer.found
    ]
    show_table(f"Amounts in {answer.currency}, likely (from – to)", ("had", "run", *columns), rows, right=columns)


def _assumptions(answer: _Answer, supposed: Supposed) -> list[str]:
    fleet, speed = answer.fleet, answer.served.tokens_per_second
    curve = (
        "The curve is the metered one, hour by hour (UTC)."
        if answer.is_hourly
        else "Usage is metered by the day: each day is spread evenly over its hours, so that peaks within a day are "
        "not seen; --peak-factor 2 makes room for twice as much."
    )
    groups = (
        f"Accelerators are had in groups of {fleet.together}"
        + ("" if supposed.together else " as the throughput was told for")
        + f" (--together), run at up to {_percent(fleet.load)} of it (--load), with room for "
        f"{fleet.peak_factor.normalize():f} times the busiest hour (--peak-factor)."
    )
    return [
        f"Throughput: {_spread(speed)} output tokens a second per accelerator; {speed.source}"
        f"{'; no range' if speed.is_sharp else ''}.",
        *(f"Price {_KIND_NAMES.get(each.kind, each.kind)}: {each.price_per_hour.source}." for each in answer.found),
        "From – to: high throughput at the low price – low throughput at the high price.",
        curve,
        groups,
        f"What is had by the hour ({', '.join(_KIND_NAMES[kind] for kind in SCALED_KINDS)}) starts and ends as the "
        "curve asks, without a loss; all else is paid for all month.",
        *(f"Owned: {_stands(each.fleet.lot)}" for each in answer.found if each.kind == "owned"),
        f"Overheads: {money_text(supposed.overhead, answer.currency)} a month (--overhead: people, network, licences).",
        *_under_way(answer),
        "An accelerator-hour is what is billed for the accelerator: a host that is billed apart (Google) is not in it.",
        f"Prompts: ours are {_prompt_ratio(answer)} tokens to one of output; where that is more than the throughput "
        "was told for (a benchmark's prompts are mostly short), take less of it (--load).",
        "Whether the served model does the work as well is not judged.",
        "API cost: effective cost of the tokens of text, discounts in, and of capacity whose tokens are counted.",
        *(
            [f"Not in it, since accelerators would not take it over or its tokens are not known: {answer.beside}."]
            if answer.beside
            else []
        ),
    ]


def _under_way(answer: _Answer) -> list[str]:
    if answer.usage.through is None:
        return []
    return [
        f"The month is under way: both sides, and overheads in proportion, are of its first "
        f"{len(answer.demand.tokens_by_hour):,} hours; break-even tokens are of as many."
    ]


def _stands(lot: int) -> str:
    if lot == 1:
        return "the one that stands there is paid for, used or not."
    return (
        f"all {lot} that stand there are paid for, used or not, since no other user of them is known; more than {lot} "
        f"would be had {lot} at once."
    )


def _prompt_ratio(answer: _Answer) -> str:
    """Input tokens of every kind for one of output."""
    kinds = [name for name in TEXT_KINDS if METERS[name].direction == "Input"]
    prompts = sum(answer.usage.readings.filter(pl.col("meter").is_in(kinds))["quantity"], Decimal(0))
    return f"{prompts / answer.demand.tokens:,.1f}"


def _range(option: Option, figure: str, currency: str | None = None) -> str:
    case = option.comparison
    low, likely, high = (getattr(each, figure) for each in (case.hopeful, case.likely, case.cautious))
    shown = money_text(likely, currency) if currency else f"{likely:,.2f}"
    return shown if low == high else f"{shown} ({low:,.2f} – {high:,.2f})"


def _unranged(option: Option) -> str:
    return " (no range)" if option.comparison.hopeful.cost == option.comparison.cautious.cost else ""


def _break_even(option: Option) -> str:
    case = option.comparison
    low, likely, high = (each.break_even_utilisation for each in (case.hopeful, case.likely, case.cautious))
    return _percent(likely) if low == high else f"{_percent(likely)} ({_percent(low)} – {_percent(high)})"


def _volume(option: Option) -> str:
    case = option.comparison
    low, likely, high = (each.break_even_tokens for each in (case.hopeful, case.likely, case.cautious))
    shown = "never" if likely is None else count_text(likely)
    if low == high:
        return shown
    return f"{shown} ({'never' if low is None else count_text(low)} – {'never' if high is None else count_text(high)})"


def _spread(figure: Range) -> str:
    likely = f"{figure.likely:,.2f}"
    return likely if figure.is_sharp else f"{likely} ({figure.low:,.2f} – {figure.high:,.2f})"


def _percent(share: Decimal) -> str:
    return f"{share * 100:,.{1 if share < _A_TENTH else 0}f} %"


def _print(line: str) -> None:
    stdout().print(Text(line), soft_wrap=True)
