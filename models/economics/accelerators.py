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
from models.economics.instance_names import (
    catalogued_name,
    host_of,
    instance_type_in,
    is_accelerated_family,
    shared_meter_in,
)
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

_TOLD = ("HostProviderName", "ServiceProviderName", "ServiceName", "SkuMeter", "ChargeDescription")
_KEY = (*_TOLD, "type", "meter", "unit")
_SERVICE = ("ServiceProviderName", "ServiceName", "ServiceCategory")
_SOFTWARE = "/software"
"""How a connector ends the SkuId of an operating system that is billed beside a machine under the machine's meter."""
_TYPE_IN_DETAILS = r'"(?:x_)?InstanceType"\s*:\s*"([^"]+)"'
_TYPE_IN_VENDOR_COLUMNS = r'\\*"(?:x_)?(?:InstanceType|ServiceType|[aA]rmSkuName)\\*"\s*:\s*\\*"([^"\\]+)'
_METER_CATEGORY = '"x_SkuMeterCategory"'
_SERVICE_IN_VENDOR_COLUMNS = _METER_CATEGORY + r'\s*:\s*"([^"]+)"'
"""What Microsoft bills, where ServiceName is told by the resource: a machine and the licences beside it share that."""
_METER_IN_VENDOR_COLUMNS = r'"(?:x_)?(?:UsageType|SkuMeterName)"\s*:\s*"([^"]+)"'
_NAMES_AN_ACCELERATOR = re.compile(r"\b(gpu|tpu|accelerator)s?\b|\btpu[ _-]?v?\d", re.IGNORECASE)


@dataclass(frozen=True)
class Examined:
    """Charges with accelerator facts, and what of them looks like an accelerator but is in no list."""

    charges: pl.DataFrame
    unlisted: pl.DataFrame


def examine(charges: pl.DataFrame, catalogue: AcceleratorCatalogue) -> Examined:
    """Charges (`focus.cost_and_usage`) as `with_accelerators` fills them, and their `unlisted_accelerators`."""
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
    """What a distinct SKU is, as columns; accelerator-hours are quantity × numerator ÷ denominator."""

    instance_type: str | None = None
    accelerator_type: str | None = None
    vendor: str | None = None
    count_numerator: int | None = None
    count_denominator: int | None = None
    numerator: int | None = None
    denominator: int | None = None
    unlisted: str | None = None


_FACT_SCHEMA = pl.Schema(
    {
        "instance_type": pl.String(),
        "accelerator_type": pl.String(),
        "vendor": pl.String(),
        "count_numerator": pl.Int64(),
        "count_denominator": pl.Int64(),
        "numerator": pl.Int64(),
        "denominator": pl.Int64(),
        "unlisted": pl.String(),
    }
)


@dataclass(frozen=True)
class _Found:
    """`facts` (_FACT_SCHEMA), a row per distinct SKU that says anything; `sku`: each charge's row there, or null."""

    facts: pl.DataFrame
    sku: pl.Series
    quantity: pl.Expr


def _found(charges: pl.DataFrame, catalogue: AcceleratorCatalogue) -> _Found:
    units = _units(charges)
    unit, quantity, may_bill = _measured(list(units))
    rows_of = _asked(charges, unit, may_bill).group_by(_KEY).agg("row")
    facts = [_fact(catalogue, units.get(sku[-1]), *sku[:-1]) for sku in rows_of.select(_KEY).iter_rows()]
    told = pl.concat([rows_of.select("row"), pl.DataFrame(facts, schema=_FACT_SCHEMA, orient="row")], how="horizontal")
    told = told.filter(pl.any_horizontal(pl.col("instance_type", "accelerator_type", "unlisted").is_not_null()))
    return _Found(told.drop("row"), _places(told["row"], charges.height), quantity)


def _places(rows: pl.Series, height: int) -> pl.Series:
    """Of each of `height` rows the place of the list in `rows` that holds it, or null: cheaper than a join."""
    placed = pl.DataFrame({"row": rows}).with_row_index("place").explode("row").drop_nulls()
    return pl.repeat(None, height, dtype=pl.UInt32, eager=True).scatter(placed["row"], placed["place"])


def _units(charges: pl.DataFrame) -> dict[str, TimeUnit]:
    """Every unit of time in the charges."""
    names = ("ConsumedUnit", "PricingUnit", "CommitmentDiscountUnit")
    distinct = {unit for name in names for unit in charges[name].unique()}
    return {unit: timed for unit in distinct if unit is not None and (timed := time_unit(unit)) is not None}


def _measured(timed: list[str]) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """The unit and quantity that tell a charge's hours, and whether it may bill an accelerator at all."""
    is_purchase = pl.col("ChargeCategory") == "Purchase"
    left_over = pl.col("CommitmentDiscountStatus") == "Unused"
    is_unused = left_over & pl.col("CommitmentDiscountQuantity").is_not_null()
    is_consumed = pl.col("ConsumedUnit").is_in(timed) & pl.col("ConsumedQuantity").is_not_null()

    def told(of_commitment: str, consumed: str, priced: str) -> pl.Expr:
        return pl.when(is_unused).then(of_commitment).when(is_consumed).then(consumed).otherwise(priced)

    unit = told("CommitmentDiscountUnit", "ConsumedUnit", "PricingUnit")
    quantity = told("CommitmentDiscountQuantity", "ConsumedQuantity", "PricingQuantity")
    is_timed = unit.is_in(timed) | left_over.fill_null(value=False)
    may_bill = ((pl.col("ChargeCategory") == "Usage") & is_timed) | is_purchase
    is_software = pl.col("SkuId").str.ends_with(_SOFTWARE).fill_null(value=False)
    return unit, pl.when(~is_purchase).then(quantity), may_bill & ~is_software


