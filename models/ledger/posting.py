"""Posting: one stretch of readings and bill lines through rating, settling, charging, reconciling and rolling up.

The one place where the parts of the ledger meet. Pure and additive over days; reading answers and writing tables
belong to others.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

from models.ledger.billing import BILL_LINES, Settlement, independent_windows, settle
from models.ledger.charges import to_charges
from models.ledger.contract_rates import ContractRate
from models.ledger.estimates import USAGE_ESTIMATES, to_estimates
from models.ledger.focus import COST_AND_USAGE
from models.ledger.metering import METER_READINGS
from models.ledger.naming import with_names
from models.ledger.prices import PriceBook
from models.ledger.rating import rate
from models.ledger.reconciliation import RECONCILIATION, reconcile
from models.ledger.rollup import DAILY_COSTS, daily
from models.ledger.sku_rates import with_contract_rates

STRETCH_ROWS = 100_000
"""Readings and lines that are worked on at once."""


@dataclass(frozen=True)
class Terms:
    """What a posting is worked out by: prices, contracts, known names, and when."""

    prices: PriceBook
    contracts: Sequence[ContractRate]
    names: pl.DataFrame
    as_of: datetime
    settle_lag: timedelta


@dataclass(frozen=True)
class Posting:
    """The rows of every fact table for one stretch of days, and the settlement behind them for the proofs."""

    meter_readings: pl.DataFrame
    bill_lines: pl.DataFrame
    charges: pl.DataFrame
    estimates: pl.DataFrame
    reconciliation: pl.DataFrame
    daily_costs: pl.DataFrame
    settlement: Settlement | None

    @property
    def frames(self) -> dict[str, pl.DataFrame]:
        """By the qualified name of the table."""
        return {
            METER_READINGS.qualified_name: self.meter_readings,
            BILL_LINES.qualified_name: self.bill_lines,
            COST_AND_USAGE.qualified_name: self.charges,
            USAGE_ESTIMATES.qualified_name: self.estimates,
            RECONCILIATION.qualified_name: self.reconciliation,
            DAILY_COSTS.qualified_name: self.daily_costs,
        }


def post(readings: pl.DataFrame, lines: pl.DataFrame, terms: Terms) -> Posting:
    """Readings and bill lines (their contracts, names still null) to the rows of every fact table."""
    named_readings = with_names(readings, terms.names)
    named_lines = with_names(lines, terms.names)
    rated = rate(named_readings, terms.prices, terms.contracts)
    settlement = settle(named_lines, rated, as_of=terms.as_of, settle_lag=terms.settle_lag)
    charges = to_charges(settlement, account_names=_account_names(terms.names))
    return Posting(
        meter_readings=named_readings,
        bill_lines=named_lines,
        charges=charges,
        estimates=to_estimates(settlement.unpaid, currency=settlement.price_currency),
        reconciliation=reconcile(settlement, rate=lambda anew: rate(anew, terms.prices, terms.contracts)),
        daily_costs=daily(charges),
        settlement=settlement,
    )


def post_in_stretches(
    readings: pl.DataFrame, lines: pl.DataFrame, terms: Terms, *, rows: int = STRETCH_ROWS
) -> Generator[Posting]:
    """`post` over stretches of whole days that no bill line crosses, of about `rows` rows and at least a day each.

    Memory follows the stretch; a day of a small organisation alone would cost more in overhead than in work.
    """
    starts = pl.concat([readings.select("window_start"), lines.select("window_start")])
    days = starts.group_by(pl.col("window_start").dt.truncate("1d")).len().sort("window_start")
    counts = dict(days.iter_rows())
    for start, end in _stretches(independent_windows(lines, counts), counts, rows):
        within = pl.col("window_start").is_between(start, end, closed="left")
        yield post(readings.filter(within), lines.filter(within), terms)


def _stretches(
    windows: Iterable[tuple[datetime, datetime]], counts: Mapping[datetime, int], rows: int
) -> list[tuple[datetime, datetime]]:
    """Neighbouring windows put together while they hold no more than `rows`."""
    stretches: list[tuple[datetime, datetime]] = []
    held = 0
    for start, end in windows:
        here = sum(count for day, count in counts.items() if start <= day < end)
        if stretches and held + here <= rows:
            stretches[-1] = (stretches[-1][0], end)
            held += here
        else:
            stretches.append((start, end))
            held = here
    return stretches


def post_charges(charges: pl.DataFrame, readings: pl.DataFrame | None, terms: Terms) -> Posting:
    """Charges that a vendor gave as such, and the readings that they pay: names and our own rates are added.

    Nothing is estimated, and what was billed stays: the vendor's bill says what was paid for.
    """
    rated = with_contract_rates(charges, terms.contracts)
    return Posting(
        meter_readings=METER_READINGS.empty() if readings is None else with_names(readings, terms.names),
        bill_lines=BILL_LINES.empty(),
        charges=rated,
        estimates=USAGE_ESTIMATES.empty(),
        reconciliation=RECONCILIATION.empty(),
        daily_costs=daily(rated),
        settlement=None,
    )


def post_estimates(estimates: pl.DataFrame, terms: Terms) -> pl.DataFrame:
    """A vendor's own estimates (`estimates.usage_estimates`), with names; never added to charges."""
    return with_names(estimates, terms.names)


def _account_names(names: pl.DataFrame) -> dict[str, str]:
    accounts = names.filter(pl.col("kind") == "account").sort("first_seen")
    return dict(accounts.select("id", "name").iter_rows())
