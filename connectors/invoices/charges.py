"""Imported invoices as charges: what is billed in its month, and what it really costs on the days that it pays for.

Rules of money 4, 7 and 10. A Purchase is paid for a period: billed at once with EffectiveCost 0, and each day of the
period carries its share as Usage with BilledCost 0, in the month of the day. Usage is billed and costs alike, by day.
Tax, credits and adjustments stand once. Only lines whose `charges` are `own` make charges, and voided invoices none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from connectors.invoices.details import midnight
from connectors.invoices.invoice import Invoice, InvoiceLine
from connectors.native_charges import as_charges
from connectors.protocol import AS_READ_SCHEMA, Window
from models.economics.declared_costs import DECLARED_TAG
from models.ledger.focus import COST_AND_USAGE
from models.ledger.focus.services import SERVICE_SUBCATEGORIES
from models.ledger.money import split

_ZERO, _ONE = Decimal(0), Decimal(1)


def invoice_charges(invoices: Iterable[Invoice], window: Window, *, source: str) -> pl.DataFrame:
    """`focus.cost_and_usage` of one month: lines that it bills, and the days of it that lines of any month pay for.

    Days end with the window: what is paid for days to come is told when they come. Raises `ContractError`.
    """
    rows = [row for owned in owned_lines(invoices) for row in _rows(owned, window)]
    if not rows:
        return COST_AND_USAGE.empty()
    schema = {name: dtype for name, dtype in COST_AND_USAGE.polars_schema.items() if name in rows[0]}
    return as_charges(pl.DataFrame(rows, schema=schema).with_columns(**_PRICED_AS_BILLED), source=source)


_PRICED_AS_BILLED = {
    "PricingCurrency": pl.col("BillingCurrency"),
    "PricingCurrencyContractedUnitPrice": pl.col("ContractedUnitPrice"),
    "PricingCurrencyEffectiveCost": pl.col("EffectiveCost"),
    "PricingCurrencyListUnitPrice": pl.col("ListUnitPrice"),
}
"""An invoice prices in the currency that it bills in."""


def read_of(invoices: Iterable[Invoice], window: Window) -> pl.DataFrame:
    """`AS_READ_SCHEMA`: the rows that the lines make in this month and the money that it bills, by currency."""
    tally: dict[str, tuple[int, Decimal]] = {}
    for owned in owned_lines(invoices):
        rows, billed = tally.get(owned.invoice.head.currency, (0, _ZERO))
        is_billed = owned.is_billed_in(window)
        stands_alone = is_billed and owned.line.category != "Usage"
        rows += len(owned.days_in(window)) + stands_alone
        tally[owned.invoice.head.currency] = rows, billed + (owned.line.amount if is_billed else _ZERO)
    told = [(currency, rows, billed) for currency, (rows, billed) in sorted(tally.items()) if rows]
    return pl.DataFrame(told, schema=AS_READ_SCHEMA, orient="row")


@dataclass(frozen=True)
class OwnedLine:
    """A line that makes charges, with its invoice."""

    invoice: Invoice
    line: InvoiceLine

    def is_billed_in(self, window: Window) -> bool:
        return self.invoice.head.billing_period == f"{window.start:%Y-%m}"

    def days_in(self, window: Window) -> list[date]:
        """The days in the window that the line pays for; none for what stands once."""
        if self.line.category not in _BY_DAY:
            return []
        # usage has happened when it is billed: all of its days are told
        until = Window.of_period(f"{window.start:%Y-%m}").end if self.line.category == "Usage" else window.end
        start = max(self.line.service_start, window.start.date())
        end = min(self.line.service_end, until.date())
        return [start + timedelta(days=n) for n in range((end - start).days)]

    def shares(self) -> dict[date, Decimal]:
        """The amount over all days that the line pays for, exactly."""
        length = (self.line.service_end - self.line.service_start).days
        days = [self.line.service_start + timedelta(days=n) for n in range(length)]
        return dict(zip(days, split(self.line.amount, [_ONE] * length), strict=True))


_BY_DAY = ("Purchase", "Usage")


def owned_lines(invoices: Iterable[Invoice]) -> Iterator[OwnedLine]:
    """The lines that make charges."""
    for invoice in invoices:
        if not invoice.is_voided:
            yield from (OwnedLine(invoice, line) for line in invoice.lines if line.charges == "own")


def _rows(owned: OwnedLine, window: Window) -> Iterator[dict[str, Any]]:
    """Rows with the same keys, whatever they are."""
    always = {**_NOTHING_MORE, **_always(owned, window)}
    if owned.line.category == "Purchase":
        if owned.is_billed_in(window):
            yield {**always, **_purchase(owned, window)}
        yield from ({**always, **_prepaid_day(owned, day, share)} for day, share in _days(owned, window))
    elif owned.line.category == "Usage":
        yield from ({**always, **_usage_day(owned, day, share)} for day, share in _days(owned, window))
    elif owned.is_billed_in(window):
        yield {**always, **_alone(owned, window)}


def _days(owned: OwnedLine, window: Window) -> Iterator[tuple[date, Decimal]]:
    days = owned.days_in(window)
    shares = owned.shares() if days else {}
    return ((day, shares[day]) for day in days)


def _always(owned: OwnedLine, window: Window) -> dict[str, Any]:
    """What every charge of a line says."""
    head, line = owned.invoice.head, owned.line
    month = Window.of_period(f"{window.start:%Y-%m}")
    declared = ((DECLARED_TAG, line.declared_cost),) if line.declared_cost is not None else ()
    tags = dict(sorted((*line.tags, *declared)))
    return {
        "BillingAccountId": head.account,
        "BillingAccountName": head.account,
        "BillingAccountType": "Account",
        "BillingCurrency": head.currency,
        "BillingPeriodStart": month.start,
        "BillingPeriodEnd": month.end,
        "ChargeCategory": line.category,
        "ChargeDescription": line.description or line.service,
        "HostProviderName": line.provider,
        "InvoiceDetailId": owned.invoice.detail_id(line),
        "InvoiceId": head.invoice_id,
        "InvoiceIssuerName": head.issuer,
        "ServiceCategory": line.service_category,
        "ServiceName": line.service,
        "ServiceProviderName": line.provider,
        "ServiceSubcategory": SERVICE_SUBCATEGORIES[line.service_category][-1],  # the last is its "Other"
        "Tags": json.dumps(tags, ensure_ascii=False) if tags else None,
        "x_CostSource": "imported_invoice",
        "x_CostStatus": "provisional" if head.status == "Open" else "invoiced",
    }


def _purchase(owned: OwnedLine, window: Window) -> dict[str, Any]:
    """Billed now, without effective cost: the days that it pays for carry that."""
    line = owned.line
    start, end = _within(owned, window, whole=True)
    return {
        **_costs(line.amount, billed=line.amount, effective=_ZERO),
        **_sku(owned, "purchase", unit="Purchases", category="Standard"),
        **_prepaid(owned, (line.service_end - line.service_start).days),
        "ChargeFrequency": "One-Time",
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
    }


def _prepaid_day(owned: OwnedLine, day: date, share: Decimal) -> dict[str, Any]:
    return {
        **_costs(share, billed=_ZERO, effective=share),
        **_sku(owned, "day", unit="Days", category="Committed"),
        **_prepaid(owned, 1),
        **_on(day),
        "ChargeCategory": "Usage",
        "CommitmentDiscountStatus": "Used",
    }


def _usage_day(owned: OwnedLine, day: date, share: Decimal) -> dict[str, Any]:
    costs = _costs(share, billed=share, effective=share)
    return {**costs, **_sku(owned, "used-day", unit="Days", category="Standard"), **_on(day)}


def _alone(owned: OwnedLine, window: Window) -> dict[str, Any]:
    """Tax, credit or adjustment: no SKU, no quantity, effective as billed."""
    amount = owned.line.amount
    start, end = _within(owned, window, whole=False)
    costs = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), amount)
    return {**costs, "ChargeFrequency": "One-Time", "ChargePeriodStart": start, "ChargePeriodEnd": end}


def _within(owned: OwnedLine, window: Window, *, whole: bool) -> tuple[Any, Any]:
    """The charge period of what stands once: what it pays for, cut to the month that bills it unless `whole`; that
    month where the two do not meet."""
    month = Window.of_period(f"{window.start:%Y-%m}")
    start, end = midnight(owned.line.service_start), midnight(owned.line.service_end)
    if end <= month.start or start >= month.end:
        return month.start, month.end
    return (start, end) if whole else (max(start, month.start), min(end, month.end))


def _on(day: date) -> dict[str, Any]:
    """A day's usage: one Day."""
    return {
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodStart": midnight(day),
        "ChargePeriodEnd": midnight(day + timedelta(days=1)),
        "ConsumedQuantity": _ONE,
        "ConsumedUnit": "Days",
    }