def _asked(charges: pl.DataFrame, unit: pl.Expr, may_bill: pl.Expr) -> pl.DataFrame:
    """Charges that may bill an accelerator: `row` and `_KEY`."""
    return (
        charges.lazy()
        .with_row_index("row")
        .filter(may_bill)
        .select(
            "row",
            *(name for name in _TOLD if name != "ServiceName"),
            _service(charges),
            type=pl.coalesce(
                "x_InstanceType",
                pl.col("SkuPriceDetails").str.extract(_TYPE_IN_DETAILS),
                pl.col("x_VendorColumns").str.extract(_TYPE_IN_VENDOR_COLUMNS),
            ),
            meter=pl.col("x_VendorColumns").str.extract(_METER_IN_VENDOR_COLUMNS),
            unit=unit,
        )
        .collect()
    )


def _service(charges: pl.DataFrame) -> pl.Expr:
    """ServiceName, or what tells better; looked for only where some row has it, since it costs as much as all else."""
    told = pl.col("x_VendorColumns")
    if not charges.select(told.str.contains(_METER_CATEGORY, literal=True).any()).item():
        return pl.col("ServiceName")
    return pl.coalesce(told.str.extract(_SERVICE_IN_VENDOR_COLUMNS), "ServiceName").alias("ServiceName")


def _fact(
    catalogue: AcceleratorCatalogue,
    unit: TimeUnit | None,
    host_name: str | None,
    seller: str | None,
    service: str | None,
    sku_meter: str | None,
    description: str | None,
    told_type: str | None,
    told_meter: str | None,
) -> _Fact:
    counts_accelerators = unit is not None and unit.is_of_accelerators
    host = host_of(host_name, seller)
    texts = [text for text in (sku_meter, told_meter, description) if text]
    sku = "\n".join(texts)
    if catalogue.is_fee_beside(host, service or "", sku):
        return _Fact()
    instance_type = told_type or instance_type_in(host, texts) or _catalogued_in(catalogue, host, texts)
    found = catalogue.of_sku(host, service or "", sku, in_accelerator_hours=counts_accelerators)
    if found is None and host != "gcp" and not counts_accelerators and instance_type is not None:
        found = catalogue.of_instance(host, instance_type)
    if found is not None:
        hours = (None, None) if unit is None else (found.count * unit.hours).as_integer_ratio()
        return _Fact(instance_type, found.type, found.vendor, *found.count.as_integer_ratio(), *hours)
    looks_like_one = counts_accelerators or (host == "gcp" and _NAMES_AN_ACCELERATOR.search(sku) is not None)
    if instance_type is None:
        return _Fact(unlisted=texts[0] if texts and looks_like_one else shared_meter_in(host, texts))
    looks_like_one = looks_like_one or is_accelerated_family(host, instance_type)
    what = texts[0] if host == "gcp" and texts else instance_type
    return _Fact(instance_type, unlisted=what if looks_like_one else None)


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


def _filled(charges: pl.DataFrame, found: _Found) -> pl.DataFrame:
    count, per, hours, of = (
        pl.col(name).cast(MONEY) for name in ("count_numerator", "count_denominator", "numerator", "denominator")
    )
    facts = (
        found.facts.with_columns(count=quotient(count, per), hours_numerator=hours, hours_denominator=of)
        .select(pl.all().gather(found.sku))
        .with_columns(charges.select(quantity=found.quantity)["quantity"])
        # multiplied before divided: six hours of a sixth are one
        .with_columns(
            hours=quotient(product(pl.col("quantity"), pl.col("hours_numerator")), pl.col("hours_denominator"))
        )
    )
    return charges.with_columns(pl.coalesce(name, facts[fact]).alias(name) for name, fact in _FILLED.items())


def _with_kinds(charges: pl.DataFrame, catalogue: AcceleratorCatalogue) -> pl.DataFrame:
    """x_AiKind: accelerator where one is billed; model where a model or token meter is told; else the service's."""
    services = charges.with_row_index("row").group_by(_SERVICE).agg("row")
    kinds = [catalogue.kind_of_service(*service) for service in services.select(_SERVICE).iter_rows()]
    told = services.with_columns(kind=pl.Series(kinds, dtype=pl.String)).filter(pl.col("kind").is_not_null())
    of_service = told["kind"].gather(_places(told["row"], charges.height))
    is_model = pl.col("x_ModelId").is_not_null() | pl.col("x_TokenKind").is_not_null()
    return charges.with_columns(
        x_AiKind=pl.when(pl.col("x_AcceleratorType").is_not_null())
        .then(pl.lit("accelerator"))
        .otherwise(pl.coalesce("x_AiKind", pl.when(is_model).then(pl.lit("model")), of_service))
    )


def _unlisted(charges: pl.DataFrame, found: _Found) -> pl.DataFrame:
    return (
        charges.select("BillingCurrency", "EffectiveCost", "BilledCost")
        .with_columns(found.facts["unlisted"].gather(found.sku).alias("what"))
        .filter(pl.col("what").is_not_null())
        .group_by("what", currency="BillingCurrency")
        .agg(
            effective_cost=pl.col("EffectiveCost").sum(),
            billed_cost=pl.col("BilledCost").sum(),
            charges=pl.len(),
        )
        .sort(pl.col("effective_cost").abs(), "what", "currency", descending=[True, False, False])
        .select(list(UNLISTED_SCHEMA))
        .cast(UNLISTED_SCHEMA)
    )
