"""Rules apply to all months at the next publishing, with no load; the cache of attribution changes nothing but time."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from connectors.protocol import Surroundings
from models.economics.exchange import ExchangeRateError
from pipelines.exchange import export_focus, import_export
from pipelines.home import Home
from pipelines.marts.economics import Economics
from pipelines.publishing import publish
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace

MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in range(1, 13)]
OWNED_BY_A = "organization: Acme\nowners:\n  - {project: a, team: ads}\n"
OWNED_BY_BOTH = OWNED_BY_A + "  - {project: b, team: chat, valid_from: 2026-07-01}\n"


def _row(project: str, start: datetime, cost: str, currency: str = "USD") -> dict[str, object]:
    end = start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "AWS"),
        **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), cost),
        **dict.fromkeys(("PricingQuantity", "ConsumedQuantity"), "1"),
        **dict.fromkeys(("PricingUnit", "ConsumedUnit"), "Requests"),
        **dict.fromkeys(("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName")),
        **dict.fromkeys(("CommitmentDiscountStatus", "CommitmentDiscountType", "ResourceName", "AvailabilityZone")),
        "BillingPeriodStart": start, "BillingPeriodEnd": end, "ChargePeriodStart": start, "ChargePeriodEnd": end,
        "BillingAccountId": "111", "BillingAccountName": "payer", "SubAccountId": project, "SubAccountName": project,
        "BillingCurrency": currency, "ChargeCategory": "Usage", "ChargeClass": None, "ChargeFrequency": "Usage-Based",
        "ChargeDescription": "per request", "ServiceName": "Amazon API Gateway", "ServiceCategory": "Integration",
        "SkuId": "request", "SkuPriceId": "request", "PricingCategory": "Standard", "RegionId": "us-east-1",
        "RegionName": "US East", "ResourceId": None, "ResourceType": None, "Tags": None,
    }  # fmt: skip


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A year of two projects, each a dollar more a month, and an account in euros; owners of project a are known."""
    folder = tmp_path_factory.mktemp("year")
    home = Home.at(folder / "home")
    home.root.mkdir()
    home.configuration.write_text(OWNED_BY_A, encoding="utf-8")
    rows = [_row(project, month, str(month.month + place)) for month in MONTHS for place, project in enumerate("ab")]
    export = folder / "export.csv"
    pl.DataFrame([*rows, _row("c", MONTHS[0], "10", "EUR")]).write_csv(export, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    with _open(home) as work:
        import_export(work, "focus-files", str(export), "year")
    return home


@pytest.fixture
def home(imported: Home) -> Home:
    imported.configuration.write_text(OWNED_BY_A, encoding="utf-8")
    _publish(imported)
    return imported


def _open(home: Home) -> Any:
    clock = lambda: datetime(2027, 1, 20, tzinfo=UTC)  # noqa: E731
    return Workplace.open(home, surroundings=Surroundings(home=home.root, clock=clock))


def _publish(home: Home, configuration: str | None = None) -> None:
    if configuration is not None:
        home.configuration.write_text(configuration, encoding="utf-8")
    with _open(home) as work:
        publish(work)


def _ask(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published.resolve()), read_only=True) as warehouse:
        return warehouse.execute(query).fetchall()


def _everything(home: Home) -> list[tuple[Any, ...]]:
    return [*_ask(home, "SELECT * FROM marts.attributed_daily"), *_ask(home, "SELECT * FROM marts.tco_daily")]


def _kept(home: Home) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in (home.cache / "attribution").iterdir()}


def test_a_changed_rule_changes_twelve_months_and_loads_nothing(home: Home) -> None:
    of_team = "SELECT team, count(DISTINCT billing_month), sum(billed_cost) FROM marts.tco_daily WHERE currency = 'USD'"
    of_team += " GROUP BY team ORDER BY team"
    loads = _ask(home, "SELECT load_id, committed_at FROM ops.loads ORDER BY load_id")
    # a: 1 + 2 + … + 12 = 78; b: a dollar more in each of twelve months
    assert _ask(home, of_team) == [("ads", 12, Decimal(78)), (None, 12, Decimal(90))]
    _publish(home, OWNED_BY_A.replace("ads", "growth"))
    assert _ask(home, of_team) == [("growth", 12, Decimal(78)), (None, 12, Decimal(90))]
    # b from July: 8 + 9 + … + 13 = 63
    _publish(home, OWNED_BY_BOTH)
    assert _ask(home, of_team) == [("ads", 12, Decimal(78)), ("chat", 6, Decimal(63)), (None, 6, Decimal(27))]
    assert _ask(home, "SELECT load_id, committed_at FROM ops.loads ORDER BY load_id") == loads
    assert _ask(home, "SELECT count(*) FROM ops.checks WHERE NOT passed") == [(0,)]


