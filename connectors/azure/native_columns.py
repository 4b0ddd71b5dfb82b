"""The columns of Azure's cost reports under one name each, in every spelling of EA, MCA and pay-as-you-go.

Amounts become exact, dates dates; nothing is understood yet.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

import polars as pl

from connectors.errors import AnswerError
from connectors.exports.amounts import with_exact_amounts
from connectors.focus_rows.texts import vendor_columns
from connectors.protocol import Finding
from models.table import MONEY

AMOUNTS = ("cost", "quantity", "effective_price", "unit_price", "payg_price", "payg_cost", "exchange_rate")
DATES = ("date", "period_start", "service_start", "service_end")

SPELLINGS: dict[str, tuple[str, ...]] = {
    "account": ("BillingAccountId",),
    "account_name": ("BillingAccountName",),
    "profile": ("BillingProfileId",),
    "profile_name": ("BillingProfileName",),
    "period_start": ("BillingPeriodStartDate", "BillingPeriodStart"),
    "invoice": ("InvoiceId",),
    "subscription": ("SubscriptionId", "SubscriptionGuid"),
    "subscription_name": ("SubscriptionName",),
    "date": ("Date", "UsageDate", "UsageDateTime"),
    "service_start": ("ServicePeriodStartDate", "ServicePeriodStart"),
    "service_end": ("ServicePeriodEndDate", "ServicePeriodEnd"),
    "product": ("ProductName", "Product"),
    "part": ("PartNumber",),
    "meter_id": ("MeterId",),
    "meter_category": ("MeterCategory",),
    "meter_subcategory": ("MeterSubCategory",),
    "meter": ("MeterName", "Meter"),
    "quantity": ("Quantity", "UsageQuantity"),
    "unit": ("UnitOfMeasure",),
    "cost": ("CostInBillingCurrency", "Cost", "PreTaxCost", "ExtendedCost"),
    "effective_price": ("EffectivePrice", "ResourceRate"),
    "unit_price": ("UnitPrice",),
    "payg_price": ("PayGPrice", "PayG"),
    "payg_cost": ("PaygCostInBillingCurrency",),
    "exchange_rate": ("ExchangeRatePricingToBilling", "ExchangeRate"),
    "currency": ("BillingCurrency", "BillingCurrencyCode", "Currency"),
    "pricing_currency": ("PricingCurrency", "PricingCurrencyCode"),
    "location": ("ResourceLocation", "ResourceLocationNormalized"),
    "zone": ("AvailabilityZone",),
    "consumed_service": ("ConsumedService",),
    "resource": ("ResourceId", "InstanceId", "InstanceName"),
    "resource_name": ("ResourceName",),
    "additional_info": ("AdditionalInfo",),
    "tags": ("Tags",),
    "reservation": ("ReservationId",),
    "reservation_name": ("ReservationName",),
    "order": ("ProductOrderId",),
    "order_name": ("ProductOrderName",),
    "term": ("Term",),
    "publisher_type": ("PublisherType", "Provider"),
    "publisher": ("PublisherName",),
    "charge_type": ("ChargeType",),
    "frequency": ("Frequency",),
    "pricing_model": ("PricingModel",),
    "benefit": ("BenefitId",),
    "benefit_name": ("BenefitName",),
}
"""Our name, and what Azure has called the column, the preferred spelling first; case does not matter."""

KEPT = (
    *("AccountName", "AdditionalInfo", "CostAllocationRuleName", "CostCenter", "InvoiceSection", "InvoiceSectionName"),
    *("MeterRegion", "MeterSubCategory", "OfferId", "PlanName", "ProductOrderId", "ProductOrderName", "ReservationId"),
    *("ResourceGroup", "ResourceGroupName", "ServiceFamily", "ServiceInfo1", "ServiceInfo2", "Term"),
)
"""What FOCUS has no place for and x_VendorColumns keeps; a virtual machine of a scale set is told by AdditionalInfo."""

UNREAD = (
    *("AccountId", "AccountOwnerId", "BillingPeriod", "BillingPeriodEnd", "BillingPeriodEndDate", "CostInUsd"),
    *("CostAllocationRuleId", "CostInPricingCurrency", "CostPerUnit", "CustomerName", "CustomerTenantId"),
    *("DepartmentName", "ExchangeRateDate", "InvoiceSectionId", "IsAzureCreditEligible", "Location"),
    *("PartnerEarnedCreditApplied", "PartnerEarnedCreditRate", "PartnerName", "PartnerTenantId", "PaygCostInUsd"),
    *("PreviousInvoiceId", "ProductId", "ProductIdentifier", "PublisherId", "ResellerMpnId", "ResellerName"),
    *("ServiceName", "ServiceTier"),
)
"""What Azure also writes and nothing is made of; any other column is new."""

_REQUIRED = ("date", "cost", "currency")
_ACCOUNTS = ("profile", "account", "subscription")
"""One of them says who is billed."""
_READ = frozenset(name.casefold() for names in (*SPELLINGS.values(), KEPT) for name in names)
_UNREAD = frozenset(name.casefold() for name in UNREAD)


def is_read(name: str) -> bool:
    """Whether anything is made of a column."""
    return _folded(name) in _READ


def is_new(name: str) -> bool:
    """Whether a column is one that nobody here knows."""
    return _folded(name) not in _READ | _UNREAD


def _folded(name: str) -> str:
    return name.strip().lstrip("\ufeff").casefold()


def native_rows(frame: pl.DataFrame, file: str) -> tuple[pl.DataFrame, tuple[Finding, ...]]:
    """The rows under our names, absent columns null: amounts Decimal(38, 12), dates Date, and x_VendorColumns.

    Raises `AnswerError` for a file that is no cost report, or for values that cannot be read.
    """
    by_folded = {_folded(name): name for name in frame.columns}
    found = {
        ours: next((by_folded[name.casefold()] for name in names if name.casefold() in by_folded), None)
        for ours, names in SPELLINGS.items()
    }
    missing = [SPELLINGS[name][0] for name in _REQUIRED if found[name] is None]
    if missing:
        raise AnswerError(
            f"{file} is no cost report of Azure: it lacks {', '.join(missing)}",
            remedy="export actual or amortized cost (a FOCUS export has report: focus), with all of its columns",
        )
    amounts = [name for ours in AMOUNTS if (name := found[ours]) is not None]
    exact, findings = with_exact_amounts(frame, file, amounts)
    kept = [by_folded[name.casefold()] for name in KEPT if name.casefold() in by_folded]
    columns = [_column(exact, ours, name) for ours, name in found.items() if ours not in DATES]
    dates = [_dates(exact, ours, found[ours], file) for ours in DATES]
    rows = pl.DataFrame([*columns, *dates])
    _check_known(rows, found, file)
    told = exact.select(pl.col(kept).cast(pl.String))
    vendor = told.select(vendor_columns(told)).to_series() if kept else pl.lit(None, dtype=pl.String)
    return rows.with_columns(vendor.alias("x_VendorColumns")), findings


def _check_known(rows: pl.DataFrame, found: Mapping[str, str | None], file: str) -> None:
    """Raises `AnswerError` for rows without a cost, a currency, or anyone who is billed."""
    lost = rows.select(
        pl.col("cost").null_count(),
        pl.col("currency").null_count(),
        account=pl.all_horizontal(pl.col(_ACCOUNTS).is_null()).sum(),
    )
    for name, count in lost.row(0, named=True).items():
        told = [found[ours] or SPELLINGS[ours][0] for ours in (_ACCOUNTS if name == "account" else (name,))]
        if count:
            are = "are all" if len(told) > 1 else "is"
            raise AnswerError(
                f"{file}: {', '.join(told)} {are} null in {count} of {rows.height} rows",
                remedy="export it anew with all of its columns; a charge without it cannot be added up",
            )


def _column(frame: pl.DataFrame, ours: str, name: str | None) -> pl.Series:
    dtype = MONEY if ours in AMOUNTS else pl.String()
    if name is None:
        return pl.Series(ours, [None], dtype=dtype).new_from_index(0, frame.height)
    if ours in AMOUNTS:
        return frame[name].alias(ours)
    text = frame[name].cast(pl.String).str.strip_chars()
    return text.set((text == "").fill_null(value=False), None).alias(ours)


def _dates(frame: pl.DataFrame, ours: str, name: str | None, file: str) -> pl.Series:
    """Dates by their distinct texts, for there are at most a few hundred."""
    if name is None:
        return pl.Series(ours, [None], dtype=pl.Date).new_from_index(0, frame.height)
    text = frame[name].cast(pl.String).str.strip_chars()
    parsed = {value: _date(value) for value in text.unique().drop_nulls()}
    wrong = next((value for value, day in parsed.items() if value and day is None), None)
    if wrong is not None:
        raise AnswerError(
            f"{file}: {name} is no date: {wrong!r}", remedy="export it anew; dates are MM/DD/YYYY, ISO 8601 or YYYYMMDD"
        )
    days = text.replace_strict(list(parsed), list(parsed.values()), default=None, return_dtype=pl.Date)
    if ours == "date" and days.null_count():
        raise AnswerError(f"{file}: {name} is null in {days.null_count()} rows", remedy="export it anew")
    return days.alias(ours)


def _date(text: str) -> date | None:
    """`09/21/2023`, `9/2/2023 0:00`, `2023-09-21T00:00:00Z`, `20180331`; with slashes the month comes first."""
    iso = re.match(r"^(\d{4})-(\d{2})-(\d{2})", text) or re.match(r"^(\d{4})(\d{2})(\d{2})$", text)
    slashed = re.match(r"^(\d{1,2})/(\d{1,2})/(\d{4})(?:\s|$)", text)
    year, month, day = iso.groups() if iso else (slashed[3], slashed[1], slashed[2]) if slashed else ("0", "0", "0")
    try:
        return datetime(int(year), int(month), int(day)).date()  # noqa: DTZ001 - a date has no zone
    except ValueError:
        return None
