"""`outlay explain CHARGE`: from a file to the words that say whose a charge is and why."""

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from typer.testing import CliRunner

from connectors.protocol import Surroundings
from models.errors import OutlayError
from pipelines.charge_explanations import explain_charge
from pipelines.cli import app
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.workplace import Workplace

OUTLAY = """\
organization: Acme
owners:
  - name: gateway for all
    project: gateway
    shared: platform
    environment: production
  - name: by tag
    account: "*"
    team: "{tag:team}"
  - {project: "sea*", environment: production, valid_from: 2026-01-01}
teams:
  - {name: search, cost_centre: cc-100}
  - {name: assistants, cost_centre: cc-200}
shared:
  - {name: platform, by: direct_cost}
"""
DAY = datetime(2026, 9, 3, tzinfo=UTC)
# project, service, effective cost, tags; the gateway's 10.00 goes 3 to 1
CHARGES = [
    ("search-prod", "Amazon Bedrock", "30", {"team": "search"}),
    ("bots", "Amazon Bedrock", "10", {"team": "assistants"}),
    ("gateway", "Amazon API Gateway", "10", {"team": "search"}),
    ("nobody", "Amazon Bedrock", "1", {}),
    ("nobody", None, "-0.5", {}),
]


def _row(project: str, service: str | None, cost: str, tags: dict[str, str]) -> dict[str, object]:
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "AWS"),
        "BillingPeriodStart": DAY.replace(day=1), "BillingPeriodEnd": DAY.replace(day=1, month=10),
        "ChargePeriodStart": DAY, "ChargePeriodEnd": DAY.replace(day=4),
        "BillingAccountId": "111", "BillingAccountName": "payer", "SubAccountId": f"id-{project}",
        "SubAccountName": project, "BillingCurrency": "USD", "ChargeCategory": "Usage" if service else "Credit",
        "ServiceName": service, "ServiceCategory": "AI and Machine Learning",
        "ChargeDescription": f"{service} of {project}",
        "ConsumedQuantity": "1000", "ConsumedUnit": "Requests", "Tags": json.dumps(tags),
    }  # fmt: skip


