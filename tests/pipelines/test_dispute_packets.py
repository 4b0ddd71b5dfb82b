"""A packet to send to the vendor: from a bill and a contract to two CSV files, exact and safe to open."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.disputes import TOTAL_COLUMNS, cell_text, export_disputes
from pipelines.home import Home
from pipelines.run import run
from pipelines.workplace import Workplace

COLUMNS = (
    "ChargeDescription,SkuId,SkuPriceId,SkuMeter,PricingQuantity,PricingUnit,ListUnitPrice,ListCost,ContractedCost,BilledCost,"
    "EffectiveCost,ChargeCategory,ServiceName,ServiceCategory,ProviderName,PublisherName,InvoiceIssuerName,BillingAccountId,"
    "BillingAccountName,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd"
)
WHEN = "2026-09-01T00:00:00Z,2026-10-01T00:00:00Z,2026-09-{day:02d}T00:00:00Z,2026-09-{end:02d}T00:00:00Z"
REST = ",Rent,Compute,Lambda Cloud,Lambda Cloud,Lambda Cloud,acct-7,Ours,USD,"


def _bill() -> str:
    """Three days of eight H100 at 3.29 an hour on the list; ours is 2.99. Day 1 as agreed, days 2 and 3 at list."""
    rows = []
    for day, price in ((1, "2.99"), (2, "3.29"), (3, "3.29")):
        listed, billed = Decimal("3.29") * 192, Decimal(price) * 192
        words = "=HYPERLINK(1)" if day == 3 else "8x H100"
        rows.append(
            f"{words},h100,h100/od,H100,192,Hours,3.29,{listed},{listed},{billed},{billed},Usage"
            + REST
            + WHEN.format(day=day, end=day + 1)
        )
    credit = ",,,,,,,-10,-10,-10,-10,Credit" + REST + WHEN.format(day=1, end=2)
    return "\n".join([COLUMNS, *rows, f"goodwill{credit}"]) + "\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("disputes")
    (folder / "bill").mkdir()
    (folder / "bill/september.csv").write_text(_bill(), encoding="utf-8")
    rate = {"provider": "Lambda*", "sku": "h100*", "unit_price": 2.99, "unit": "Hours", "valid_from": "2026-01-01"}
    settings = {
        "organization": "Meridian",
        "sources": [
            {"name": "lambda", "connector": "focus-files", "start": "2026-09", "options": {"path": f"{folder}/bill"}}
        ],
        "contracts": [{"name": "Lambda 2026", "rates": [rate]}],
    }
    home = Home.at(folder / "home")
    home.root.mkdir()
    home.configuration.write_text(yaml.safe_dump(settings).replace("'2026-01-01'", "2026-01-01"), encoding="utf-8")
    with Workplace.open(home) as work:
        assert run(work, periods=["2026-09"]).failures == []
    return home


def _read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_packet_names_lines_clause_and_exact_sums(home: Home, tmp_path: Path) -> None:
    """(3.29 − 2.99) × 192 = 57.60 a day, twice: 115.20."""
    packet = export_disputes(home, tmp_path)[0]
    lines, totals = (_read(path) for path in packet.files)
    assert [path.name for path in packet.files] == ["lambda-cloud-2026-09-lines.csv", "lambda-cloud-2026-09-totals.csv"]
    assert {line["day"] for line in lines} == {"2026-09-02", "2026-09-03"}
    assert {line["difference"] for line in lines} == {"57.6"}
    assert {line["expected_unit_price"] for line in lines} == {"2.99"}
    clause = "rate 1: 2.99 USD per Hours, provider Lambda*, sku h100*, from 2026-01-01"
    assert {line["clause"] for line in lines} == {clause}
    assert tuple(totals[0]) == TOTAL_COLUMNS
    assert [(row["contract"], row["clause"], row["lines"], row["difference"]) for row in totals] == [
        ("Lambda 2026", clause, "2", "115.2"),
        ("", "all disputed lines", "2", "115.2"),
    ]
    assert totals[1]["credits_on_lines_of_their_own"] == "-10"


def test_nothing_in_a_packet_is_run_by_a_spreadsheet(home: Home, tmp_path: Path) -> None:
    packet = export_disputes(home, tmp_path)[0]
    assert "'=HYPERLINK(1)" in [line["description"] for line in _read(packet.files[0])]
    assert [cell_text(text) for text in ("+1", "-1", "@a", "\tx", "a=1")] == ["'+1", "'-1", "'@a", "'\tx", "a=1"]
    assert cell_text(Decimal("-1.500000000000")) == "-1.5"
    assert cell_text(Decimal(100)) == "100"


def test_the_same_again_is_the_same_files(home: Home, tmp_path: Path) -> None:
    files = export_disputes(home, tmp_path)[0].files
    before = [path.read_bytes() for path in files]
    assert [path.read_bytes() for path in export_disputes(home, tmp_path)[0].files] == before
    assert len(list(tmp_path.iterdir())) == 2


def test_only_what_is_asked_for(home: Home, tmp_path: Path) -> None:
    assert export_disputes(home, tmp_path, issuer="OpenAI") == []
    assert export_disputes(home, tmp_path, month="2026-08") == []
    assert len(export_disputes(home, tmp_path, issuer="lambda*", month="2026-09")) == 1


def test_the_command_says_what_it_wrote(home: Home, tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["export", "disputes", str(tmp_path), "--home", str(home.root)])
    assert told.exit_code == 0
    assert "115.20 USD" in told.output
    wrong = CliRunner().invoke(app, ["export", "disputes", str(tmp_path), "--month", "9/26", "--home", str(home.root)])
    assert wrong.exit_code != 0


def test_contracted_cost_is_ours_and_the_vendors_is_kept(home: Home) -> None:
    from pipelines.door import query

    rows = query(home.published, "SELECT ContractedCost, x_Contract, x_VendorColumns FROM focus.cost_and_usage").rows
    ours = rows.drop_nulls("x_Contract")
    assert ours["ContractedCost"].unique().to_list() == [Decimal("2.99") * 192]
    assert ours["x_Contract"].unique().to_list() == ["Lambda 2026, rate 1"]
    assert '"ContractedCost":"631.680000000000"' in ours["x_VendorColumns"][0]
