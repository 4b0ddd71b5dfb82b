"""What AWS's words say of a line, worked out once for each distinct combination of them and joined back to the rows:
service, SKU, units, region, model and meter. No amount of a row is seen here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import polars as pl

from connectors.aws.bedrock_usage import Capacity, TokenUsage, parse_capacity, parse_usage_type
from connectors.aws.line_item_types import LineItemType, line_item_type
from connectors.aws.maps import entries
from connectors.aws.pricing_units import focus_unit, token_block
from connectors.aws.regions import region_name, region_of, without_region_prefix
from connectors.aws.services import is_bedrock, service_of
from models.ledger.units import METERS
from models.table import MONEY

KEYS: tuple[str, ...] = (
    "line_item_line_item_type",
    "line_item_usage_type",
    "line_item_operation",
    "line_item_product_code",
    "product_sku",
    "pricing_rate_code",
    "pricing_purchase_option",
    "pricing_term",
    "pricing_unit",
    "product_region_code",
    "bill_billing_entity",
    "line_item_legal_entity",
)
"""The columns that tell one combination from another."""

_TOLD = ("product_instance_type", "product_product_family", "product_product_name")

FACTS: dict[str, pl.DataType] = {
    "role": pl.String(),
    "ChargeCategory": pl.String(),
    "ChargeFrequency": pl.String(),
    "ServiceName": pl.String(),
    "ServiceCategory": pl.String(),
    "ServiceSubcategory": pl.String(),
    "ServiceProviderName": pl.String(),
    "PublisherName": pl.String(),
    "SkuId": pl.String(),
    "SkuPriceId": pl.String(),
    "SkuMeter": pl.String(),
    "SkuPriceDetails": pl.String(),
    "PricingUnit": pl.String(),
    "ConsumedUnit": pl.String(),
    "PricingCategory": pl.String(),
    "RegionId": pl.String(),
    "RegionName": pl.String(),
    "ResourceType": pl.String(),
    "x_InstanceType": pl.String(),
    "x_ModelId": pl.String(),
    "x_Meter": pl.String(),
    "x_ProcessingTier": pl.String(),
    "x_InferenceGeo": pl.String(),
    "x_ContextWindow": pl.String(),
    "block": MONEY,
    "not_understood": pl.String(),
    "capacity_type": pl.String(),
    "reservation_status": pl.String(),
    "x_VendorColumns": pl.String(),
}
"""What is known of a combination. `role` is of `line_item_types`, or capacity_block, provisioned; `block` is what one
unit of the bill counts of ConsumedUnit, null for one."""

_INSTANCE = re.compile(
    r"(?P<kind>BoxUsage|SpotUsage|HeavyUsage|DedicatedUsage|SchedUsage|UnusedBox|UnusedDed|CapacityBlock\w*)"
    r":(?P<type>[a-z0-9-]+\.[a-z0-9-]+)"
)
_SAGEMAKER = re.compile(r"(?P<type>ml\.[a-z0-9-]+\.[0-9a-z]+)")
_SHARED_SKUS = re.compile(r"DataTransfer|Bytes$")
"""Traffic has one SKU for all services: it is told apart by the service that it belongs to."""
_DATABASE = re.compile(r"(?:InstanceUsage|NodeUsage|ESInstance|Node)\w*:(?P<type>[a-z0-9.-]+\.[a-z0-9-]+)")


@dataclass(frozen=True)
class Vocabulary:
    """How combinations are read: which usage types are the fee of a Capacity Block."""

    capacity_block: re.Pattern[str]


class KnownSkus:
    """The facts of every combination seen so far; those of a new one are worked out when it first comes.

    Combinations are told apart by a hash of 64 bits: of a hundred thousand, two meet once in three thousand million
    months.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._facts = pl.DataFrame(schema=FACTS)
        self._places = pl.DataFrame(schema={"key": pl.UInt64, "place": pl.UInt32})

    def joined(self, frame: pl.DataFrame, product: Callable[[], pl.Series] | None) -> pl.DataFrame:
        """`frame` with the columns of `FACTS`; `product` gives the attributes of the slice's rows, by column `row`."""
        keys = frame.select(key=pl.sum_horizontal(pl.col(name).hash(seed) for seed, name in enumerate(KEYS, 1)))
        places = self._found(keys)
        if places.null_count():
            self._learn(keys.filter(places.is_null()), frame.filter(places.is_null()), product)
            places = self._found(keys)
        return frame.hstack([_at(fact, places) for fact in self._facts])

    def _found(self, keys: pl.DataFrame) -> pl.Series:
        return keys.join(self._places, on="key", how="left", maintain_order="left")["place"]

    def _learn(self, keys: pl.DataFrame, unknown: pl.DataFrame, product: Callable[[], pl.Series] | None) -> None:
        new = unknown.hstack(keys).unique("key", keep="first", maintain_order=True)
        attributes = [None] * new.height if product is None else product().gather(new["row"]).to_list()
        told = new.select(*KEYS, *_TOLD).iter_rows(named=True)
        facts = [
            _facts_of({**row, "product": held}, self._vocabulary) for row, held in zip(told, attributes, strict=True)
        ]
        places = pl.int_range(self._facts.height, self._facts.height + new.height, dtype=pl.UInt32, eager=True)
        self._places = pl.concat([self._places, new.select("key", place=places)])
        self._facts = pl.concat([self._facts, pl.DataFrame(facts, schema=FACTS)])


