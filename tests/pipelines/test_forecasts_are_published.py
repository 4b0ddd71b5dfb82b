"""Forecasts of a publication: proven, kept while nothing changes, and never in the way of the costs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import polars as pl
import pytest

from models.errors import OutlayError
from models.foresight.outlook import FORECAST_ACCURACY, FORECAST_EVENTS, FORECASTS, MONTH_END
from pipelines.home import Home
from pipelines.marts.forecasts import Forecasting, forecasts_marts
from pipelines.marts.series import DailySeries, deliveries
from pipelines.settings import Settings
from tests.pipelines.spend_of_two_teams import daily_series

Ask = Callable[[str], list[dict[str, Any]]]


@dataclass
class Publication:
    """What forecasts need of one, without a home behind it."""

    folder: Path
    told: DailySeries | Exception
    events: tuple[dict[str, Any], ...] = ()
    problems: list[OutlayError] = field(default_factory=list[OutlayError])

    @property
    def series(self) -> DailySeries:
        if isinstance(self.told, Exception):
            raise self.told
        return self.told

    @property
    def tco(self) -> pl.DataFrame:
        assert isinstance(self.told, DailySeries)
        return self.told.items.select("provider_name", "currency", "effective_cost", "billed_cost", source=pl.lit("s"),
                                      day=pl.col("day").cast(pl.Datetime("us", "UTC")))  # fmt: skip

    @property
    def work(self) -> Any:
        settings = Settings.model_validate({"organization": "Acme", "forecast": {"events": self.events}})
        return SimpleNamespace(home=Home.at(self.folder), settings=settings, contracts=())


def _forecasting(publication: Publication) -> Forecasting:
    return Forecasting(cast("Any", publication))


def _kept(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in (folder / "cache" / "forecasts").iterdir()}


def test_an_unchanged_publication_forecasts_nothing_anew(tmp_path: Path) -> None:
    first = _forecasting(Publication(tmp_path, daily_series())).outlook
    kept = _kept(tmp_path)
    again = _forecasting(Publication(tmp_path, daily_series())).outlook
    assert _kept(tmp_path) == kept
    assert again.forecasts.equals(first.forecasts)
    assert again.month_end.equals(first.month_end)
    assert again.accuracy.equals(first.accuracy)
    assert again.events.equals(first.events)


def test_whatever_changes_makes_it_anew_and_the_older_goes(tmp_path: Path) -> None:
    launch = {"name": "L", "kind": "launch", "day": "2026-12-01", "scope": {"team": "voice"}, "change_pct": 50}
    names: list[set[str]] = []
    for publication in (
        Publication(tmp_path, daily_series()),
        Publication(tmp_path, daily_series(), (launch,)),
        Publication(tmp_path, daily_series(100), (launch,)),
    ):
        assert _forecasting(publication).outlook.forecasts.height
        names.append(set(_kept(tmp_path)))
    assert [len(kept) for kept in names] == [5, 5, 5]
    assert not names[0] & names[1] and not names[1] & names[2]


def test_what_is_kept_and_cannot_be_read_is_made_anew(tmp_path: Path) -> None:
    first = _forecasting(Publication(tmp_path, daily_series())).outlook
    for file in (tmp_path / "cache" / "forecasts").iterdir():
        file.write_bytes(b"not Parquet")
    assert _forecasting(Publication(tmp_path, daily_series())).outlook.forecasts.equals(first.forecasts)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            OutlayError("a history is infinite", remedy="correct it"),
            "forecasts could not be made: a history is infinite",
        ),
        (ZeroDivisionError("division by zero"), "ZeroDivisionError: division by zero → costs are published without"),
    ],
)
def test_a_failing_forecast_is_a_problem_and_leaves_its_tables_empty(
    tmp_path: Path, error: Exception, says: str
) -> None:
    publication = Publication(tmp_path, error)
    forecasting = _forecasting(publication)
    marts = forecasts_marts(forecasting)
    for table in (FORECASTS, MONTH_END, FORECAST_ACCURACY, FORECAST_EVENTS):
        rows = marts[table.qualified_name]
        assert callable(rows)
        assert table.check(rows()).is_empty()
    assert forecasting.proofs().is_empty()
    assert [says in str(problem) for problem in publication.problems] == [True]


def test_an_event_of_nothing_stops_nothing(tmp_path: Path) -> None:
    """A team that begins to cost only later: `outlay forecast` tells that it is not in any forecast."""
    event = {"name": "L", "kind": "launch", "day": "2026-12-01", "scope": {"team": "nobody"}, "change_pct": 50}
    publication = Publication(tmp_path, daily_series(), (event,))
    made = _forecasting(publication).outlook
    assert made.events.select("name", "in_forecasts", "reason").rows() == [("L", False, "what it names has no cost")]
    assert _forecasting(publication).outlook.events.equals(made.events)
    assert made.forecasts.height and not publication.problems


def test_proofs_hold_and_see_a_missing_cent(tmp_path: Path) -> None:
    publication = Publication(tmp_path, daily_series())
    proofs = _forecasting(publication).proofs()
    assert proofs["passed"].all()
    assert set(proofs["check"]) == {"series = total cost", "forecast parts = total", "landing = actual + rest"}
    series = daily_series()
    wrong = series.rows.sort("dimension", descending=True).with_columns(
        effective_cost=pl.col("effective_cost")
        + pl.when(
            (pl.col("dimension") == "team") & (pl.col("value") == "search") & (pl.col("day") == date(2026, 11, 2))
        )
        .then(Decimal("0.01"))
        .otherwise(Decimal(0))
    )
    told = Publication(tmp_path, DailySeries(wrong, series.items, series.origin))
    failed = _forecasting(told).proofs().filter(~pl.col("passed"), check="series = total cost")
    assert set(failed.select("billing_period", "subject", "difference").iter_rows()) == {
        ("2026-11", "team", Decimal("0.01"))
    }


def test_who_delivers_by_day() -> None:
    """A daily source; one whose months come when they are over; a fee on each first; invoices, which come by hand."""
    november = [date(2026, 11, day) for day in range(1, 21)]
    days = [
        *(("daily", day) for day in november),
        *(("whole months", date(2026, 10, day)) for day in range(1, 31)),
        ("fee", date(2026, 10, 1)),
        ("fee", date(2026, 11, 1)),
        *(("invoices", day) for day in november),
        *(("young", day) for day in november[-3:]),
    ]
    loads = [
        (source, month, datetime.fromisoformat(f"{pulled}T04:00:00+00:00"), datetime.fromisoformat("2026-11-21T00:00Z"))
        for source, month, pulled in (
            ("daily", "2026-11", "2026-11-21"),
            ("whole months", "2026-10", "2026-11-03"),
            ("fee", "2026-11", "2026-11-21"),
            ("invoices", "2026-11", "2026-11-21"),
            ("young", "2026-11", "2026-11-21"),
        )
    ]
    found = deliveries(
        pl.DataFrame(loads, schema=["source", "billing_period", "pulled_at", "data_through"], orient="row"),
        pl.DataFrame(days, schema=["source", "day"], orient="row"),
        {"invoices"},
    )
    told = list(found)
    assert {delivery.source: delivery.by_day for delivery in told} == {
        "daily": True, "whole months": False, "fee": False, "invoices": False, "young": False
    }  # fmt: skip
    assert {delivery.source for delivery in told if delivery.in_arrears} == {"whole months", "invoices"}


@pytest.mark.slow
def test_a_demo_publishes_proven_forecasts(ask: Ask) -> None:
    proofs = ask("""SELECT "check", bool_and(passed) AS holds, count(*) AS n FROM ops.checks
                    WHERE source = 'all sources' GROUP BY ALL ORDER BY ALL""")
    assert [(row["check"], row["holds"]) for row in proofs] == [
        ("forecast parts = total", True), ("landing = actual + rest", True), ("series = total cost", True)
    ]  # fmt: skip
    (november,) = ask("""SELECT * FROM marts.month_end WHERE measure = 'effective_cost' AND dimension = 'total'
                         AND currency = 'USD' AND period = '2026-11'""")
    (spent,) = ask("""SELECT sum(effective_cost) AS cost FROM marts.tco_daily WHERE currency = 'USD'
                      AND strftime(day, '%Y-%m') = '2026-11' AND CAST(day AS DATE) <= DATE '2026-11-16'""")
    assert (november["made_on"], november["days_left"]) == (date(2026, 11, 16), 14)
    assert november["actual"] == spent["cost"]
    assert november["low_80"] < november["landing"] < november["high_80"]
