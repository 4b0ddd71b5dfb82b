"""Our negotiated rates on charges that a vendor gives as such: contracted price and cost of a cloud's usage.

Rules of money, 5: contracted is our dated price, else the vendor's, else list. Which rate fits is found once for each
distinct SKU, for a bill has millions of rows and some thousand SKUs. Rates on readings are in `contract_rates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import polars as pl

from models.ledger.contract_rates import ContractRate
from models.ledger.money import product
from models.ledger.vendors import issuer_family
from models.table import MONEY

_INSTANCE_IN_DETAILS = r'"(?:x_)?InstanceType"\s*:\s*"([^"]+)"'
_ASKED = (
    *("x_Source", "ServiceProviderName", "InvoiceIssuerName", "ServiceName", "SkuId", "SkuPriceId", "SkuMeter"),
    *("RegionId", "x_InstanceType", "SkuPriceDetails", "x_ModelId", "x_Meter", "x_ProcessingTier", "PricingUnit"),
    "BillingCurrency",
)
"""What a rate asks of a charge, apart from when it was."""
_THEIRS = ("ContractedUnitPrice", "ContractedCost")
_ROW = "sku_row"


def with_contract_rates(charges: pl.DataFrame, contracts: Sequence[ContractRate]) -> pl.DataFrame:
    """Charges (`focus.cost_and_usage`) with ContractedUnitPrice, ContractedCost and x_Contract by our rates.

    Only Usage that no commitment covers is asked. The first rate that fits wins; without one the vendor's figures
    stand, and x_Contract is null. Cost is price × PricingQuantity; a discount is taken off ListCost, which tells the
    public price of every tier, and is rounded once. It fits no usage at a price of the moment (spot).
    Where ours differ, the vendor's own two figures are kept in x_VendorColumns.
    """
    rates = [rate for rate in contracts if rate.for_charges]
    if not rates or charges.is_empty():
        return charges
    skus = charges.select(_ASKED).unique(maintain_order=True).with_row_index(_ROW)
    fitting = [(rate, rows) for rate in rates if len(rows := _rows_that_fit(rate, skus))]
    if not fitting:
        return charges
    rows = charges.join(skus, on=list(_ASKED), how="left", nulls_equal=True, maintain_order="left")
    priced = rows.with_columns(_terms(rows, fitting)).with_columns(**_ours())
    return _keeping(priced.select(charges.columns), charges.select(_THEIRS))


def _rows_that_fit(rate: ContractRate, skus: pl.DataFrame) -> pl.Series:
    """The rows (`_ROW`) of distinct SKUs that a rate is for."""
    fits = pl.lit(value=True)
    for column, exact in (
        ("x_Source", rate.source),
        ("x_Meter", rate.meter),
        ("x_ProcessingTier", rate.processing_tier),
        ("PricingUnit", rate.unit),
        ("BillingCurrency", None if rate.unit_price is None else rate.currency),
    ):
        if exact is not None:
            fits &= pl.col(column) == exact
    details = pl.col("SkuPriceDetails").str.extract(_INSTANCE_IN_DETAILS)
    left = skus.filter(fits.fill_null(value=False)).with_columns(x_InstanceType=pl.coalesce("x_InstanceType", details))
    for pattern, columns in (
        (rate.sku, ("SkuId", "SkuPriceId", "SkuMeter")),
        (rate.service, ("ServiceName",)),
        (rate.region, ("RegionId",)),
        (rate.instance_type, ("x_InstanceType",)),
        (None if rate.model == "*" else rate.model, ("x_ModelId",)),
    ):
        if pattern is not None:
            left = left.filter(pl.any_horizontal(_is_one_that_fits(left[name], pattern) for name in columns))
    for name, column in ((rate.provider, "ServiceProviderName"), (rate.issuer, "InvoiceIssuerName")):
        if name is not None:
            called = [each for each in left[column].unique().drop_nulls() if is_called(each, name)]
            left = left.filter(pl.col(column).is_in(called))
    return left[_ROW]


def _is_one_that_fits(values: pl.Series, pattern: str) -> pl.Expr:
    fitting = [value for value in values.unique().drop_nulls() if fnmatchcase(value, pattern)]
    return pl.col(values.name).is_in(fitting).fill_null(value=False)


def is_called(name: str, pattern: str) -> bool:
    """Whether a provider or issuer is meant: by a pattern over its name, or as another name of its family (`aws`)."""
    return fnmatchcase(name.casefold(), pattern.casefold()) or issuer_family(name) == issuer_family(pattern)


def _terms(rows: pl.DataFrame, fitting: Sequence[tuple[ContractRate, pl.Series]]) -> list[pl.Series]:
    """`our_price`, `our_part` of list and `our_contract` of each row, by the first rate that fits it; else null."""
    fits = [_fits(rate) & pl.col(_ROW).is_in(found.implode()) for rate, found in fitting]
    number = rows.select(
        pl.coalesce(pl.when(fit).then(pl.lit(place, dtype=pl.Int64)) for place, fit in enumerate(fits))
    ).to_series()
    rates = [rate for rate, _ in fitting]
    return [
        pl.Series("our_price", [rate.unit_price for rate in rates], dtype=MONEY).gather(number),
        pl.Series("our_part", [rate.part_of_list for rate in rates], dtype=MONEY).gather(number),
        pl.Series("our_contract", [rate.name for rate in rates], dtype=pl.String).gather(number),
    ]


def _fits(rate: ContractRate) -> pl.Expr:
    """What of a rate each charge by itself must fit."""
    fits = (
        (pl.col("ChargeCategory") == "Usage")
        & pl.col("CommitmentDiscountId").is_null()
        & (pl.col("ChargePeriodStart") >= rate.starts)
    )
    if rate.ends is not None:
        fits &= pl.col("ChargePeriodStart") < rate.ends
    if rate.unit_price is None:
        return fits & pl.col("PricingCategory").ne_missing(pl.lit("Dynamic"))
    return fits & pl.col("PricingQuantity").is_not_null()


def _ours() -> dict[str, pl.Expr]:
    """Contracted price and cost by `_terms`; the vendor's where there are none."""
    ours = pl.col("our_contract").is_not_null()
    price = pl.coalesce("our_price", product(pl.col("ListUnitPrice"), pl.col("our_part")))
    cost = pl.coalesce(
        product(pl.col("PricingQuantity"), pl.col("our_price")), product(pl.col("ListCost"), pl.col("our_part"))
    )
    same_currency = pl.col("PricingCurrency") == pl.col("BillingCurrency")
    in_pricing_currency = "PricingCurrencyContractedUnitPrice"
    return {
        "ContractedUnitPrice": pl.when(ours).then(price).otherwise("ContractedUnitPrice"),
        in_pricing_currency: pl.when(ours & same_currency).then(price).otherwise(in_pricing_currency),
        "ContractedCost": pl.when(ours).then(cost).otherwise("ContractedCost"),
        "x_Contract": pl.coalesce("our_contract", "x_Contract"),
    }


def _keeping(charges: pl.DataFrame, theirs: pl.DataFrame) -> pl.DataFrame:
    """What the vendor had said in two columns that are ours now, as members of x_VendorColumns."""
    both = charges.with_columns(theirs.rename(lambda name: f"their_{name}"))
    differs = pl.any_horizontal(pl.col(name).ne_missing(pl.col(f"their_{name}")) for name in theirs.columns)
    members = [pl.format('"{}":"{}"', pl.lit(name), pl.col(f"their_{name}")) for name in theirs.columns]
    said = pl.concat_str(members, separator=",", ignore_nulls=True)
    held = pl.col("x_VendorColumns").str.strip_chars().str.strip_prefix("{").str.strip_suffix("}")
    whole = pl.concat_str(pl.when(held.str.strip_chars() != "").then(held), said, separator=",", ignore_nulls=True)
    return both.with_columns(
        x_VendorColumns=pl.when(differs & pl.col("x_Contract").is_not_null())
        .then(pl.concat_str(pl.lit("{"), whole, pl.lit("}")))
        .otherwise("x_VendorColumns")
    ).select(charges.columns)