def _at(fact: pl.Series, places: pl.Series) -> pl.Series:
    """A fact of every row; one that all combinations share is not looked up."""
    if fact.n_unique() == 1:
        return fact.head(1).new_from_index(0, len(places))
    return fact.gather(places)


def _facts_of(row: Mapping[str, Any], vocabulary: Vocabulary) -> dict[str, Any]:
    attributes = entries(row["product"])
    name = row["product_product_name"] or attributes.get("product_name") or attributes.get("servicename")
    usage_type = row["line_item_usage_type"] or ""
    is_market = (row["bill_billing_entity"] or "AWS") != "AWS" or "MP:" in usage_type
    bedrock = is_bedrock(row["line_item_product_code"], usage_type, name)
    kind = line_item_type(row["line_item_line_item_type"])
    service = service_of(row["line_item_product_code"], usage_type, name, marketplace=is_market)
    tokens = parse_usage_type(usage_type, name) if bedrock else None
    capacity = parse_capacity(usage_type, name) if bedrock else None
    role = _role(kind, usage_type, capacity, vocabulary)
    region = region_of(row["product_region_code"], usage_type)
    seller = row["line_item_legal_entity"] if is_market and not bedrock else None
    facts: dict[str, Any] = {
        "role": role,
        "ChargeCategory": "Purchase" if role == "capacity_block" else kind.category,
        "ChargeFrequency": "One-Time" if role == "capacity_block" else kind.frequency,
        "ServiceName": service.name,
        "ServiceCategory": service.category,
        "ServiceSubcategory": service.subcategory,
        "ServiceProviderName": seller or "AWS",
        "PublisherName": seller or "AWS",
        "RegionId": region,
        "RegionName": region_name(region),
        "ResourceType": _resource_type(usage_type, row["product_product_family"], bedrock=bedrock),
        "not_understood": _not_understood(row, kind, tokens, capacity, bedrock=bedrock),
        "x_VendorColumns": _kept(row),
        "reservation_status": "Unused" if re.search(r"Unused(?:Box|Ded):", usage_type) else None,
    }
    if kind.category in {"Usage", "Purchase"}:
        facts |= _sku(row, role, tokens, capacity, attributes)
    return facts


def _kept(row: Mapping[str, Any]) -> str | None:
    """AWS's own words, kept beside FOCUS's: without the operation, rows that differ would look the same."""
    words = {name: row[name] for name in ("line_item_operation", "line_item_usage_type") if row[name]}
    return json.dumps(words, ensure_ascii=False) if words else None


def _role(kind: LineItemType, usage_type: str, capacity: Capacity | None, vocabulary: Vocabulary) -> str:
    if kind.role in {"usage", "fee"} and vocabulary.capacity_block.search(usage_type):
        return "capacity_block"
    if kind.role == "usage" and capacity is not None and capacity.term is not None:
        return "provisioned"
    return kind.role


def _sku(
    row: Mapping[str, Any],
    role: str,
    tokens: TokenUsage | None,
    capacity: Capacity | None,
    attributes: Mapping[str, str],
) -> dict[str, Any]:
    """The SKU's identity, units and details. A commitment's fee is another SKU than what it covers."""
    usage_type = row["line_item_usage_type"] or ""
    unit = focus_unit(row["pricing_unit"])
    block = _token_block(unit, tokens) if tokens else None
    counts = tokens if block is not None else None
    if counts:
        unit = {1: "Tokens", 1000: "1000 Tokens", 1_000_000: "1000000 Tokens"}[block or 1]
    bare = without_region_prefix(usage_type) or row["line_item_product_code"] or "Fee"
    base = row["product_sku"] or "/".join(
        part for part in (row["line_item_product_code"], usage_type, row["line_item_operation"]) if part
    )
    if _SHARED_SKUS.search(usage_type):
        base = f"{base}/{row['line_item_product_code']}"
    is_fee = role in {"reservation_fee", "savings_plan_fee", "savings_plan_upfront", "fee", "capacity_block"}
    sku_id = f"{base}/{bare}" if is_fee and base != bare else base
    price_id = _price_id(row, sku_id, unit, is_fee=is_fee)
    instance = instance_type(usage_type, row["product_instance_type"]) if unit == "Hours" or is_fee else None
    is_spot = "SpotUsage" in usage_type or (row["pricing_purchase_option"] or "").casefold() == "spot"
    return {
        "SkuId": sku_id,
        "SkuPriceId": f"{price_id}/spot" if is_spot else price_id,
        "SkuMeter": METERS[counts.meter].sku_meter if counts else bare,
        "SkuPriceDetails": _details(instance, counts, capacity, attributes),
        "PricingUnit": unit,
        "ConsumedUnit": "Tokens" if counts else unit,
        "PricingCategory": "Dynamic" if is_spot else "Standard",
        "x_InstanceType": instance,
        "x_ModelId": counts.model if counts else capacity.model if capacity else None,
        "x_Meter": counts.meter if counts else None,
        "x_ProcessingTier": counts.tier if counts else None,
        "x_InferenceGeo": counts.geography if counts else None,
        "x_ContextWindow": counts.context_window if counts else None,
        "block": None if block is None or block == 1 else Decimal(block),
        "capacity_type": capacity.kind if capacity else None,
    }


