"""`outlay explain change`, as it is asked and answered; and the mart that says the same month over month."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from models.economics.attribution import ATTRIBUTED_DAILY
from models.errors import OutlayError
from models.foresight.change import EFFECTS
from models.foresight.cost_changes import cost_changes
from pipelines.changes import NESTING, Span, change_items
from pipelines.cli import app
from pipelines.home import Home
from pipelines.marts.changes import same_days
from tests.pipelines.published_marts import publish_rows


def charged(day: str, cost: str, tokens: str | None = None, **said: Any) -> dict[str, Any]:
    """Tokens of team red on one model; whatever a test does not say is plain."""
    amounts = dict.fromkeys(("billed_cost", "effective_cost", "list_cost", "contracted_cost"), Decimal(cost))
    return {
        "source": "prod", "billing_month": day[:7], "day": datetime.fromisoformat(day).replace(tzinfo=UTC),
        "provider_name": "Maker", "issuer_name": "Maker", "service_name": "Models", "billing_account_id": "a",
        "model": "large", "meter": "input", "token_kind": "input", "processing_tier": "standard",
        "charge_category": "Usage", "team": "red", "component": "model_apis", "currency": "USD", "unit": "Tokens",
        "charges": 1, "consumed_quantity": None if tokens is None else Decimal(tokens), **amounts, **said,
    }  # fmt: skip


CHARGES = [
    # red used half as much again; blue pays a tenth more for the same; a credit came in October
    charged("2026-09-03", "200", "100"),
    charged("2026-10-04", "300", "150"),
    charged("2026-09-05", "1000", "1000", team="blue", billing_month="2026-10"),
    charged("2026-10-05", "1100", "1000", team="blue"),
    charged("2026-10-06", "-50", "1", team=None, model=None, meter=None, unit=None, charge_category="Credit"),
    charged("2026-10-07", "8", "4", team=None, pool="platform", currency="EUR"),
    charged("2026-09-07", "6", "4", team=None, pool="platform", currency="EUR"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return publish_rows(tmp_path_factory.mktemp("change") / "home", {ATTRIBUTED_DAILY: CHARGES})


def explain(home: Home, *words: str) -> Result:
    result = CliRunner().invoke(app, ["explain", "change", *words, "--home", str(home.root)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def lines(result: Result) -> list[list[str]]:
    return [line.split() for line in result.stdout.splitlines()]


def test_two_months_by_team_a_sentence_and_a_table_for_each_currency(home: Home) -> None:
    told = explain(home, "--from", "2026-09", "--to", "2026-10", "--by", "team")
    assert (
        "Effective cost rose by 150.00 USD (+12.5 %) to 1,350.00 USD: +100.00 USD more usage, "
        "+100.00 USD higher prices, -50.00 USD in purchases, subscriptions, credits, tax and fees."
    ) in told.stdout
    assert "Effective cost rose by 2.00 EUR (+33.3 %) to 8.00 EUR: +2.00 EUR higher prices." in told.stdout
    rows = lines(told)
    assert ["red", "200.00", "300.00", "+100.00", "+50.0", "+100.00", "0", "0"] in rows
    assert ["blue", "1,000.00", "1,100.00", "+100.00", "+10.0", "0", "+100.00", "0"] in rows
    assert ["unallocated", "0.00", "-50.00", "-50.00", "–", "0", "0", "-50.00"] in rows
    assert ["shared", "pool", "platform", "6.00", "8.00", "+2.00", "+33.3", "+2.00"] in rows
    assert ["total", "1,200.00", "1,350.00", "+150.00", "+12.5", "+100.00", "+100.00", "-50.00"] in rows
    assert "Charges only: `outlay tco` has declared costs, too, and splits shared pools over teams." in told.stderr
    assert "Shared pools stand beside the teams, before they are split." in told.stderr
    assert "Effects are taken within each team: by another --by, or none," in told.stderr
    assert "The periods are 30 days and 31 days long" in told.stderr
    assert "October 2026 is not over: charges are told through 7 October 2026." in told.stderr


def test_the_periods_the_other_way_round_change_only_the_sign(home: Home) -> None:
    told = explain(home, "--from", "2026-10", "--to", "2026-09", "--by", "team")
    assert ["red", "300.00", "200.00", "-100.00", "-33.3", "-100.00", "0", "0"] in lines(told)


def test_days_filters_and_a_line_for_the_rest(home: Home) -> None:
    by_day = explain(home, "--from", "2026-09-01..2026-09-05", "--to", "2026-10-05", "--where", "team=blue")
    assert "Effective cost rose by 100.00 USD (+10.0 %)" in by_day.stdout
    assert ["all", "1,000.00", "1,100.00", "+100.00", "+10.0", "+100.00"] in lines(by_day)
    short = explain(home, "--from", "2026-09", "--to", "2026-10", "--by", "team", "--top", "1")
    assert ["2", "smaller", "ones", "200.00", "250.00", "+50.00", "+25.0", "+100.00", "0", "-50.00"] in lines(short)
    nobody = explain(home, "--from", "2026-10-06", "--to", "2026-10-06", "--where", "model=")
    assert "did not change: -50.00 USD" in nobody.stdout
    unallocated = explain(home, "--from", "2026-10-06..2026-10-07", "--to", "2026-10", "--where", "team=")
    assert "EUR" not in unallocated.stdout, "the pool is not unallocated"


def test_billed_cost_goes_by_the_month_of_its_bill(home: Home) -> None:
    """Blue's September usage is billed in October: 200 against 300 + 1,000 + 1,100 − 50."""
    told = explain(home, "--from", "2026-09", "--to", "2026-10", "--basis", "billed")
    assert "Billed cost rose by 2,150.00 USD (+1,075.0 %) to 2,350.00 USD" in told.stdout
    with pytest.raises(OutlayError, match="not by days"):
        explain(home, "--from", "2026-09-01", "--to", "2026-10", "--basis", "billed")


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("--from", "2026-13", "--to", "2026-10"), "'2026-13' is no period"),
        (("--from", "2026-09-31", "--to", "2026-10"), "'2026-09-31' is no period"),
        (("--from", "2026-09-05..2026-09-01", "--to", "2026-10"), "is no period"),
        (("--from", "2026-09", "--to", "2026-10", "--by", "squad"), "not known by 'squad'"),
        (("--from", "2026-09", "--to", "2026-10", "--basis", "cash"), "no cost basis 'cash'"),
        (("--from", "2026-09", "--to", "2026-10", "--where", "red"), "'red' is no filter"),
        (("--from", "2026-09", "--to", "2026-10", "--where", "team=green"), "nothing that fits the filter is known"),
        (("--from", "2025-09", "--to", "2026-10"), "nothing is known of September 2025"),
    ],
)
def test_questions_that_cannot_be_answered_are_told_with_a_remedy(
    home: Home, words: tuple[str, ...], what: str
) -> None:
    with pytest.raises(OutlayError, match=what) as error:
        explain(home, *words)
    assert error.value.remedy


