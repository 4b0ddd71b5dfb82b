"""`outlay tco`: a month by component or team, the euros that no rate tells, and what no component fits."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.pools import COSTS
from models.economics.tco import TCO_DAILY
from models.errors import OutlayError
from pipelines.cli import app
from pipelines.home import Home
from pipelines.status import show_status
from pipelines.total_cost import show_total_cost
from tests.pipelines.published_marts import publish_rows

USUAL: dict[str, Any] = {
    "origin": "charge", "source": "aws", "billing_month": "2026-10", "day": datetime(2026, 10, 3, tzinfo=UTC),
    "provider_name": "AWS", "issuer_name": "AWS", "billing_account_id": "1", "charge_category": "Usage", "charges": 1,
    "currency": "USD", "reporting_currency": "USD", "exchange_rate": Decimal(1), "allocation": "direct", "team": "ads",
}  # fmt: skip


def _row(cost: str, **columns: Any) -> dict[str, Any]:
    amounts = dict.fromkeys((*COSTS, "reporting_billed_cost", "reporting_effective_cost"), Decimal(cost))
    return USUAL | amounts | columns


@pytest.fixture
def home(tmp_path: Path) -> Home:
    unknown = {"exchange_rate": None, "reporting_billed_cost": None, "reporting_effective_cost": None}
    total = [
        _row("60", component="model_apis"),
        _row("15", component="model_apis", allocation="shared", pool="platform", team="chat"),
        _row("5", component=None, allocation="unallocated", team=None),
        _row("20", component="people_and_overheads", origin="declared", source="declared", provider_name="ourselves"),
        _row("8", component="model_apis", currency="EUR", **unknown),
        _row("999", day=datetime(2026, 9, 3, tzinfo=UTC), component="model_apis"),
    ]
    charge = _row("5", service_name="AWS Lambda", unmatched_sku="Request")
    told = {
        TCO_DAILY: [{name: row.get(name) for name in TCO_DAILY.polars_schema} for row in total],
        ATTRIBUTED_DAILY: [{name: charge.get(name) for name in ATTRIBUTED_DAILY.polars_schema}],
    }
    return publish_rows(tmp_path / "home", told)


def _told(home: Home, *flags: str) -> tuple[int, list[str]]:
    """The exit status and the lines, each with single spaces."""
    result = CliRunner().invoke(app, ["tco", "--home", str(home.root), *flags])
    return result.exit_code, [" ".join(line.split()) for line in result.output.splitlines()]


def test_the_latest_month_by_component_with_its_shares(home: Home) -> None:
    status, lines = _told(home)
    assert status == 0
    assert "Total cost of October 2026, USD" in lines
    assert "model_apis 60.00 USD 15.00 USD – 75.00 USD 75.0 % –" in lines
    assert "people_and_overheads 20.00 USD – – 20.00 USD 20.0 % 20.00 USD" in lines
    assert "unmatched – – 5.00 USD 5.00 USD 5.0 % –" in lines
    assert "Σ 80.00 USD 15.00 USD 5.00 USD 100.00 USD 100.0 % 20.00 USD" in lines
    assert "of Σ 80.0 % 15.0 % 5.0 % 100.0 % 20.0 %" in lines
    assert "AWS AWS Lambda Request 5.00 USD" in lines


def test_what_no_rate_tells_is_counted_and_in_no_other_total(home: Home) -> None:
    _, lines = _told(home)
    assert "Total cost of October 2026, EUR" in lines
    assert "no rate is known for 8.00 EUR (1 rows): it is in no total of another currency" in lines
    everything = lines.index("All currencies, in USD")
    assert "Σ 80.00 USD 15.00 USD 5.00 USD 100.00 USD 100.0 % 20.00 USD" in lines[everything:]


def test_another_month_by_team(home: Home) -> None:
    status, lines = _told(home, "--month", "2026-09", "--by", "team")
    assert (status, "ads 999.00 USD – – 999.00 USD 100.0 % –" in lines) == (0, True)


def test_what_is_not_there_is_told_with_a_remedy(home: Home, tmp_path: Path) -> None:
    with pytest.raises(OutlayError, match="no charge was used in January 2020") as absent:
        show_total_cost(home, month="2020-01", by="component")
    assert absent.value.remedy == "months with charges: 2026-09, 2026-10"
    with pytest.raises(OutlayError, match="'foo' is no billing period"):
        show_total_cost(home, month="foo", by="component")
    for show in (lambda at: show_total_cost(at, month=None, by="team"), show_status):
        with pytest.raises(OutlayError, match="nothing is published in"):
            show(Home.at(tmp_path / "none"))
