"""What the command line tells of total cost: a month of use by component, team or another dimension, and what is not
known of it. Figures come from the published warehouse; what they mean is `models.economics.tco`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import duckdb

from models.economics.components import UNMATCHED
from models.errors import OutlayError
from models.wording import UNKNOWN, count_text, money_text, month_text, share_text
from pipelines.console import say, show_table
from pipelines.home import Home
from pipelines.periods import checked

DIMENSIONS: Mapping[str, str] = {
    "component": f"coalesce(component, '{UNMATCHED}')",
    "layer": f"coalesce(layer, '{UNMATCHED}')",
    "team": "coalesce(team, 'unallocated')",
    "cost_centre": "coalesce(cost_centre, 'unknown')",
    "product": "coalesce(product, 'unknown')",
    "use_case": "coalesce(use_case, 'unknown')",
    "environment": "coalesce(environment, 'unknown')",
    "vendor": "provider_name",
    "developer": "coalesce(developer_name, 'no known model')",
    "model": "coalesce(model, 'no model')",
    "source": "source",
}
"""What total cost may be shown by, and how a row of `marts.tco_daily` says it."""

_MONTHS = """
SELECT strftime(day, '%Y-%m') AS month FROM marts.tco_daily WHERE origin = 'charge' GROUP BY month ORDER BY month
"""
_COSTS = """
SELECT {currency} AS currency, {name} AS name,
    coalesce(sum({cost}) FILTER (allocation = 'direct'), 0) AS direct,
    coalesce(sum({cost}) FILTER (allocation = 'shared'), 0) AS shared,
    coalesce(sum({cost}) FILTER (allocation = 'unallocated'), 0) AS unallocated,
    coalesce(sum({cost}), 0) AS total,
    coalesce(sum({cost}) FILTER (origin = 'declared'), 0) AS declared
FROM marts.tco_daily WHERE strftime(day, '%Y-%m') = $month
GROUP BY ALL ORDER BY currency, total DESC, name
"""
_UNCONVERTED = """
SELECT currency, sum(effective_cost), count(*) FROM marts.tco_daily
WHERE strftime(day, '%Y-%m') = $month AND exchange_rate IS NULL GROUP BY currency ORDER BY currency
"""
_UNMATCHED = """
SELECT provider_name, coalesce(service_name, ''), coalesce(unmatched_sku, ''), currency, sum(effective_cost) AS cost
FROM marts.attributed_daily WHERE component IS NULL AND strftime(day, '%Y-%m') = $month
GROUP BY ALL HAVING sum(effective_cost) <> 0 ORDER BY abs(cost) DESC LIMIT $limit
"""
_AMOUNTS = ("direct", "shared", "unallocated", "total", "declared")
_SHOWN_UNMATCHED = 15


def show_total_cost(home: Home, *, month: str | None, by: str) -> None:
    """Tell a month's effective cost by a key of DIMENSIONS. Raises `OutlayError` where nothing of it is published."""
    if not home.published.exists():
        raise OutlayError(f"nothing is published in {home.root} yet", remedy="run `outlay run`, or `outlay demo`")
    with duckdb.connect(str(home.published.resolve()), read_only=True) as warehouse:
        months = [row[0] for row in warehouse.execute(_MONTHS).fetchall()]
        shown = checked(month) if month else max(months, default="")
        if shown not in months:
            raise OutlayError(
                f"no charge was used in {month_text(shown) if shown else 'any month'}",
                remedy=f"months with charges: {', '.join(months)}" if months else "run `outlay run`, or `outlay demo`",
            )
        told = {"month": shown}
        billed = _rows(warehouse, _COSTS.format(currency="currency", name=DIMENSIONS[by], cost="effective_cost"), told)
        reported = _rows(
            warehouse,
            _COSTS.format(currency="reporting_currency", name=DIMENSIONS[by], cost="reporting_effective_cost"),
            told,
        )
        unconverted = warehouse.execute(_UNCONVERTED, told).fetchall()
        unmatched = warehouse.execute(_UNMATCHED, {**told, "limit": _SHOWN_UNMATCHED}).fetchall()
    currencies = sorted({row["currency"] for row in billed})
    for currency in currencies:
        _show(f"Total cost of {month_text(shown)}, {currency}", by, [r for r in billed if r["currency"] == currency])
    if currencies != [reported[0]["currency"]]:
        _show(f"All currencies, in {reported[0]['currency']}", by, reported)
    for currency, amount, rows in unconverted:
        known = f"no rate is known for {money_text(amount, currency)} ({count_text(rows)} rows)"
        say(f"{known}: it is in no total of another currency")
    _show_unmatched(unmatched)


def _rows(warehouse: duckdb.DuckDBPyConnection, query: str, told: Mapping[str, str]) -> list[dict[str, Any]]:
    answer = warehouse.execute(query, told)
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _show(title: str, by: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """A row for each name, their sum, and how much of it is direct, shared, unallocated and declared."""
    currency = rows[0]["currency"]
    sums = {name: sum((row[name] for row in rows), Decimal(0)) for name in _AMOUNTS}
    shares = {name: share_text(sums[name], sums["total"]) for name in _AMOUNTS}
    show_table(
        title,
        (by, *_AMOUNTS[:4], "share", "of it declared"),
        [
            *(_cells(row["name"], row, sums, currency) for row in rows),
            _cells("Σ", sums, sums, currency),
            ("of Σ", *(shares[name] for name in _AMOUNTS[:4]), "", shares["declared"]),
        ],
        right=(*_AMOUNTS[:4], "share", "of it declared"),
    )


def _cells(name: str, row: Mapping[str, Any], sums: Mapping[str, Decimal], currency: str) -> tuple[str, ...]:
    amounts = (money_text(row[amount], currency) if row[amount] else UNKNOWN for amount in _AMOUNTS[:3])
    return (
        name,
        *amounts,
        money_text(row["total"], currency),
        share_text(row["total"], sums["total"]),
        money_text(row["declared"], currency) if row["declared"] else UNKNOWN,
    )


def _show_unmatched(unmatched: Sequence[tuple[Any, ...]]) -> None:
    if not unmatched:
        return
    show_table(
        "Without a component, largest first",
        ("vendor", "service", "SKU", "effective"),
        [(*row[:3], money_text(row[4], row[3])) for row in unmatched],
        right=("effective",),
    )
    say("data/taxonomy/components.csv places them; marts.unmatched_spend lists all, of all months")
