"""What the marts of one publication share: attributed charges, declared costs and their total, each worked out once."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import polars as pl

from models.economics.attribution import ATTRIBUTED_DAILY, LEAF_SCHEMA
from models.economics.estimated import owned_estimates
from models.economics.exchange import ExchangeRates
from models.economics.tco import tco_daily
from models.economics.tco_monthly import tco_monthly
from models.errors import OutlayError
from models.ledger.estimates import USAGE_ESTIMATES
from models.ledger.focus import COST_AND_USAGE, INVOICE_DETAIL
from models.ledger.invoice_reconciliation import charged_by_invoice, invoice_reconciliation
from pipelines.attribution import AttributionCache
from pipelines.currency_rates import reporting_rates
from pipelines.declared import declared_by_day, invoiced_days, undeclared
from pipelines.marts.series import DailySeries, daily_series
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace


@dataclass(frozen=True)
class Economics:
    """One publication's economics: `facts` are what it shows, `work` says by which rules.

    `problems` gathers what could not be read beside the charges: told with the publication, and stopping nothing.
    """

    work: Workplace
    facts: Facts
    problems: list[OutlayError] = field(default_factory=list[OutlayError])

    @property
    def today(self) -> date:
        return self.work.surroundings.clock().date()

    @cached_property
    def attributed(self) -> pl.DataFrame:
        """`marts.attributed_daily` of all loads, by billing month: who asks for one reads little of a long history."""
        by_month = sorted(self.facts.loads, key=lambda load: (load.billing_period, load.source))
        return pl.concat([ATTRIBUTED_DAILY.empty(), *(self._cache.of(load) for load in by_month)])

    @cached_property
    def leaves(self) -> pl.DataFrame:
        """`attributed` by API key and SKU besides (`LEAF_SCHEMA`)."""
        return pl.concat([LEAF_SCHEMA.to_frame(), *(self._cache.leaves_of(load) for load in self.facts.loads)])

    def forget_older(self) -> None:
        """Remove what the cache keeps of loads and rules before these. Only for whoever holds the publishing lock:
        beside another publishing it would remove what that one has just made."""
        self._cache.forget_all_but(self.facts.loads)

    @cached_property
    def _cache(self) -> AttributionCache:
        return AttributionCache(self.work.home.cache, self.facts.lake, self.work.attribution)

    @cached_property
    def declared(self) -> pl.DataFrame:
        """`marts.declared_costs` through today."""
        settings, invoiced = self.work.settings, invoiced_days(self.facts)
        self.problems.extend(undeclared(settings, invoiced))
        return declared_by_day(settings, self.facts, invoiced, self.today)

    @cached_property
    def invoices(self) -> pl.DataFrame:
        """`marts.invoice_reconciliation`."""
        details = self.facts.read(INVOICE_DETAIL).collect()
        charged = charged_by_invoice(self.facts.read(COST_AND_USAGE)).collect(engine="streaming")
        return invoice_reconciliation(details, charged)

    @cached_property
    def rates(self) -> ExchangeRates:
        """The rates into the reporting currency."""
        return reporting_rates(self.work.settings, self.work.home)

    @cached_property
    def tco(self) -> pl.DataFrame:
        """`marts.tco_daily`."""
        return tco_daily(
            self.attributed,
            self.declared,
            pools=self.work.pools,
            cost_centres=self.work.cost_centres,
            rates=self.rates,
        )

    @cached_property
    def tco_by_month(self) -> pl.DataFrame:
        """`marts.tco_monthly`."""
        return tco_monthly(self.tco)

    @cached_property
    def owned_estimates(self) -> pl.DataFrame:
        """Estimates with component and owner (`models.economics.estimated.owned_estimates`)."""
        return owned_estimates(self.facts.read(USAGE_ESTIMATES), self.work.attribution)

    @cached_property
    def series(self) -> DailySeries:
        """Cost and usage by day, through the day that forecasts and anomalies stand on."""
        return daily_series(self.work, self.facts, self.leaves, self.tco, self.today)