def _costs(amount: Decimal, *, billed: Decimal, effective: Decimal) -> dict[str, Decimal]:
    """An invoice knows no other price than its own."""
    return {
        "BilledCost": billed,
        "EffectiveCost": effective,
        **dict.fromkeys(("ListCost", "ContractedCost", "ListUnitPrice", "ContractedUnitPrice"), amount),
    }


def _sku(owned: OwnedLine, what: str, *, unit: str, category: str) -> dict[str, Any]:
    sku = f"invoice/{owned.line.service}/{what}"
    return {
        "PricingCategory": category,
        "PricingQuantity": _ONE,
        "PricingUnit": unit,
        "SkuId": sku,
        "SkuMeter": unit,
        "SkuPriceId": sku,
    }


def _prepaid(owned: OwnedLine, days: int) -> dict[str, Any]:
    """What is paid for a period and the days that use it up hang together as a commitment (rule 7)."""
    return {
        "CommitmentDiscountCategory": "Usage",
        "CommitmentDiscountId": f"{owned.invoice.head.issuer}/{owned.invoice.detail_id(owned.line)}",
        "CommitmentDiscountName": owned.line.description or owned.line.service,
        "CommitmentDiscountQuantity": Decimal(days),
        "CommitmentDiscountType": "Prepaid Service Period",
        "CommitmentDiscountUnit": "Days",
    }


_NOTHING_MORE = dict.fromkeys(
    (
        "CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountQuantity",
        "CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit", "ConsumedQuantity",
        "ConsumedUnit", "ContractedUnitPrice", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit",
        "SkuId", "SkuMeter", "SkuPriceId",
    )
)  # fmt: skip
"""What only some of the rows say."""
