"""Serving options: how fast an accelerator serves a model, what an hour of it costs each way, and the curve of demand.

Own figures come first: measured throughput, measured effective cost per hour, declared costs of owned machines.
Labelled reference values of `data/catalog` stand in where we have none. What follows from them is `break_even`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Context, Decimal
from math import ceil
from statistics import median

import polars as pl

from models.economics.api_costs import TEXT_KINDS
from models.economics.break_even import Demand, Range
from models.errors import OutlayError
from models.ledger.money import parse_money, split
from models.ledger.units import METERS

OUTPUT_METERS = tuple(name for name in TEXT_KINDS if METERS[name].direction == "Output")
"""Of text: throughput is told in its tokens."""
KINDS = ("owned", "reserved", "committed", "capacity_block", "on_demand", "spot")
"""Ways to have accelerators, as `marts.accelerator_rates` names them, and our own."""

SCALED_KINDS = ("on_demand", "spot")
"""What is rented hour by hour, so that it can follow the curve; all else is paid for whether it is busy or not."""

_SCENARIOS = ("interactive", "server", "offline")
"""MLPerf's, from the tightest time to answer to none at all."""
_HOURS_OF_A_DAY = 24
_ENDED = "; a block that has ended is no price of today"
_WIDE = Context(prec=60)


@dataclass(frozen=True)
class Measurement:
    """What we measured ourselves: output tokens a second of one accelerator that serves a model."""

    model: str
    accelerator: str
    tokens_per_second: Decimal
    measured_on: date
    note: str | None = None


@dataclass(frozen=True)
class Throughput:
    """Output tokens a second of one accelerator; `together`: so many of them served the model as one."""

    model: str
    accelerator: str
    tokens_per_second: Range
    together: int


def throughput(model: str, accelerator: str, measured: Sequence[Measurement], reference: pl.DataFrame) -> Throughput:
    """Of a served model on an accelerator: the newest own measurement, else the reference results.

    `reference` is `data/catalog/throughput.csv`, every column text. Results are of whole systems under a benchmark's
    peak load; per accelerator is our division. Low is the slowest result with a bound on the time to answer
    (interactive or server), likely the median of server, high the fastest of all. Raises `OutlayError` where neither
    is known.
    """
    own = [each for each in measured if (each.model, each.accelerator) == (model, accelerator)]
    if own:
        newest = max(own, key=lambda each: each.measured_on)
        speed = newest.tokens_per_second
        note = f" ({newest.note})" if newest.note else ""
        return Throughput(
            model, accelerator, Range(speed, speed, speed, f"measured by us on {newest.measured_on}{note}"), 1
        )
    rows = reference.filter((pl.col("model") == model) & (pl.col("accelerator_type") == accelerator))
    if rows.is_empty():
        raise _no_throughput(model, accelerator, measured, reference)
    return Throughput(model, accelerator, *_of_results(rows))


def _of_results(rows: pl.DataFrame) -> tuple[Range, int]:
    speeds: dict[str, list[Decimal]] = {scenario: [] for scenario in _SCENARIOS}
    for scenario, tokens, accelerators in rows.select("scenario", "tokens_per_second", "accelerators").iter_rows():
        speeds[scenario].append(_quotient(parse_money(tokens)[0], parse_money(accelerators)[0]))
    bounded = [*speeds["interactive"], *speeds["server"]] or speeds["offline"]
    likely = median(speeds["server"] or bounded)
    fastest = max([*speeds["offline"], likely, *bounded])
    ids = rows["result_id"].unique().sort()
    weights = ", ".join(rows["weights"].unique().sort())
    source = (
        f"reference, not ours: MLPerf Inference v5.1 closed, results {', '.join(ids)} ({weights} weights), peak under "
        f"benchmark load, output tokens per second ÷ accelerators (derived, not an MLPerf metric); {rows['source'][0]}"
    )
    return Range(min(bounded), _twelve_places(likely), fastest, source), min(
        int(count) for count in rows["accelerators_per_node"]
    )


