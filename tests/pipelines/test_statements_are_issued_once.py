"""Statements from bills to files: issued once, told in SQL, adjusted by the next, and a changed file is found out."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
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
from models.errors import OutlayError
from pipelines.cli import app
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.publishing import publish
from pipelines.statements_issued import file_name, issue, months_out_of_order, preview, standings
from pipelines.workplace import Workplace

pytestmark = pytest.mark.slow

AUGUST, SEPTEMBER = "2026-08", "2026-09"
CONFIGURATION = """\
organization: Meridian <Goods>
owners:
  - {tags: {team: "*"}, team: "{tag:team}"}
  - {tags: {pool: gateway}, shared: gateway}
shared:
  - {name: gateway, by: direct_cost}
costs:
  - {name: Engineers, kind: people, annual_cost: 36500, team: search, valid_from: 2026-08-01, valid_to: 2026-10-01}
"""
"""100 a day for 61 days: 3,100 in August and 3,000 in September, of search."""


def charge(month: str, cost: str, tags: dict[str, str]) -> dict[str, object]:
    day, year, number = f"{month}-05", int(month[:4]), int(month[5:])
    names = dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "Acme AI")
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost), **names,
        "BillingPeriodStart": f"{month}-01T00:00:00Z", "BillingPeriodEnd": f"{year}-{number + 1:02}-01T00:00:00Z",
        "ChargePeriodStart": f"{day}T00:00:00Z", "ChargePeriodEnd": f"{day}T01:00:00Z",
        "BillingAccountId": "1", "BillingAccountName": "payer", "SubAccountId": "2", "SubAccountName": "all",
        "BillingCurrency": "USD", "ChargeCategory": "Usage", "ChargeClass": None, "ChargeFrequency": "Usage-Based",
        "ChargeDescription": "answers", "ServiceName": "Answers API", "ServiceCategory": "AI and Machine Learning",
        "SkuId": "s", "SkuPriceId": "p", "PricingCategory": "Standard", "PricingQuantity": "1",
        "PricingUnit": "Requests", "ConsumedQuantity": "1", "ConsumedUnit": "Requests", "ListUnitPrice": cost,
        "ContractedUnitPrice": cost, "Tags": json.dumps(tags),
    }  # fmt: skip


SEARCH, ADS, NOBODY = {"team": "search"}, {"team": "A & D/S"}, {"colour": "red"}
GATEWAY = {"pool": "gateway"}


@dataclass
class Bills:
    """A home of which a test says the charges: cost by month and tags."""

    work: Workplace
    folder: Path
    told: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def tell(self, *charges: tuple[str, str, dict[str, str]]) -> None:
        """The bill now says exactly this."""
        pl.DataFrame([charge(*each) for each in charges]).write_csv(self.folder / "bill.csv")
        report = import_export(self.work, "focus-files", str(self.folder / "bill.csv"), "acme")
        assert report.failures == []

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.work.home.published.resolve()), read_only=True) as warehouse:
            return warehouse.execute(sql).fetchall()


@pytest.fixture
def bills(tmp_path: Path) -> Iterator[Bills]:
    home = Home.at(tmp_path / "home")
    home.root.mkdir()
    home.configuration.write_text(CONFIGURATION)
    surroundings = Surroundings(home=home.root, clock=lambda: datetime(2026, 10, 5, 9, tzinfo=UTC))
    with Workplace.open(home, surroundings=surroundings) as work:
        yield Bills(work, tmp_path)


BOTH_MONTHS = (
    (AUGUST, "300.5", SEARCH), (AUGUST, "100", ADS), (AUGUST, "40", GATEWAY), (AUGUST, "7.25", NOBODY),
    (SEPTEMBER, "250", SEARCH), (SEPTEMBER, "50", ADS), (SEPTEMBER, "30", GATEWAY),
)  # fmt: skip


def test_a_month_is_stated_to_every_team_once_and_the_next_month_adjusts_it(bills):
    """September: search has 250 and ads 50 directly, so of the gateway's 30 search takes 25 and ads 5; 3,000 declared.

    August was stated with 300.5 of search; the bill then says 290.5, and the whole pool of 40 follows direct cost anew.
    """
    bills.tell(*BOTH_MONTHS)
    issued = issue(bills.work, AUGUST)
    assert [each.team for each in issued] == ["A & D/S", "search", None]
    assert [each.number for each in issued] == [1, 2, 3]
    (of_month,) = bills.ask("SELECT sum(effective_cost) FROM marts.tco_daily WHERE day < '2026-09-01'")
    stated = bills.ask("SELECT sum(effective_cost) FROM marts.statements WHERE month = '2026-08'")
    assert stated == [of_month] == [(Decimal("3547.75"),)]

    bills.tell((AUGUST, "290.5", SEARCH), *BOTH_MONTHS[1:])
    september = {each.team: each for each in issue(bills.work, SEPTEMBER)}
    sections = {
        team: {amount.section: amount.effective_cost for amount in each.amounts} for team, each in september.items()
    }
    assert sections["search"]["direct"] == 250
    assert sections["search"]["declared"] == 3000
    assert sections["search"]["shared"] == 25
    assert sections["A & D/S"]["shared"] == 5
    changes = sections["search"]["adjustment"] + sections["A & D/S"]["adjustment"]
    assert changes == -10, "what the pool gives back to one it takes from the other"
    by_team = (
        "SELECT team, sum(effective_cost) FROM marts.{} GROUP BY team HAVING sum(effective_cost) != 0 ORDER BY team"
    )
    assert bills.ask(by_team.format("statements")) == bills.ask(by_team.format("tco_daily"))


def test_what_was_issued_stands_until_the_end(bills):
    bills.tell(*BOTH_MONTHS)
    before = {path: path.read_bytes() for path in _files(bills, issue(bills.work, AUGUST))}
    bills.tell((AUGUST, "999", SEARCH))
    with pytest.raises(OutlayError, match="every statement of August 2026 was already issued on 5 October 2026") as no:
        issue(bills.work, AUGUST)
    assert "adjustment in the next month's statement" in no.value.remedy
    with pytest.raises(OutlayError, match="the statement of search for August 2026 was already issued"):
        issue(bills.work, AUGUST, "search")
    assert {path: path.read_bytes() for path in before} == before
    with pytest.raises(ConfigurationError, match="2026-10 is not over yet"):
        issue(bills.work, "2026-10")
    with pytest.raises(OutlayError, match="nothing is known of 2026-05"):
        issue(bills.work, "2026-05")


def test_one_team_may_go_first_and_the_others_follow(bills):
    bills.tell(*BOTH_MONTHS)
    assert [each.team for each in issue(bills.work, AUGUST, "search")] == ["search"]
    assert months_out_of_order(bills.work, SEPTEMBER) == ([AUGUST], [])
    assert [(each.team, each.number) for each in issue(bills.work, AUGUST)] == [("A & D/S", 2), (None, 3)]
    assert months_out_of_order(bills.work, SEPTEMBER) == ([], [])
    assert months_out_of_order(bills.work, "2026-07") == ([], [AUGUST])
    with pytest.raises(OutlayError, match=r"'\.\./x' had nothing to be stated") as unknown:
        issue(bills.work, AUGUST, "../x")
    assert unknown.value.remedy == "it was issued to search, A & D/S, unallocated"
    with pytest.raises(OutlayError, match="nothing to state to 'sales'") as nobody:
        preview(bills.work, "sales", SEPTEMBER)
    assert "A & D/S, search" in nobody.value.remedy


def test_the_files_say_what_was_stated_and_a_changed_one_is_found_out(bills):
    bills.tell(*BOTH_MONTHS)
    ads = issue(bills.work, AUGUST)[0]
    page, lines = (bills.work.home.root / path for path in (ads.page, ads.lines))
    assert page.name == "a-d-s-" + page.stem[-8:] + ".html"
    text = page.read_text(encoding="utf-8")
    assert "Meridian &lt;Goods&gt;" in text
    assert "A &amp; D/S" in text
    assert "://" not in text, "a page stands alone"
    with lines.open(encoding="utf-8") as file:
        told = sum(Decimal(row["effective_cost"] or 0) for row in csv.DictReader(file))
    assert told == sum(amount.effective_cost for amount in ads.amounts)
    assert all(each.is_whole for each in standings(bills.work))

    page.chmod(0o644)
    page.write_text(text.replace("100.00", "10.00"), encoding="utf-8")
    lines.unlink()
    wrong = {each.statement.number: each.wrong for each in standings(bills.work) if not each.is_whole}
    assert wrong == {1: {ads.page: "changed", ads.lines: "missing"}}
    home = ["--home", str(bills.work.home.root)]
    listed = CliRunner().invoke(app, ["statement", "list", *home])
    assert listed.exit_code == 1
    assert f"{ads.page} is changed" in listed.output
    assert CliRunner().invoke(app, ["statement", "list", "--month", SEPTEMBER, *home]).exit_code == 0
    shown = CliRunner().invoke(app, ["statement", "show", "2", *home])
    assert shown.exit_code == 0
    assert "as issued" in shown.output
    again = CliRunner().invoke(app, ["statement", "preview", "--team", "search", "--month", AUGUST, *home])
    assert "No. 2 was issued on 5 October 2026" in again.output
    nowhere = ["-o", str(bills.work.home.root / "no" / "such.html")]
    lost = CliRunner().invoke(app, ["statement", "preview", "--team", "search", "--month", AUGUST, *nowhere, *home])
    assert "cannot be written: no such file or directory" in str(lost.exception)
    previewed = CliRunner().invoke(app, ["statement", "preview", "--team", "search", "--month", SEPTEMBER, *home])
    assert "83.3 % of direct cost" in previewed.output


@pytest.mark.parametrize(
    "changed",
    [
        ("by: direct_cost", "by: tokens"),
        ('team: "{tag:team}"', 'team: "new {tag:team}"'),
        ("annual_cost: 36500", "annual_cost: 73000"),
    ],
)
def test_rules_that_are_not_those_of_the_published_file_state_nothing(bills, changed):
    """The amounts are of the published rules: a driver or an owner of others beside them would be false for ever."""
    bills.tell(*BOTH_MONTHS)
    file = bills.work.home.configuration
    file.write_text(CONFIGURATION.replace(*changed))
    with Workplace.open(bills.work.home, surroundings=bills.work.surroundings) as work:
        for refused in (lambda: preview(work, "search", AUGUST), lambda: issue(work, AUGUST)):
            with pytest.raises(OutlayError, match="has other rules of cost than what is published") as no:
                refused()
            assert "`outlay run`" in no.value.remedy
        assert work.control.issued_statements() == []
        publish(work)
        assert issue(work, AUGUST)


def test_names_of_files_are_safe_and_no_two_teams_share_one():
    names = ["search", "Search", "../../etc/passwd", "search/ads", "search ads", "unallocated", "", "日本", "a" * 300]
    names += [None, file_name("Search")]  # type: ignore[list-item]
    found = [file_name(name) for name in names]
    assert found[0] == "search"
    assert found[names.index(None)] == "unallocated"  # type: ignore[arg-type]
    assert len(set(found)) == len(names)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") and len(name) < 64 for name in found)


def _files(bills: Bills, issued: list) -> list[Path]:
    return [bills.work.home.root / path for each in issued for path in (each.page, each.lines)]