def test_nothing_published_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutlayError, match="nothing is published"):
        explain(Home.at(tmp_path), "--from", "2026-09", "--to", "2026-10")


def test_a_span_reads_as_people_write_it() -> None:
    assert (str(Span.of("2026-02")), Span.of("2026-02").days) == ("February 2026", 28)
    assert str(Span.of("2026-09-01..2026-09-07")) == "1 September 2026 to 7 September 2026"
    assert (str(Span.of("2026-09-01")), Span.of("2026-09-01").days) == ("1 September 2026", 1)


def test_more_from_the_cache_is_no_change_of_mix() -> None:
    """Of 100 input tokens 40 more come from the cache, at a tenth of the price: −36, all of it cache."""
    before = [charged("2026-09-01", "100", "100")]
    after = [charged("2026-10-01", "60", "60"), charged("2026-10-01", "4", "40", meter="cache_read")]
    (row,) = by_month([*before, *after], "team").rows(named=True)
    assert {name: row[name] for name in EFFECTS if row[name]} == {"cache_effect": Decimal(-36)}


def test_each_dimension_of_each_month_sums_to_the_change_of_all_cost() -> None:
    """Also over a month without any cost: November; and December's is new."""
    whole = by_month([*CHARGES, charged("2026-12-01", "5", "5")], "team", "model", "component")
    sums = whole.filter(currency="USD").group_by("month", "dimension").agg(pl.col("change", *EFFECTS).sum())
    for row in sums.rows(named=True):
        assert row["change"] == {"2026-10": 150, "2026-11": -1350, "2026-12": 5}[row["month"]]
        assert row["change"] == sum(row[name] for name in EFFECTS)
    assert sums.height == 9
    assert by_month([], "team").is_empty()


