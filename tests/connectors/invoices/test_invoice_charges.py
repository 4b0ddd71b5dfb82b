"""What an invoice costs, and when: billed in its month, effective on the days that it pays for. Worked by hand."""

from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.invoices.charges import invoice_charges, read_of
from connectors.invoices.details import invoice_details
from connectors.invoices.reading import read_invoices
from connectors.protocol import Window
from models.ledger.focus import INVOICE_DETAIL
from models.ledger.focus.invariants import check

HEAD = "invoice_id,issuer,account,currency,billing_period,issue_date"
NOVEMBER = Window.of_period("2026-11")


def invoices(columns: str, *lines: str):
    """Invoices of lines that all stand on INV-1 of Chat Inc, for November 2026."""
    rows = [f"INV-1,Chat Inc,A1,USD,2026-11,2026-11-30,{line}" for line in lines]
    return read_invoices("\n".join([f"{HEAD},{columns}", *rows]).encode(), "chat.csv")


def charges(columns: str, *lines: str, period: str = "2026-11", until: datetime | None = None) -> pl.DataFrame:
    window = Window.of_period(period)
    return invoice_charges(invoices(columns, *lines), Window(window.start, until or window.end), source="invoices")


def sums(rows: pl.DataFrame) -> tuple[Decimal, Decimal]:
    """Billed and effective."""
    return rows.select(pl.col("BilledCost", "EffectiveCost").sum()).row(0)


def test_a_month_of_seats_is_billed_once_and_costs_by_day():
    """1,070 for November, 30 days: 35.666666666667 on 20 days and 35.666666666666 on 10, 1,070 in all."""
    rows = charges("amount,charges,service", "1070,own,ChatSuite")

    bought = rows.filter(pl.col("ChargeCategory") == "Purchase")
    days = rows.filter(pl.col("ChargeCategory") == "Usage")
    assert sums(bought) == (1070, 0)
    assert days.height == 30
    assert sums(days) == (0, 1070)
    assert days["EffectiveCost"].value_counts().sort("count").rows() == [
        (Decimal("35.666666666666"), 10),
        (Decimal("35.666666666667"), 20),
    ]
    assert rows["InvoiceId"].unique().to_list() == ["INV-1"]
    assert check(rows).errors == ()


def test_a_year_paid_ahead_costs_each_month_its_days_and_no_month_twice():
    """12,000 from 1 November 2026 until 31 October 2027: ÷ 365 = 32.876712328767 123…, and 45 units of 1e-12 are left.

    They go to the first 45 days, so November is 30 × 32.876712328768 = 986.301369863040; the year sums to 12,000.
    """
    columns, line = "amount,charges,service_start,service_end", "12000,own,2026-11-01,2027-10-31"
    months = [f"2026-{month}" for month in (11, 12)] + [f"2027-{month:02}" for month in range(1, 12)]
    by_month = {month: charges(columns, line, period=month) for month in months}

    assert sums(by_month["2026-11"]) == (12000, Decimal("986.301369863040"))
    assert sums(by_month["2027-02"])[0] == 0
    assert by_month["2027-11"].is_empty()
    assert sums(pl.concat(by_month.values())) == (12000, 12000)
    assert check(pl.concat(by_month.values())).errors == ()


def test_days_to_come_are_not_told():
    rows = charges("amount,charges", "300,own", until=datetime(2026, 11, 11, tzinfo=UTC))
    assert sums(rows) == (300, 100)
    assert rows["ChargePeriodEnd"].filter(rows["ChargeCategory"] == "Usage").max() == datetime(2026, 11, 11, tzinfo=UTC)


def test_what_is_paid_afterwards_is_billed_in_its_month_and_costs_in_the_month_before():
    columns, line = "amount,charges,service_start,service_end", "310,own,2026-10-01,2026-10-31"
    assert sums(charges(columns, line, period="2026-10")) == (0, 310)
    november = charges(columns, line)
    assert sums(november) == (310, 0)
    assert check(november).errors == ()


def test_usage_is_billed_as_it_costs():
    rows = charges("category,amount,charges,service_start,service_end", "Usage,100,own,2026-11-10,2026-11-13")
    assert rows["BilledCost"].to_list() == [25, 25, 25, 25]
    assert sums(rows) == (100, 100)
    assert check(rows).errors == ()


def test_tax_and_credits_stand_once_and_recoverable_tax_is_no_cost():
    rows = charges("category,amount,charges", "Purchase,1000,own", "Credit,-100,own", "Tax,90,own", "Tax,171,none")
    alone = rows.filter(pl.col("ChargeCategory").is_in(["Tax", "Credit"])).sort("ChargeCategory")
    assert alone.select("ChargeCategory", "BilledCost", "EffectiveCost").rows() == [
        ("Credit", -100, -100),
        ("Tax", 90, 90),
    ]
    assert sums(rows) == (990, 990)
    assert check(rows).errors == ()


def test_what_a_feed_brings_and_what_was_voided_makes_no_charge():
    assert charges("amount,charges", "1000,feed").is_empty()
    assert charges("amount,charges,status", "1000,own,Voided").is_empty()


def test_a_draft_is_provisional():
    rows = charges("amount,charges,status", "30,own,Open")
    assert rows["x_CostStatus"].unique().to_list() == ["provisional"]


def test_tags_and_the_declared_cost_stand_in_tags():
    rows = charges("amount,charges,tags,declared_cost", "30,own,team=Search; stage=test,Seats")
    assert rows["Tags"].unique().to_list() == ['{"outlay:declared_cost": "Seats", "stage": "test", "team": "Search"}']


def test_invoice_detail_holds_every_line_as_it_was_invoiced():
    found = invoices("category,amount,charges,due_date", "Purchase,1000,own,2026-12-30", "Tax,190,none,2026-12-30")
    rows = invoice_details(found, source="invoices", read_at=datetime(2026, 12, 1, tzinfo=UTC))

    assert rows.columns == list(INVOICE_DETAIL.polars_schema)
    assert rows.select(
        "InvoiceDetailId", "ChargeCategory", "BilledCost", "PaymentTerms", "ReferenceInvoiceId"
    ).rows() == [
        ("INV-1/1", "Purchase", 1000, "Net 30", "INV-1"),
        ("INV-1/2", "Tax", 190, "Net 30", "INV-1"),
    ]
    assert rows["BillingPeriodEnd"].unique().to_list() == [datetime(2026, 12, 1, tzinfo=UTC)]
    assert rows["x_ServicePeriodStart"].unique().to_list() == [datetime(2026, 11, 1, tzinfo=UTC)]


@settings(max_examples=40)
@given(
    amount=st.decimals(min_value=0, max_value=10**9, places=2),
    start=st.dates(date(2026, 9, 1), date(2027, 1, 31)),
    days=st.integers(1, 200),
)
def test_every_line_sums_to_its_amount_over_the_months_that_it_pays_for(amount: Decimal, start: date, days: int):
    end = date.fromordinal(start.toordinal() + days - 1)
    found = invoices("amount,charges,service_start,service_end", f"{amount},own,{start},{end}")
    months = [f"{year}-{month:02}" for year in (2026, 2027) for month in range(1, 13)]
    windows = [Window.of_period(month) for month in months]
    rows = [invoice_charges(found, window, source="invoices") for window in windows]

    assert sums(pl.concat(rows)) == (amount, amount)
    for made, window in zip(rows, windows, strict=True):
        read = read_of(found, window)
        assert made.height == read["rows"].sum()
