"""Charges of machines, one line of code each: what a test does not say is an hour of one machine on 10 September."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from models.economics.accelerator_catalogue import AcceleratorCatalogue, accelerator_catalogue
from models.ledger.focus import COST_AND_USAGE

CATALOG = Path(__file__).parents[3] / "data/catalog"
DAY = datetime(2026, 9, 10, tzinfo=UTC)
SELLERS = {
    "aws": ("AWS", "Amazon Elastic Compute Cloud"),
    "azure": ("Microsoft", "Virtual Machines"),
    "gcp": ("Google Cloud", "Compute Engine"),
}
AMOUNTS = (
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "ContractedCost",
    "ConsumedQuantity",
    "CommitmentDiscountQuantity",
)


def _charge(host: str, cost: str = "1", **said: Any) -> dict[str, Any]:
    seller, service = SELLERS.get(host, (host, "Compute"))
    start = DAY + timedelta(hours=said.pop("hour", 0))
    known = {
        **dict.fromkeys(("ServiceProviderName", "HostProviderName", "ProviderName", "InvoiceIssuerName"), seller),
        "ServiceName": service,
        "ServiceCategory": "Compute",
        "ServiceSubcategory": "Virtual Machines",
        "BillingAccountId": "payer",
        "BillingCurrency": "USD",
        "BillingPeriodStart": DAY.replace(day=1),
        "BillingPeriodEnd": DAY.replace(month=10, day=1),
        "ChargePeriodStart": start,
        "ChargePeriodEnd": start + timedelta(hours=1),
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        "PricingCategory": "Standard",
        "PricingCurrency": "USD",
        "PricingCurrencyEffectiveCost": Decimal(cost),
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
        "ConsumedQuantity": "1",
        "ConsumedUnit": "Hours",
        "x_BillingMonth": "2026-09",
        "x_Source": host,
        **said,
    }
    return {name: Decimal(value) if name in AMOUNTS and value is not None else value for name, value in known.items()}


@pytest.fixture(scope="session")
def charge() -> Callable[..., dict[str, Any]]:
    """`charge(host, cost, **columns)`: all four costs are `cost`; `hour` moves it on from midnight."""
    return _charge


@pytest.fixture(scope="session")
def charges_of() -> Callable[..., pl.DataFrame]:
    """Rows in the contract of focus.cost_and_usage."""
    return lambda *rows: COST_AND_USAGE.check(pl.DataFrame(list(rows), schema=COST_AND_USAGE.polars_schema))


@pytest.fixture(scope="session")
def frames() -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """The shipped instances, SKUs and services, as text."""
    instances, skus, services = (
        pl.read_csv(CATALOG / f"{name}.csv", infer_schema=False) for name in ("instances", "skus", "ai_services")
    )
    return instances, skus, services


@pytest.fixture(scope="session")
def catalogue(frames: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> AcceleratorCatalogue:
    """The shipped catalog."""
    return accelerator_catalogue(*frames)
