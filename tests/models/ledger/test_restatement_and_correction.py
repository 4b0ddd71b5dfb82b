"""Open or locked × grows, shrinks, vanishes, appears: what replaces, what is listed, what becomes a Correction."""

from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest

from models.ledger.correction import CORRECTIONS, corrections
from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.tables import COST_COLUMNS
from models.ledger.restatement import restatements
from models.ledger.rollup import daily

OPEN = datetime(2026, 11, 1, tzinfo=UTC)
EMPTY = COST_AND_USAGE.empty()
NONE_YET = CORRECTIONS.empty()


def charges(**billed_by_model: str) -> pl.DataFrame:
    """One charge a model, all on 3 September 2026; list cost is twice what is billed."""
    day = datetime(2026, 9, 3, tzinfo=UTC)
    rows = [
        {
            "x_Source": "openai",
            "x_BillingMonth": "2026-09",
            "InvoiceIssuerName": "OpenAI",
            "ServiceProviderName": "OpenAI",
            "BillingAccountId": "org",
            "SubAccountId": "proj",
            "BillingCurrency": "USD",
            "BillingPeriodStart": datetime(2026, 9, 1, tzinfo=UTC),
            "BillingPeriodEnd": datetime(2026, 10, 1, tzinfo=UTC),
            "ChargePeriodStart": day,
            "ChargePeriodEnd": datetime(2026, 9, 4, tzinfo=UTC),
            "ChargeCategory": "Usage",
            "x_ModelId": model,
            "ConsumedQuantity": Decimal(billed) * 1000,
            "ConsumedUnit": "Tokens",
            "BilledCost": Decimal(billed),
            "EffectiveCost": Decimal(billed),
            "ContractedCost": Decimal(billed),
            "ListCost": Decimal(billed) * 2,
        }
        for model, billed in billed_by_model.items()
    ]
    return pl.DataFrame(rows, schema=COST_AND_USAGE.polars_schema) if rows else EMPTY


def corrected(booked: pl.DataFrame, delivered: pl.DataFrame, earlier: pl.DataFrame = NONE_YET) -> pl.DataFrame:
    return corrections(booked, earlier, delivered, corrected_month="2026-09", open_period=OPEN)


def booked_now(delivered: pl.DataFrame, booked: pl.DataFrame, earlier: pl.DataFrame = NONE_YET) -> dict[str, Decimal]:
    rows = corrected(booked, delivered, earlier)
    CORRECTIONS.check(rows)
    return dict(rows.select("x_ModelId", "BilledCost").iter_rows())


@pytest.mark.parametrize(
    ("delivered", "listed", "corrected"),
    [
        (charges(a="10", b="5"), {}, {}),
        (charges(a="12", b="5"), {"a": ("10", "12")}, {"a": "2"}),
        (charges(a="9", b="5"), {"a": ("10", "9")}, {"a": "-1"}),
        (charges(a="10"), {"b": ("5", None)}, {"b": "-5"}),
        (charges(a="10", b="5", c="1"), {"c": (None, "1")}, {"c": "1"}),
        (EMPTY, {"a": ("10", None), "b": ("5", None)}, {"a": "-10", "b": "-5"}),
    ],
    ids=["same", "grows", "shrinks", "one vanishes", "one appears", "all vanish"],
)
def test_open_lists_the_change_and_locked_books_the_difference(delivered, listed, corrected):
    booked = charges(a="10", b="5")
    changes = restatements(daily(booked), daily(delivered)).filter(measure="billed_cost")
    assert {row["model"]: (row["before"], row["after"]) for row in changes.iter_rows(named=True)} == {
        model: tuple(None if side is None else Decimal(side) for side in sides) for model, sides in listed.items()
    }
    assert booked_now(delivered, booked) == {model: Decimal(amount) for model, amount in corrected.items()}


def test_what_was_booked_as_a_correction_is_not_booked_again():
    booked, delivered = charges(a="10"), charges(a="12")
    first = corrected(booked, delivered)
    assert booked_now(delivered, booked, earlier=first) == {}
    assert booked_now(charges(a="13"), booked, earlier=first) == {"a": Decimal(1)}
    assert booked_now(booked, booked, earlier=first) == {"a": Decimal(-2)}


def test_booked_and_corrections_equal_what_is_delivered_in_all_four_costs():
    booked, delivered = charges(a="10", b="5"), charges(a="7.123456789012", c="3")
    rows = corrected(booked, delivered)
    for cost in COST_COLUMNS:
        assert booked[cost].sum() + rows[cost].sum() == delivered[cost].sum()


def test_a_correction_stands_in_the_open_month_and_keeps_the_day_that_it_corrects():
    row = corrected(charges(a="10"), charges(a="12")).row(0, named=True)
    assert (row["ChargeClass"], row["BillingPeriodStart"], row["x_BillingMonth"]) == ("Correction", OPEN, "2026-11")
    assert row["ChargePeriodStart"] == datetime(2026, 9, 3, tzinfo=UTC)
    assert row["ConsumedQuantity"] is None
    assert row["SkuPriceId"] is None


def test_a_bill_for_a_day_that_had_none_is_news_and_no_restatement():
    before = daily(charges(a="10"))
    later = daily(charges(a="10")).with_columns(day=pl.lit(datetime(2026, 9, 4, tzinfo=UTC)))
    assert restatements(before, pl.concat([before, later])).is_empty()
