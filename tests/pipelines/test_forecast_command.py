"""`outlay forecast`: the answer first, then a row for each value, one series whole, its days and its methods."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner

from models.economics.tco import TCO_DAILY
from models.errors import OutlayError
from models.foresight.events import Event, Kind
from models.foresight.outlook import FORECAST_ACCURACY, FORECAST_EVENTS, FORECASTS, MONTH_END, outlook
from models.ledger.operations import LOADS, PUBLICATION
from models.ledger.rollup import DAILY_COSTS
from models.table import MONEY
from pipelines.cli import app
from pipelines.forecasts import Asked, sentence, show_forecast
from pipelines.home import Home
from tests.pipelines.published_marts import publish_rows
from tests.pipelines.spend_of_two_teams import MADE_ON, daily_series

CONFIGURATION = """\
organization: Acme
sources: [{name: openai, connector: openai, options: {admin_key: "${KEY}"}}]
contracts:
  - {name: Agreement, source: openai, rates: [
      {provider: openai, model: gpt-5, discount_pct: 10, valid_from: 2026-12-01}]}
forecast:
  events: [{name: 'Launch, at last', kind: launch, day: 2026-12-01, scope: {team: voice}, change_pct: 50},
    {name: Unheard, kind: end, day: 2026-12-01, scope: {team: nobody}}]
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Published on 27 November, with data through the 25th; the file's one event is known."""
    made = daily_series()
    launch = Event("Launch, at last", Kind.LAUNCH, date(2026, 12, 1), {"team": "voice"}, change_pct=50)
    unheard = Event("Unheard", Kind.END, date(2026, 12, 1), {"team": "nobody"})
    step = {"Agreement, rate 1 from 2026-12-01": "it is of part of what OpenAI sells"}
    told = outlook(made.rows, MADE_ON, [launch, unheard], made.items, assumed=_late(made.rows), untold=step)
    now = datetime.fromisoformat("2026-11-27T06:00:00+00:00")
    load = {"source": "openai", "billing_period": "2026-11", "load_id": 1, "is_current": True, "period_status": "Open",
            **dict.fromkeys(("started_at", "pulled_at", "committed_at", "data_through"), now),
            **dict.fromkeys(("answers", "charges", "meter_readings", "bill_lines", "size_bytes"), 1)}  # fmt: skip
    usual: dict[str, Any] = {
        "source": "openai",
        "billing_month": "2026-11",
        "provider_name": "OpenAI",
        "billing_account_id": "1",
        "charge_category": "Usage",
        "currency": "USD",
        "charges": 1,
    }
    days = [datetime.combine(MADE_ON - timedelta(days=back), datetime.min.time()).astimezone() for back in range(40)]
    none = dict.fromkeys(("billed_cost", "effective_cost", "list_cost", "contracted_cost"), Decimal(0))
    total = {"origin": "charge", "allocation": "direct", "reporting_currency": "USD", "day": now, **usual, **none}
    return publish_rows(
        tmp_path_factory.mktemp("forecast") / "home",
        {
            FORECASTS: told.forecasts.to_dicts(),
            MONTH_END: told.month_end.to_dicts(),
            FORECAST_ACCURACY: told.accuracy.to_dicts(),
            FORECAST_EVENTS: told.events.to_dicts(),
            LOADS: [load],
            PUBLICATION: [{"version": "v", "published_at": now, "sources": 1, "loads": 1}],
            DAILY_COSTS: [{**usual, **none, "day": day.replace(tzinfo=now.tzinfo)} for day in days],
            TCO_DAILY: [{name: total.get(name) for name in TCO_DAILY.polars_schema}],
        },
        CONFIGURATION,
    )


def _late(rows: pl.DataFrame) -> pl.DataFrame:
    """7 EUR more of each of the last ten days, that nobody has told yet."""
    euros = rows.filter(pl.col("day") > MADE_ON - timedelta(days=10), pl.col("effective_cost") > 0, currency="EUR")
    return euros.with_columns(pl.lit(Decimal(7)).cast(MONEY).alias("effective_cost"))


def _told(home: Home, *flags: str) -> tuple[int, list[str]]:
    """The exit status and the lines, each with single spaces."""
    result = CliRunner().invoke(app, ["forecast", "--home", str(home.root), *flags])
    return result.exit_code, [" ".join(line.split()) for line in result.output.splitlines()]


def test_the_answer_comes_first_then_a_row_for_each_value(home: Home) -> None:
    status, lines = _told(home, "--by", "team")
    assert status == 0
    assert lines[0].startswith("November will land at ")
    assert lines[0].endswith("October; day 25 of 30.")
    assert lines[1] == "By team, effective cost in USD"
    assert lines[3] == (
        "team spent November 80 % of November October change December 80 % of December 2026-Q4 80 % of 2026-Q4"
    )
    assert [line.split()[0] for line in lines[5:8]] == ["search", "voice", "total"]
    # 18 weekdays and 7 days of weekends in November until the 25th: 208 times 20.0007 and 3.33
    assert lines[5].startswith("search 4,853 ")
    assert "By team, effective cost in EUR" in lines