def _price_id(row: Mapping[str, Any], sku_id: str, unit: str, *, is_fee: bool) -> str:
    """The line of AWS's price list where the bill names it, else what tells a price apart."""
    told = row["pricing_rate_code"]
    if told and not is_fee:
        is_shared = _SHARED_SKUS.search(row["line_item_usage_type"] or "")
        return f"{told}/{row['line_item_product_code']}" if is_shared else told
    option = row["pricing_purchase_option"] or row["pricing_term"] or "Standard"
    return f"{sku_id}/{unit}/{option}"


def _token_block(unit: str, tokens: TokenUsage) -> int | None:
    """Tokens of one unit. The marketplace's bare units are millions; a bare unit elsewhere says nothing."""
    told = token_block(unit)
    return 1_000_000 if told is None and unit == "Units" and tokens.grammar == "marketplace" else told


def _details(
    instance: str | None, tokens: TokenUsage | None, capacity: Capacity | None, attributes: Mapping[str, str]
) -> str | None:
    details: dict[str, Any] = {
        "InstanceType": instance,
        "OperatingSystem": (attributes.get("operating_system") or attributes.get("operatingSystem"))
        if instance
        else None,
        "x_CommitmentTerm": capacity.term if capacity else None,
    }
    gpus = _number(attributes.get("gpu"))
    if instance and gpus is not None:
        details["GpuCount"] = gpus
    if tokens:
        meter = METERS[tokens.meter]
        details |= {
            "x_ContextWindow": tokens.context_window,
            "x_ModelId": tokens.model,
            "x_ProcessingTier": tokens.tier,
            "x_ServingScope": tokens.geography,
            "x_TokenCacheAction": meter.cache_action,
            "x_TokenDirection": meter.direction,
        }
    known = {key: value for key, value in sorted(details.items()) if value}
    return json.dumps(known, ensure_ascii=False) if known else None


def _number(text: str | None) -> int | float | None:
    try:
        value = Decimal(text) if text else None
    except InvalidOperation:
        return None
    if value is None:
        return None
    return int(value) if value == value.to_integral_value() else float(value)


def instance_type(usage_type: str, told: str | None) -> str | None:
    """The size, as AWS names it. Hours of something else than the machine itself (EBSOptimized) have none, so that no
    hour is counted twice; so have all hours of a reservation (`Reservation:`), which its instances tell as well."""
    found = _INSTANCE.search(usage_type) or _SAGEMAKER.search(usage_type) or _DATABASE.search(usage_type)
    if found:
        return found["type"]
    return told if told and usage_type.endswith(("BoxUsage", "HeavyUsage")) else None


_RESOURCE_TYPES: tuple[tuple[str, str], ...] = (
    (r"BoxUsage|SpotUsage|DedicatedUsage", "Instance"),
    (r"EBS:Volume|EBS:.*IOPS", "Volume"),
    (r"EBS:Snapshot", "Snapshot"),
    (r"NatGateway", "NAT Gateway"),
    (r"TimedStorage|Requests-Tier", "Bucket"),
    (r"Lambda", "Function"),
    (r"LoadBalancer|LCUUsage", "Load Balancer"),
)


def _resource_type(usage_type: str, family: str | None, *, bedrock: bool) -> str:
    """What a resource of this kind is; the product's family, where the table does not know it."""
    if bedrock:
        return "Foundation Model"
    known = next((kind for pattern, kind in _RESOURCE_TYPES if re.search(pattern, usage_type)), None)
    return known or family or "Resource"


def _not_understood(
    row: Mapping[str, Any], kind: LineItemType, tokens: TokenUsage | None, capacity: Capacity | None, *, bedrock: bool
) -> str | None:
    """What should be listed with its money, in words."""
    if kind.role == "unknown":
        return f"line item type {row['line_item_line_item_type']}"
    if not bedrock or kind.category != "Usage" or capacity is not None:
        return None
    usage_type = row["line_item_usage_type"]
    if tokens is None:
        return f"usage type {usage_type}"
    if _token_block(focus_unit(row["pricing_unit"]), tokens) is None:
        return f"usage type {usage_type} in {row['pricing_unit'] or 'no unit'}"
    return None if tokens.model else f"usage type {usage_type} without a model"


def never() -> re.Pattern[str]:
    """A pattern that no usage type meets."""
    return re.compile(r"(?!)")
