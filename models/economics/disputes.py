"""Price disputes: lines that a vendor billed at another price than the contract says, with the dollars to dispute.

Expected is contracted price × quantity (rules of money, 5): of bill lines that we price ourselves it is what
`marts.reconciliation` computed, of a vendor's own charges their ContractedCost where a rate of ours gave it. What
contracts say belongs to `contract_rates` and `sku_rates`; a packet for the vendor to whoever writes it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from models.ledger.estimates import REASONS
from models.ledger.money import quotient
from models.table import MONEY, Table, instant, money, text


@dataclass(frozen=True)
class Clause:
    """A contract's name, and one of its rates in words."""

    contract: str
    words: str


class PriceDisputes(dy.Schema):
    """One row per line whose billed cost is not what was expected; costs in `currency`."""

    source = text("Name of the source in outlay.yaml")
    issuer_name = text("FOCUS InvoiceIssuerName: who sends the invoice", nullable=True)
    account_id = text("Account that is invoiced")
    project_id = text("Project, workspace, subscription or member account", nullable=True)
    billing_month = text("Month that it is billed in, YYYY-MM")
    day = instant("UTC day on which the charge period starts")
    line_id = text("The bill line, the vendor's identifier or ours for it", nullable=True)
    invoice_id = text("Invoice that it stands on; null until the issuer names one", nullable=True)
    sku = text("FOCUS SkuPriceId; null where the line pays for several", nullable=True)
    description = text("The line in the vendor's words", nullable=True)
    contract = text("Contract that expected_cost is by; null: the public price list", nullable=True)
    clause = text("The contract's rate in words; null: the public price list", nullable=True)
    unit = text("FOCUS PricingUnit of both unit prices; null where the line has several", nullable=True)
    quantity = money("How many of that unit; null where the line has several", nullable=True)
    expected_unit_price = money("expected_cost ÷ quantity, in currency per unit", nullable=True)
    billed_unit_price = money("billed_cost ÷ quantity, in currency per unit", nullable=True)
    expected_cost = money("Contracted price × quantity, in currency")
    billed_cost = money("What was billed for it, in currency")
    difference = money("billed_cost − expected_cost: above zero it is money to dispute, in currency")
    reason = text("Why they differ, as far as it is known", nullable=True, values=REASONS)
    currency = text("ISO 4217 code of the costs")


PRICE_DISPUTES = Table(
    name="price_disputes",
    schema="marts",
    kind="mart",
    grain="bill line, or a vendor's own charge, that was billed at another price than ours",
    meaning="Expected price against billed price, line by line where they differ: what to dispute with the vendor.",
    contract=PriceDisputes,
)

_SMALLEST_ROUNDING = pl.lit("0.000001").cast(MONEY)
"""Vendors that report six places round the seventh."""
_LINE = ["source", "billing_month", "line_id"]
_SHOWN = list(PRICE_DISPUTES.polars_schema)


def price_disputes(lines: pl.LazyFrame, charges: pl.LazyFrame, clauses: Mapping[str, Clause]) -> pl.DataFrame:
    """`marts.price_disputes` of reconciled lines (`marts.reconciliation`) and charges (`focus.cost_and_usage`).

    `clauses`: each rate of ours by the name that charges know it by. Lines without usage, usage without a line and
    lines in another currency than the price list's have no expected cost, and are left to the reconciliation. Of
    charges, those that something bought before pays for are not asked: nothing is billed for them.
    """
    found = pl.concat([_of_lines(lines, charges), _of_charges(charges)], how="diagonal")
    names = pl.DataFrame(
        [(rate, clause.contract, clause.words) for rate, clause in clauses.items()],
        schema={"rate": pl.String, "contract": pl.String, "clause": pl.String},
        orient="row",
    )
    return (
        found.join(names, on="rate", how="left")
        .with_columns(
            contract=pl.coalesce("contract", "rate"),
            expected_unit_price=quotient(pl.col("expected_cost"), pl.col("quantity")),
            billed_unit_price=quotient(pl.col("billed_cost"), pl.col("quantity")),
        )
        .select(_SHOWN)
        .sort(_SHOWN, nulls_last=True)
        .cast(PRICE_DISPUTES.polars_schema)
    )


def _of_lines(lines: pl.LazyFrame, charges: pl.LazyFrame) -> pl.DataFrame:
    """Bill lines that differ from what we compute, with SKU, unit and issuer of the charges that they became."""
    differing = lines.filter(
        (pl.col("match") == "matched") & pl.col("computed").is_not_null() & (pl.col("difference") != 0)
    ).select(
        "source",
        "account_id",
        "project_id",
        "line_id",
        "description",
        "difference",
        "reason",
        "currency",
        billing_month="billing_period",
        day=pl.col("window_start").dt.truncate("1d"),
        expected_cost="computed",
        billed_cost="reported",
        rate="contract",
    )
    asked = differing.collect()
    return asked.join(_became(asked, charges), on=_LINE, how="left")


def _became(lines: pl.DataFrame, charges: pl.LazyFrame) -> pl.DataFrame:
    """What the charges of bill lines say of them; null where they do not agree."""
    return (
        charges.select(
            "InvoiceIssuerName",
            "InvoiceId",
            "SkuPriceId",
            "PricingUnit",
            "PricingQuantity",
            source="x_Source",
            billing_month="x_BillingMonth",
            line_id="x_BillLineId",
        )
        .join(lines.lazy().select(_LINE).unique(), on=_LINE, how="semi")
        .group_by(_LINE)
        .agg(
            issuer_name=pl.col("InvoiceIssuerName").max(),
            invoice_id=pl.col("InvoiceId").max(),
            sku=_the_only("SkuPriceId"),
            unit=_the_only("PricingUnit"),
            quantity=pl.when(pl.col("PricingUnit").n_unique() == 1).then(pl.col("PricingQuantity").sum()),
        )
        .collect(engine="streaming")
    )


def _the_only(name: str) -> pl.Expr:
    return pl.when(pl.col(name).n_unique() == 1).then(pl.col(name).first())


def _of_charges(charges: pl.LazyFrame) -> pl.DataFrame:
    """A vendor's own charges that a rate of ours fits, where they are billed at another price."""
    billed, expected = pl.col("BilledCost"), pl.col("ContractedCost")
    is_paid_before = (billed == 0) & (pl.col("EffectiveCost") != 0)
    difference = billed - expected
    reason = (
        pl.when(difference.abs() <= _SMALLEST_ROUNDING)
        .then(pl.lit("rounding"))
        .when(difference < 0)
        .then(pl.lit("discount"))
        .otherwise(pl.lit("price"))
    )
    return (
        charges.filter(pl.col("x_Contract").is_not_null(), pl.col("x_Match") == "native", ~is_paid_before)
        .filter(difference != 0)
        .select(
            source="x_Source",
            issuer_name="InvoiceIssuerName",
            account_id="BillingAccountId",
            project_id="SubAccountId",
            billing_month="x_BillingMonth",
            day=pl.col("ChargePeriodStart").dt.truncate("1d"),
            line_id=pl.coalesce("InvoiceDetailId", "x_BillLineId", "x_ChargeId"),
            invoice_id="InvoiceId",
            sku="SkuPriceId",
            description="ChargeDescription",
            rate="x_Contract",
            unit="PricingUnit",
            quantity="PricingQuantity",
            expected_cost=expected,
            billed_cost=billed,
            difference=difference,
            reason=reason,
            currency="BillingCurrency",
        )
        .collect(engine="streaming")
    )
