"""What is disputed: lines billed above our price, whoever priced them, with sums that close."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from models.economics.disputes import PRICE_DISPUTES, Clause, price_disputes
from models.ledger.contract_rates import ContractRate
from models.ledger.focus import COST_AND_USAGE
from models.ledger.reconciliation import RECONCILIATION
from models.ledger.sku_rates import with_contract_rates

DAY = datetime(2026, 9, 10, tzinfo=UTC)
CLAUSES = {"EDP, rate 1": Clause("EDP", "rate 1: 10 % off list")}
NO_LINES, NO_CHARGES = RECONCILIATION.empty().lazy(), COST_AND_USAGE.empty().lazy()


def charges(*rows: dict[str, Any]) -> pl.LazyFrame:
    amounts = [name for name, dtype in COST_AND_USAGE.polars_schema.items() if isinstance(dtype, pl.Decimal)]
    known = {
        "x_Source": "aws", "x_BillingMonth": "2026-09", "InvoiceIssuerName": "AWS", "ServiceProviderName": "AWS",
        "BillingAccountId": "payer", "BillingCurrency": "USD", "ChargeCategory": "Usage", "x_Match": "native",
        "ChargePeriodStart": DAY, "ChargeDescription": "p5", "SkuPriceId": "P5.OD", "SkuId": "P5",
        "PricingUnit": "Hours",
    }  # fmt: skip
    made = [{**known, **row} for row in rows]
    exact = [{k: Decimal(v) if k in amounts and v is not None else v for k, v in row.items()} for row in made]
    return pl.DataFrame(exact, schema=COST_AND_USAGE.polars_schema).lazy()


def machine(hours: str, listed: str, billed: str, **said: Any) -> dict[str, Any]:
    cost = Decimal(hours) * Decimal(listed)
    return {
        "PricingQuantity": hours, "ListUnitPrice": listed, "ListCost": cost, "ContractedCost": cost,
        "BilledCost": billed, "EffectiveCost": billed, **said,
    }  # fmt: skip


def posted(*rows: dict[str, Any]) -> pl.LazyFrame:
    rate = ContractRate("EDP, rate 1", date(2026, 7, 1), provider="aws", sku="P5*", discount_pct=Decimal(10))
    return with_contract_rates(charges(*rows).collect(), [rate]).lazy()


def test_a_machine_billed_at_list_is_disputed_by_the_discount() -> None:
    """10 h × 98.32 = 983.20 at list; 10 % off is 88.488 an hour, 884.88; billed at list: 98.32 to dispute."""
    row = price_disputes(NO_LINES, posted(machine("10", "98.32", "983.2")), CLAUSES).row(0, named=True)
    assert (row["expected_cost"], row["billed_cost"]) == (Decimal("884.88"), Decimal("983.2"))
    assert (row["expected_unit_price"], row["billed_unit_price"]) == (Decimal("88.488"), Decimal("98.32"))
    assert (row["difference"], row["reason"]) == (Decimal("98.32"), "price")
    assert (row["contract"], row["clause"], row["unit"]) == ("EDP", "rate 1: 10 % off list", "Hours")


def test_what_is_no_dispute() -> None:
    """Billed as agreed; no rate of ours; paid by a prepayment; a credit."""
    found = price_disputes(
        NO_LINES,
        posted(
            machine("10", "98.32", "884.88"),
            machine("1", "1", "2", SkuId="DISK", SkuPriceId="DISK.1"),
            machine("10", "98.32", "0", EffectiveCost="983.2"),
            machine("1", "1", "-5", ChargeCategory="Credit"),
        ),
        CLAUSES,
    )
    assert found.is_empty()
    assert found.schema == PRICE_DISPUTES.polars_schema


def test_less_than_expected_is_a_discount_and_a_millionth_is_rounding() -> None:
    rows = posted(machine("1", "100", "80"), machine("1", "100", "90.000001"), machine("1", "100", "90.000002"))
    found = price_disputes(NO_LINES, rows, CLAUSES).sort("difference")
    assert found["reason"].to_list() == ["discount", "rounding", "price"]
    assert found["difference"].sum() == Decimal("-9.999997")


def line(reported: str, computed: str | None, **said: Any) -> dict[str, Any]:
    difference = Decimal(reported) - Decimal(computed or reported)
    known = {
        "source": "openai", "billing_period": "2026-09", "window_start": DAY, "window_end": DAY, "account_id": "org",
        "line_id": "line-1", "description": "gpt-4o input", "match": "matched", "reported": Decimal(reported),
        "computed": None if computed is None else Decimal(computed), "difference": difference, "currency": "USD",
        "reason": "price", "contract": None,
    }  # fmt: skip
    return {**known, **said}


def lines(*rows: dict[str, Any]) -> pl.LazyFrame:
    return pl.DataFrame(list(rows), schema=RECONCILIATION.polars_schema).lazy()


def test_a_bill_line_is_told_with_the_charges_that_it_became() -> None:
    """2.4 million tokens at 2.25 per million by contract are 5.40; billed at 2.50: 6.00."""
    became = [
        {"x_Source": "openai", "x_BillLineId": "line-1", "InvoiceIssuerName": "OpenAI", "SkuPriceId": "gpt-4o/input",
         "PricingUnit": "1000000 Tokens", "PricingQuantity": quantity, "x_Match": "matched"}
        for quantity in ("2", "0.4")
    ]  # fmt: skip
    row = price_disputes(lines(line("6", "5.4", contract="EDP, rate 1")), charges(*became), CLAUSES).row(0, named=True)
    assert (row["issuer_name"], row["sku"], row["quantity"]) == ("OpenAI", "gpt-4o/input", Decimal("2.4"))
    assert (row["expected_unit_price"], row["billed_unit_price"]) == (Decimal("2.25"), Decimal("2.5"))
    assert (row["difference"], row["contract"]) == (Decimal("0.6"), "EDP")


def test_by_the_public_list_no_contract_is_named_and_what_has_no_expected_cost_stays_out() -> None:
    other = line("7", None, line_id="line-2"), line("1", "1", line_id="line-3"), line("9", "8", match="unmatched_bill")
    found = price_disputes(lines(line("6", "5.4"), *other), NO_CHARGES, CLAUSES)
    assert found["contract"].to_list() == [None]
    assert found["issuer_name"].to_list() == [None]


@given(st.lists(st.tuples(st.integers(0, 10**9), st.integers(0, 10**9)), max_size=8))
def test_the_sums_of_the_differences_close(billed_and_hours: list[tuple[int, int]]) -> None:
    """Σ difference is Σ billed − Σ contracted of every line that was asked."""
    rows = posted(*(machine(f"{h}E-3", "1.37", f"{b}E-6") for b, h in billed_and_hours)).collect()
    found = price_disputes(NO_LINES, rows.lazy(), CLAUSES)
    assert found["difference"].sum() == rows["BilledCost"].sum() - rows["ContractedCost"].sum()
