"""Every page of the demo in Chromium against what the make-believe organisation knows of itself.

The truth was written by the simulator from its own bookkeeping; no line of the warehouse was read for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from models.wording import money_text
from tests.browser import chromium
from tests.browser.screenshots import PAGES
from tests.browser.watching import Watched, watching

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HALF_A_CENT = Decimal("0.005")
Truth = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def served_demo(demo_home: Path, browser: Any) -> Iterator[tuple[str, Any]]:
    with chromium.served(demo_home) as address:
        yield address, browser


@pytest.fixture
def watched(served_demo: tuple[str, Any], demo_home: Path) -> Iterator[Watched]:
    address, browser = served_demo
    with watching(browser, address, demo_home) as page:
        yield page


def total(rows: list[dict[str, Any]], amount: str, **where: Any) -> Decimal:
    """The exact sum of the rows of the truth that have these values."""
    return sum(
        (Decimal(row[amount] or 0) for row in rows if all(row[name] == value for name, value in where.items())),
        Decimal(0),
    )


def amount_of(text: str) -> Decimal:
    return Decimal(re.sub(r"[^0-9.\-]", "", text.replace("−", "-")))


def dollar_teams(truth: Truth, month: str) -> list[str]:
    """Teams of a month whose costs are all in dollars: no rate of exchange is in their totals."""
    currencies: dict[str, set[str]] = {}
    for row in truth["tco"]:
        if row["month"] == month and row["team"]:
            currencies.setdefault(row["team"], set()).add(row["currency"])
    return sorted(team for team, found in currencies.items() if found == {"USD"})


def last_whole_month(truth: Truth) -> str:
    return sorted({row["billing_period"] for row in truth["billed"]})[-2]


def test_the_navigation_shows_all_pages_and_each_has_data(watched: Watched, truth: Truth) -> None:
    watched.open("/")
    addresses = {"/"}
    for section in watched.page.get_by_test_id("stTopNavSection").all():
        section.click()
        links = watched.page.get_by_test_id("stTopNavDropdownLink")
        links.first.wait_for()
        addresses |= {urlsplit(link.get_attribute("href")).path for link in links.all()}
        watched.page.keyboard.press("Escape")
        links.first.wait_for(state="detached")
    assert {address.strip("/") or "overview" for address in addresses} == set(PAGES)
    for name in PAGES:
        watched.open("/" if name == "overview" else f"/{name}")
        assert watched.page.locator("h1").count() == 1, name
        figures = watched.page.locator(
            '[data-testid="stMetric"], [data-testid="stDataFrame"], [data-testid="stFileUploader"]'
        )
        assert figures.count() > 0, name
        assert watched.page.locator('[data-testid="stException"]').count() == 0, name


def test_links_of_alerts_lead_to_pages(watched: Watched, ask: Callable[[str], list[dict[str, Any]]]) -> None:
    """One of each page that an alert's link names, and the overview by the name that it had in links."""
    links = ask("SELECT min(page) AS page FROM marts.alert_conditions GROUP BY split_part(page, '?', 1)")
    assert len(links) >= 3
    for link in [*(row["page"] for row in links if row["page"]), "overview?period=2026-10"]:
        watched.open(f"/{link}")
        assert watched.page.get_by_role("dialog").count() == 0, link


