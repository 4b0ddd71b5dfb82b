"""Budgets of a home as they are published: by team as costs are attributed, by tag as charges have them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from connectors.errors import ConfigurationError
from connectors.protocol import Surroundings
from models.control.budget_costs import budget_costs
from models.control.budget_tags import tagged_costs
from models.control.budgets import Budget
from models.control.movers import top_movers
from models.errors import OutlayError
from models.ledger.focus import COST_AND_USAGE
from pipelines.cli import app
from pipelines.configuration import read_settings
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.marts.budgets import Budgeting
from pipelines.marts.economics import Economics
from pipelines.run import RunReport
from pipelines.warehouse import Facts
from pipelines.workplace import Workplace

OUTLAY = """\
organization: Acme
owners:
  - {project: gateway, shared: platform}
  - {account: "*", team: "{tag:team}"}
shared:
  - {name: platform, by: direct_cost}
budgets:
  - {name: team, amount: 100, scope: {team: search}}
  - {name: tag, amount: 50, scope: {tags: {team: SEARCH}}, thresholds_pct: [80, 100]}
  - {name: both, amount: 100, scope: {team: search, tags: {team: sea*, "env:kind": prod}}, cost_basis: effective}
  - {name: nothing, amount: 100, scope: {tags: {Team: search}}}
  - {name: planned, amounts: {"2026-08": 5, "2026-09": 5}}
