"""A FOCUS 1.0 file of three charges, as text, and how a connector of it is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from connectors.focus_files import KIND, FocusFilesOptions
from connectors.protocol import Connector, Surroundings

_COMMON = {
    "BillingAccountId": "acct",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-09-01T00:00:00Z",
    "BillingPeriodEnd": "2026-10-01T00:00:00Z",
    "ChargePeriodStart": "2026-09-03T00:00:00Z",
    "ChargePeriodEnd": "2026-09-04T00:00:00Z",
    "ChargeCategory": "Usage",
    "ChargeDescription": "GPU hours, 8×H100",
    "EffectiveCost": "0",
    "InvoiceIssuerName": "AWS EMEA",
    "ProviderName": "AWS",
    "PublisherName": "AWS",
    "ServiceCategory": "Compute",
    "ServiceName": "Amazon EC2",
}


@pytest.fixture
def vendor_rows() -> pl.DataFrame:
    """Three charges of FOCUS 1.0, all text: one of September with 15 places, one in scientific notation, one billed in
    October."""
    october = {"BillingPeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodEnd": "2026-11-01T00:00:00Z"}
    rows = [
        _COMMON | {"BilledCost": "1.234567890123456", "ListCost": "2", "ContractedCost": "1.5"},
        _COMMON | {"BilledCost": "-2.5E-7", "ListCost": "-2.5e-7", "ContractedCost": None},
        _COMMON | {"BilledCost": "7", "ListCost": "7", "ContractedCost": "7"} | october,
    ]
    return pl.DataFrame(rows)


@pytest.fixture
def connector_of() -> Callable[..., Connector]:
    """A connector of a path, at a fixed time."""

    def make(path: str | Path, **options: object) -> Connector:
        surroundings = Surroundings(clock=lambda: datetime(2026, 11, 2, tzinfo=UTC))
        return KIND.make("cloud", FocusFilesOptions(path=str(path), **options), surroundings)  # type: ignore[arg-type]

    return make
