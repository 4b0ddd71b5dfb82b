"""What must be there, and what must not, given what else is: prices without a SKU, usage without a quantity, names
without an id."""

from __future__ import annotations

import polars as pl

from models.ledger.focus.invariants.rule import Rule, category_is, is_correction, is_unused, lacks, only_with

_USED = category_is("Usage", "Purchase") & ~is_correction()


def _priced_usage_has(name: str, number: str) -> Rule:
    return Rule(
        f"usage-and-purchase-have:{name}",
        f"Usage and Purchase have {name}, but in a Correction",
        ("ChargeCategory", name),
        _USED & pl.col(name).is_null(),
        f"CAU-{name}-C-{number}-C",
    )


def _tax_has_no(name: str) -> Rule:
    return Rule(
        f"tax-has-no:{name}",
        f"Tax has no {name}",
        ("ChargeCategory", name),
        category_is("Tax") & pl.col(name).is_not_null(),
        f"CAU-{name}-C-00{5 if name == 'ContractedUnitPrice' else 4}-C",
    )


def _not_without_price(name: str, number: str) -> Rule:
    return Rule(
        f"not-without-sku-price:{name}",
        f"{name} is null where SkuPriceId is null",
        (name, "SkuPriceId"),
        only_with(name, "SkuPriceId"),
        f"CAU-{name}-C-{number}-C",
    )


def _not_without(name: str, holder: str, number: str) -> Rule:
    return Rule(
        f"not-without:{name}",
        f"{name} is null where {holder} is null",
        (name, holder),
        only_with(name, holder),
        f"CAU-{name}-C-{number}-C",
    )


def _comes_with(name: str, holder: str, number: str) -> Rule:
    return Rule(
        f"comes-with:{name}",
        f"{name} is there where {holder} is",
        (name, holder),
        lacks(name, holder),
        f"CAU-{name}-C-{number}-C",
    )


_PRICED: tuple[Rule, ...] = (
    *(
        _priced_usage_has(name, number)
        for name, number in (
            ("SkuId", "005"),
            ("SkuPriceId", "005"),
            ("ListUnitPrice", "005"),
            ("ContractedUnitPrice", "006"),
            ("PricingQuantity", "005"),
            ("PricingCategory", "004"),
        )
    ),
    *(
        _tax_has_no(name)
        for name in (
            "SkuId",
            "SkuPriceId",
            "ListUnitPrice",
            "ContractedUnitPrice",
            "PricingQuantity",
            "PricingCategory",
        )
    ),
    *(
        _not_without_price(name, number)
        for name, number in (
            ("ConsumedQuantity", "009"),
            ("PricingQuantity", "011"),
            ("PricingCategory", "012"),
            ("SkuPriceDetails", "004"),
            ("ListUnitPrice", "012"),
            ("ContractedUnitPrice", "014"),
            ("PricingCurrencyListUnitPrice", "011"),
            ("PricingCurrencyContractedUnitPrice", "011"),
            ("CommitmentDiscountQuantity", "016"),
        )
    ),
    _comes_with("ListUnitPrice", "SkuPriceId", "013"),
    _comes_with("ContractedUnitPrice", "SkuPriceId", "015"),
    _not_without("PricingUnit", "PricingQuantity", "005"),
    _comes_with("PricingUnit", "PricingQuantity", "006"),
    _not_without("ConsumedUnit", "ConsumedQuantity", "005"),
    _comes_with("ConsumedUnit", "ConsumedQuantity", "006"),
    _not_without("SkuMeter", "SkuId", "004"),
    _comes_with("SkuMeter", "SkuId", "005"),
    Rule(
        "usage-is-measured",
        "Usage has ConsumedQuantity, but for Corrections and what was not used",
        ("ChargeCategory", "ConsumedQuantity"),
        category_is("Usage") & ~is_correction() & ~is_unused() & pl.col("ConsumedQuantity").is_null(),
        "CAU-ConsumedQuantity-C-006-C",
    ),
    Rule(
        "only-usage-is-measured",
        "ConsumedQuantity is null but for Usage that was used",
        ("ChargeCategory", "ConsumedQuantity"),
        pl.col("ConsumedQuantity").is_not_null() & (~category_is("Usage") | is_unused()),
        "CAU-ConsumedQuantity-C-004-C",
    ),
    Rule(
        "purchase-is-not-usage-based",
        "a Purchase is One-Time or Recurring",
        ("ChargeCategory", "ChargeFrequency"),
        category_is("Purchase") & (pl.col("ChargeFrequency") == "Usage-Based"),
        "CAU-ChargeFrequency-C-004-C",
    ),
    Rule(
        "committed-price-names-its-commitment",
        "PricingCategory Committed stands with the commitment that it comes from",
        ("PricingCategory", "CommitmentDiscountId"),
        (pl.col("PricingCategory") == "Committed")
        & pl.col("CommitmentDiscountId").is_null()
        & pl.col("ContractApplied").is_null(),
        "CAU-PricingCategory-C-009-C",
    ),
)

_PAIRS: tuple[Rule, ...] = (
    _not_without("RegionName", "RegionId", "004"),
    _comes_with("RegionName", "RegionId", "005"),
    _not_without("SubAccountName", "SubAccountId", "004"),
    _comes_with("SubAccountName", "SubAccountId", "005"),
    _not_without("SubAccountType", "SubAccountId", "004"),
    _not_without("ResourceName", "ResourceId", "004"),
    _not_without("ResourceType", "ResourceId", "004"),
    _comes_with("ResourceType", "ResourceId", "005"),
    _not_without("AllocatedResourceName", "AllocatedResourceId", "004"),
    _comes_with("AllocatedResourceName", "AllocatedResourceId", "005"),
    _comes_with("AllocatedMethodId", "AllocatedResourceId", "005"),
    _not_without("InvoiceDetailId", "InvoiceId", "004"),
    Rule(
        "host-provider-is-known",
        "HostProviderName is there, but for Tax and Adjustment",
        ("HostProviderName", "ChargeCategory"),
        pl.col("HostProviderName").is_null() & ~category_is("Tax", "Adjustment"),
        "CAU-HostProviderName-C-006-M",
    ),
    Rule(
        "charge-is-described",
        "ChargeDescription says what is charged",
        ("ChargeDescription",),
        pl.col("ChargeDescription").is_null(),
        "CAU-ChargeDescription-C-003-O",
        "warning",
    ),
    *(
        Rule(
            f"whole-column:{name}",
            f"{name} is there wherever {holder} is, once a file uses it at all",
            (name, holder),
            lacks(name, holder) & pl.col(name).is_not_null().any(),
            focus,
        )
        for name, holder, focus in (
            ("BillingAccountName", "BillingAccountId", "CAU-BillingAccountName-C-003-C"),
            ("BillingAccountType", "BillingAccountId", "CAU-BillingAccountType-C-005-C"),
            ("SubAccountType", "SubAccountId", "CAU-SubAccountType-C-005-C"),
        )
    ),
)

PRESENCE_RULES: tuple[Rule, ...] = (*_PRICED, *_PAIRS)
"""Rules of presence."""
