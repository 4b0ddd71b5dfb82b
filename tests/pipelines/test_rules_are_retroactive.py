"""A changed rule changes every month at the next publishing and no load; a bad rule changes nothing at all."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigurationError
from connectors.protocol import Surroundings
from pipelines.cli import app
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.publishing import publish
from pipelines.workplace import Workplace

BEFORE = """\
organization: Acme
owners:
  - {project: gateway, team: platform}
"""
SINCE_APRIL = """\
organization: Acme
owners:
  - {project: gateway, team: platform, valid_to: 2025-04-01}
  - {project: gateway, team: search, valid_from: 2025-04-01}
"""
WITH_A_GAP = SINCE_APRIL.replace("valid_from: 2025-04-01", "valid_from: 2025-05-01")
MONTHS = [f"2025-{month:02d}" for month in range(1, 13)]
CLOCK = datetime(2026, 3, 1, tzinfo=UTC)


def _row(month: int) -> dict[str, object]:
    start = datetime(2025, month, 1, tzinfo=UTC)
    end = datetime(2025 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), f"{month}.01"),
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "AWS"),
        "BillingPeriodStart": start, "BillingPeriodEnd": end, "ChargePeriodStart": start.replace(day=9),
        "ChargePeriodEnd": start.replace(day=10), "BillingAccountId": "111", "SubAccountId": "gateway",
        "BillingCurrency": "USD", "ChargeCategory": "Usage", "ServiceName": "Amazon API Gateway",
        "ServiceCategory": "Integration", "ChargeDescription": "Requests",
    }  # fmt: skip


def work_in(home: Home) -> AbstractContextManager[Workplace]:
    return Workplace.open(home, surroundings=Surroundings(home=home.root, clock=lambda: CLOCK))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Twelve months of 1.01, 2.01, … 12.01 USD, published under BEFORE."""
    folder = tmp_path_factory.mktemp("retroactive")
    pl.DataFrame([_row(month) for month in range(1, 13)]).write_csv(
        folder / "export.csv", datetime_format="%Y-%m-%dT%H:%M:%SZ"
    )
    home = Home.at(folder / "home")
    home.root.mkdir()
    home.configuration.write_text(BEFORE)
    with work_in(home) as work:
        assert not import_export(work, "focus-files", str(folder / "export.csv"), "bill").failures
    return home


def asked(home: Home, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(home.published, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def costs(home: Home) -> dict[tuple[str, str], Decimal]:
    """Effective cost by month and team."""
    sql = "SELECT billing_month, team, sum(effective_cost) FROM marts.tco_daily GROUP BY ALL"
    return {(month, team): cost for month, team, cost in asked(home, sql)}


def test_a_changed_rule_changes_all_months_and_no_load(home: Home) -> None:
    assert costs(home) == {(month, "platform"): Decimal(f"{n}.01") for n, month in enumerate(MONTHS, 1)}
    loads = asked(home, "SELECT * FROM ops.loads ORDER BY load_id")
    home.configuration.write_text(SINCE_APRIL)
    with work_in(home) as work:
        publish(work)
    team = {month: "platform" if month < "2025-04" else "search" for month in MONTHS}
    assert costs(home) == {(month, team[month]): Decimal(f"{n}.01") for n, month in enumerate(MONTHS, 1)}
    assert asked(home, "SELECT * FROM ops.loads ORDER BY load_id") == loads


def test_a_bad_rule_publishes_nothing_and_what_was_published_stays(home: Home) -> None:
    shown, published = home.published.resolve(), costs(home)
    home.configuration.write_text(WITH_A_GAP)
    run = CliRunner().invoke(app, ["run", "--home", str(home.root)])
    assert isinstance(run.exception, ConfigurationError)
    assert "line 4: owners.1: asks the same and says as much as line 3, and their dates leave a gap" in str(
        run.exception
    )
    assert home.published.resolve() == shown
    assert costs(home) == published