def _no_throughput(
    model: str, accelerator: str, measured: Sequence[Measurement], reference: pl.DataFrame
) -> OutlayError:
    pairs = {(each.model, each.accelerator) for each in measured}
    pairs |= set(reference.select("model", "accelerator_type").iter_rows())
    on_it = sorted(name for name, where in pairs if where == accelerator)
    of_it = sorted(where for name, where in pairs if name == model)
    known = f"on {accelerator} are known {', '.join(on_it)}" if on_it else ""
    known = known or (f"{model} is known on {', '.join(of_it)}" if of_it else "")
    return OutlayError(
        f"how fast {accelerator} serves {model} is not known",
        remedy=f"measure it and say so under throughput in outlay.yaml{f'; {known} (--serve)' if known else ''}",
    )


def prices_per_hour(
    rates: pl.DataFrame, declared: pl.DataFrame, listed: pl.DataFrame, *, accelerator: str, month: str, currency: str
) -> Mapping[str, Range]:
    """What an accelerator-hour costs by KINDS, as far as it is known, in one currency.

    Measured: effective cost ÷ hours paid for, used or not, of `rates` (`marts.accelerator_rates`) in the last month up
    to `month` that has any of the kind, the lowest and the highest region as bounds; owned: `declared`
    (`marts.declared_costs`) of that month. Else the list prices of `listed` (`data/catalog/accelerator_prices.csv`,
    every column text), cheapest and dearest as bounds.
    """
    found = {
        **_listed(listed, accelerator, currency),
        **_measured(rates, accelerator, month, currency),
        **_owned(declared, accelerator, month, currency),
    }
    return {kind: found[kind] for kind in KINDS if kind in found}


def _measured(rates: pl.DataFrame, accelerator: str, month: str, currency: str) -> dict[str, Range]:
    of_it = (pl.col("accelerator_type") == accelerator) & (pl.col("currency") == currency)
    rows = rates.filter(of_it & (pl.col("billing_month") <= month)).with_columns(
        cost=pl.col("effective_cost") - pl.col("unmeasured_effective_cost"),
        hours=pl.col("used_hours") + pl.col("unused_hours") - pl.col("hours_without_cost"),
    )
    rows = rows.filter((pl.col("hours") > 0) & (pl.col("cost") > 0))
    rows = rows.filter(pl.col("billing_month") == pl.col("billing_month").max().over("pricing_kind"))
    found: dict[str, Range] = {}
    for (kind,), group in rows.group_by("pricing_kind"):
        each = [_quotient(cost, hours) for cost, hours in group.select("cost", "hours").iter_rows()]
        mean = _quotient(sum(group["cost"], Decimal(0)), sum(group["hours"], Decimal(0)))
        where = ", ".join(sorted(region or "region not told" for region in group["region"]))
        billed_in = str(group["billing_month"][0])
        when = billed_in if billed_in == month else f"{billed_in} (no hours of {month})"
        source = (
            f"our bills of {when}: effective cost ÷ {sum(group['hours'], Decimal(0)):,.0f} hours paid for, {where}"
            f"{_ENDED if kind == 'capacity_block' and billed_in != month else ''}"
        )
        found[str(kind)] = Range(min(each), mean, max(each), source)
    return found


def _owned(declared: pl.DataFrame, accelerator: str, month: str, currency: str) -> dict[str, Range]:
    rows = _declared_of(declared, accelerator, month).filter(pl.col("currency") == currency)
    hours = sum(rows["accelerator_hours"].drop_nulls(), Decimal(0))
    cost = sum(rows["declared_cost"], Decimal(0))
    if hours <= 0 or cost <= 0:
        return {}
    price = _quotient(cost, hours)
    names, parts = (", ".join(rows[column].unique().sort()) for column in ("name", "part"))
    stands = owned_accelerators(rows, accelerator, month)
    source = f"declared in outlay.yaml: {names} ({parts}), {month}; for all {stands} there"
    return {"owned": Range(price, price, price, source)}


