"""Self-hosting: the models we buy most of beside every way of serving one ourselves, as a table.

One row says what `break_even` finds for one month, model, served model, accelerator and way to have it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import dataframely as dy
import polars as pl

from models.economics.break_even import Comparison, Demand, Fleet, Outcome, Range, compare
from models.economics.serving_options import KINDS, SCALED_KINDS, Throughput
from models.table import Table, money, text


class BreakEven(dy.Schema):
    """One row per model, served model, accelerator and way to have it; costs of the month in `currency`."""

    month = text("Month of usage, YYYY-MM")
    model = text("Model that is bought through an API, as the vendor names it")
    currency = text("ISO 4217 code of all amounts")
    curve = text("hourly: usage is metered by the hour; daily: days are spread evenly", values=("hourly", "daily"))
    output_tokens = money("Output tokens of the month, in tokens")
    api_cost = money("Effective cost of the model's text: its tokens, prompts and all, and capacity that served them")
    api_cost_per_million = money("api_cost per million output tokens")
    served_model = text("Model that accelerators would serve instead; whether it does the work as well is not judged")
    accelerator_type = text("Accelerator, such as H100")
    pricing_kind = text("How accelerators are had", values=KINDS)
    price_per_hour = money("What an accelerator-hour costs, likeliest")
    price_per_hour_low = money("The same, lowest")
    price_per_hour_high = money("The same, highest")
    price_source = text("Where the price per hour comes from")
    tokens_per_second = money("Output tokens a second of one accelerator, likeliest")
    tokens_per_second_low = money("The same, lowest")
    tokens_per_second_high = money("The same, highest")
    throughput_source = text("Where the throughput comes from")
    accelerators_at_peak = dy.Int64(
        nullable=False, description="How many the busiest hour needs, in groups that serve; owned: all"
    )
    mean_accelerators = money("How many the mean hour would need")
    utilisation_pct = money("Share of the paid accelerator-hours that the demand keeps busy, in percent")
    self_hosted_cost = money("What serving the month would cost, likeliest")
    self_hosted_cost_low = money("The same in the hopeful case: high throughput, low price")
    self_hosted_cost_high = money("The same in the cautious case: low throughput, high price")
    cost_per_million = money("self_hosted_cost per million output tokens")
    break_even_utilisation_pct = money("Utilisation from which on it costs less than the API; above 100 it cannot")
    break_even_tokens = money("Output tokens a month from which on it costs less; null: at no volume", nullable=True)
    verdict = text(
        "What costs less; depends: the cautious and the hopeful case disagree",
        values=("self-hosting", "API", "depends"),
    )


BREAK_EVEN = Table(
    name="break_even",
    schema="marts",
    kind="mart",
    grain="month × model × currency × served model × accelerator × pricing kind",
    meaning="API versus self-hosted for the models with most spend: cost, utilisation and break-even, with ranges.",
    contract=BreakEven,
)


@dataclass(frozen=True)
class Option:
    """One way to have the accelerators, and what it comes to."""

    kind: str
    price_per_hour: Range
    fleet: Fleet
    comparison: Comparison


def options(
    demand: Demand, served: Throughput, prices: Mapping[str, Range], fleet: Fleet, owned: int = 1
) -> list[Option]:
    """Every way to have the accelerators, cheapest first; what is rented by the hour follows the curve.

    `owned`: so many of ours stand there, and all of them are paid for, used or not.
    """
    found: list[Option] = []
    for kind, price in prices.items():
        run = replace(fleet, scaled=kind in SCALED_KINDS, lot=owned if kind == "owned" else 1)
        found.append(Option(kind, price, run, compare(demand, served.tokens_per_second, price, run)))
    return sorted(found, key=lambda option: option.comparison.likely.cost)


def break_even_rows(
    model: str, month: str, currency: str, demand: Demand, served: Throughput, found: Sequence[Option], *, hourly: bool
) -> pl.DataFrame:
    """`marts.break_even` of one model and one served model on one accelerator."""
    speed = served.tokens_per_second
    rows = [
        {
            "month": month,
            "model": model,
            "currency": currency,
            "curve": "hourly" if hourly else "daily",
            "output_tokens": demand.tokens,
            "api_cost": demand.api_cost,
            "api_cost_per_million": option.comparison.api_cost_per_million,
            "served_model": served.model,
            "accelerator_type": served.accelerator,
            "pricing_kind": option.kind,
            **_bounds("price_per_hour", option.price_per_hour),
            "price_source": option.price_per_hour.source,
            **_bounds("tokens_per_second", speed),
            "throughput_source": speed.source,
            **_of_outcome(option.comparison.likely),
            "self_hosted_cost_low": option.comparison.hopeful.cost,
            "self_hosted_cost_high": option.comparison.cautious.cost,
            "verdict": option.comparison.verdict,
        }
        for option in found
    ]
    return BREAK_EVEN.check(pl.DataFrame(rows, schema=BREAK_EVEN.polars_schema))


def _bounds(name: str, figure: Range) -> dict[str, Any]:
    return {name: figure.likely, f"{name}_low": figure.low, f"{name}_high": figure.high}


def _of_outcome(likely: Outcome) -> dict[str, Any]:
    return {
        "accelerators_at_peak": likely.accelerators_at_peak,
        "mean_accelerators": likely.mean_accelerators,
        "utilisation_pct": likely.utilisation * 100,
        "self_hosted_cost": likely.cost,
        "cost_per_million": likely.cost_per_million,
        "break_even_utilisation_pct": likely.break_even_utilisation * 100,
        "break_even_tokens": likely.break_even_tokens,
    }