def imported(folder: Path, rows: list[dict[str, object]], configuration: str = OUTLAY) -> Home:
    """A home that these rows are published in."""
    export = folder / "export.csv"
    pl.DataFrame(rows).write_csv(export, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    home = Home.at(folder / "home")
    home.root.mkdir()
    home.configuration.write_text(configuration)
    (home.root / "rates.csv").write_text("date,from,to,rate,source\n2026-09-01,EUR,USD,1.5,ECB\n")
    clock = Surroundings(home=folder, clock=lambda: datetime(2026, 10, 20, tzinfo=UTC))
    with Workplace.open(home, surroundings=clock) as work:
        import_export(work, "focus-files", str(export), "bill")
    return home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return imported(tmp_path_factory.mktemp("explained"), [_row(*charge) for charge in CHARGES])


@pytest.fixture
def work(home: Home) -> Iterator[Workplace]:
    with Workplace.open(home) as opened:
        yield opened


def explained(work: Workplace, place: int):
    """The owner's values, and what decided them, by dimension."""
    found = explain_charge(work, f"bill:2026-09:{place}")
    return {reason.what: (reason.value, reason.rule) for reason in found.owner}, found


def test_each_dimension_names_its_rule_and_line_and_what_fitted(work: Workplace) -> None:
    owner, found = explained(work, 1)
    assert owner == {
        "team": ("search", "rule 2 “by tag”, outlay.yaml line 7; its value is that of tag team"),
        "cost_centre": ("cc-100", "of team search, outlay.yaml line 12"),
        "product": (None, "no rule that fits says one"),
        "use_case": (None, "no rule that fits says one"),
        "environment": ("production", "rule 3, outlay.yaml line 10"),
    }
    (fit,) = found.owner[-1].fits
    assert (fit.column, fit.glob, fit.value) == ("project_name", "sea*", "search-prod")
    assert found.component.value == "model_apis (layer models)"
    assert found.is_published


def test_a_pool_is_split_as_the_published_total_splits_it(work: Workplace) -> None:
    owner, found = explained(work, 3)
    assert owner["pool"] == ("platform", "rule 1 “gateway for all”, outlay.yaml line 3")
    assert found.sharing is not None
    assert found.sharing.place == "outlay.yaml line 15"
    # 30 and 10 of direct cost: 3/4 and 1/4 of 10.00
    assert found.sharing.weights.sort("team").rows() == [("assistants", 10, "USD"), ("search", 30, "USD")]
    shares = dict(found.sharing.shares.select("team", "effective_cost").iter_rows())
    assert shares == {"search": Decimal("7.5"), "assistants": Decimal("2.5")}


def test_a_credit_without_a_service_has_its_component_from_the_table(work: Workplace) -> None:
    _, found = explained(work, 5)
    assert found.component.value == "people_and_overheads (layer people)"
    assert [(fit.column, fit.glob, fit.value) for fit in found.component.fits] == [
        ("service_name", "(none)", "(none)"),
        ("charge_category", "credit", "credit"),
    ]


def test_what_nobody_owns_says_so(work: Workplace) -> None:
    owner, _ = explained(work, 4)
    assert owner["team"] == (None, "no rule that fits says one")


def test_rules_that_were_changed_since_are_told(home: Home) -> None:
    try:
        home.configuration.write_text(OUTLAY.replace("environment: production", "environment: staging"))
        with Workplace.open(home) as work:
            assert not explain_charge(work, "bill:2026-09:1").is_published
    finally:
        home.configuration.write_text(OUTLAY)


def test_an_unknown_charge_says_how_to_find_one(work: Workplace) -> None:
    with pytest.raises(OutlayError, match="no charge is called 'bill:2026-09:99'") as unknown:
        explain_charge(work, "bill:2026-09:99")
    assert "outlay sql" in unknown.value.remedy


def test_direct_cost_of_several_currencies_is_told_in_the_one_that_it_is_weighed_in(tmp_path: Path) -> None:
    """The bots' 20 euros are 30 dollars, as much as search has; the gateway's 10 euros are halved."""
    rows = [_row(*charge) for charge in CHARGES[:3]]
    euros = [
        rows[0],
        {**rows[1], "BillingCurrency": "EUR", "EffectiveCost": "20"},
        {**rows[2], "BillingCurrency": "EUR"},
    ]
    home = imported(tmp_path, euros, OUTLAY + "reporting: {currency: USD, rates: rates.csv}\n")
    shown = CliRunner().invoke(app, ["explain", "bill:2026-09:3", "--home", str(home.root)])
    table = [line.split() for line in shown.stdout.splitlines() if "50.0 %" in line]
    assert sorted(table) == [
        ["assistants", "50.0", "%", "30.00", "USD", "5.00", "EUR", "5.00", "EUR"],
        ["search", "50.0", "%", "30.00", "USD", "5.00", "EUR", "5.00", "EUR"],
    ]


def test_charges_of_an_older_version_are_named_by_a_replay(home: Home, tmp_path: Path) -> None:
    older = Home.at(Path(shutil.copytree(home.root, tmp_path / "home", symlinks=True)))
    with duckdb.connect(str(older.published.resolve())) as warehouse:
        warehouse.sql("ALTER VIEW focus.cost_and_usage RENAME TO named")
        nameless = "SELECT * REPLACE (NULL::VARCHAR AS x_ChargeId) FROM focus.named"
        warehouse.sql(f"CREATE VIEW focus.cost_and_usage AS {nameless}")
    with Workplace.open(older) as work, pytest.raises(OutlayError, match="charges without a name") as unknown:
        explain_charge(work, "bill:2026-09:1")
    assert "outlay replay" in unknown.value.remedy


@pytest.mark.parametrize("words", [["bill:2026-09:3"], ["charge", "bill:2026-09:3"]])
def test_the_command_tells_it(home: Home, words: list[str]) -> None:
    shown = CliRunner().invoke(app, ["explain", *words, "--home", str(home.root)])
    assert shown.exit_code == 0, shown.output
    for told in (
        "Amazon API Gateway of gateway",
        "rule 1 “gateway for all”, outlay.yaml line 3",
        "project name is gateway",
        "integration (layer integration)",
        "Pool platform is split by direct cost of September 2026, outlay.yaml line 15",
    ):
        assert told in shown.stdout
    table = [line.split() for line in shown.stdout.splitlines() if "7.50 USD" in line]
    assert table == [["search", "75.0", "%", "30.00", "USD", "7.50", "USD", "7.50", "USD"]]
