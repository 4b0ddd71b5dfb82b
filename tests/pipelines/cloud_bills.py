"""Bills of three clouds beside one home, for tests that break them: whole files by state of the world, and a small
bill of another vendor that says more whenever it is asked. What is broken belongs to the tests."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import yaml

from connectors.control import ControlStore
from connectors.protocol import Surroundings
from connectors.simulator.clouds.clouds import Clouds, cloud_sources
from connectors.simulator.events import Calendar
from models.ledger.focus import COST_AND_USAGE
from pipelines.home import Home
from pipelines.lake import Lake
from pipelines.run import RunReport, chosen, pull_and_load, run
from pipelines.workplace import Workplace

AS_OF = datetime(2026, 11, 6, tzinfo=UTC)
PERIOD = "2026-11"
OTHER = "other"
"""The source that nothing happens to."""

CLOUDS = ("aws", "gcp", "azure")
STATES = ("first", "second")

Alter = Callable[[Path], None]
"""Breaks what lies in a cloud's folder."""

FOCUS_BILL = """\
BilledCost,EffectiveCost,ListCost,ContractedCost,BillingAccountId,BillingAccountName,BillingCurrency,BillingPeriodStart,\
BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,ChargeDescription,InvoiceIssuerName,ProviderName,\
PublisherName,ServiceName,ServiceCategory
{cost},{cost},{cost},{cost},{account},{account},USD,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,2026-11-01T00:00:00Z,\
2026-11-02T00:00:00Z,Tax,Tax of a day,{issuer},{issuer},{issuer},Hosting,Compute
"""
"""A month of one charge."""


@dataclass
class Bills:
    """`folder` holds the files, `home` the installation that reads them; `state` is what was laid last, by cloud."""

    folder: Path
    home: Home
    clouds: Clouds = field(default_factory=lambda: Clouds(3, Calendar.of(1, AS_OF)))
    state: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    @cached_property
    def whole(self) -> dict[str, list[tuple[str, bytes]]]:
        """Path below `folder` and content of every file, by state."""
        return {state: list(self.clouds.files(state)) for state in STATES}

    @cached_property
    def truth(self) -> dict[tuple[str, str], Decimal]:
        """Σ BilledCost by cloud and state."""
        sums: dict[tuple[str, str], Decimal] = {}
        for state in STATES:
            for charge in self.clouds.charges(state):
                sums[charge.source, state] = sums.get((charge.source, state), Decimal(0)) + charge.billed
        return sums

    def lay(self, cloud: str, state: str, alter: Alter | None = None) -> None:
        """The cloud's files as they are in that state, or as `alter` leaves them; nothing of before stays."""
        shutil.rmtree(self.folder / cloud, ignore_errors=True)
        for name, body in self.whole[state]:
            if name.startswith(f"{cloud}/"):
                path = self.folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(body)
        self.state[cloud] = state
        if alter is not None:
            alter(self.folder / cloud)

    def news(self, cloud: str) -> str:
        """The state that was not laid last: files of it are another bill than the one that stands."""
        return STATES[1 - STATES.index(self.state[cloud])]

    def configure(self, options: Mapping[str, Mapping[str, Any]] | None = None) -> None:
        """Write `outlay.yaml`; `options` change those of a source."""
        sources = cloud_sources(self.folder, PERIOD)
        place = str(self.folder / OTHER)
        sources.append({"name": OTHER, "connector": "focus-files", "start": PERIOD, "options": {"path": place}})
        for source in sources:
            source["options"].update((options or {}).get(source["name"], {}))
        write_configuration(self.home, sources)

    def more_of_the_other(self) -> Decimal:
        """The other vendor bills one more; what it bills then."""
        self.asked += 1
        (self.folder / OTHER).mkdir(parents=True, exist_ok=True)
        text = FOCUS_BILL.format(cost=self.asked, account="acct-7", issuer="Acme Hosting")
        (self.folder / OTHER / "bill.csv").write_text(text, encoding="utf-8")
        return Decimal(self.asked)

    def load(self, *sources: str, accept_shrink: bool = False) -> RunReport:
        """What a run does with these sources, but for publishing: that is half of its time and the same for all."""
        return load(self.home, *sources, accept_shrink=accept_shrink)

    def run(self) -> RunReport:
        with opened(self.home) as work:
            return run(work, periods=[PERIOD])

    def charges(self, source: str) -> pl.DataFrame:
        return charges(self.home, source)

    def billed(self, source: str) -> Decimal:
        return self.charges(source)["BilledCost"].sum()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of what is published."""
        with duckdb.connect(str(self.home.published.resolve()), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()

    def published(self) -> dict[str, Decimal]:
        """Σ BilledCost by source."""
        return dict(self.ask("SELECT x_Source, sum(BilledCost) FROM focus.cost_and_usage GROUP BY 1"))

    def told(self, table: str, source: str) -> list[dict[str, Any]]:
        """Rows of ops' `findings` or `checks` about the source."""
        with ControlStore.open(self.home.control_url) as control:
            return control.snapshot().tables[table].filter(pl.col("source") == source).to_dicts()


def bills_in(folder: Path) -> Bills:
    """All sources loaded once, in their first state."""
    bills = Bills(folder / "bills", Home.at(folder / "home"))
    bills.configure()
    bills.more_of_the_other()
    for cloud in CLOUDS:
        bills.lay(cloud, "first")
    report = bills.load()
    assert report.failures == []
    return bills


def write_configuration(home: Home, sources: list[dict[str, Any]]) -> None:
    home.root.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump({"organization": "Meridian Goods", "sources": sources})
    home.configuration.write_text(text, encoding="utf-8")


@contextmanager
def opened(home: Home) -> Generator[Workplace]:
    surroundings = Surroundings(home=home.root, clock=lambda: AS_OF, sleep=lambda seconds: None)
    with Workplace.open(home, surroundings=surroundings) as work:
        yield work


def load(home: Home, *sources: str, accept_shrink: bool = False) -> RunReport:
    report = RunReport()
    with opened(home) as work:
        for source in chosen(work, sources):
            pull_and_load(work, report, source, PERIOD, accept_shrink=accept_shrink)
    return report


def charges(home: Home, source: str) -> pl.DataFrame:
    """Every charge of a source that counts, in an order of their own."""
    with ControlStore.open(home.control_url) as control:
        current = control.current_load(source, PERIOD)
    paths = () if current is None else current.paths(COST_AND_USAGE.qualified_name)
    return Lake(home.lake).read(COST_AND_USAGE, paths).collect().sort(pl.all())
