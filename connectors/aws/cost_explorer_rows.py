"""Pages of Cost Explorer as charges. A group of a day is one charge; prices and commitments are not known there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, cast

import polars as pl

from connectors.aws.charges import ISSUER, plain_charges
from connectors.aws.line_item_types import line_item_type
from connectors.aws.noticed import Noticed
from connectors.aws.options import AwsOptions
from connectors.aws.parts import READ, charges_part, month_end
from connectors.aws.skus import KnownSkus, Vocabulary, never
from connectors.errors import AnswerError, IncompleteError
from connectors.exports.amounts import with_exact_amounts
from connectors.protocol import Answer, ChargesPart, Finding, Window
from models.table import MONEY

_UTC = pl.Datetime("us", "UTC")
_TYPES = {
    "Usage": "Usage",
    "Tax": "Tax",
    "Credit": "Credit",
    "Refund": "Refund",
    "Recurring": "RIFee",
    "Upfront": "Fee",
    "Enterprise Discount Program Discount": "EdpDiscount",
    "Bundled Discount": "BundledDiscount",
    "Private Rate Card Discount": "PrivateRateDiscount",
    "Support fee": "Fee",
    "Other out-of-cycle charges": "Fee",
    "Savings Plan Covered Usage": "SavingsPlanCoveredUsage",
    "Savings Plan Negation": "SavingsPlanNegation",
    "Savings Plan Recurring Fee": "SavingsPlanRecurringFee",
    "Savings Plan Upfront Fee": "SavingsPlanUpfrontFee",
}
"""Cost Explorer's words for record types → the bill's."""

_SERVICES = {
    "Amazon Elastic Compute Cloud - Compute": "AmazonEC2",
    "EC2 - Other": "AmazonEC2",
    "Amazon Bedrock": "AmazonBedrock",
    "Amazon SageMaker": "AmazonSageMaker",
    "Amazon Simple Storage Service": "AmazonS3",
    "Amazon Relational Database Service": "AmazonRDS",
    "Amazon Virtual Private Cloud": "AmazonVPC",
    "AWS Lambda": "AWSLambda",
    "AmazonCloudWatch": "AmazonCloudWatch",
    "Savings Plans for AWS Compute usage": "ComputeSavingsPlans",
}
"""Cost Explorer's names of services → product codes; others keep their names."""


def parts(source: str, options: AwsOptions, window: Window, answers: Sequence[Answer]) -> Iterator[ChargesPart]:
    """One part: all charges of the month, and what the pull cost."""
    pages = [answer for answer in answers if answer.stream == "aws/cost-explorer"]
    if not pages:
        raise IncompleteError("no page of Cost Explorer was pulled", remedy="pull the period again")
    rows, estimated = _rows(pages, options, window)
    exact, findings = with_exact_amounts(rows, "Cost Explorer", ["line_item_unblended_cost", "line_item_usage_amount"])
    month = f"{window.start:%Y-%m}"
    known = KnownSkus(Vocabulary(never())).joined(exact, None)
    charges = plain_charges(_uncommitted(known), month=month, basis="unblended").collect()
    part = charges_part([charges], known.select(*READ, become=pl.lit(1, pl.Int64)), "unblended", source)
    missing = () if part.charges.height else (f"no charge of {month} in Cost Explorer",)
    noticed = Noticed(options)
    noticed.look(known)
    told = (*findings, *noticed.findings(), *_told(pages, estimated))
    yield ChargesPart(part.charges, part.as_read, part.readings, part.claims, missing, told)


_SKU = (
    *("SkuId", "SkuPriceId", "SkuMeter", "SkuPriceDetails", "PricingCategory", "PricingUnit", "x_Meter", "x_ModelId"),
    *("x_InstanceType", "x_ProcessingTier", "x_InferenceGeo", "x_ContextWindow"),
)


def _uncommitted(known: pl.DataFrame) -> pl.DataFrame:
    """Covered usage and negations as Adjustments, which cancel: which commitment they are of is not told."""
    is_covered = pl.col("role").is_in(["covered_savings_plan", "covered_reservation", "negation"])
    return known.with_columns(
        *(pl.when(~is_covered).then(name).alias(name) for name in _SKU),
        ChargeCategory=pl.when(is_covered).then(pl.lit("Adjustment")).otherwise("ChargeCategory"),
        ChargeFrequency=pl.when(is_covered).then(pl.lit("One-Time")).otherwise("ChargeFrequency"),
    )


