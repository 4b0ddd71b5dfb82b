"""Amazon Bedrock on AWS's bill: tokens in the three ways that usage types name them, and provisioned throughput.

Classic usage types count thousands of tokens, those of the mantle endpoint millions, and models sold through the
Marketplace `Units` of a million, with the model in the product's name only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from connectors.simulator.clouds.accounts import AWS_APPS, AWS_PAYER
from connectors.simulator.clouds.aws_rows import CurRow, arn
from connectors.simulator.clouds.fleet import Traffic, traffic_of
from connectors.simulator.clouds.lines import AWS, MODEL_APIS, ZERO, Charge, Tokens, midnight, next_day, rounded
from connectors.simulator.clouds.prices import BATCH, BEDROCK, PRIORITY
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.draws import between, identifier

MILLION = Decimal(1_000_000)
_REGION_WORDS = {"us-east-1": "USE1", "us-west-2": "USW2"}
_CLASSIC = {
    "input": "input-tokens",
    "output": "output-tokens",
    "cache_read": "cache-read-input-token-count",
    "cache_write": "cache-write-input-token-count",
}
_MANTLE = {
    "input": "input-tokens",
    "output": "output-tokens",
    "cache_read": "cache-read-tokens",
    "cache_write": "cache-write-tokens",
}
_MARKETPLACE = {
    "input": "InputTokenCount",
    "output": "OutputTokenCount",
    "cache_read": "CacheReadInputTokenCount",
    "cache_write": "CacheWriteInputTokenCount",
}
_BLOCKS = {"classic": (Decimal(1000), "1K tokens"), "mantle": (MILLION, "1M tokens"), "marketplace": (MILLION, "Units")}
_PRODUCT_CODE = "6ugx1kq2p8w4a9r0c5hz3m7td"
"""What the Marketplace calls the product; it says nothing of the model."""

UNITS_OF_THROUGHPUT = Decimal(1)
THROUGHPUT_RATE = Decimal("39.6")
THROUGHPUT = arn("bedrock", "us-east-1", AWS_APPS, "provisioned-model/9q2w8e7r1t5y")
_SUPPORT = {"user_team": "support"}
UNKNOWN_USAGE_TYPE = "USE1-NovaReel9-lip-sync-frames"
"""A usage type of Bedrock that nobody has heard of."""


def bedrock_rows(world: CloudWorld, month: str, day: date) -> Iterator[CurRow]:
    for traffic in traffic_of(AWS):
        for meter in traffic.thousands:
            yield _token_row(world, month, day, traffic, meter)
    yield _throughput_row(month, day)
    if day.day % 9 == 4:
        yield _unknown_row(world, month, day)


def price_of(traffic: Traffic, meter: str) -> Decimal:
    """USD for a million tokens."""
    factor = {"batch": BATCH, "priority": PRIORITY}.get(traffic.tier, Decimal(1))
    return BEDROCK[traffic.model][meter] * factor


def usage_type(traffic: Traffic, meter: str) -> str:
    """What the bill calls these tokens."""
    region, is_global = _REGION_WORDS[traffic.region], traffic.scope == "global"
    tier = "" if traffic.tier == "standard" else f"-{traffic.tier}"
    if traffic.grammar == "mantle":
        scope = "global-" if is_global else ""
        return f"{region}-anthropic.{traffic.model}-mantle-{_MANTLE[meter]}-{scope}{traffic.tier}"
    if traffic.grammar == "marketplace":
        ending = f"{'_Global' if is_global else ''}{'_Batch' if traffic.tier == 'batch' else ''}-Units"
        return f"{region}-MP:{region}_{_MARKETPLACE[meter]}{ending}"
    scope = "-cross-region-global" if is_global else ""
    text = "text-" if traffic.model.startswith("Nova") else ""
    # batch stands behind the scope, priority before it
    ending = f"{scope}{tier}" if traffic.tier == "batch" else f"{tier}{scope}"
    return f"{region}-{traffic.model}-{text}{_CLASSIC[meter]}{ending}"


def model_name(traffic: Traffic) -> str:
    """The model as the bill says it."""
    return f"anthropic.{traffic.model}" if traffic.grammar == "mantle" else traffic.model


def _token_row(world: CloudWorld, month: str, day: date, traffic: Traffic, meter: str) -> CurRow:
    count, price = traffic.tokens(world, meter, day), price_of(traffic, meter)
    block, unit = _BLOCKS[traffic.grammar]
    cost = rounded(Decimal(count) / MILLION * price, 10)
    is_marketplace = traffic.grammar == "marketplace"
    word = usage_type(traffic, meter)
    means = Charge(
        AWS, month, AWS_PAYER.id, traffic.account, midnight(day), "Usage", cost, cost, cost, cost,
        tokens=Tokens(model_name(traffic), meter, traffic.tier, count), component=MODEL_APIS, caller=traffic.name,
        tags=tags_of(traffic),
    )  # fmt: skip
    return CurRow(
        month, "Usage", _PRODUCT_CODE if is_marketplace else "AmazonBedrock", word, traffic.account, midnight(day),
        next_day(day), Decimal(count) / block, unit, cost, cost, price * block / MILLION,
        operation="Usage" if is_marketplace else "InvokeModelInference", resource=_profile(traffic),
        region=traffic.region, text=f"{word} at {price} USD per million", term="OnDemand",
        product_name=f"{traffic.model} (Amazon Bedrock Edition)" if is_marketplace else "",
        principal=arn("iam", "", traffic.account, f"role/{traffic.name}"),
        tags=tags_of(traffic), means=(means,),
    )  # fmt: skip


def tags_of(traffic: Traffic) -> dict[str, str]:
    return {"user_team": traffic.tag} if traffic.tag else {}


def _profile(traffic: Traffic) -> str:
    """The application inference profile that it goes through, or the model itself where nobody made one."""
    if traffic.tag is None:
        return f"arn:aws:bedrock:{traffic.region}::foundation-model/{traffic.model.lower().replace(' ', '-')}"
    name = identifier("", 12, "inference profile", traffic.name).lower()
    return arn("bedrock", traffic.region, traffic.account, f"application-inference-profile/{name}")


def _throughput_row(month: str, day: date) -> CurRow:
    """A model unit that is bought by the month and paid by the hour, whatever goes through it."""
    hours = UNITS_OF_THROUGHPUT * 24
    cost = hours * THROUGHPUT_RATE
    bought = Charge(
        AWS, month, AWS_PAYER.id, AWS_APPS, midnight(day), "Purchase", cost, ZERO, cost, cost, commitment=THROUGHPUT,
        capacity_of="Claude3Sonnet", component=MODEL_APIS, tags=_SUPPORT,
    )  # fmt: skip
    ready = replace(bought, category="Usage", billed=ZERO, effective=cost, status="Used")
    return CurRow(
        month, "Usage", "AmazonBedrock", "USE1-Claude3Sonnet-ProvisionedThroughput-ModelUnit-1month", AWS_APPS,
        midnight(day), next_day(day), hours, "hour", cost, cost, THROUGHPUT_RATE, operation="ProvisionedThroughput",
        resource=THROUGHPUT, text=f"${THROUGHPUT_RATE} per model unit hour", term="OnDemand", tags=_SUPPORT,
        means=(bought, ready),
    )  # fmt: skip


def _unknown_row(world: CloudWorld, month: str, day: date) -> CurRow:
    frames = Decimal(between(40_000, 90_000, world.seed, "frames", day))
    cost = frames * Decimal("0.0002")
    means = Charge(
        AWS, month, AWS_PAYER.id, AWS_APPS, midnight(day), "Usage", cost, cost, cost, cost,
        unknown=("usage_type", UNKNOWN_USAGE_TYPE), component=MODEL_APIS,
    )  # fmt: skip
    return CurRow(
        month, "Usage", "AmazonBedrock", UNKNOWN_USAGE_TYPE, AWS_APPS, midnight(day), next_day(day), frames, "Frames",
        cost, cost, Decimal("0.0002"), operation="InvokeModelInference", text=f"{UNKNOWN_USAGE_TYPE} frames",
        term="OnDemand", means=(means,),
    )  # fmt: skip
