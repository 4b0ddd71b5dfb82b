"""What each distinct SKU of a bill is: service, units, model and meter, machine part, commitment pool. Pure.

A month of millions of rows has some thousand SKUs: each is read once here, and joined back. How much was used and what
it cost stays with the rows (`charges`).
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from decimal import Decimal

import polars as pl

from connectors.gcp.bill_units import focus_unit
from connectors.gcp.model_skus import ModelSku, read_model_sku
from connectors.gcp.services import MODEL_SERVICES, service_of
from models.ledger.units import METERS
from models.table import MONEY

SKU_KEY = ("service", "sku_id", "sku", "model_label", "usage_unit", "pricing_unit")
"""The columns of a row that say which SKU it is and in which units it is counted."""

_COUNTED = {
    **dict.fromkeys(("count", "counts", "token", "tokens", "character", "characters", "request", "requests"), 1),
    **dict.fromkeys(("query", "queries", "image", "images", "unit", "units", "operation", "operations"), 1),
    **dict.fromkeys(("1k tokens", "1000 tokens", "thousand tokens", "1k characters", "1000 count"), 1000),
    **dict.fromkeys(("1m tokens", "1000000 tokens", "million tokens", "1000000 count"), 1_000_000),
}
"""Units of usage that are a count of something, and how many one of them is."""

_HOURLY = {"gpu": "GPU-Hours", "tpu": "TPU-Hours", "core": "vCPU-Hours"}
_PARTS = (
    ("gpu", r"\bgpus?\b"),
    ("tpu", r"\btpu"),
    ("core", r"\b(?:core|cores|cpu|vcpu|vcpus)\b"),
    ("ram", r"\bram\b"),
    ("disk", r"\blocal ssd\b|\bssd backed local storage\b"),
)
_SPOT = re.compile(r"\bspot\b|\bpreemptible\b", re.IGNORECASE)
_COMMITMENT = re.compile(r"^commitment\b[^:]*:\s*(?P<what>.*)$", re.IGNORECASE)
_MONEY_COMMITMENT = re.compile(r"\bflexible\b|\bflex cud|\bspend[- ]based\b|^compute\b.*\bcommit", re.IGNORECASE)
_WHERE = re.compile(r"\s+(?:running in|in|attached to|for \d)\b.*$", re.IGNORECASE)
_NOT_A_FAMILY = re.compile(
    r"\b(?:reserved|nvidia|tesla|gpus?|instance|predefined|custom|extended|cores?|v?cpus?|ram|memory|running)\b|[:,]",
    re.IGNORECASE,
)
SPEND = "spend"
"""The pool of every commitment to spend an amount of money."""


@dataclass(frozen=True)
class SkuFacts:
    """One SKU: what joins to each of its rows.

    `scale` times usage.amount is ConsumedQuantity; without it, what is priced is what is consumed. `block` units of
    ConsumedUnit make one PricingUnit of a counted SKU. `pool` says which commitments can cover it, or feed it.
    """

    service_name: str
    service_category: str
    service_subcategory: str
    consumed_unit: str
    priced_unit: str
    scale: int | None
    block: int | None
    sku_meter: str
    details: str | None
    model: str | None
    meter: str | None
    tier: str | None
    context: str | None
    geography: str | None
    part: str | None
    is_spot: bool
    is_commitment: bool
    pool: str | None
    is_understood: bool


SKU_FACTS = pl.Schema(
    {
        **dict.fromkeys(SKU_KEY, pl.String()),
        **{
            name: pl.Boolean() if name.startswith("is_") else MONEY if name in {"scale", "block"} else pl.String()
            for name in SkuFacts.__dataclass_fields__
        },
    }
)


def with_sku_facts(rows: pl.DataFrame) -> pl.DataFrame:
    """Rows (`SKU_KEY`) with the facts of their SKU."""
    facts: list[dict[str, object]] = []
    for key in rows.select(SKU_KEY).unique().iter_rows(named=True):
        read = asdict(sku_facts(**key))
        numbers = {name: None if read[name] is None else Decimal(read[name]) for name in ("scale", "block")}
        facts.append({**key, **read, **numbers})
    table = pl.DataFrame(facts, schema=SKU_FACTS)
    return rows.join(table, on=list(SKU_KEY), how="left", nulls_equal=True, maintain_order="left")


def sku_facts(
    service: str | None,
    sku_id: str | None,
    sku: str | None,
    model_label: str | None,
    usage_unit: str | None,
    pricing_unit: str | None,
) -> SkuFacts:
    """The facts of one SKU."""
    text, where = sku or sku_id or "", service_of(service)
    sold = read_model_sku(text, model_label) if where.name in MODEL_SERVICES else None
    scale = _COUNTED.get((usage_unit or "").casefold().strip())
    committed = _COMMITMENT.match(text)
    part = _part(text)
    is_counted = sold is not None and sold.meter is not None and scale is not None
    meter = METERS[sold.meter] if sold is not None and sold.meter is not None and scale is not None else None
    consumed, priced = (meter.unit, meter.pricing_unit) if meter else _units(sold, part, usage_unit, pricing_unit)
    is_ours = sold is not None and (sold.is_understood or sold.model is not None)
    return SkuFacts(
        service_name=where.name,
        service_category=where.category,
        service_subcategory=where.subcategory,
        consumed_unit=consumed,
        priced_unit=priced,
        scale=scale if meter else 1 if consumed != priced else None,
        block=meter.block if meter else None,
        sku_meter=meter.sku_meter if meter else text or "Usage",
        details=_details(text) if is_ours else None,
        model=sold.model if sold else None,
        meter=meter.name if meter else None,
        tier=sold.tier if sold and is_ours else None,
        context=sold.context if sold else None,
        geography=sold.geography if sold else None,
        part=part,
        is_spot=_SPOT.search(text) is not None,
        is_commitment=committed is not None,
        pool=_pool(text, committed),
        is_understood=sold is None or is_counted or sold.sold is not None or part is not None,
    )


def _units(
    sold: ModelSku | None, part: str | None, usage_unit: str | None, pricing_unit: str | None
) -> tuple[str, str]:
    """ConsumedUnit and PricingUnit of what is no counted meter."""
    consumed, priced = focus_unit(usage_unit), focus_unit(pricing_unit or usage_unit)
    if sold is not None and sold.sold == "context cache storage" and priced.endswith("Hours"):
        return "Token-Hours", "Token-Hours"
    if sold is not None and sold.sold == "provisioned throughput" and priced in {"Hours", "Days", "Months"}:
        return f"GSU-{priced}", f"GSU-{priced}"
    if part in _HOURLY and priced == "Hours":
        return _HOURLY[part], _HOURLY[part]
    if part == "ram" and priced == "GiB-Hours":
        return priced, priced
    return consumed, priced


def _part(text: str) -> str | None:
    return next((name for name, pattern in _PARTS if re.search(pattern, text, re.IGNORECASE)), None)


def _details(text: str) -> str | None:
    """SkuPriceDetails of a model SKU: what its own text says, so that they are the same for every row of it."""
    sold = read_model_sku(text)
    meter = METERS[sold.meter] if sold.meter else None
    details = {
        "x_ContextWindow": sold.context,
        "x_InferenceGeo": sold.geography,
        "x_Modality": sold.modality,
        "x_ModelId": sold.model,
        "x_ProcessingTier": sold.tier,
        "x_TokenCacheAction": meter.cache_action if meter else None,
        "x_TokenDirection": meter.direction if meter else None,
    }
    known = {name: value for name, value in details.items() if value}
    return json.dumps(known) if known else None


def _pool(text: str, committed: re.Match[str] | None) -> str | None:
    """The same words for a commitment and for what it covers: `A3 CPU`, `L4 GPU`, `N1 RAM`; `spend` for money.

    Legacy commitments to money ("Commitment - dollar based v1: …") name no pool: their fee does not say how much usage
    it was for.
    """
    if committed is not None and "dollar based" in text.casefold():
        return None
    if committed is not None and _MONEY_COMMITMENT.search(committed["what"]):
        return SPEND
    what = _WHERE.sub("", committed["what"] if committed else text)
    part = _part(what)
    if part is None or _SPOT.search(text):
        return None
    if part == "disk":
        return "Local SSD"
    family = " ".join(_NOT_A_FAMILY.sub(" ", what).split()).upper()
    if part == "tpu":
        return family
    named = {"gpu": "GPU", "core": "CPU", "ram": "RAM"}[part]
    return f"{family or 'N1'} {named}"
