"""From a file to the published warehouse: accelerator-hours, their rates, their proof, and what is in no list."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from connectors.protocol import Surroundings
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.workplace import Workplace

MONTH = datetime(2026, 9, 1, tzinfo=UTC)
MACHINES = {
    # 2 h × 8 H100 for 110.08, and a machine that nobody knows
    "p5.48xlarge": ("2", "110.08"),
    "p9.48xlarge": ("1", "77"),
    "m5.large": ("10", "0.96"),
}


def _row(instance_type: str, hours: str, cost: str) -> dict[str, object]:
    money = dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost)
    names = dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "AWS")
    times = {"BillingPeriodStart": MONTH, "BillingPeriodEnd": MONTH.replace(month=10), "ChargePeriodStart": MONTH}
    unit_price = str(Decimal(cost) / Decimal(hours))
    return {
        **money, **names, **times,
        "ChargePeriodEnd": MONTH.replace(day=2),
        "BillingAccountId": "111", "BillingAccountName": "payer", "SubAccountId": "222", "SubAccountName": "research",
        "BillingCurrency": "USD", "ChargeCategory": "Usage", "ChargeClass": None, "ChargeFrequency": "Usage-Based",
        "ChargeDescription": f"per On Demand Linux {instance_type} Instance Hour",
        "ServiceName": "Amazon Elastic Compute Cloud", "ServiceCategory": "Compute",
        "SkuId": instance_type, "SkuPriceId": instance_type, "PricingCategory": "Standard",
        "PricingQuantity": hours, "PricingUnit": "Hours", "ConsumedQuantity": hours, "ConsumedUnit": "Hours",
        "ListUnitPrice": unit_price, "ContractedUnitPrice": unit_price,
        "RegionId": "us-east-1", "RegionName": "US East (N. Virginia)", "AvailabilityZone": None,
        "CommitmentDiscountCategory": None, "CommitmentDiscountId": None, "CommitmentDiscountName": None,
        "CommitmentDiscountStatus": None, "CommitmentDiscountType": None,
        "ResourceId": "i-1", "ResourceName": None, "ResourceType": "instance", "Tags": json.dumps({"user_team": "ml"}),
    }  # fmt: skip


@pytest.fixture
def published(tmp_path: Path) -> Path:
    export = tmp_path / "export.csv"
    pl.DataFrame([_row(name, *told) for name, told in MACHINES.items()]).write_csv(
        export, datetime_format="%Y-%m-%dT%H:%M:%SZ"
    )
    surroundings = Surroundings(home=tmp_path, clock=lambda: datetime(2026, 10, 20, tzinfo=UTC))
    with Workplace.open(Home.at(tmp_path / "home"), surroundings=surroundings) as work:
        import_export(work, "focus-files", str(export), "machines")
        return work.home.warehouse / "outlay.duckdb"


def test_hours_rates_proof_and_what_is_in_no_list(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as connection:

        def ask(query: str) -> list[tuple[object, ...]]:
            return connection.execute(query).fetchall()

        assert ask("SELECT accelerator_type, instance_type, accelerator_hours, use FROM usage.accelerators") == [
            ("H100", "p5.48xlarge", Decimal(16), "used")
        ]
        # 110.08 ÷ 16
        assert ask("SELECT region, pricing_kind, effective_cost_per_used_hour FROM marts.accelerator_rates") == [
            ("us-east-1", "on_demand", Decimal("6.88"))
        ]
        assert ask("SELECT passed, expected FROM ops.checks WHERE \"check\" = 'accelerators = charges'") == [
            (True, Decimal("110.08"))
        ]
        assert ask("SELECT detail, count FROM ops.findings WHERE kind = 'unlisted_accelerator'") == [
            ("p9.48xlarge: 77.00 USD", 1)
        ]
        assert ask("SELECT count(*) FROM focus.cost_and_usage WHERE \"x_AiKind\" = 'accelerator'") == [(1,)]
