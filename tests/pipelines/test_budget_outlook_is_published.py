"""What budgets come to, as a publication makes it: on the grounds of its forecasts, and never in the way of costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import polars as pl
import pytest

from models.control.budgets import Budget, BurnRate, ForecastThreshold
from models.control.kinds.judged import Judged
from models.errors import OutlayError
from models.foresight.origin import Origin
from models.foresight.series import ITEMS, SERIES
from models.table import Table
from pipelines.home import Home
from pipelines.marts import budget_outlook as marts
from pipelines.marts.budget_outlook import BudgetForecasting, budget_outlook_marts
from pipelines.marts.budgets import Budgeting
from pipelines.marts.forecasts import Forecasting
from pipelines.marts.series import DailySeries
from pipelines.settings import Settings
from tests.models.control.budget_rows import costs, days

MADE_ON = date(2026, 11, 20)
HUNDRED = costs(days(date(2026, 6, 1), MADE_ON), Decimal(100))
BUDGET = Budget(
    "search",
    Decimal(2500),
    thresholds_pct=(50,),
    forecast=(ForecastThreshold(),),
    burn_rates=(BurnRate(days=3, rate=Decimal(2)),),
)


@dataclass(frozen=True)
class NoCharges:
    """Facts that no budget with tags asks."""

    loads: tuple[Any, ...] = ()

    def read(self, _table: Any) -> pl.LazyFrame:
        return pl.LazyFrame()

    def told(self, table: Table) -> pl.DataFrame:
        return table.empty()


@dataclass
class Publication:
    """What budgets need of one, without a home behind it."""

    folder: Path
    tco: pl.DataFrame = field(default_factory=lambda: HUNDRED)
    gone_on: pl.DataFrame = field(default_factory=HUNDRED.clear)
    origin: Origin | None = field(default_factory=lambda: Origin(MADE_ON, ("api",), MADE_ON))
    events: tuple[dict[str, Any], ...] = ()
    today: date = MADE_ON + timedelta(days=1)
    problems: list[OutlayError] = field(default_factory=list[OutlayError])

    @property
    def series(self) -> DailySeries:
        nothing = pl.DataFrame(schema=SERIES)
        return DailySeries(nothing, pl.DataFrame(schema=ITEMS), self.origin, nothing, self.gone_on)

    @property
    def work(self) -> Any:
        settings = Settings.model_validate({"organization": "Acme", "forecast": {"events": self.events}})
        home = Home.at(self.folder)
        return SimpleNamespace(home=home, settings=settings, contracts=(), budgets=(BUDGET,), attribution=None)

    @property
    def facts(self) -> Any:
        return NoCharges()


def made(publication: Publication) -> BudgetForecasting:
    economics = cast("Any", publication)
    return BudgetForecasting(Budgeting(economics), Forecasting(economics))


def judged(of: BudgetForecasting) -> dict[str, Judged]:
    return {str(kind): one for (_, kind), one in of.judged().items()}


def test_tables_and_rules_say_the_same(tmp_path: Path) -> None:
    of = made(Publication(tmp_path))
    tables = {name: mart() for name, mart in budget_outlook_marts(of).items() if callable(mart)}
    outlook = tables["marts.budget_outlook"].row(0, named=True)
    assert (outlook["landing"], outlook["runs_out_on"]) == (3000, date(2026, 11, 25))
    assert tables["marts.burn_rates"]["is_firing"].to_list() == [False]
    assert tables["marts.budget_forecasts"]["of_pct"].to_list() == [100]
    held = {kind: [each.standing for each in one.conditions] for kind, one in judged(of).items()}
    assert held == {"budget": ["firing"], "budget_forecast": ["firing"], "burn_rate": []}


def test_movers_are_told_against_a_period_that_the_ledger_knows(tmp_path: Path) -> None:
    more = pl.concat([HUNDRED, costs(days(date(2026, 11, 11), MADE_ON), Decimal(40), model="gpt-6")])
    [told] = judged(made(Publication(tmp_path, more)))["budget"].conditions
    assert told.details == ("search with gpt-6 400.00 USD, 400.00 USD more than the same days before",)
    since_november = more.filter(pl.col("day") >= date(2026, 11, 1))
    [told] = judged(made(Publication(tmp_path, since_november)))["budget"].conditions
    assert (told.cause, told.details) == (None, ())


def test_known_events_and_sources_in_arrears_are_in_it(tmp_path: Path) -> None:
    launch = {"name": "L", "kind": "launch", "day": "2026-11-26", "scope": {"team": "search"}, "change_pct": 10}
    invoices = costs(days(date(2026, 6, 1), date(2026, 10, 31)), Decimal(10), source="invoices")
    assumed = costs(days(date(2026, 11, 1), MADE_ON), Decimal(10), source="invoices")
    row = made(Publication(tmp_path, pl.concat([HUNDRED, invoices]), assumed, events=(launch,))).outlook.outlook
    # 20 x 10 assumed; 5 days at 110 and 5 at 121 to come
    assert row.select("assumed", "expected_rest", "events").row(0) == (200, 1355, "L")


def test_without_costs_nothing_is_known(tmp_path: Path) -> None:
    of = made(Publication(tmp_path, HUNDRED.clear(), origin=None))
    assert (len(of.outlook.outlook), len(of.burns)) == (0, 0)
    assert {kind: one.judged for kind, one in judged(of).items()} == {
        "budget": False,
        "budget_forecast": False,
        "burn_rate": False,
    }


def test_what_fails_is_a_problem_and_unknown_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(marts, "budget_outlook", fail)
    publication = Publication(tmp_path)
    of = made(publication)
    assert len(of.outlook.outlook) == 0
    assert [problem.what for problem in publication.problems] == [
        "budgets could not be forecast: ZeroDivisionError: oh"
    ]
    assert {kind: one.judged for kind, one in judged(of).items()} == {
        "budget": True,
        "budget_forecast": False,
        "burn_rate": True,
    }
    monkeypatch.setattr(marts, "budget_conditions", fail)
    assert {one.judged for one in judged(made(publication)).values()} == {False}
