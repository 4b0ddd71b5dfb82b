"""What a row's meter says, worked out once a distinct meter: its service, its units, and of a model what is counted."""

from __future__ import annotations

import json
import re

import polars as pl

from connectors.azure.model_meters import MeterMeaning, is_model_meter, meter_meaning
from connectors.azure.services import MODELS, OPENAI, service_of
from connectors.azure.units import Unit, unit_of
from models.ledger.units import METERS

KEYS = ("meter_category", "meter_subcategory", "product", "meter", "unit", "size")
_SECONDS = {"Seconds": 1, "Minutes": 60, "Hours": 3600}

FACTS_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(KEYS, pl.String()),
        "ServiceName": pl.String(),
        "ServiceCategory": pl.String(),
        "ServiceSubcategory": pl.String(),
        "PricingUnit": pl.String(),
        "ConsumedUnit": pl.String(),
        "block": pl.Int64(),
        "SkuMeter": pl.String(),
        "SkuPriceDetails": pl.String(),
        "x_InstanceType": pl.String(),
        "x_Meter": pl.String(),
        "x_ModelId": pl.String(),
        "x_ProcessingTier": pl.String(),
        "x_InferenceGeo": pl.String(),
        "x_ContextWindow": pl.String(),
        "is_provisioned": pl.Boolean(),
        "not_understood": pl.Boolean(),
    }
)
"""One row a distinct meter. `block` units of ConsumedUnit make one PricingUnit."""


def with_meter_facts(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the facts of their meters; needs `KEYS` (`size` is the machine that AdditionalInfo names)."""
    distinct = rows.select(KEYS).unique(maintain_order=True)
    facts = pl.DataFrame([_facts(*keys) for keys in distinct.iter_rows()], schema=FACTS_SCHEMA, orient="row")
    return rows.join(facts, on=list(KEYS), how="left", nulls_equal=True, maintain_order="left")


def _facts(
    category: str | None, subcategory: str | None, product: str | None, meter: str | None, measure: str | None,
    size: str | None,
) -> tuple[object, ...]:  # fmt: skip
    keys = (category, subcategory, product, meter, measure, size)
    name, about = meter or product or "", (subcategory or "", product or "")
    is_model = is_model_meter(name, *about, category or "")
    meaning = meter_meaning(name, *about) if is_model else None
    unit, counted, block, is_known = _units(unit_of(measure), meaning)
    service = service_of(OPENAI if meaning.is_openai else MODELS) if meaning else service_of(category or product)
    instance = None if meaning else size or size_of_meter(category, meter)
    metered = meaning is not None and meaning.purpose == "metered" and is_known
    meter_name = meaning.meter if meaning and metered else None
    return (
        *keys,
        *service,
        unit,
        counted,
        block,
        METERS[meter_name].sku_meter if meter_name else name or service[0],
        _details(meaning if metered else None, meter_name, instance),
        instance,
        meter_name,
        meaning.model if meaning else None,
        meaning.tier if meaning and metered else None,
        meaning.scope if meaning else None,
        meaning.context if meaning else None,
        meaning is not None and meaning.purpose == "provisioned",
        meaning is not None and (meaning.purpose == "unknown" or not is_known),
    )


def _units(unit: Unit, meaning: MeterMeaning | None) -> tuple[str, str, int, bool]:
    """PricingUnit, ConsumedUnit, how many of this make one of that, and whether the measure fits what is metered."""
    if meaning is None or meaning.purpose in {"hosting", "unknown"}:
        return unit.pricing_unit, unit.base, unit.block, True
    if meaning.purpose == "provisioned":
        hourly = unit.base in {"Hours", "Units/Hour"}
        counted = unit.counted_in("PTU-Hours") if hourly else unit
        return counted.pricing_unit, counted.base, counted.block, True
    base = METERS[meaning.meter].unit if meaning.meter else "Tokens"
    if base == "Seconds":
        return unit.pricing_unit, base, unit.block * _SECONDS.get(unit.base, 1), unit.base in _SECONDS
    # a token meter in units of one does not say whether it counts tokens or thousands of them
    fits = unit.base in {"Units", base} and not (base == "Tokens" and unit.block == 1)
    counted = unit.counted_in(base) if fits else unit
    return counted.pricing_unit, counted.base, counted.block, fits


def _details(meaning: MeterMeaning | None, meter_name: str | None, instance: str | None) -> str | None:
    if meaning is None or meter_name is None:
        return json.dumps({"InstanceType": instance}) if instance else None
    meter = METERS[meter_name]
    details = {
        "x_ContextWindow": meaning.context,
        "x_ModelDeveloper": meaning.developer,
        "x_ModelId": meaning.model,
        "x_ProcessingTier": meaning.tier,
        "x_ServingScope": meaning.scope,
        "x_TokenCacheAction": meter.cache_action,
        "x_TokenDirection": meter.direction,
    }
    return json.dumps({key: value for key, value in details.items() if value})


def size_of_meter(category: str | None, meter: str | None) -> str | None:
    """The size that a virtual machine's meter names alone: `ND96isr H100 v5 Spot` is Standard_ND96isr_H100_v5.

    Meters that two sizes share (`D2 v3/D2s v3`) name none.
    """
    if (category or "").casefold() != "virtual machines" or meter is None or "/" in meter:
        return None
    name = re.sub(r"\s+(Spot|Low Priority|Expired)\b.*$", "", meter.strip(), flags=re.IGNORECASE)
    return (
        f"Standard_{name.replace(' ', '_')}" if re.match(r"^[A-Z]+\d+[A-Za-z0-9\-]*( [A-Za-z0-9]+)*$", name) else None
    )
