"""Statements: a worked example with an adjustment, and the two sums that must always hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models.economics.statements import LINES, NOT_SPLIT, STATEMENTS, adjustments, amounts, month_lines, totals
from models.economics.tco import TCO_DAILY
from models.table import MONEY

ROW = {
    "origin": "charge", "source": "openai", "provider_name": "OpenAI", "issuer_name": "OpenAI", "host_name": "OpenAI",
    "charge_category": "Usage", "component": "model_apis", "layer": "models", "model": "gpt-5", "currency": "USD",
    "reporting_currency": "USD",
}  # fmt: skip


def tco(*rows: dict[str, object]) -> pl.DataFrame:
    """Rows of `marts.tco_daily`; `cost` is effective, billed and in reporting currency unless they are given."""
    full = [_row(**row) for row in rows]
    return TCO_DAILY.check(pl.DataFrame(full, schema=TCO_DAILY.polars_schema))


def _row(day: str, cost: str, team: str | None = None, pool: str | None = None, **more: object) -> dict[str, object]:
    allocation = "unallocated" if team is None else "shared" if pool else "direct"
    amount = Decimal(cost)
    costs = dict.fromkeys(("billed_cost", "effective_cost", "list_cost", "contracted_cost"), amount)
    reporting = dict.fromkeys(("reporting_billed_cost", "reporting_effective_cost"), amount)
    at = datetime.fromisoformat(day).replace(tzinfo=UTC)
    fixed = {"day": at, "billing_month": day[:7], "team": team, "pool": pool, "allocation": allocation}
    return {**dict.fromkeys(TCO_DAILY.polars_schema), **ROW, **costs, **reporting, **fixed, **more}


def issued(lines: pl.DataFrame, month: str, *, whole: bool = True) -> pl.DataFrame:
    """What `marts.statements` shows once these lines of a month are issued."""
    at = datetime(2026, 12, 1, tzinfo=UTC)
    told = {"number": 1, "month": month, "issued_at": at, "issued_by": "ada", "publication": "p", "whole_month": whole}
    frame = amounts(lines).with_columns(**{name: pl.lit(value) for name, value in told.items()})
    return STATEMENTS.check(frame.select(pl.col(name).cast(to) for name, to in STATEMENTS.polars_schema.items()))


def told(lines: pl.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return lines.select(columns).rows()


def test_a_statement_has_direct_declared_and_shared_cost_with_the_share_of_the_driver():
    """The pool `gateway` cost 80 in September, split by tokens: search 12.5 % = 10, ads 87.5 % = 70."""
    lines = month_lines(
        tco(
            {"day": "2026-09-01", "cost": "60", "team": "search"},
            {"day": "2026-09-30", "cost": "40", "team": "search"},
            {"day": "2026-09-30", "cost": "7", "team": "search", "model": None, "service_name": "Amazon S3"},
            {"day": "2026-09-02", "cost": "10", "team": "search", "pool": "gateway"},
            {"day": "2026-09-02", "cost": "70", "team": "ads", "pool": "gateway"},
            {"day": "2026-09-01", "cost": "25", "team": "search", "origin": "declared", "provider_name": "ourselves",
             "model": None, "service_name": "ML engineers", "component": "people_and_overheads"},
            {"day": "2026-09-03", "cost": "3", "component": None},
            {"day": "2026-09-03", "cost": "5", "pool": "support"},
            {"day": "2026-10-01", "cost": "999", "team": "search"},
        ),
        "2026-09",
        {"gateway": "tokens"},
    )  # fmt: skip
    assert lines.schema == LINES
    assert told(
        lines.filter(pl.col("team") == "search"), "section", "item", "driver", "share_pct", "effective_cost"
    ) == [
        ("direct", "gpt-5", None, None, 100),
        ("direct", "Amazon S3", None, None, 7),
        ("declared", "ML engineers", None, None, 25),
        ("shared", None, "tokens", Decimal("12.5"), 10),
    ]
    assert told(lines.filter(pl.col("team").is_null()), "section", "component", "pool", "driver", "effective_cost") == [
        ("direct", None, None, None, 3),
        ("shared", None, "support", NOT_SPLIT, 5),
    ]
    assert told(totals(lines), "team", "effective_cost") == [("ads", 70), ("search", 142), (None, 8)]


def test_an_earlier_month_that_costs_something_else_now_is_adjusted_by_what_was_not_yet_stated():
    """August was stated with 100. In October it costs 90: September's statement, issued in between, had said 104.

    Stated of August so far: 100 (its own) + 4 (adjustment in September's) = 104. Now 90. Adjustment 90 − 104 = −14.
    """
    august = tco({"day": "2026-08-10", "cost": "100", "team": "search"})
    first = issued(month_lines(august, "2026-08"), "2026-08")

    fifty = {"day": "2026-09-10", "cost": "50", "team": "search"}
    later = tco({"day": "2026-08-10", "cost": "104", "team": "search"}, fifty)
    september = pl.concat([month_lines(later, "2026-09"), adjustments(later, first, "2026-09")])
    assert told(september, "section", "month", "stated_cost", "effective_cost") == [
        ("direct", "2026-09", None, 50),
        ("adjustment", "2026-08", 100, 4),
    ]
    both = pl.concat([first, issued(september, "2026-09")])
    now = tco({"day": "2026-08-10", "cost": "90", "team": "search"}, fifty)
    assert told(adjustments(now, both, "2026-10"), "month", "stated_cost", "effective_cost") == [("2026-08", 104, -14)]
    assert adjustments(later, both, "2026-10").is_empty(), "what was told needs no second telling"


def test_cost_that_moves_to_a_team_without_a_statement_is_adjusted_for_both_once_all_teams_were_stated():
    before = tco({"day": "2026-08-10", "cost": "100", "team": "search"})
    now = tco({"day": "2026-08-10", "cost": "100", "team": "ads"})
    everybody = issued(month_lines(before, "2026-08"), "2026-08")
    assert told(adjustments(now, everybody, "2026-09"), "team", "effective_cost") == [("ads", 100), ("search", -100)]

    only_search = issued(month_lines(before, "2026-08"), "2026-08", whole=False)
    assert told(adjustments(now, only_search, "2026-09"), "team", "effective_cost") == [("search", -100)]


def test_a_month_that_was_never_stated_is_no_adjustment():
    costs = tco({"day": "2026-08-10", "cost": "100", "team": "search"})
    assert adjustments(costs, STATEMENTS.empty(), "2026-09").is_empty()


def test_an_unknown_rate_leaves_reporting_amounts_unknown_and_so_does_another_reporting_currency():
    no_rate = {"reporting_effective_cost": None, "reporting_billed_cost": None}
    costs = tco(
        {"day": "2026-08-01", "cost": "1", "team": "a"},
        {"day": "2026-08-02", "cost": "2", "team": "a", **no_rate},
        {"day": "2026-08-02", "cost": "4", "team": "b"},
    )
    lines = month_lines(costs, "2026-08")
    assert told(lines, "team", "effective_cost", "reporting_effective_cost") == [("a", 3, None), ("b", 4, 4)]

    said_in_euro = issued(lines.with_columns(reporting_currency=pl.lit("EUR")), "2026-08")
    now = tco({"day": "2026-08-01", "cost": "5", "team": "a"}, {"day": "2026-08-02", "cost": "4", "team": "b"})
    assert told(
        adjustments(now, said_in_euro, "2026-09"), "team", "effective_cost", "reporting_currency",
        "reporting_effective_cost",
    ) == [("a", 2, "USD", None)]  # fmt: skip


TEAMS = st.sampled_from(["search", "ads", None])
COST = st.decimals(min_value=-(10**6), max_value=10**6, places=12, allow_nan=False).map(str)
COSTS = st.lists(
    st.fixed_dictionaries(
        {
            "day": st.sampled_from(["2026-08-01", "2026-08-31", "2026-09-01", "2026-09-15"]),
            "cost": COST,
            "team": TEAMS,
            "pool": st.sampled_from([None, None, "gateway"]),
            "origin": st.sampled_from(["charge", "declared"]),
            "currency": st.sampled_from(["USD", "EUR"]),
            "model": st.sampled_from(["gpt-5", None]),
        }
    ),
    max_size=12,
)


def by_currency(costs: pl.DataFrame, column: str = "effective_cost") -> dict[str, Decimal]:
    """Sums by currency, without those that are nothing."""
    summed = costs.group_by("currency").agg(pl.col(column).sum()).filter(pl.col(column) != 0)
    return dict(summed.select("currency", column).iter_rows())


@given(COSTS)
def test_the_statements_of_all_teams_and_of_nobody_sum_to_the_month(rows):
    costs = tco(*rows)
    of_month = costs.filter(pl.col("day").dt.month() == 8)
    for column in ("effective_cost", "billed_cost"):
        assert by_currency(month_lines(costs, "2026-08"), column) == by_currency(of_month, column)


@given(COSTS, COSTS)
def test_all_that_was_stated_is_what_the_stated_months_cost_as_of_the_last_statement(then: Sequence, now: Sequence):
    """Team by team: Σ statements for August and September = what both months cost when September was issued."""
    august = issued(month_lines(tco(*then), "2026-08"), "2026-08")
    costs = tco(*now)
    september = pl.concat([month_lines(costs, "2026-09"), adjustments(costs, august, "2026-09")])
    stated = pl.concat([rows.select("team", "currency", "effective_cost") for rows in (august, september)])
    for team in ("search", "ads", None):
        mine = pl.col("team").eq_missing(pl.lit(team, dtype=pl.String))
        expected = costs.filter(mine)
        if august.is_empty():  # nothing was stated of August then, so nothing is adjusted
            expected = expected.filter(pl.col("day").dt.month() == 9)
        assert by_currency(stated.filter(mine)) == by_currency(expected)
    assert stated.schema["effective_cost"] == MONEY