def _told(pages: Sequence[Answer], estimated: int) -> list[Finding]:
    paid = int(pages[0].facts.get("pages_paid", "0"))
    cost = (
        f"{paid} pages of Cost Explorer were asked for, {Decimal('0.01') * paid} USD"
        if paid
        else "pages of earlier today, 0 USD"
    )
    findings = [Finding("cost_of_the_pull", cost, paid)] if paid else [Finding("cost_of_the_pull", cost)]
    if estimated:
        findings.append(
            Finding("estimated", "days that AWS calls estimated: provisional until the bill is final", estimated)
        )
    return findings


def _rows(pages: Sequence[Answer], options: AwsOptions, window: Window) -> tuple[pl.DataFrame, int]:
    """The bill's columns of every group; and how many days are estimated."""
    rows: list[dict[str, Any]] = []
    estimated: set[str] = set()
    for page in pages:
        try:
            for result in _results(page):
                day = result["TimePeriod"]["Start"]
                if result.get("Estimated"):
                    estimated.add(day)
                rows += [_row(group, day, page.request["question"]) for group in result["Groups"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise AnswerError(
                f"a page of Cost Explorer ({page.request['question']}) cannot be read: {type(error).__name__} {error}",
                remedy="pull the period again, tomorrow: today's pages are kept below the home (cache/cost-explorer)",
            ) from error
    schema = {
        **dict.fromkeys(_TEXTS, pl.String()),
        **dict.fromkeys(_AMOUNTS, pl.String()),
    }
    start, end = (pl.lit(moment).cast(_UTC) for moment in (window.start, month_end(window)))
    day = pl.col("day").str.to_datetime("%Y-%m-%d", time_unit="us", time_zone="UTC")
    frame = (
        pl.DataFrame(rows, schema=schema)
        .filter(day >= start, day < end)
        .with_columns(
            line_item_usage_start_date=day,
            line_item_usage_end_date=day + timedelta(days=1),
            bill_billing_period_start_date=start,
            bill_billing_period_end_date=end,
            bill_payer_account_id=pl.lit(options.account_id),
            bill_invoicing_entity=pl.lit(ISSUER),
            bill_billing_entity=pl.lit("AWS"),
            line_item_net_unblended_cost=pl.lit(None, dtype=MONEY),
            pricing_public_on_demand_cost=pl.lit(None, dtype=MONEY),
            **{name: pl.lit(None, dtype=pl.String) for name in _ABSENT},
        )
    )
    return frame.with_row_index("row"), len(estimated)


_TEXTS = (
    *("day", "line_item_line_item_type", "line_item_usage_type", "line_item_product_code", "product_product_name"),
    *("line_item_currency_code", "pricing_unit", "line_item_line_item_description"),
)
_AMOUNTS = ("line_item_unblended_cost", "line_item_usage_amount")
_ABSENT = (
    *("bill_payer_account_name", "bill_invoice_id", "line_item_usage_account_id", "line_item_usage_account_name"),
    *("line_item_operation", "line_item_resource_id", "line_item_availability_zone", "line_item_iam_principal"),
    *("line_item_legal_entity", "product_sku", "product_region_code", "product_instance_type", "resource_tags"),
    *("product_product_family", "pricing_rate_code", "pricing_purchase_option", "pricing_term"),
    *("capacity_reservation_capacity_reservation_arn", "capacity_reservation_capacity_reservation_status"),
)


def _row(group: dict[str, Any], day: str, question: str) -> dict[str, Any]:
    first, second = group["Keys"]
    metrics = group["Metrics"]
    service, usage_type = (first, second) if question == "usage" else (second, None)
    kind = "Usage" if question == "usage" else _TYPES.get(first, first)
    role = line_item_type(kind)
    unit = metrics.get("UsageQuantity", {}).get("Unit")
    return {
        "day": day,
        "line_item_line_item_type": kind,
        "line_item_usage_type": usage_type or (f"{first}" if role.category in {"Usage", "Purchase"} else None),
        "line_item_product_code": _SERVICES.get(service, service),
        "product_product_name": service,
        "line_item_currency_code": metrics["UnblendedCost"]["Unit"],
        "line_item_unblended_cost": metrics["UnblendedCost"]["Amount"],
        "line_item_usage_amount": metrics.get("UsageQuantity", {}).get("Amount"),
        "pricing_unit": None if unit in {None, "N/A"} else unit,
        "line_item_line_item_description": f"{service}: {usage_type or first}",
    }


def _results(page: Answer) -> list[dict[str, Any]]:
    """The days that a page tells. Raises `ValueError` for a page that is none: nothing is not a month without costs."""
    assert isinstance(page.body, bytes)
    content: object = json.loads(page.body)
    results = cast("dict[str, Any]", content).get("ResultsByTime") if isinstance(content, dict) else None
    if not isinstance(results, list):
        raise ValueError("it holds no ResultsByTime")
    return cast("list[dict[str, Any]]", results)
