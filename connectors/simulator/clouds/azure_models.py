"""Azure OpenAI on Azure's bill: tokens by meter, in blocks of a thousand or a million, and provisioned throughput."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from connectors.simulator.clouds.accounts import AZURE_CARE, AZURE_ENROLMENT
from connectors.simulator.clouds.azure_rows import AzureRow, Benefit
from connectors.simulator.clouds.fleet import Traffic, traffic_of
from connectors.simulator.clouds.lines import AZURE, MODEL_APIS, ZERO, Charge, Tokens, midnight
from connectors.simulator.clouds.prices import AZURE_OPENAI, PTU_HOUR
from connectors.simulator.clouds.world import CloudWorld

_METERS = {
    # model → (words by meter, subcategory, block, the model as the meter says it)
    "gpt-4o": (
        {"input": "gpt 4o 1120 Inp glbl Tokens", "output": "gpt 4o 1120 Outp glbl Tokens",
         "cache_read": "gpt 4o 1120 cached Inp glbl Tokens"},
        "Azure OpenAI", 1000, "gpt-4o-1120",
    ),
    "gpt-4.1-nano": (
        {"input": "gpt 4.1 nano Inp glbl Tokens", "output": "gpt 4.1 nano Outp glbl Tokens",
         "cache_read": "gpt 4.1 nano cached Inp glbl Tokens"},
        "Azure OpenAI", 1000, "gpt-4.1-nano",
    ),
    "o4-mini": (
        {"input": "o4-mini 0416 Inp glbl Tokens", "output": "o4-mini 0416 Outp glbl Tokens"},
        "Azure OpenAI Reasoning", 1000, "o4-mini-0416",
    ),
    "gpt-5": (
        {"input": "GPT 5 Inpt Glbl 1M Tokens", "output": "GPT 5 outpt Glbl 1M Tokens",
         "cache_read": "GPT 5 cached Inpt Glbl 1M Tokens"},
        "Azure OpenAI GPT5", 1_000_000, "gpt-5",
    ),
}  # fmt: skip

_RESERVED = 50
_DEPLOYED, _DEPLOYED_WEEKENDS = 60, 40
THROUGHPUT = Benefit(
    "Reservation", "ptu-care", "7a1de2b0-58c4-4f0a-9d07-1c6b3e5f8003",
    "Provisioned Throughput Reservation, Global, 1 Year", Decimal("0.36"),
)  # fmt: skip
PTU = (THROUGHPUT, _RESERVED)
_CORRECTED = ("care-writer", "output")
"""Whose tokens of one day the run before the second pull corrects, by −8 %."""


def token_rows(world: CloudWorld, month: str, day: date) -> Iterator[AzureRow]:
    for traffic in traffic_of(AZURE):
        for meter in traffic.thousands:
            count = traffic.tokens(world, meter, day)
            if world.is_second and day == world.restated_azure_day and (traffic.name, meter) == _CORRECTED:
                count = count * 92 // 100
            yield _token_row(month, day, traffic, meter, count)


def _token_row(month: str, day: date, traffic: Traffic, meter: str, count: int) -> AzureRow:
    words, subcategory, block, model = _METERS[traffic.model]
    price = AZURE_OPENAI[traffic.model][meter] * block / 1_000_000
    quantity = Decimal(count) / block
    cost = quantity * price
    means = Charge(
        AZURE, month, AZURE_ENROLMENT.id, traffic.account, midnight(day), "Usage", cost, cost, cost, cost,
        tokens=Tokens(model, meter, traffic.tier, count), component=MODEL_APIS, tags={"app": traffic.name},
    )  # fmt: skip
    return AzureRow(
        month, day, traffic.account, "Foundry Models", words[meter], quantity, "1K" if block == 1000 else "1M", price,
        price, subcategory, f"{subcategory} - {words[meter].removesuffix(' Tokens')} - US East", traffic.region,
        "Microsoft.CognitiveServices", "AI + Machine Learning", f"meridian-{traffic.name}",
        tags={"app": traffic.name}, means=(means,),
    )  # fmt: skip


def ptu_rows(month: str, day: date) -> Iterator[AzureRow]:
    """Provisioned throughput units by the hour: what the reservation covers, what is beyond it, what is left of it."""
    deployed = _DEPLOYED_WEEKENDS if day.weekday() >= 5 else _DEPLOYED
    covered = Decimal(min(deployed, _RESERVED) * 24)
    beyond = deployed * 24 - covered
    idle = _RESERVED * 24 - covered
    effective, public = covered * THROUGHPUT.rate, covered * PTU_HOUR
    yield _ptu_row(month, day, covered, "Usage", _charge(month, day, ZERO, effective, public, "Used"))
    if beyond:
        cost = beyond * PTU_HOUR
        yield _ptu_row(month, day, beyond, None, _charge(month, day, cost, cost, cost, None))
    if idle:
        left = idle * THROUGHPUT.rate
        yield _ptu_row(month, day, idle, "UnusedReservation", _charge(month, day, ZERO, left, left, "Unused"))


def _charge(month: str, day: date, billed: Decimal, effective: Decimal, listed: Decimal, status: str | None) -> Charge:
    return Charge(
        AZURE, month, AZURE_ENROLMENT.id, AZURE_CARE, midnight(day), "Usage", billed, effective, listed, listed,
        commitment=THROUGHPUT.id.lower() if status else None, status=status, component=MODEL_APIS,
    )  # fmt: skip


def _ptu_row(month: str, day: date, hours: Decimal, covered_as: str | None, means: Charge) -> AzureRow:
    """`covered_as`: the charge type where the reservation pays; None: paid as it runs."""
    is_unused = covered_as == "UnusedReservation"
    price = ZERO if is_unused else PTU_HOUR
    return AzureRow(
        month, day, AZURE_CARE, "Foundry Models", "Provisioned Managed Global Unit", hours, "1 Hour", price, price,
        "Azure OpenAI", "Azure OpenAI - Provisioned Managed Global - US East", "eastus", "Microsoft.CognitiveServices",
        "AI + Machine Learning", "" if is_unused else "meridian-ptu", charge=covered_as or "Usage",
        model="Reservation" if covered_as else "OnDemand", covered=THROUGHPUT.rate if covered_as else None,
        benefit=THROUGHPUT if covered_as else None, means=(means,),
    )  # fmt: skip
