"""Google's own FOCUS export: charges already, taken as they are."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from connectors.errors import AnswerError
from connectors.gcp import GcpOptions, periods_in
from connectors.protocol import Claim, Surroundings
from tests.connectors.gcp.billing_rows import row, write
from tests.connectors.gcp.conftest import SEPTEMBER, connector, gone_through, month_at


def charge(month: int = 9, **changes: Any) -> dict[str, Any]:
    return {
        "BilledCost": Decimal("1.25"),
        "BillingAccountId": "0A1B2C-3D4E5F-678901",
        "BillingAccountName": "Acme",
        "BillingCurrency": "USD",
        # midnight in Los Angeles
        "BillingPeriodStart": datetime(2026, month, 1, 7, tzinfo=UTC),
        "BillingPeriodEnd": datetime(2026, month + 1, 1, 7, tzinfo=UTC),
        "ChargeCategory": "Usage",
        "ChargeClass": None,
        "ChargeDescription": "Gemini 2.5 Pro Text Input",
        "ChargePeriodStart": datetime(2026, month, 3, 7, tzinfo=UTC),
        "ChargePeriodEnd": datetime(2026, month, 4, 7, tzinfo=UTC),
        "ContractedCost": Decimal("1.5"),
        "EffectiveCost": Decimal("1.25"),
        "InvoiceIssuerName": "Google Cloud",
        "ListCost": Decimal(2),
        "ProviderName": "Google Cloud",
        "PublisherName": "Google Cloud",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "Vertex AI",
        "Tags": [{"key": "team", "value": "ml"}],
        "x_CostType": "regular",
        **changes,
    }


def written(path: Path, charges: list[dict[str, Any]]) -> Path:
    pq.write_table(pa.Table.from_pylist(charges), path)
    return path


def test_charges_are_taken_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path / "focus.parquet", [charge(), charge(8), charge(ChargeCategory="Tax", ListCost=None)])
    month = month_at(path, report="focus")
    usage = month.one(ChargeCategory="Usage")
    assert (usage["BilledCost"], usage["ListCost"], usage["x_BillingMonth"]) == (Decimal("1.25"), 2, "2026-09")
    assert (usage["Tags"], usage["x_VendorColumns"]) == ('{"team": "ml"}', '{"x_CostType":"regular"}')
    assert month.charges.height == month.as_read["rows"].sum() == 2
    assert month.as_read["billed_cost"].sum() == Decimal("2.5")
    assert len(month.told("filled_cost")) == 1
    assert periods_in(GcpOptions(path=str(path), report="focus"), Surroundings()) == ["2026-08", "2026-09"]


def test_the_accounts_money_is_claimed(tmp_path: Path) -> None:
    source = connector(written(tmp_path / "focus.parquet", [charge()]), report="focus")
    (part,) = source.translate(SEPTEMBER, list(source.pull(SEPTEMBER))).parts
    assert part.claims == (Claim("Google Cloud", "0A1B2C-3D4E5F-678901", "money"),)


def test_a_month_without_a_charge_is_not_complete(tmp_path: Path) -> None:
    source = connector(written(tmp_path / "focus.parquet", [charge(8)]), report="focus")
    month = gone_through(source.translate(SEPTEMBER, list(source.pull(SEPTEMBER))))
    assert month.missing == ("no charge of 2026-09 in 1 files or pages",)


@pytest.mark.parametrize("report", ["focus", "detailed"])
def test_a_table_of_the_other_kind_is_told(tmp_path: Path, report: str) -> None:
    path = tmp_path / "a.parquet"
    if report == "focus":
        write(path, [row()])
    else:
        written(path, [charge()])
    told = "is no FOCUS cost-and-usage file" if report == "focus" else "is no billing export"
    with pytest.raises(AnswerError, match=told):
        month_at(path, report=report)
    with pytest.raises(AnswerError, match="does not say which month"):
        periods_in(GcpOptions(path=str(path), report=report), Surroundings())  # type: ignore[arg-type]


def test_a_shard_left_over_is_refused(tmp_path: Path) -> None:
    """Today's first shard holds what yesterday's second one did."""
    costs = [Decimal(number) for number in (1, 2, 3)]
    written(tmp_path / f"a-{0:012d}.parquet", [charge(BilledCost=cost) for cost in costs])
    leftover = written(tmp_path / f"a-{1:012d}.parquet", [charge(BilledCost=Decimal(2))])
    with pytest.raises(AnswerError, match=r"1 rows of .*-000000000001\.parquet stand in other files too"):
        month_at(tmp_path, report="focus")
    written(leftover, [charge(BilledCost=Decimal(2)), charge(BilledCost=Decimal(4))])
    assert month_at(tmp_path, report="focus").charges["BilledCost"].sum() == 12