def test_an_unchanged_month_is_not_worked_out_twice_and_nothing_old_is_kept(home: Home) -> None:
    before = _kept(home)
    assert len(before) == 12
    _publish(home)
    assert _kept(home) == before
    _publish(home, OWNED_BY_BOTH)
    assert len(_kept(home)) == 12
    assert not set(_kept(home)) & set(before)


def test_a_cache_that_is_harmed_changes_nothing(home: Home) -> None:
    told, files = _everything(home), sorted((home.cache / "attribution").iterdir())
    files[0].unlink()
    files[1].write_bytes(files[1].read_bytes()[:-100])
    files[2].write_bytes(b"no Parquet at all")
    pl.DataFrame({"team": ["ads"]}).write_parquet(files[3])
    _publish(home)
    assert _everything(home) == told
    assert sorted((home.cache / "attribution").iterdir()) == files
    for file in files:
        file.unlink()
    _publish(home)
    assert _everything(home) == told


def test_only_a_publishing_forgets_and_what_another_process_writes_stays(home: Home) -> None:
    """A preview of alerts, by other rules than what is published, removes nothing; nor is a fresh half-written file."""
    folder, before = home.cache / "attribution", _kept(home)
    home.configuration.write_text(OWNED_BY_BOTH, encoding="utf-8")
    with _open(home) as work:
        _ = Economics(work, Facts(work.lake, tuple(work.control.current_loads()))).tco
    assert before.items() <= _kept(home).items()
    fresh, dead = folder / "year-2026-01-a-b.parquet.1.tmp", folder / "year-2026-01-a-b.parquet.2.tmp"
    for file in (fresh, dead):
        file.write_bytes(b"half of it")
    two_hours_ago = time.time() - 7200
    os.utime(dead, (two_hours_ago, two_hours_ago))
    _publish(home)
    assert fresh.exists()
    assert not dead.exists()
    assert not set(_kept(home)) & set(before)
    fresh.unlink()


def test_an_export_names_the_teams_of_today(home: Home, tmp_path: Path) -> None:
    home.configuration.write_text(OWNED_BY_BOTH, encoding="utf-8")
    with _open(home) as work:
        written = export_focus(work, tmp_path)
    july = pl.read_parquet(next(path for path, _ in written if "2026-07" in str(path)))
    assert sorted(july.select("SubAccountId", "x_Team").rows()) == [("a", "ads"), ("b", "chat")]


def test_euros_are_told_in_dollars_by_the_rate_of_the_table_or_not_at_all(home: Home) -> None:
    query = "SELECT effective_cost, reporting_effective_cost, rate_date::VARCHAR FROM marts.tco_daily"
    query += " WHERE currency = 'EUR'"
    assert _ask(home, query) == [(Decimal(10), None, None)]
    assert _ask(home, "SELECT expected, actual FROM ops.checks WHERE \"check\" = 'converted' AND currency = 'EUR'") == [
        (Decimal(10), Decimal(0))
    ]
    (home.root / "rates.csv").write_text("date,from,to,rate,source\n2025-12-31,EUR,USD,1.1745,ECB\n", encoding="utf-8")
    _publish(home, OWNED_BY_A + "reporting: {rates: rates.csv}\n")
    assert _ask(home, query) == [(Decimal(10), Decimal("11.745"), "2025-12-31")]


def test_a_wrong_rate_is_told_with_its_line_and_what_is_published_stays(home: Home) -> None:
    told = _everything(home)
    rates = "date,from,to,rate,source\n2026-01-01,EUR,USD,1.1,ECB\n2026-01-02,EUR,USD,one,ECB\n"
    (home.root / "rates.csv").write_text(rates, encoding="utf-8")
    with pytest.raises(ExchangeRateError, match=r"rates\.csv, line 3: rate 'one' is no number"):
        _publish(home, OWNED_BY_A + "reporting: {rates: rates.csv}\n")
    (home.root / "rates.csv").unlink()
    with pytest.raises(ExchangeRateError, match="there is no table of exchange rates"):
        _publish(home)
    assert _everything(home) == told
