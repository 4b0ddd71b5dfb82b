"""Accelerators in charges: which charges bill GPU-hours (or another chip's), how many, and which are of AI at all.

Facts come from the catalog, the words from FOCUS columns; each distinct SKU is looked up once, since a month has
millions of rows and some thousand SKUs. A charge that names an accelerator without billing it (a disk, a licence, the
host of a GPU) gets none. Hours added up by day belong to `accelerator_usage`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import polars as pl

from models.economics.accelerator_catalogue import AcceleratorCatalogue
from models.economics.hours import TimeUnit, time_unit
from models.economics.instance_names import catalogued_name, host_of, instance_type_in, is_accelerated_family
from models.ledger.money import product, quotient
from models.table import MONEY

UNLISTED_SCHEMA = pl.Schema(
    {
        "what": pl.String(),
        "currency": pl.String(),
        "effective_cost": MONEY,
        "billed_cost": MONEY,
        "charges": pl.Int64(),
    }
)
"""What looks like an accelerator and is in no list, with its money, by currency."""

_KEY = ("HostProviderName", "ServiceProviderName", "ServiceName", "SkuMeter", "ChargeDescription", "type", "meter")
_TYPE_IN_DETAILS = r'"(?:x_)?InstanceType"\s*:\s*"([^"]+)"'
_TYPE_IN_VENDOR_COLUMNS = r'\\*"(?:x_)?(?:InstanceType|ServiceType|[aA]rmSkuName)\\*"\s*:\s*\\*"([^"\\]+)'
_METER_IN_VENDOR_COLUMNS = r'"(?:x_)?(?:UsageType|SkuMeterName)"\s*:\s*"([^"]+)"'
_NAMES_AN_ACCELERATOR = re.compile(r"\b(gpu|tpu|accelerator)s?\b|\btpu[ _-]?v?\d", re.IGNORECASE)


@dataclass(frozen=True)
class Examined:
    """Charges with accelerator facts, and what of them looks like an accelerator but is in no list."""

    charges: pl.DataFrame
    unlisted: pl.DataFrame


def examine(charges: pl.DataFrame, catalogue: AcceleratorCatalogue) -> Examined:
    """Charges (`focus.cost_and_usage`) as `with_accelerators` fills them, and their `unlisted_accelerators`, in one go."""
    found = _found(charges, catalogue)
    filled = _with_kinds(_filled(charges, found), catalogue)
    return Examined(filled, _unlisted(charges, found))


def with_accelerators(charges: pl.DataFrame, catalogue: AcceleratorCatalogue) -> pl.DataFrame:
    """Charges (`focus.cost_and_usage`) with x_AcceleratorType, -Vendor, -Count, -Hours, x_InstanceType and x_AiKind.

    Only usage that is timed, or left unused of a commitment, and purchases are asked. Hours are instance-hours × count,
    or the quantity itself where the bill counts accelerators (GPU SKUs); null where the quantity is unknown or no time
    (normalised units), and for purchases, which buy hours without using them. What is unused of a commitment has the
    hours of CommitmentDiscountQuantity. What stands there already is kept.
    """
    return examine(charges, catalogue).charges


def unlisted_accelerators(charges: pl.DataFrame, catalogue: AcceleratorCatalogue) -> pl.DataFrame:
    """UNLISTED_SCHEMA: types of accelerated families, GPU and TPU SKUs in no list, dearest first; never guessed."""
    return _unlisted(charges, _found(charges, catalogue))


class _Fact(NamedTuple):
    """What a distinct SKU is, as columns."""

    instance_type: str | None
    accelerator_type: str | None
    vendor: str | None
    numerator: int | None
    denominator: int | None
    unlisted: str | None


_FACT_SCHEMA = pl.Schema(
    {
        "instance_type": pl.String(),
        "accelerator_type": pl.String(),
        "vendor": pl.String(),
        "numerator": pl.Int64(),
        "denominator": pl.Int64(),
        "unlisted": pl.String(),
    }
)


def _found(charges: pl.DataFrame, catalogue: AcceleratorCatalogue) -> pl.DataFrame:
    """Rows (`row`) whose SKU says anything, with its facts, their quantity, and hours per unit of it."""
    units = _units(charges)
    asked = _asked(charges, units)
    key = [*_KEY, "counts_accelerators"]
    distinct = asked.select(key).unique(maintain_order=True)
    rows = [_fact(catalogue, *row) for row in distinct.iter_rows()]
    facts = pl.concat([distinct, pl.DataFrame(rows, schema=_FACT_SCHEMA, orient="row")], how="horizontal")
    told = facts.filter(pl.any_horizontal(pl.col("instance_type", "accelerator_type", "unlisted").is_not_null()))
    return asked.join(told, on=key, how="inner", nulls_equal=True).join(_hours_per_unit(units), on="unit", how="left")


def _units(charges: pl.DataFrame) -> dict[str, TimeUnit]:
    """Every unit of time in the charges."""
    names = ("ConsumedUnit", "PricingUnit", "CommitmentDiscountUnit")
    distinct = {unit for name in names for unit in charges[name].unique()}
    return {unit: timed for unit in distinct if unit is not None and (timed := time_unit(unit)) is not None}


def _hours_per_unit(units: dict[str, TimeUnit]) -> pl.DataFrame:
    rows = [(unit, timed.hours.numerator, timed.hours.denominator) for unit, timed in units.items()]
    schema = {"unit": pl.String, "unit_numerator": pl.Int64, "unit_denominator": pl.Int64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _asked(charges: pl.DataFrame, units: dict[str, TimeUnit]) -> pl.DataFrame:
    """Charges that may bill an accelerator: `_KEY`, `counts_accelerators`, `unit` and `quantity`, by `row`."""
    timed, counting = list(units), [unit for unit, found in units.items() if found.is_of_accelerators]
    is_purchase = pl.col("ChargeCategory") == "Purchase"
    is_unused = (pl.col("CommitmentDiscountStatus") == "Unused") & pl.col("CommitmentDiscountQuantity").is_not_null()
    is_consumed = pl.col("ConsumedUnit").is_in(timed) & pl.col("ConsumedQuantity").is_not_null()
    unit = (
        pl.when(is_unused)
        .then("CommitmentDiscountUnit")
        .when(is_consumed)
        .then("ConsumedUnit")
        .otherwise("PricingUnit")
    )
    quantity = (
        pl.when(is_unused)
        .then("CommitmentDiscountQuantity")
        .when(is_consumed)
        .then("ConsumedQuantity")
        .otherwise("PricingQuantity")
    )
    may_bill = (pl.col("ChargeCategory") == "Usage") & (
        unit.is_in(timed) | (pl.col("CommitmentDiscountStatus") == "Unused").fill_null(value=False)
    )
    return (
        charges.lazy()
        .with_row_index("row")
        .filter(may_bill | is_purchase)
        .select(
            "row",
            *_KEY[:5],
            type=pl.coalesce(
                "x_InstanceType",
                pl.col("SkuPriceDetails").str.extract(_TYPE_IN_DETAILS),
                pl.col("x_VendorColumns").str.extract(_TYPE_IN_VENDOR_COLUMNS),
            ),
            meter=pl.col("x_VendorColumns").str.extract(_METER_IN_VENDOR_COLUMNS),
            counts_accelerators=unit.is_in(counting).fill_null(value=False),
            unit=unit,
            quantity=pl.when(~is_purchase).then(quantity),
        )
        .collect()
    )


def _fact(
    catalogue: AcceleratorCatalogue,
    host_name: str | None,
    seller: str | None,
    service: str | None,
    sku_meter: str | None,
    description: str | None,
    told_type: str | None,
    told_meter: str | None,
    counts_accelerators: bool,
) -> _Fact:
    host = host_of(host_name, seller)
    texts = [text for text in (sku_meter, told_meter, description) if text]
    sku = "\n".join(texts)
    if catalogue.is_fee_beside(host, service or "", sku):
        return _Fact(None, None, None, None, None, None)
    instance_type = told_type or instance_type_in(host, texts) or _catalogued_in(catalogue, host, texts)
    found = catalogue.of_sku(host, service or "", sku, in_accelerator_hours=counts_accelerators)
    if found is None and host != "gcp" and not counts_accelerators and instance_type is not None:
        found = catalogue.of_instance(host, instance_type)
    if found is not None:
        count = found.count
        return _Fact(instance_type, found.type, found.vendor, count.numerator, count.denominator, None)
    looks_like_one = (
        counts_accelerators
        or (host == "gcp" and _NAMES_AN_ACCELERATOR.search(sku) is not None)
        or (instance_type is not None and is_accelerated_family(host, instance_type))
    )
    what = (sku.splitlines() or [None])[0] if host == "gcp" or instance_type is None else instance_type
    return _Fact(instance_type, None, None, None, None, what if looks_like_one else None)


def _catalogued_in(catalogue: AcceleratorCatalogue, host: str, texts: Sequence[str]) -> str | None:
    """A listed machine that a text names by a word of its own, for hosts whose names have no form."""
    words = (word for text in texts for word in re.split(r"[\s,()]+", text))
    return next((word for word in words if word and (host, catalogued_name(host, word)) in catalogue.instances), None)


_FILLED = {
    "x_AcceleratorType": "accelerator_type",
    "x_AcceleratorVendor": "vendor",
    "x_AcceleratorCount": "count",
    "x_AcceleratorHours": "hours",
    "x_InstanceType": "instance_type",
}


def _filled(charges: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    whole = pl.col("numerator").cast(MONEY)
    factor = (pl.col("numerator") * pl.col("unit_numerator")).cast(MONEY)
    divisor = (pl.col("denominator") * pl.col("unit_denominator")).cast(MONEY)
    facts = found.select(
        "row",
        "accelerator_type",
        "vendor",
        "instance_type",
        count=quotient(whole, pl.col("denominator").cast(MONEY)),
        # multiplied before divided: six hours of a sixth are one
        hours=quotient(product(pl.col("quantity"), factor), divisor),
    )
    return (
        charges.with_row_index("row")
        .join(facts, on="row", how="left", maintain_order="left")
        .with_columns(**{name: pl.coalesce(name, fact) for name, fact in _FILLED.items()})
        .select(charges.columns)
    )


def _with_kinds(charges: pl.DataFrame, catalogue: AcceleratorCatalogue) -> pl.DataFrame:
    """x_AiKind: accelerator where one is billed; model where a model or token meter is told; else the service's."""
    key = ["ServiceProviderName", "ServiceName", "ServiceCategory"]
    services = charges.select(key).unique(maintain_order=True)
    kinds = [catalogue.kind_of_service(*row) for row in services.iter_rows()]
    of_service = services.with_columns(kind_of_service=pl.Series(kinds, dtype=pl.String))
    is_model = pl.col("x_ModelId").is_not_null() | pl.col("x_TokenKind").is_not_null()
    return (
        charges.join(of_service, on=key, how="left", nulls_equal=True, maintain_order="left")
        .with_columns(
            x_AiKind=pl.when(pl.col("x_AcceleratorType").is_not_null())
            .then(pl.lit("accelerator"))
            .otherwise(pl.coalesce("x_AiKind", pl.when(is_model).then(pl.lit("model")), "kind_of_service"))
        )
        .select(charges.columns)
    )


def _unlisted(charges: pl.DataFrame, found: pl.DataFrame) -> pl.DataFrame:
    rows = found.select("row", "unlisted").filter(pl.col("unlisted").is_not_null())
    money = charges.with_row_index("row").select("row", "BillingCurrency", "EffectiveCost", "BilledCost")
    return (
        rows.join(money, on="row", how="left")
        .group_by(what="unlisted", currency="BillingCurrency")
        .agg(
            effective_cost=pl.col("EffectiveCost").sum().cast(MONEY),
            billed_cost=pl.col("BilledCost").sum().cast(MONEY),
            charges=pl.len().cast(pl.Int64),
        )
        .sort(pl.col("effective_cost").abs(), "what", "currency", descending=[True, False, False])
        .select(list(UNLISTED_SCHEMA))
    )
