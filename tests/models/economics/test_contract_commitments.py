"""FOCUS's rows of commitments, and the register of contracts."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from subprocess import run
from typing import Any

import polars as pl
import pytest

from models.economics.commitment_days import billed_by_day, commitments_held
from models.economics.contract_commitments import contract_commitments, duration_in_words
from models.economics.contracts import CONTRACTS, Commit, Contract, Parties, contracts_register
from models.ledger.focus import CONTRACT_COMMITMENT, COST_AND_USAGE

SEPTEMBER = datetime(2026, 9, 1, tzinfo=UTC)
YEAR_ON = datetime(2027, 9, 1, tzinfo=UTC)
AMOUNTS = [name for name, dtype in COST_AND_USAGE.polars_schema.items() if isinstance(dtype, pl.Decimal)]
VALIDATOR = Path(__file__).parents[4] / "shared/focus/validator/focus-check"

EDP = Contract(
    name="AWS EDP 2026",
    parties=Parties(issuer="aws"),
    valid_from=date(2026, 1, 1),
    discounts_pct=(Decimal(12),),
    rates=("12 % off list, provider aws",),
    commits=(
        Commit("AWS EDP 2026", "year 1", "spend", Decimal(10000), "USD", date(2026, 1, 1), date(2027, 1, 1),
               Parties(issuer="aws")),
        Commit("AWS EDP 2026", "year 2", "spend", Decimal(20000), "USD", date(2027, 1, 1), date(2028, 1, 1),
               Parties(issuer="aws")),
    ),
    renews_on=date(2027, 12, 31),
    notice_days=90,
    automatic=True,
    sla="99.9 % a month",
    dpa=date(2025, 12, 1),
    residency=("eu-*", "us-east-1"),
)  # fmt: skip
CREDITS = Contract(
    name="Mistral 2026",
    parties=Parties(issuer="Mistral AI"),
    commits=(
        Commit("Mistral 2026", "credits", "prepaid_credits", Decimal(30), "EUR", date(2026, 8, 1), date(2026, 11, 1),
               Parties(issuer="Mistral AI")),
    ),
)  # fmt: skip


def charge(**said: Any) -> dict[str, Any]:
    row = {
        "x_Source": "aws", "x_BillingMonth": "2026-09", "InvoiceIssuerName": "AWS", "ServiceProviderName": "AWS",
        "BillingCurrency": "USD", "ChargeCategory": "Usage", "ChargePeriodStart": SEPTEMBER,
        "ChargePeriodEnd": SEPTEMBER + timedelta(days=1), **said,
    }  # fmt: skip
    return {name: Decimal(str(value)) if name in AMOUNTS else value for name, value in row.items()}


def committed(commitment: str, kind: str, **said: Any) -> dict[str, Any]:
    return charge(
        CommitmentDiscountId=commitment,
        CommitmentDiscountType=kind,
        **{"CommitmentDiscountCategory": "Usage", "CommitmentDiscountUnit": "Hours", **said},
    )


def bought(commitment: str, kind: str, cost: Any, frequency: str = "One-Time", **said: Any) -> dict[str, Any]:
    return committed(
        commitment, kind,
        **{"ChargeCategory": "Purchase", "ChargeFrequency": frequency, "ChargePeriodEnd": YEAR_ON, "BilledCost": cost,
           "EffectiveCost": 0, "CommitmentDiscountQuantity": 8760, **said},
    )  # fmt: skip


def used(commitment: str, kind: str, cost: Any, listed: Any, **said: Any) -> dict[str, Any]:
    words = {"CommitmentDiscountStatus": "Used", "BilledCost": 0, "EffectiveCost": cost, "ListCost": listed}
    return committed(commitment, kind, **{**words, **said})


ROWS = [
    bought("ri-1", "Reserved Instance", 365), used("ri-1", "Reserved Instance", 1, 2),
    bought("ri-2", "Reserved Instance", 365),
    bought("ri-2", "Reserved Instance", 30, "Recurring", ChargePeriodEnd=SEPTEMBER + timedelta(days=30)),
    used("ri-2", "Reserved Instance", 2, 5, ChargePeriodStart=SEPTEMBER + timedelta(days=29)),
    bought("block", "Capacity Block", 500), used("block", "Capacity Block", 1, 1),
    used("sp-untold", "Savings Plan", 1, 2, CommitmentDiscountCategory="Spend"),
    charge(InvoiceIssuerName="Mistral AI", x_Source="mistral", BillingCurrency="EUR", BilledCost=40, EffectiveCost=40),
    charge(BilledCost=100, EffectiveCost=100),
    charge(BilledCost=9, EffectiveCost=9, ChargeCategory="Tax"),
]  # fmt: skip


def rows() -> pl.DataFrame:
    charges = pl.DataFrame(ROWS, schema=COST_AND_USAGE.polars_schema).lazy()
    commits = [*EDP.commits, *CREDITS.commits]
    held = commitments_held(charges, billed_by_day(charges), commits, date(2026, 9, 30))
    return CONTRACT_COMMITMENT.check(contract_commitments(held, [EDP, CREDITS]))


def row(commitment: str) -> dict[str, Any]:
    return rows().row(by_predicate=pl.col("ContractCommitmentId") == commitment, named=True)


def test_commitments_whose_term_is_told_are_rows_and_no_others() -> None:
    assert rows()["ContractCommitmentId"].to_list() == [
        "AWS EDP 2026/year 1", "AWS EDP 2026/year 2", "block", "ri-1", "ri-2", "Mistral 2026/credits"
    ]  # fmt: skip


def test_a_spend_commit_of_a_contract() -> None:
    year = row("AWS EDP 2026/year 1")
    assert (year["ContractCommitmentCost"], year["ContractCommitmentCategory"]) == (10000, "Spend")
    assert (year["ContractId"], year["ContractPeriodEnd"]) == ("AWS EDP 2026", datetime(2028, 1, 1, tzinfo=UTC))
    assert (year["ContractCommitmentDurationType"], year["ContractCommitmentLifecycleStatus"]) == ("1 Year", "Active")
    assert year["ContractCommitmentDiscountPercentage"] == Decimal("0.12")
    assert year["ContractCommitmentFulfillmentInterval"] == "Total Term"
    assert json.loads(year["ContractCommitmentApplicability"])["Inclusions"][0]["Values"] == ["AWS"]
    assert row("AWS EDP 2026/year 2")["ContractCommitmentLifecycleStatus"] == "Pending"


def test_credits_that_are_drawn_to_the_end_are_exhausted() -> None:
    """30 of 30 are drawn by a day of 40."""
    credits = row("Mistral 2026/credits")
    assert (credits["ContractCommitmentLifecycleStatus"], credits["BillingCurrency"]) == ("Exhausted", "EUR")
    assert (credits["ContractCommitmentPaymentModel"], credits["ContractCommitmentBenefitCategory"]) == (
        "All Upfront", "Entitlement"
    )  # fmt: skip


def test_a_reservation_that_is_paid_at_once() -> None:
    """An hour costs 1 instead of 2: a discount of one half."""
    reservation = row("ri-1")
    assert (reservation["ContractCommitmentQuantity"], reservation["ContractCommitmentUnit"]) == (8760, "Hours")
    assert reservation["ContractCommitmentDiscountPercentage"] == Decimal("0.5")
    assert reservation["ContractCommitmentPaymentUpfrontPercentage"] == 1
    assert row("block")["ContractCommitmentBenefitCategory"] == "Availability"


def test_a_reservation_that_is_paid_in_part_at_once() -> None:
    """365 at once and 30 for the first 30 of 365 days: 365 in all of the year, so that half is paid upfront."""
    reservation = row("ri-2")
    assert reservation["ContractCommitmentPaymentModel"] == "Partial Upfront"
    assert reservation["ContractCommitmentPaymentUpfrontPercentage"] == Decimal("0.5")


@pytest.mark.parametrize(
    ("starts", "ends", "words"),
    [
        (date(2026, 1, 1), date(2027, 1, 1), "1 Year"), (date(2026, 1, 15), date(2029, 1, 15), "3 Years"),
        (date(2026, 1, 1), date(2026, 2, 1), "1 Month"), (date(2026, 1, 1), date(2027, 7, 1), "18 Months"),
        (date(2026, 1, 1), date(2026, 1, 11), "10 Days"), (date(2026, 1, 1), date(2026, 1, 2), "1 Day"),
    ],
)  # fmt: skip
def test_a_term_in_words(starts: date, ends: date, words: str) -> None:
    assert duration_in_words(starts, ends) == words


@pytest.mark.reference
@pytest.mark.slow
@pytest.mark.skipif(not VALIDATOR.exists(), reason="the official validator lies beside the project")
def test_the_official_validator_passes_them(tmp_path: Path) -> None:
    file = tmp_path / "commitments.parquet"
    rows().write_parquet(file)
    judged = run(
        [VALIDATOR, file, "--dataset", "ContractCommitment"], capture_output=True, text=True, timeout=250, check=False
    )
    if judged.returncode == 2:
        pytest.skip("the validator could not be set up")
    assert judged.returncode == 0, judged.stdout


def test_the_register_tells_when_notice_is_due_and_what_was_billed() -> None:
    """Renewal on 31 December 2027, 90 days before: 2 October 2027, which is 367 days after 30 September 2026.

    Billed: 365 + 365 + 30 + 500 of commitments and 100 of usage; tax is not counted.
    """
    charges = pl.DataFrame(ROWS, schema=COST_AND_USAGE.polars_schema).lazy()
    register = CONTRACTS.check(contracts_register([EDP, CREDITS], billed_by_day(charges), date(2026, 9, 30)))
    edp, credits = register.rows(named=True)
    assert (edp["notice_by"], edp["days_until_notice"], edp["ends_on"]) == (date(2027, 10, 2), 367, date(2028, 1, 1))
    assert (edp["committed_amount"], edp["billed_cost"], edp["currency"]) == (30000, 1360, "USD")
    assert (edp["residency"], edp["sla"], edp["rates"]) == (
        "eu-*, us-east-1", "99.9 % a month", "12 % off list, provider aws"
    )  # fmt: skip
    assert (credits["billed_cost"], credits["currency"], credits["days_until_notice"]) == (40, "EUR", None)


def test_a_contract_without_parties_has_nothing_billed() -> None:
    charges = pl.DataFrame(ROWS, schema=COST_AND_USAGE.polars_schema).lazy()
    nobody = contracts_register([Contract("NDA", Parties())], billed_by_day(charges), date(2026, 9, 30))
    assert nobody.select("name", "billed_cost", "currency", "committed_amount").rows() == [("NDA", None, None, None)]


def test_credits_whose_whole_cost_is_not_known_are_not_exhausted() -> None:
    """Paid in part at once, the rest month by month: what they cost in all is not told, so nothing is told of it."""
    quantity = {"CommitmentDiscountUnit": "Credits", "CommitmentDiscountQuantity": 100}
    charges = pl.DataFrame(
        [
            bought("credits", "Prepaid Credits", 50, **quantity),
            bought("credits", "Prepaid Credits", 5, "Recurring", **quantity),
            used("credits", "Prepaid Credits", 1, 1, **quantity),
        ],
        schema=COST_AND_USAGE.polars_schema,
    ).lazy()
    held = commitments_held(charges, billed_by_day(charges), [], date(2026, 9, 30))
    row = CONTRACT_COMMITMENT.check(contract_commitments(held, [])).row(0, named=True)
    assert (row["ContractCommitmentCost"], row["ContractCommitmentLifecycleStatus"]) == (None, "Active")
