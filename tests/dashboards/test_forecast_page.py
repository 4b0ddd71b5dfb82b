"""The forecast page against rows made by arithmetic, and its days against the charges themselves."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.published import current
from dashboards.queries.forecasts import ForecastDimension, days_before
from models.foresight.outlook import MONTH_END
from tests.dashboards.pages import money, opened, shown, table, words
from tests.dashboards.sample_basics import LAST_DAY
from tests.dashboards.sample_foresight import A_DAY, LANDING, SPENT
from tests.dashboards.sample_warehouse import Sample


@pytest.mark.usefixtures("published")
def test_the_landing_is_told_first_with_its_range() -> None:
    app = opened("forecast")
    told = words(app)
    assert "Where will July 2026 land?" in told
    assert f"**{money(LANDING)} effective cost, declared costs included**" in told
    assert f"between {money(LANDING - 10)} and {money(LANDING + 10)}, a range of which about 80 in 100 held" in told
    assert "; 11 days to go." in told
    assert f"{(LANDING - 3000) * 100 / 3000:+.1f} % against the month before" in told
    assert "Stands on 20 July 2026" in told


@pytest.mark.usefixtures("published")
def test_this_and_the_next_month_and_quarter_have_a_card_each() -> None:
    app = opened("forecast")
    for label, amount in (
        ("July 2026", LANDING),
        ("August 2026", 31 * A_DAY),
        ("2026 Q3", SPENT + 72 * A_DAY),
        ("2026 Q4", 92 * A_DAY),
    ):
        assert shown(app, label).value == money(amount), label


@pytest.mark.usefixtures("published")
def test_teams_land_at_their_parts_and_say_how_far_off_they_were() -> None:
    app = opened("forecast", by="team")
    landings = {row["name"]: row for row in table(app, "name", "landing", "actual")}
    assert landings["search"]["landing"] == LANDING * Decimal("0.75")
    assert landings["unallocated"]["landing"] == LANDING * Decimal("0.25")
    accuracy = table(app, "method", "coverage_80")
    assert {(row["name"], row["method"], row["day_10"]) for row in accuracy} == {
        ("search", "blend", 4.25),
        ("unallocated", "blend", 4.25),
    }
    assert "Known events in it: Voice launch" in words(app)


@pytest.mark.usefixtures("published")
def test_the_team_of_the_shared_filter_is_what_is_forecast() -> None:
    app = opened("forecast", team="search")
    assert f"**{money(LANDING * Decimal('0.75'))} effective cost, declared costs included**" in words(app)
    assert "Where will July 2026 of team search land?" in words(app)
    assert "Forecast by blend" in words(opened("forecast", team="unallocated"))


@pytest.mark.usefixtures("published")
def test_of_two_filters_together_there_is_no_forecast_and_the_page_says_so() -> None:
    app = opened("forecast", team="search", vendor="OpenAI")
    assert [info.proto.title for info in app.info] == ["There is no forecast of team search and vendor OpenAI together"]
    assert "effective cost" not in words(app)


@pytest.mark.usefixtures("published")
def test_past_forecasts_are_held_against_what_came_in_words() -> None:
    told = words(opened("forecast"))
    assert "The range of 8 cases in 10 held in **1 of 3** past forecasts." in told
    assert "off by 10.0 % on day 5, 5.0 % on day 10, 4.0 % on day 15, 1.0 % on day 20" in told


@pytest.mark.usefixtures("published")
def test_billed_cost_is_forecast_by_few() -> None:
    app = opened("forecast", measure="billed", by="key")
    assert f"**{money(LANDING)} billed**" in words(app)
    app = opened("forecast", measure="billed", component="model_apis")
    assert "There is no forecast of component model APIs" in [info.proto.title for info in app.info]


@pytest.mark.usefixtures("published")
def test_days_that_came_are_those_of_the_series() -> None:
    """No charge of the sample names a key, so that those of no key, declared costs among them, are the total; of
    Mistral's one charge on 2 July the days until the 20th are there, too, and nothing was spent on them."""

    def days(dimension: ForecastDimension, currency: str = "USD", value: str = "") -> list[tuple[date, Decimal]]:
        told = days_before(current(), measure="effective", currency=currency, dimension=dimension, value=value)
        return told.select("day", "cost").rows()

    assert days("key") == days("total")
    assert days("vendor", "EUR", "Mistral") == [
        (date(2026, 7, day), Decimal("812.5") if day == 2 else Decimal(0)) for day in range(2, LAST_DAY.day + 1)
    ]


def test_no_month_before_is_not_a_month_without_costs(sample: Sample, home: Path) -> None:
    for previous, told in ((None, "There is no whole month before"), (Decimal(0), "Nothing was spent in the month")):
        for row in sample.foresight[MONTH_END]:
            row["previous"] = previous
        sample.publish(home, f"outlay-{previous}")
        assert told in words(opened("forecast"))


def test_what_is_not_told_yet_is_said(sample: Sample, home: Path) -> None:
    for row in sample.foresight[MONTH_END]:
        row["assumed"] = Decimal(500)
    sample.publish(home)
    assert f"{money(Decimal(500))} of it is of days gone by" in words(opened("forecast"))


def test_nothing_forecast_is_said(sample: Sample, home: Path) -> None:
    sample.foresight[MONTH_END] = []
    sample.publish(home)
    assert "A forecast needs at least one day of costs" in words(opened("forecast"))
