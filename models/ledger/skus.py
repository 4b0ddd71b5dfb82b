"""SKUs: what exactly is sold and at which line of the price list, in FOCUS's words.

The identity of a token charge (SkuId, SkuPriceId, SkuMeter, SkuPriceDetails, its units and pricing category) from
provider, model, meter, tier, context and geography. It holds no price and no date, so that it stays the same
over time, accounts and contracts.
"""

from __future__ import annotations

import json
from typing import Any

import polars as pl

from models.ledger.units import METERS
from models.ledger.vendors import VENDORS

_IDENTITY = ("provider", "model", "meter", "processing_tier", "context_window", "inference_geo")
_SKU_SCHEMA = pl.Schema(
    {
        **dict.fromkeys(_IDENTITY, pl.String()),
        "SkuId": pl.String(),
        "SkuPriceId": pl.String(),
        "SkuMeter": pl.String(),
        "SkuPriceDetails": pl.String(),
        "ConsumedUnit": pl.String(),
        "PricingUnit": pl.String(),
        "PricingCategory": pl.String(),
    }
)


def with_skus(usage: pl.DataFrame) -> pl.DataFrame:
    """`usage` with SkuId, SkuPriceId, SkuMeter, SkuPriceDetails (JSON), ConsumedUnit, PricingUnit, PricingCategory.

    Needs `provider`, `model`, `meter` (not null), `processing_tier`, `context_window`, `inference_geo`. Each distinct
    SKU is worked out once.
    """
    rows = [_sku(row) for row in usage.select(_IDENTITY).unique(maintain_order=True).iter_rows(named=True)]
    skus = pl.DataFrame(rows, schema=_SKU_SCHEMA)
    return usage.join(skus, on=list(_IDENTITY), how="left", nulls_equal=True, maintain_order="left")


def _sku(row: dict[str, Any]) -> dict[str, Any]:
    meter = METERS[row["meter"]]
    sku_id = "/".join(part for part in (row["provider"], row["model"], meter.name) if part)
    conditions = (row["processing_tier"], row["context_window"], row["inference_geo"])
    details = {
        "x_ContextWindow": row["context_window"],
        "x_InferenceGeo": row["inference_geo"],
        "x_ModelDeveloper": VENDORS[row["provider"]].name if row["model"] else None,
        "x_ModelId": row["model"],
        "x_ProcessingTier": row["processing_tier"],
        "x_TokenCacheAction": meter.cache_action,
        "x_TokenDirection": meter.direction,
    }
    return {
        **row,
        "SkuId": sku_id,
        "SkuPriceId": "/".join([sku_id, *(part for part in conditions if part)]),
        "SkuMeter": meter.sku_meter,
        "SkuPriceDetails": json.dumps({key: value for key, value in details.items() if value}),
        "ConsumedUnit": meter.unit,
        "PricingUnit": meter.pricing_unit,
        # Batch, flex, priority and fast are published rates, known beforehand: FOCUS calls that Standard. Dynamic
        # is for prices that move by themselves; of a tier that we do not know we cannot say either.
        "PricingCategory": "Other" if row["processing_tier"] == "unknown" else "Standard",
    }
