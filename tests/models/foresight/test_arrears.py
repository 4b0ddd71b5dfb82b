"""A source in arrears goes on as in its last month until it tells more: expected, never actual, and never free."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.foresight.arrears import gone_on
from models.foresight.outlook import Outlook, outlook
from models.foresight.series import DIMENSIONS, ITEMS, series

MADE_ON = date(2026, 11, 25)
OCTOBER = date(2026, 10, 31)


def _rows(*days: date, source: str = "bills") -> pl.DataFrame:
    return pl.DataFrame({"source": source, "day": list(days), "cost": list(range(1, len(days) + 1))})


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=at) for at in range((last - first).days + 1)]


def test_what_came_on_a_date_comes_on_that_date_again() -> None:
    fees = _rows(date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 15))
    told = gone_on(fees, {"bills": OCTOBER, "nobody": OCTOBER}, date(2026, 12, 10))
    assert sorted(told.select("day", "cost").rows()) == [
        (date(2026, 11, 1), 2), (date(2026, 11, 15), 3), (date(2026, 12, 1), 2)
    ]  # fmt: skip


def test_other_sources_and_days_that_are_told_get_nothing() -> None:
    assert gone_on(_rows(OCTOBER, source="openai"), {"bills": OCTOBER}, MADE_ON).is_empty()
    assert gone_on(_rows(OCTOBER), {"bills": OCTOBER}, OCTOBER).is_empty()


@pytest.mark.parametrize("last", [date(2026, 2, 28), date(2026, 4, 30), date(2026, 10, 31), date(2026, 11, 12)])
def test_every_day_gets_something_whatever_the_lengths_of_months(last: date) -> None:
    through = last + timedelta(days=93)
    told = gone_on(_rows(*_days(last - timedelta(days=60), last)), {"bills": last}, through)
    assert sorted(set(told["day"])) == _days(last + timedelta(days=1), through)


def _cost(source: str, vendor: str, a_day: int, days: list[date]) -> pl.DataFrame:
    rows = [
        {"source": source, "provider_name": vendor, "currency": "USD", "day": day,
         "effective_cost": Decimal(a_day), "billed_cost": Decimal(a_day)}
        for day in days
    ]  # fmt: skip
    return pl.DataFrame(rows, schema={**ITEMS, "source": pl.String()})


@pytest.fixture(scope="module")
def made() -> Outlook:
    """A costs 100 a day through 25 November, B 200 a day through 31 October."""
    begun = date(2026, 5, 1)
    daily = _cost("a", "A", 100, _days(begun, MADE_ON))
    rows = pl.concat([daily, _cost("bills", "B", 200, _days(begun, OCTOBER))])
    going_on = gone_on(rows, {"bills": OCTOBER}, MADE_ON)
    known, assumed = (series(dict.fromkeys(DIMENSIONS, of), dict.fromkeys(DIMENSIONS, of.clear()), MADE_ON)
                      for of in (rows, going_on))  # fmt: skip
    return outlook(known, MADE_ON, assumed=assumed)


def _landing(made: Outlook, period: str, **of: str) -> dict[str, Decimal | None]:
    told = made.month_end.filter(pl.col("period") == period, measure="effective_cost", **of)
    return told.select("actual", "assumed", "expected_rest", "landing", "previous").row(0, named=True)


def test_a_month_lands_with_what_is_not_told_yet(made: Outlook) -> None:
    """30 days of 100, and of 200, of which 25 are taken as those of October: the 31st stands for the 30th, too."""
    assert _landing(made, "2026-11", dimension="vendor", value="B") == {
        "actual": 0, "assumed": 5000, "expected_rest": 6000, "landing": 6000, "previous": 6200
    }  # fmt: skip
    assert _landing(made, "2026-11", dimension="total") == {
        "actual": 2500, "assumed": 5000, "expected_rest": 6500, "landing": 9000, "previous": 9300
    }  # fmt: skip
    assert _landing(made, "2026-12", dimension="vendor", value="B")["landing"] == 6200
    assert _landing(made, "2026-11", dimension="vendor", value="A")["assumed"] == 0


def test_a_quarter_has_it_too_and_what_comes_next_is_set_against_its_landing(made: Outlook) -> None:
    """92 days of 300; 31 + 25 of A's and October's of B's are known."""
    fourth = _landing(made, "2026-Q4", dimension="total")
    assert (fourth["actual"], fourth["assumed"], fourth["landing"]) == (5600 + 6200, 5000, 27600)
    assert _landing(made, "2027-Q1", dimension="total")["previous"] == 27600


def test_a_month_before_that_is_not_all_told_is_not_known() -> None:
    begun, through = date(2026, 5, 1), date(2026, 11, 5)
    daily = _cost("a", "A", 100, _days(begun, through))
    rows = pl.concat([daily, _cost("bills", "B", 200, _days(begun, date(2026, 9, 30)))])
    going_on = gone_on(rows, {"bills": date(2026, 9, 30)}, through)
    known, assumed = (series(dict.fromkeys(DIMENSIONS, of), dict.fromkeys(DIMENSIONS, of.clear()), through)
                      for of in (rows, going_on))  # fmt: skip
    told = outlook(known, through, assumed=assumed)
    november = _landing(told, "2026-11", dimension="total")
    assert (november["previous"], november["landing"]) == (None, 9000)
    assert _landing(told, "2026-12", dimension="total")["previous"] == 9000
    assert _landing(told, "2026-11", dimension="vendor", value="A")["previous"] == 3100