def test_the_overview_says_what_was_billed(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    billed = total(truth["billed"], "billed_cost", billing_period=month, currency="USD")
    watched.open(f"/?period={month}")
    assert watched.metric("Billed") == money_text(billed, "USD")
    assert money_text(billed, "USD") in watched.words()


def test_a_team_of_the_overview_bears_what_is_true(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    team = dollar_teams(truth, month)[0]
    watched.open(f"/?period={month}&team={team}&basis=effective")
    borne = total(truth["tco"], "effective_cost", month=month, team=team, origin="charge", currency="USD")
    assert abs(amount_of(watched.metric("Effective")) - borne) <= 2 * HALF_A_CENT


def test_total_cost_by_team_is_the_truth_with_what_is_declared(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    watched.open(f"/total-cost?period={month}")
    rows = {row["Team"]: row for row in watched.table("Effective cost by team")}
    teams = dollar_teams(truth, month)
    assert len(teams) >= 2
    for team in teams:
        told = Decimal(rows[team]["Total, USD"])
        assert abs(told - total(truth["tco"], "effective_cost", month=month, team=team)) < HALF_A_CENT, team


def test_tokens_by_model_are_those_that_were_used(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    watched.open(f"/models?period={month}&vendor=OpenAI")
    rows = watched.table("Cost of a million tokens by model, with")
    used = {
        row["Model"]: total(truth["by_key"], "tokens", billing_period=month, source="openai", model=row["Model"])
        for row in rows
    }
    assert len([tokens for tokens in used.values() if tokens]) >= 3
    for row in rows:
        assert Decimal(row["Tokens, M"]) == pytest.approx(used[row["Model"]] / 1_000_000, abs=Decimal("0.000001")), row


def test_accelerator_hours_are_those_that_ran(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    watched.open(f"/accelerators?period={month}")
    shown = {
        (row["Accelerator"], row["Region"], row["Bought"].replace(" ", "_")): Decimal(row["Used hours"])
        for row in watched.table("Cost of an accelerator-hour")
        if row["Host"] != "ourselves"
    }
    assert len(shown) > 8
    for (kind, region, bought), hours in shown.items():
        ran = total(
            truth["accelerators"], "accelerator_hours",
            billing_period=month, accelerator_type=kind, region=region, pricing_kind=bought, use="used",
        )  # fmt: skip
        assert hours == ran, (kind, region, bought)


def test_prepaid_credits_are_drawn_as_they_were(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    credit = next(row for row in truth["prepaid"] if row["bought_on"].startswith(month))
    watched.open(f"/commitments?period={month}")
    row = next(row for row in watched.table("Commitments") if row["Commitment"] == f"Credits of {month}")
    assert Decimal(row["Used, USD"]) == Decimal(credit["drawn"])


def test_budgets_were_spent_as_they_really_were(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    known = [row for row in truth["budgets"] if row["period"] == month and row["threshold_pct"] == 100]
    assert known
    for budget in known[:3]:
        watched.open(f"/budgets?budget={quote(budget['budget'])}")
        row = next(row for row in watched.table("Periods of the budget") if row["Period"] == month)
        spent = next(row[name] for name in row if name.startswith("Spent"))
        assert abs(Decimal(spent) - Decimal(budget["spent"])) < HALF_A_CENT, budget["budget"]


def test_forecasts_stand_on_what_really_came(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    watched.open("/forecast?by=team")
    rows = {row["Team"]: row for row in watched.table("Landing of this month by team")}
    teams = dollar_teams(truth, month)
    assert len(teams) >= 2
    for team in teams:
        came = total(truth["tco"], "effective_cost", month=month, team=team)
        assert abs(Decimal(rows[team]["Period before"]) - came) < HALF_A_CENT, team
    watched.open(f"/forecast?team={teams[0]}")
    came = total(truth["tco"], "effective_cost", month=month, team=teams[0])
    assert f"against the month before, which came to {money_text(came, 'USD')}" in watched.words()


def test_self_hosting_is_set_against_what_models_really_cost(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    watched.open(f"/self-hosting?period={month}")
    # what is on no bill, and what is paid for beside tokens, stands in other rows of the truth
    of_month = [row for name in ("unpaid_usage", "by_key") for row in truth[name] if row["billing_period"] == month]
    elsewhere = {row["model"] for row in of_month if row["token_kind"] is None or row.get("reason")}
    rows = [row for row in watched.table("The dearest models") if row["Model"] not in elsewhere]
    assert len(rows) >= 2
    for row in rows:
        of_it = {"billing_period": month, "model": row["Model"]}
        assert Decimal(row["Output tokens"]) == total(truth["by_key"], "tokens", token_kind="output", **of_it), row
        assert Decimal(row["Through the API"]) == total(truth["by_key"], "effective_cost", **of_it), row


def test_anomalies_are_those_that_were_planted(watched: Watched, truth: Truth) -> None:
    watched.open("/anomalies")
    words = " ".join(value for row in watched.table("Incidents") for value in row.values())
    planted = [row for row in truth["anomalies"] if not row["expected"] and row["dimension"] == "key"]
    found = [row["value_name"] for row in planted if row["value_name"] in words]
    assert len(found) >= len(planted) - 1, (planted, words)


def test_alerts_of_budgets_that_were_exceeded_stand_on_the_page(watched: Watched, truth: Truth) -> None:
    month = max({row["period"] for row in truth["budgets"] if re.fullmatch(r"\d{4}-\d{2}", row["period"])})
    exceeded = {
        row["budget"]
        for row in truth["budgets"]
        if row["period"] == month and row["threshold_pct"] == 100 and row["told_on"]
    }
    assert exceeded
    watched.open("/alerts")
    words = " ".join(value for row in watched.table("Alerts") for value in row.values()) + watched.words()
    assert [name for name in sorted(exceeded) if name not in words] == []


def test_contracts_renew_when_they_do(watched: Watched, truth: Truth) -> None:
    watched.open("/vendors")
    rows = {row["Contract"]: row for row in watched.table("Register of contracts")}
    for agreement in truth["agreements"]:
        if agreement["kind"] == "renewal" and agreement["name"] in rows:
            renewal = date.fromisoformat(agreement["told_on"]) + timedelta(days=agreement["days_ahead"])
            assert renewal.isoformat() in " ".join(rows[agreement["name"]].values()), agreement


def test_every_planted_difference_stands_with_its_reason(watched: Watched, truth: Truth) -> None:
    months = sorted({row["day"][:7] for row in truth["residuals"]})
    month = months[0]
    watched.open(f"/data-health?period={month}")
    shown = {row["Reason"]: row for row in watched.table("Reported, computed")}
    planted = [row for row in truth["residuals"] if row["day"].startswith(month)]
    for reason in {row["reason"] for row in planted}:
        differs = total(planted, "difference", reason=reason)
        told = amount_of(shown[reason.replace("_", " ")]["Difference"])
        assert abs(told - differs) <= 2 * HALF_A_CENT, reason


def test_sql_says_the_same(watched: Watched, truth: Truth) -> None:
    month = last_whole_month(truth)
    sql = (
        f"SELECT currency, sum(billed_cost) AS billed FROM marts.tco_monthly "
        f"WHERE origin = 'charge' AND billing_month = '{month}' GROUP BY currency ORDER BY currency"
    )
    watched.open(f"/explore?sql={quote(sql)}")
    watched.page.get_by_role("button", name="Run").click()
    watched.page.get_by_text("2 rows").first.wait_for(timeout=30_000)
    chromium.settle(watched.page)
    rows = {row["currency"]: amount_of(row["billed"]) for row in watched.table("The answer")}
    for currency in ("EUR", "USD"):
        assert rows[currency] == total(truth["billed"], "billed_cost", billing_period=month, currency=currency)