def test_it_says_what_it_stands_on_what_is_in_it_and_what_is_not(home: Home) -> None:
    _, lines = _told(home, "--by", "team")
    assert "made on 25 November 2026: the last day that every source is through" in lines
    assert "too short to know it well, so that its ranges are wide: voice" in lines
    assert "known events in it: Launch, at last" in lines
    assert "not in it, Unheard: what it names has no cost" in lines
    assert "not in it, Agreement, rate 1 from 2026-12-01: it is of part of what OpenAI sells" in lines
    assert "in it, but not told yet, 70.00 EUR of days gone by, taken to be as a month before" in lines


def test_one_series_whole_with_its_days_and_methods(home: Home) -> None:
    status, lines = _told(home, "SEARCH", "--by", "team", "--days", "--accuracy")
    assert status == 0
    dollars = next(line for line in lines if line.endswith("of 30.") and "USD" in line)
    assert dollars.startswith("search: November will land at ")
    assert "search, in USD" in lines
    assert any(line.startswith("search by day, in USD; method ") for line in lines)
    assert any(line.startswith("2026-11-26 Thu ") for line in lines)
    assert any(line.startswith("2027-03-31 Wed ") for line in lines)
    assert "How good forecasts were, by back-test (% off; days inside the intervals)" in lines
    assert "Candidates of search, in USD" in lines


def test_the_rows_behind_it_as_json_and_csv(home: Home, tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app, ["forecast", "voice", "--by", "team", "--format", "json", "--home", str(home.root)]
    )
    rows = json.loads(result.stdout)
    assert {(row["value"], row["measure"]) for row in rows} == {("voice", "effective_cost")}
    assert Decimal(rows[0]["landing"]) == Decimal(rows[0]["actual"]) + Decimal(rows[0]["expected_rest"])
    file = tmp_path / "days.csv"
    status, lines = _told(home, "--by", "vendor", "--basis", "billed", "--days", "--format", "csv", "-o", str(file))
    assert (status, lines[0].startswith("wrote ")) == (0, True)
    assert file.read_text(encoding="utf-8").startswith("measure,dimension,vendor,value,")


def test_what_is_not_there_is_told_with_a_remedy(home: Home, tmp_path: Path) -> None:
    for asked, says in (
        (
            Asked("team", "vioce", "effective"),
            "nothing is forecast of team 'vioce' → ask for another one; did you mean",
        ),
        (Asked("model", None, "billed"), "billed cost is not forecast by model → ask for effective cost"),
    ):
        with pytest.raises(OutlayError) as absent:
            show_forecast(home, asked, days=False, accuracy=False)
        assert says in str(absent.value)
    with pytest.raises(OutlayError, match="nothing is published in"):
        show_forecast(Home.at(tmp_path / "none"), Asked("team", None, "effective"), days=False, accuracy=False)
    empty = publish_rows(tmp_path / "empty", {FORECASTS: [], MONTH_END: [], FORECAST_ACCURACY: []})
    with pytest.raises(OutlayError, match="no forecast is published"):
        show_forecast(empty, Asked("team", None, "effective"), days=False, accuracy=False)
    status, lines = _told(home, "--by", "team", "--days")
    assert (status, any("name one series" in line for line in lines)) == (2, True)


LANDS: dict[str, Any] = {
    "period_kind": "month", "period": "2026-11", "first_day": date(2026, 11, 1), "last_day": date(2026, 11, 30),
    "landing": Decimal(612400), "low_80": Decimal(598000), "high_80": Decimal(630000), "previous": Decimal(587716),
    "change": Decimal(24684), "currency": "USD", "days_left": 4,
}  # fmt: skip


@pytest.mark.parametrize(
    ("differs", "says"),
    [
        (
            {},
            "November will land at 612,400 USD (80 %: 598,000 to 630,000), 4.2 % above October; day 26 of 30.",
        ),
        ({"days_left": 0}, "November landed at 612,400 USD, 4.2 % above October."),
        (
            {"previous": None, "change": None},
            "November will land at 612,400 USD (80 %: 598,000 to 630,000); October is not all known; day 26 of 30.",
        ),
        (
            {"previous": Decimal(0)},
            "November will land at 612,400 USD (80 %: 598,000 to 630,000); day 26 of 30.",
        ),
        (
            {"previous": Decimal(612500), "change": Decimal(-100)},
            "November will land at 612,400 USD (80 %: 598,000 to 630,000), as October; day 26 of 30.",
        ),
        (
            {"period_kind": "quarter", "period": "2027-Q1", "first_day": date(2027, 1, 1),
             "last_day": date(2027, 3, 31), "days_left": 90},
            "2027-Q1 will land at 612,400 USD (80 %: 598,000 to 630,000), 4.2 % above 2026-Q4; day 0 of 90.",
        ),
    ],
)  # fmt: skip
def test_the_sentence(differs: dict[str, Any], says: str) -> None:
    """24,684 of 587,716 are 4.2 %."""
    assert sentence(LANDS | differs) == says