def owned_accelerators(declared: pl.DataFrame, accelerator: str, month: str) -> int:
    """How many of an accelerator of our own stand there, on the day of the month that has most; 1 where none is told.

    No other user of them is known, so that who serves with one pays for all.
    """
    rows = _declared_of(declared, accelerator, month).drop_nulls("accelerator_hours")
    by_day = rows.group_by("day").agg(pl.col("accelerator_hours").sum())["accelerator_hours"]
    return max([ceil(hours / _HOURS_OF_A_DAY) for hours in by_day], default=1)


def _declared_of(declared: pl.DataFrame, accelerator: str, month: str) -> pl.DataFrame:
    return declared.filter(
        (pl.col("kind") == "owned_accelerators")
        & (pl.col("accelerator_type") == accelerator)
        & (pl.col("day").dt.strftime("%Y-%m") == month)
    )


def _listed(listed: pl.DataFrame, accelerator: str, currency: str) -> dict[str, Range]:
    rows = listed.filter((pl.col("accelerator_type") == accelerator) & (pl.col("currency") == currency))
    found: dict[str, Range] = {}
    for kind in SCALED_KINDS:
        known = rows.filter(pl.col(kind).is_not_null())
        if known.is_empty():
            continue
        each = sorted(
            _quotient(parse_money(price)[0], parse_money(count)[0])
            for price, count in known.select(kind, "accelerator_count").iter_rows()
        )
        offers = ", ".join(
            f"{host} {machine} {region} ({dated or 'undated'})"
            for host, machine, region, dated in known.select(
                "host", "instance_type", "region", "price_date"
            ).iter_rows()
        )
        found[kind] = Range(
            each[0], _twelve_places(median(each)), each[-1], f"reference, not ours: list price of {offers}"
        )
    return found


def hours_of(month: str, through: datetime | None = None) -> int:
    """Hours of a month (UTC), or of its part before `through`."""
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    end = (first + timedelta(days=32)).replace(day=1)
    return max((min(end, through or end) - first) // timedelta(hours=1), 1)


def demand_of(
    readings: pl.DataFrame, month: str, api_cost: Decimal, through: datetime | None = None
) -> tuple[Demand, bool]:
    """Output tokens of readings (`usage.meter_readings`) for every hour of a month (UTC), and whether all were hourly.

    `through`: where usage is known only up to there, the hours before it: the API was paid for no other.
    What is metered in longer windows is spread evenly over their hours; what lies beside the month (a vendor's day of
    another zone) counts in its first or last hour, so that nothing is lost.
    """
    windows = (
        readings.filter(pl.col("meter").is_in(OUTPUT_METERS))
        .group_by("window_start", "window_end")
        .agg(pl.col("quantity").sum())
        .sort("window_start", "window_end")
    )
    first = datetime.strptime(month, "%Y-%m").replace(tzinfo=UTC)
    hours = hours_of(month, through)
    tokens = [Decimal(0)] * hours
    longest = 0
    for start, end, quantity in windows.iter_rows():
        length = max(-((start - end) // timedelta(hours=1)), 1)
        longest = max(longest, length)
        place = (start - first) // timedelta(hours=1)
        for offset, share in enumerate(split(quantity, [Decimal(1)] * length)):
            tokens[min(max(place + offset, 0), hours - 1)] += share
    return Demand(tuple(tokens), api_cost), longest <= 1


def served_models(measured: Sequence[Measurement], reference: pl.DataFrame, accelerator: str) -> list[str]:
    """The models whose throughput on an accelerator is known: measured ones alone, where there are any."""
    own = sorted({each.model for each in measured if each.accelerator == accelerator})
    return own or reference.filter(pl.col("accelerator_type") == accelerator)["model"].unique().sort().to_list()


def _quotient(left: Decimal, right: Decimal) -> Decimal:
    return _twelve_places(_WIDE.divide(left, right))


def _twelve_places(figure: Decimal) -> Decimal:
    return parse_money(figure)[0]
