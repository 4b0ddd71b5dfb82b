"""The command line's `outlay unit-costs`: what one unit costs, a table for each measure. Heavy imports stay inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, NamedTuple, TypeAlias

import typer

from models.errors import OutlayError
from models.wording import UNKNOWN, count_text, money_text, month_text, price_text, share_text
from pipelines.cli_options import HomeOption
from pipelines.console import say, show_table

_Row: TypeAlias = Mapping[str, Any]


class Measure(StrEnum):
    """What is measured, in the order in which it is shown."""

    TOKENS_BLENDED = "tokens_blended"
    TOKENS = "tokens"
    REQUEST = "request"
    ACCELERATOR_HOUR = "accelerator_hour"
    BUSINESS_UNIT = "business_unit"


class _Column(NamedTuple):
    title: str
    shown: Callable[[_Row], str]
    is_number: bool = True


def _text(title: str, name: str, otherwise: str = "") -> _Column:
    return _Column(title, lambda row: row[name] or otherwise, is_number=False)


def _count(title: str, name: str) -> _Column:
    return _Column(title, lambda row: count_text(row[name]))


def _price(title: str, name: str) -> _Column:
    return _Column(title, lambda row: price_text(row[name], row["currency"]))


def _money(title: str, name: str) -> _Column:
    return _Column(title, lambda row: money_text(row[name], row["currency"]))


def _share(title: str, name: str) -> _Column:
    return _Column(title, lambda row: share_text(row[name], Decimal(1)))


_MILLIONS = _Column("tokens", lambda row: count_text(row["quantity"] and row["quantity"] * 1_000_000))
_AT_ITS_COSTS = (
    _price("list", "list_unit_cost"),
    _price("contracted", "contracted_unit_cost"),
    _price("effective", "effective_unit_cost"),
)
_COST = _money("cost", "effective_cost")
_IDLE = (
    _text("accelerator", "accelerator_type"),
    _text("team", "owner", "unallocated"),
    _text("source", "source"),
    _count("used h", "used_hours"),
    _count("unused h", "unused_hours"),
    _share("busy", "utilisation"),
    _money("used", "used_cost"),
    _money("left unused", "unused_cost"),
    _money("nothing ran", "measured_idle_cost"),
    _money("idle", "idle_cost"),
)

_MEASURES: Mapping[Measure, tuple[str, tuple[_Column, ...]]] = {
    Measure.TOKENS_BLENDED: (
        "A million tokens, all kinds together",
        (
            _text("model", "subject"), _MILLIONS, *_AT_ITS_COSTS, _COST, _share("cache hits", "cache_hit_share"),
            _share("batch", "batch_share"), _share("priced", "priced_share"),
            _money("tokens not told", "unmeasured_effective_cost"),
        ),
    ),
    Measure.TOKENS: (
        "A million tokens by kind",
        (_text("model", "subject"), _text("kind", "token_kind"), _MILLIONS, *_AT_ITS_COSTS, _COST),
    ),
    Measure.REQUEST: (
        "A request",
        (_text("model", "subject"), _count("requests", "quantity"), _price("effective", "effective_unit_cost"), _COST),
    ),
    Measure.ACCELERATOR_HOUR: (
        "An accelerator-hour",
        (
            _text("accelerator", "subject"), _text("host", "host_name", "our own"), _text("region", "region"),
            _text("bought", "pricing_kind"), _count("hours", "quantity"), *_AT_ITS_COSTS,
            _price("with unused", "effective_cost_per_used_unit"), _share("busy", "utilisation"),
            _price("per busy hour", "effective_cost_per_busy_unit"), _COST,
        ),
    ),
    Measure.BUSINESS_UNIT: (
        "A business unit",
        (
            _text("driver", "subject"), _text("unit", "unit"), _count("how many", "quantity"),
            _price("effective", "effective_unit_cost"), _COST, _money("on days not told", "unmeasured_effective_cost"),
        ),
    ),
}  # fmt: skip
"""A title and the columns of each measure."""

_UNITS = """
SELECT * FROM marts.unit_costs
ORDER BY subject = 'all models' DESC, effective_cost DESC, subject, token_kind, region, pricing_kind
"""
_IDLE_OF = """
SELECT *, coalesce(team, 'pool ' || pool) AS owner FROM marts.idle_accelerators
ORDER BY coalesce(idle_cost, unused_cost) DESC, accelerator_type, owner, source
"""


def unit_costs(
    month: Annotated[str | None, typer.Option(help="Month, YYYY-MM; default the latest.")] = None,
    measure: Annotated[list[Measure] | None, typer.Option(help="Only this measure; may be given again.")] = None,
    home: HomeOption = None,
) -> None:
    """What one unit costs: a million tokens, a request, an accelerator-hour, a customer."""
    from pipelines.door import query
    from pipelines.home import Home
    from pipelines.periods import checked

    published = Home.at(home).published
    units, idle = (query(published, sql).rows for sql in (_UNITS, _IDLE_OF))
    shown = checked(month) if month else str(units["month"].max() or "")
    tables: dict[Measure, list[dict[str, Any]]] = {
        each: units.filter(month=shown, measure=each).to_dicts() for each in Measure if each in (measure or Measure)
    }
    owners = idle.filter(month=shown).to_dicts() if tables.get(Measure.ACCELERATOR_HOUR) else []
    for each, rows in tables.items():
        title, columns = _MEASURES[each]
        _show(title, shown, columns, rows)
    _show("Idle accelerators by owner", shown, _IDLE, owners)
    if not any(tables.values()):
        if shown and len(units):
            raise OutlayError(
                f"nothing of this has a unit cost in {month_text(shown)}",
                remedy=f"months with unit costs: {', '.join(units['month'].unique().sort())}",
            )
        say("nothing has a unit cost yet")
    elif any(row["idle_cost"] is None for row in owners):
        say(f"{UNKNOWN} where nobody measured: see `utilisation` in docs/operations.md")


def _show(what: str, month: str, columns: tuple[_Column, ...], rows: list[dict[str, Any]]) -> None:
    if rows:
        show_table(
            f"{what}, {month_text(month)}",
            [column.title for column in columns],
            [[column.shown(row) for column in columns] for row in rows],
            right=[column.title for column in columns if column.is_number],
        )
