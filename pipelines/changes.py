"""`outlay explain change`: two periods of the published warehouse, and why the second cost more or less than the first.

What is compared with what belongs here; taking a change apart is `models.foresight.change`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal

import polars as pl
from rich.text import Text

from models.economics.attribution import ATTRIBUTED_DAILY
from models.errors import OutlayError
from models.foresight.change import EFFECTS, HALF_A_CENT, SUMS, decompose, sentence
from models.wording import change_text, counted, day_text, month_text
from pipelines.console import say, show_table, stdout
from pipelines.door import query
from pipelines.home import Home
from pipelines.periods import following
from pipelines.sql_text import identifier, literal

Basis = Literal["effective", "billed", "list", "contracted"]
BASES: tuple[Basis, ...] = ("effective", "billed", "list", "contracted")

NESTING: Mapping[str, tuple[str, ...]] = {
    "mix": ("provider_name", "service_name", "model", "accelerator_type", "side"),
    "cache": ("meter",),
    "tier": ("processing_tier", "pricing_category"),
    "geography": ("region", "inference_geo"),
}
"""By which columns of `marts.attributed_daily` usage is shared out; `side` is the meter without a word of the cache."""

DIMENSIONS = tuple(
    name
    for name, dtype in ATTRIBUTED_DAILY.polars_schema.items()
    if dtype == pl.String and name not in ("currency", "unit", "price_status", "cost_status")
)
"""What a change may be told by."""

_SIDE = pl.col("meter").str.replace(r"^cache_(read|write(_5m|_1h)?)", "input")
_OWNER = pl.coalesce("team", pl.format("shared pool {}", "pool"))
_DAYS = re.compile(r"(\d{4}-\d{2}-\d{2})(?:\.\.(\d{4}-\d{2}-\d{2}))?")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_NAMES_OF_NOTHING = {"team": "unallocated", "component": "unmatched", "layer": "unmatched", "model": "no model"}
EFFECT_TITLES = dict(zip(EFFECTS, ("volume", "mix", "cache", "tier", "geography", "price", "not metered"), strict=True))


def change_items(attributed: pl.DataFrame, basis: Basis, *kept: str) -> pl.DataFrame:
    """Rows of `marts.attributed_daily` as items to `decompose`: `kept` and NESTING's columns, unit, quantity, cost.

    Only usage has a quantity here: purchases, tax and credits are not metered. A team's pools stand beside the teams.
    """
    quantity = pl.when(pl.col("charge_category") == "Usage").then("consumed_quantity").otherwise(None)
    dimensions = dict.fromkeys([*kept, *(name for names in NESTING.values() for name in names), "unit"])
    return attributed.with_columns(side=_SIDE, team=_OWNER).select(
        *dimensions, quantity=quantity, cost=pl.col(f"{basis}_cost")
    )


@dataclass(frozen=True)
class Span:
    """One of the two periods: whole days, the last one included."""

    first: date
    last: date
    month: str | None = None

    @classmethod
    def of(cls, text: str) -> Span:
        """`2026-09`, `2026-09-01..2026-09-07` or `2026-09-01`. Raises `OutlayError` for anything else."""
        if _MONTH.fullmatch(text):
            return cls(date.fromisoformat(f"{text}-01"), date.fromisoformat(f"{following(text)}-01") - _A_DAY, text)
        days = _DAYS.fullmatch(text)
        try:
            first, last = (date.fromisoformat(day) for day in (days[1], days[2] or days[1])) if days else (None, None)
        except ValueError:
            first, last = None, None
        if first is None or last is None or last < first:
            raise OutlayError(
                f"{text!r} is no period", remedy="write a month (2026-09) or days (2026-09-01..2026-09-07)"
            )
        return cls(first, last)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def __str__(self) -> str:
        if self.month is not None:
            return month_text(self.month)
        return day_text(self.first) if self.days == 1 else f"{day_text(self.first)} to {day_text(self.last)}"

    @property
    def short(self) -> str:
        """For the head of a column."""
        return self.month or f"{self.first}..{self.last}"

    def where(self, basis: Basis) -> str:
        """Billed cost goes by the month of its bill, every other by the day of usage (rules of money, 10)."""
        if basis == "billed":
            if self.month is None:
                raise OutlayError(
                    "billed cost goes by the month of its bill, not by days",
                    remedy="compare months, or days of another basis: --basis effective",
                )
            return f"billing_month = {literal(self.month)}"
        return f"CAST(day AS DATE) BETWEEN DATE {literal(str(self.first))} AND DATE {literal(str(self.last))}"


_A_DAY = timedelta(days=1)


def explain_change(
    home: Home, before: str, after: str, by: Sequence[str], basis: str, where: Sequence[str], top: int
) -> None:
    """Tell why the cost of `after` differs from that of `before`, a table and a sentence for each currency.

    Raises `OutlayError` for a period, dimension, basis or filter that is none, or that nothing is known of.
    """
    chosen = _basis(basis)
    spans = Span.of(before), Span.of(after)
    dimensions = [_dimension(name) for name in by]
    conditions = [_condition(text) for text in where]
    rows = [_rows(home, span, chosen, conditions) for span in spans]
    items = [change_items(each, chosen, "currency", *dimensions) for each in rows]
    whole = decompose(*items, by=["currency", *dimensions], nesting=NESTING)
    for (currency,), of_currency in whole.group_by("currency", maintain_order=True):
        _show(of_currency, str(currency), dimensions, spans, chosen, top)
    for remark in [*_scope(dimensions), *_remarks(home, spans, chosen)]:
        say(remark)


def _basis(text: str) -> Basis:
    for basis in BASES:
        if basis == text:
            return basis
    raise OutlayError(f"there is no cost basis {text!r}", remedy=f"choose one of {', '.join(BASES)}")


def _dimension(name: str) -> str:
    if name not in DIMENSIONS:
        raise OutlayError(f"cost is not known by {name!r}", remedy=f"choose from {', '.join(DIMENSIONS)}")
    return name


def _condition(text: str) -> str:
    name, separator, value = text.partition("=")
    if not separator:
        raise OutlayError(f"{text!r} is no filter", remedy="write it as key=value, for example team=research")
    dimension = _dimension(name.strip())
    if value:
        return f"{identifier(dimension)} = {literal(value)}"
    # as --by team tells it: what lies in a pool is of the pool, not of nobody
    missing = ("team", "pool") if dimension == "team" else (dimension,)
    return " AND ".join(f"{identifier(each)} IS NULL" for each in missing)


def _rows(home: Home, span: Span, basis: Basis, conditions: Sequence[str]) -> pl.DataFrame:
    select = f"SELECT * FROM {ATTRIBUTED_DAILY.qualified_name} WHERE "
    rows = query(home.published, select + " AND ".join([span.where(basis), *conditions])).rows
    if rows.is_empty():
        known = query(
            home.published,
            f"SELECT DISTINCT strftime(day, '%Y-%m') AS month FROM {ATTRIBUTED_DAILY.qualified_name} ORDER BY 1",
        ).rows["month"]
        narrowed = " that fits the filter" if conditions else ""
        raise OutlayError(
            f"nothing{narrowed} is known of {span}",
            remedy=f"there are charges of {known[0]} to {known[-1]}" if len(known) else "run `outlay run` first",
        )
    return rows


def _show(
    whole: pl.DataFrame, currency: str, dimensions: list[str], spans: tuple[Span, Span], basis: Basis, top: int
) -> None:
    total = whole.select(pl.col(SUMS).sum()).row(0, named=True)
    stdout().print(Text(sentence(total, currency, what=f"{basis.capitalize()} cost")), soft_wrap=True)
    ordered = whole.sort(pl.col("change").abs(), descending=True, maintain_order=True)
    told = [name for name in EFFECTS if whole[name].abs().sum()]
    lines = [(_group(row, dimensions), row) for row in ordered.head(top).rows(named=True)]
    rest = ordered.slice(top)
    if rest.height:
        lines.append((counted(rest.height, "smaller one"), rest.select(pl.col(SUMS).sum()).row(0, named=True)))
    if dimensions:
        lines.append(("total", total))
    columns = (spans[0].short, spans[1].short, "change", "%", *(EFFECT_TITLES[name] for name in told))
    show_table(
        f"{basis.capitalize()} cost in {currency}, {spans[0]} → {spans[1]}",
        (" × ".join(dimensions), *columns),
        [(name, *_cells(row, told)) for name, row in lines],
        right=columns,
    )


def _group(row: Mapping[str, Any], dimensions: list[str]) -> str:
    names = (row[name] if row[name] is not None else _NAMES_OF_NOTHING.get(name, "–") for name in dimensions)
    return " · ".join(names) or "all"


def _cells(row: Mapping[str, Decimal], told: Sequence[str]) -> list[str]:
    percent = change_text(row["cost_after"], row["cost_before"]).removesuffix(" %")
    moved = (_signed(row[name]) for name in ("change", *told))
    change, *effects = moved
    return [f"{row['cost_before']:,.2f}", f"{row['cost_after']:,.2f}", change, percent, *effects]


def _signed(amount: Decimal) -> str:
    return f"{amount:+,.2f}" if abs(amount) >= HALF_A_CENT else "0.00" if amount else "0"


def _scope(dimensions: Sequence[str]) -> list[str]:
    """What the amounts are of, and so why other commands have other totals."""
    remarks = ["Charges only: `outlay tco` has declared costs, too, and splits shared pools over teams."]
    if "team" in dimensions:
        remarks.append("Shared pools stand beside the teams, before they are split.")
    if dimensions:
        remarks.append(
            f"Effects are taken within each {' × '.join(dimensions)}: by another --by, or none, the same change "
            "divides differently."
        )
    return remarks


def _remarks(home: Home, spans: tuple[Span, Span], basis: Basis) -> list[str]:
    """What a reader must know to not misread the table."""
    remarks = [
        "Billed cost goes by the month of its bill."
        if basis == "billed"
        else f"{basis.capitalize()} cost goes by the day of usage (UTC)."
    ]
    if spans[0].days != spans[1].days:
        remarks.append(
            f"The periods are {counted(spans[0].days, 'day')} and {counted(spans[1].days, 'day')} long: "
            "amounts are absolute, a longer period is more volume."
        )
    (last,) = query(home.published, f"SELECT max(day) FROM {ATTRIBUTED_DAILY.qualified_name}").rows.row(0)
    remarks += [
        f"{span} is not over: charges are told through {day_text(last.date())}."
        for span in spans
        if last is not None and last.date() < span.last
    ]
    return remarks
