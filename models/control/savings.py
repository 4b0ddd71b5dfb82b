"""Savings: money that published marts say could have been kept, or could be. Each stands for itself.

They overlap where they are about the same tokens or machines, so that no sum of them is ever told; each says what it is
of. What is lost already is told by its last full month, what could still be kept by what is at stake.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import polars as pl

from models.wording import counted, day_text, month_text, short_name

Kind = Literal["idle", "unused", "expiring", "dispute", "self_hosting", "other_vendor"]
_CENT = Decimal("0.01")
_LEAST = Decimal(1)
"""What is less is not worth a line."""


@dataclass(frozen=True)
class Saving:
    """`amount` in `currency`. `what`: of which thing and time; `so`: what it means and what it is no part of.

    `page` of the dashboard shows it.
    """

    kind: Kind
    what: str
    amount: Decimal
    currency: str
    so: str
    page: str


@dataclass(frozen=True)
class SavingFrames:
    """Marts of the published file: `idle` (`marts.idle_accelerators`), `commitments`, `disputes`
    (`marts.price_disputes`), `break_even`, `single_vendors` (`marts.single_provider_use_cases`)."""

    idle: pl.DataFrame
    commitments: pl.DataFrame
    disputes: pl.DataFrame
    break_even: pl.DataFrame
    single_vendors: pl.DataFrame


def savings(frames: SavingFrames, today: date) -> tuple[Saving, ...]:
    """What was found, kind by kind; of what is told by the month, in the last one that is over."""
    month = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    found = [
        *_idle(frames.idle, month),
        *_unused(frames.commitments, month),
        *_expiring(frames.commitments, today),
        *_disputes(frames.disputes),
        *_self_hosting(frames.break_even),
        *_other_vendors(frames.single_vendors, month),
    ]
    return tuple(saving for saving in found if saving.amount >= _LEAST)


def _by_currency(frame: pl.DataFrame, amount: str) -> Mapping[str, pl.DataFrame]:
    """Rows with an amount above zero, the largest first."""
    rows = frame.filter(pl.col(amount) > 0).sort(amount, descending=True, maintain_order=True)
    return {str(currency): part for (currency,), part in rows.group_by("currency", maintain_order=True)}


def _idle(idle: pl.DataFrame, month: str) -> list[Saving]:
    of_month = idle.filter(pl.col("month") == month)
    unmeasured = of_month.filter((pl.col("used_hours") > 0) & pl.col("measured_idle_cost").is_null()).height
    partly = f"; {counted(unmeasured, 'group')} of them not measured" if unmeasured else ""
    return [
        Saving(
            "idle",
            f"Accelerators that were paid, used, and idle in {month_text(month)}",
            _sum(rows, "measured_idle_cost"),
            currency,
            f"most of it {_most(rows, 'team', 'unallocated')}, {rows['accelerator_type'][0]}{partly}",
            "self-hosting",
        )
        for currency, rows in _by_currency(of_month, "measured_idle_cost").items()
    ]


def _unused(commitments: pl.DataFrame, month: str) -> list[Saving]:
    of_month = commitments.filter(pl.col("billing_month") == month)
    return [
        Saving(
            "unused",
            f"Commitments left unused in {month_text(month)}",
            _sum(rows, "unused"),
            currency,
            f"{counted(rows.height, 'commitment')}, most of it {short_name(rows['name'][0])}; "
            "idle hours above are not in it",
            "commitments",
        )
        for currency, rows in _by_currency(of_month, "unused").items()
    ]


def _expiring(commitments: pl.DataFrame, today: date) -> list[Saving]:
    by = ("commitment_id", "currency")
    latest = commitments.sort("billing_month").unique(by, keep="last", maintain_order=True)
    running = latest.filter(pl.col("term_end") > today)
    return [
        Saving(
            "expiring",
            f"Will be left of {short_name(row['name'])} when it ends on "
            f"{day_text(row['term_end'] - timedelta(days=1))}",
            row["expiring_amount"],
            currency,
            "at the rate of the last 30 days; what was left unused so far is in it",
            "commitments",
        )
        for currency, rows in _by_currency(running, "expiring_amount").items()
        for row in rows.head(3).iter_rows(named=True)
    ]


def _disputes(disputes: pl.DataFrame) -> list[Saving]:
    return [
        Saving(
            "dispute",
            f"Billed above the agreed or public price since {month_text(str(rows['billing_month'].min()))}",
            _sum(rows, "difference"),
            currency,
            f"{counted(rows.filter(pl.col('difference') >= _CENT).height, 'line')} of a cent or more, to claim from "
            f"{_most(rows, 'issuer_name', 'the issuer')} first (outlay export disputes)",
            "vendors",
        )
        for currency, rows in _by_currency(disputes, "difference").items()
    ]


def _self_hosting(break_even: pl.DataFrame) -> list[Saving]:
    """Of each model the way that costs least in the likeliest case, and less than the API in the cautious one, too."""
    cheaper = (
        break_even.filter((pl.col("month") == pl.col("month").max()) & (pl.col("verdict") == "self-hosting"))
        .with_columns(kept=pl.col("api_cost") - pl.col("self_hosted_cost"))
        .sort("kept", descending=True, maintain_order=True)
        .unique(["model", "currency"], keep="first", maintain_order=True)
    )
    return [
        Saving(
            "self_hosting",
            f"{row['model']} served by ourselves, as of {month_text(row['month'])}",
            row["kept"],
            row["currency"],
            f"an estimate: {row['served_model']} on {row['accelerator_type']}; quality is not judged",
            "self-hosting",
        )
        for row in cheaper.unique("currency", keep="first", maintain_order=True).iter_rows(named=True)
    ]


def _other_vendors(single_vendors: pl.DataFrame, month: str) -> list[Saving]:
    cheaper = (
        single_vendors.filter((pl.col("month") == month) & (pl.col("difference") < 0))
        .sort("difference", maintain_order=True)
        .unique("currency", keep="first", maintain_order=True)
    )
    return [
        Saving(
            "other_vendor",
            f"{row['use_name'] or 'a use without a name'} moved from {row['vendor']} to {row['next_vendor']}, "
            f"as of {month_text(month)}",
            -row["difference"],
            row["currency"],
            "an estimate at list price with comparable models, of tokens that may be in the line above",
            "vendors",
        )
        for row in cheaper.iter_rows(named=True)
    ]


def _sum(rows: pl.DataFrame, amount: str) -> Decimal:
    return sum(rows[amount], Decimal(0))


def _most(rows: pl.DataFrame, column: str, nobody: str) -> str:
    return str(rows[column][0] or nobody)