def by_month(charges: list[dict[str, Any]], *dimensions: str) -> pl.DataFrame:
    attributed = pl.DataFrame(charges, schema=ATTRIBUTED_DAILY.polars_schema)
    dated = attributed.with_columns(month=pl.col("day").dt.strftime("%Y-%m"))
    return cost_changes(change_items(dated, "effective", "month", "currency", *dimensions), dimensions, NESTING)


def test_the_month_under_way_is_set_against_the_same_days_of_the_one_before() -> None:
    """Each source as far as it has told; one that told nothing of the month as far as any has."""

    def cost(day: str, source: str) -> dict[str, Any]:
        return {"source": source, "day": datetime.fromisoformat(day).replace(tzinfo=UTC), "month": day[:7]}

    rows = [
        *(cost(f"2026-09-{day:02}", source) for source in ("a", "b", "c") for day in (1, 5, 6, 30)),
        cost("2026-10-05", "a"), cost("2026-10-02", "b"), cost("2026-08-31", "a"),
    ]  # fmt: skip
    counted = [(row["source"], row["day"].day) for row in same_days(pl.DataFrame(rows), "2026-10").rows(named=True)]
    assert sorted(counted) == [("a", 1), ("a", 5), ("a", 5), ("b", 1), ("b", 2), ("c", 1), ("c", 5)]
    whole = same_days(pl.DataFrame([*rows, cost("2026-10-31", "a")]), "2026-10")
    assert len(whole.filter(pl.col("source") == "a", pl.col("month") == "2026-09")) == 4


def test_the_demos_changes_close_against_its_attributed_costs(ask: Callable[[str], list[dict[str, Any]]]) -> None:
    """Every dimension of every month sums to what effective cost moved by, and each row to the sum of its effects."""
    days = ask(
        "SELECT source, currency, CAST(day AS DATE) AS day, sum(effective_cost) AS cost "
        "FROM marts.attributed_daily GROUP BY ALL ORDER BY ALL"
    )
    last = f"{max(row['day'] for row in days):%Y-%m}"
    reached = {row["source"]: row["day"] for row in days if f"{row['day']:%Y-%m}" == last}  # the last one stays
    cost: dict[tuple[str, str, bool], Decimal] = {}
    for row in days:
        through = reached.get(row["source"], max(reached.values()))
        in_time = row["day"].day <= through.day or (through + timedelta(days=1)).day == 1
        for is_cut in (False, True):
            key = (row["currency"], f"{row['day']:%Y-%m}", is_cut)
            cost[key] = cost.get(key, Decimal(0)) + (row["cost"] if in_time or not is_cut else 0)
    told = ask(
        "SELECT currency, month, month_before, dimension, sum(change) AS change, sum(change - volume_effect "
        "- mix_effect - cache_effect - tier_effect - geography_effect - price_effect - not_metered) AS open "
        "FROM marts.cost_changes GROUP BY ALL"
    )
    assert {row["dimension"] for row in told} == {"team", "model", "component", "team_model"}
    for row in told:
        before = cost.get((row["currency"], row["month_before"], row["month"] == last), 0)
        after = cost.get((row["currency"], row["month"], False), 0)
        assert (row["change"], row["open"]) == (after - before, 0), row


def test_the_demos_break_even_names_every_source(ask: Callable[[str], list[dict[str, Any]]]) -> None:
    rows = ask("SELECT * FROM marts.break_even")
    assert rows
    for row in rows:
        assert row["self_hosted_cost_low"] <= row["self_hosted_cost"] <= row["self_hosted_cost_high"]
        assert row["price_per_hour_low"] <= row["price_per_hour"] <= row["price_per_hour_high"]
        assert row["throughput_source"].startswith(("measured by us", "reference, not ours"))
        assert row["price_source"].startswith(("our bills", "declared in outlay.yaml", "reference, not ours"))