"""
NOW = datetime(2026, 10, 20, tzinfo=UTC)
# day, project, cost, tags; the gateway's 10 goes to direct costs, of 30 and 10: 7.50 are team search's
CHARGES = [
    (3, "search-prod", "30", '{"team": "search", "env:kind": "Prod"}'),
    (4, "bots", "10", '{"team": "assistants"}'),
    (5, "gateway", "10", '{"team": "search", "env:kind": "prod"}'),
    (6, "nobody", "1", None),
]


def _row(day: int, project: str, cost: str, tags: str | None) -> dict[str, object]:
    start = datetime(2026, 9, day, tzinfo=UTC)
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "AWS"),
        "BillingPeriodStart": start.replace(day=1), "BillingPeriodEnd": start.replace(day=1, month=10),
        "ChargePeriodStart": start, "ChargePeriodEnd": start.replace(day=day + 1),
        "BillingAccountId": "111", "BillingAccountName": "payer", "SubAccountId": project, "SubAccountName": project,
        "BillingCurrency": "USD", "ChargeCategory": "Usage", "ServiceName": "Amazon Bedrock",
        "ServiceCategory": "AI and Machine Learning", "ChargeDescription": f"of {project}", "Tags": tags,
    }  # fmt: skip


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, RunReport]:
    folder = tmp_path_factory.mktemp("budgets")
    export = folder / "export.csv"
    pl.DataFrame([_row(*charge) for charge in CHARGES]).write_csv(export, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    home = Home.at(folder / "home")
    home.root.mkdir()
    home.configuration.write_text(OUTLAY)
    with Workplace.open(home, surroundings=Surroundings(home=folder, clock=lambda: NOW)) as work:
        return home, import_export(work, "focus-files", str(export), "bill")


@pytest.fixture
def economics(published: tuple[Home, RunReport]) -> Iterator[Economics]:
    home, _ = published
    with Workplace.open(home, surroundings=Surroundings(home=home.root, clock=lambda: NOW)) as work:
        yield Economics(work, Facts(work.lake, tuple(work.control.current_loads())))


def asked(home: Home, sql: str) -> list[Any]:
    with duckdb.connect(str(home.published), read_only=True) as warehouse:
        return warehouse.execute(sql).fetchall()


def test_teams_are_asked_of_total_cost_and_tags_of_charges(published: tuple[Home, RunReport]) -> None:
    home, _ = published
    september = asked(home, "SELECT budget, spent, owner FROM marts.budget_status WHERE period = '2026-09' ORDER BY 1")
    assert september == [
        # the gateway's charge is team platform's pool before it is split, whatever its tags are
        ("both", Decimal(30), "search"),
        ("planned", Decimal(51), None),
        # with its charge whole
        ("tag", Decimal(40), None),
        # with its share
        ("team", Decimal("37.5"), "search"),
    ]
    assert asked(home, "SELECT budget, data_through FROM marts.budget_status WHERE budget = 'nothing'") == [
        ("nothing", None)  # a key's letters count
    ]
    assert asked(
        home,
        "SELECT threshold_pct, first_crossed_day::VARCHAR FROM marts.budget_thresholds "
        "WHERE budget = 'tag' AND period = '2026-09' ORDER BY 1",
    ) == [(80, "2026-09-05"), (100, None)]


def test_a_budget_whose_amounts_have_run_out_is_told_and_keeps_its_last_month(
    published: tuple[Home, RunReport],
) -> None:
    home, report = published
    assert report.publication is not None
    assert [problem.what for problem in report.publication.problems] == [
        "budget 'planned' has no amount for 2026-10, and is not watched"
    ]
    assert asked(home, "SELECT period FROM marts.budget_status WHERE budget = 'planned'") == [("2026-09",)]


def test_status_tells_of_every_budget_that_is_under_way(published: tuple[Home, RunReport]) -> None:
    home, _ = published
    told = CliRunner().invoke(app, ["status", "--home", str(home.root)], env={"COLUMNS": "200"}).output
    assert "tag team SEARCH" in told
    assert "2026-10" in told
    assert "planned" not in told
    assert "no charge matches" in told


def test_status_of_what_another_version_published_says_what_to_run(published: tuple[Home, RunReport]) -> None:
    home, _ = published
    older = Home.at(home.root.parent / "older")
    older.warehouse.mkdir(parents=True)
    with duckdb.connect(str(older.published)) as warehouse:
        warehouse.execute("CREATE SCHEMA ops")
    told = CliRunner().invoke(app, ["status", "--home", str(older.root)])
    assert isinstance(told.exception, OutlayError)
    assert "outlay run" in told.exception.remedy


def test_movers_of_a_budget_by_tag_are_those_of_its_charges(economics: Economics) -> None:
    made = Budgeting(economics)
    budget = next(budget for budget in made.budgets if budget.name == "tag")
    period = budget.period_on(datetime(2026, 9, 30, tzinfo=UTC).date())
    assert period is not None
    moved = top_movers(made.rows(budget), budget, period, as_of=NOW.date())
    assert {mover.team: mover.change for mover in moved} == {"search": 30, "unallocated": 10}


def test_only_charges_whose_tags_fit_are_taken_and_each_counts_in_every_budget_that_it_fits(
    economics: Economics,
) -> None:
    budgets = (
        Budget("prod", Decimal(1), tags={"env:kind": ("prod",)}),
        Budget("search", Decimal(1), tags={"team": ("search",)}, period="year"),
    )
    charges = economics.facts.read(COST_AND_USAGE)
    rows = tagged_costs(charges, economics.work.attribution, budgets)
    assert rows["billed_cost"].sum() == 40, "of 51"
    spend = budget_costs(economics.tco, budgets, rows).spend
    assert dict(spend.group_by("budget").agg(pl.col("cost").sum()).iter_rows()) == {"prod": 40, "search": 40}
    none = tagged_costs(charges, economics.work.attribution, [Budget("x", Decimal(1), tags={"team": ("nobody",)})])
    assert none.is_empty()


def test_a_month_without_an_amount_is_refused_with_its_line(tmp_path: Path) -> None:
    written = 'organization: Acme\nbudgets:\n  - {name: q, period: quarter, amounts: {"2026-10": 5, "2026-11": 5}}\n'
    (tmp_path / "outlay.yaml").write_text(written)
    with pytest.raises(ConfigurationError, match="budget 'q' has no amount for 2026-12; give it one for") as refused:
        read_settings(tmp_path / "outlay.yaml")
    assert "line 3" in refused.value.what
