"""FOCUS 1.4 Contract Commitment: a row for each commitment that contracts agree or charges tell.

FOCUS wants a term, and of a usage commitment a quantity: commitments without them stand in `marts.commitments` only.
When a record was made nobody tells, so Created is the commitment's beginning, and LastUpdated when its status changed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.commitment_frames import Held
from models.economics.contracts import Contract
from models.ledger.focus import CONTRACT_COMMITMENT
from models.ledger.money import parse_money

_TYPES = {
    "reservation": "Reservation",
    "savings_plan": "Savings Plan",
    "committed_use": "Committed Use Discount",
    "provisioned_throughput": "Provisioned Throughput",
    "capacity_block": "Capacity Block",
    "prepaid_credits": "Prepaid Credits",
    "subscription": "Subscription",
    "spend": "Spend Commitment",
    "other": "Commitment",
}
"""What a kind is called where the vendor has no word for it."""
_BENEFITS = {
    "prepaid_credits": "Entitlement",
    "subscription": "Entitlement",
    "provisioned_throughput": "Availability",
    "capacity_block": "Availability",
    "other": "Other",
}
"""What a kind earns; the rest earn a discount, where one is known."""
_BY_THE_HOUR = ("reservation", "savings_plan", "committed_use", "provisioned_throughput", "capacity_block")
_NOTHING = Decimal(0)


def contract_commitments(held: Held, contracts: Sequence[Contract]) -> pl.DataFrame:
    """`focus.contract_commitment`."""
    by_name = {contract.name: contract for contract in contracts}
    drawn = dict(held.days.group_by("key").agg((pl.col("used") + pl.col("unused")).sum()).iter_rows())
    rows = [
        _row(terms, by_name.get(terms["contract"] or ""), drawn.get(terms["key"], _NOTHING))
        for terms in held.terms.iter_rows(named=True)
        if _can_be_told(terms)
    ]
    frame = pl.DataFrame(rows, schema=CONTRACT_COMMITMENT.polars_schema)
    return frame.sort("InvoiceIssuerName", "ContractId", "ContractCommitmentId")


def _can_be_told(terms: Mapping[str, Any]) -> bool:
    has_amount = terms["committed"] is not None if terms["category"] == "Spend" else terms["quantity"] is not None
    return terms["term_start"] is not None and has_amount and terms["issuer_name"] is not None


def _row(terms: Mapping[str, Any], contract: Contract | None, drawn: Decimal) -> dict[str, Any]:
    starts, ends = terms["term_start"], terms["term_end"]
    status, since = _status(terms, drawn)
    by_the_hour = terms["kind"] in _BY_THE_HOUR
    return {
        "BillingCurrency": terms["currency"],
        "PricingCurrency": terms["currency"],
        "ContractCommitmentCost": terms["committed"],
        "PricingCurrencyContractCommitmentCost": terms["committed"],
        "ContractCommitmentApplicability": _applicability(terms, contract),
        "ContractCommitmentCategory": terms["category"],
        "ContractCommitmentCreated": _instant(starts),
        "ContractCommitmentLastUpdated": _instant(max(since, starts)),
        "ContractCommitmentDescription": terms["name"],
        "ContractCommitmentDurationType": duration_in_words(starts, ends),
        "ContractCommitmentFulfillmentInterval": "Hourly" if by_the_hour else "Total Term",
        "ContractCommitmentModel": "Continuous" if by_the_hour else "Discontinuous",
        "ContractCommitmentId": terms["commitment_id"],
        "ContractCommitmentLifecycleStatus": status,
        "ContractCommitmentOfferCategory": "Public" if contract is None else "Negotiated",
        "ContractCommitmentPeriodStart": _instant(starts),
        "ContractCommitmentPeriodEnd": _instant(ends),
        "ContractCommitmentQuantity": terms["quantity"],
        "ContractCommitmentUnit": None if terms["quantity"] is None else terms["unit"],
        "ContractCommitmentType": terms["vendor_type"] or _TYPES[terms["kind"]],
        "ContractId": terms["commitment_id"] if contract is None else contract.name,
        "ContractPeriodStart": _instant((contract and contract.starts) or starts),
        "ContractPeriodEnd": _instant((contract and contract.ends) or ends),
        "InvoiceIssuerName": terms["issuer_name"],
        "ServiceProviderName": terms["provider_name"] or terms["issuer_name"],
        **_benefit(terms, contract),
        **_payment(terms),
    }


def _instant(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _status(terms: Mapping[str, Any], drawn: Decimal) -> tuple[str, date]:
    """Where it is in its life as of the last day of which usage is known, and since when."""
    starts, ends, through = terms["term_start"], terms["term_end"], terms["through"]
    if through < starts:
        return "Pending", starts
    if through >= ends - timedelta(days=1):
        return "Expired", ends
    committed = terms["committed"]
    if terms["kind"] in ("prepaid_credits", "spend") and committed is not None and drawn >= committed:
        return "Exhausted", through
    return "Active", starts


def _applicability(terms: Mapping[str, Any], contract: Contract | None) -> str:
    """Whose charges it applies to: those that carry it, or all of the issuer's."""
    dimension, value = "CommitmentDiscountId", terms["commitment_id"]
    if contract is not None and terms["vendor_type"] is None:
        dimension, value = "InvoiceIssuerName", terms["issuer_name"]
    rule = {"Dimension": dimension, "Operator": "In", "Values": [value]}
    return json.dumps({"IsGlobalScope": False, "InclusionOperator": "And", "Inclusions": [rule]})


def _benefit(terms: Mapping[str, Any], contract: Contract | None) -> dict[str, Any]:
    """The discount is what the contract says, if that is one; else what its usage cost less than at list."""
    category = _BENEFITS.get(terms["kind"], "Discount")
    discount: Decimal | None = None
    if category == "Discount" and contract is not None and len(set(contract.discounts_pct)) == 1:
        discount = contract.discounts_pct[0] / 100
    elif category == "Discount" and terms["covered_list"]:
        discount = parse_money(str(max(1 - terms["covered_effective"] / terms["covered_list"], _NOTHING)))[0]
    if category == "Discount" and discount is None:
        category = "Other"
    return {
        "ContractCommitmentBenefitCategory": category,
        "ContractCommitmentDiscountPercentage": discount,
    }


def _payment(terms: Mapping[str, Any]) -> dict[str, Any]:
    """How it is paid. Of one that is paid in part at once, the whole is told by its days so far."""
    upfront, recurring = terms["upfront"] or _NOTHING, terms["recurring"] or _NOTHING
    if upfront and not recurring:
        model, interval, part = "All Upfront", "One-Time", Decimal(1)
    elif not upfront:
        model, interval, part = "No Upfront", "Monthly", _NOTHING
    else:
        days = (terms["term_end"] - terms["term_start"]).days
        known = max(min((terms["through"] - terms["term_start"]).days + 1, days), 1)
        model, interval = "Partial Upfront", "Monthly"
        part = parse_money(str(upfront / (upfront + recurring * days / known)))[0]
    return {
        "ContractCommitmentPaymentModel": model,
        "ContractCommitmentPaymentInterval": interval,
        "ContractCommitmentPaymentUpfrontPercentage": part,
    }


def duration_in_words(starts: date, ends: date) -> str:
    """`1 Year`, `18 Months`, `10 Days`: in years or months where it is whole ones."""
    months = (ends.year - starts.year) * 12 + ends.month - starts.month
    if ends.day != starts.day or months < 1:
        return _counted((ends - starts).days, "Day")
    return _counted(months // 12, "Year") if months % 12 == 0 else _counted(months, "Month")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}{'' if count == 1 else 's'}"
