"""Vendors against the rows they come from: shares, single vendors, and where inference ran."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from dashboards.published import begin
from models.economics.commitments import COMMITMENTS
from models.economics.contracts import CONTRACTS
from models.economics.residency import RESIDENCY
from models.economics.single_vendors import SINGLE_PROVIDER_USE_CASES
from models.economics.vendors import VENDOR_CONCENTRATION
from tests.dashboards.pages import opened, shown, table, words
from tests.dashboards.sample_warehouse import HOSTILE, Sample


def test_the_answer_names_the_first_of_each_role_with_its_share(published: Sample) -> None:
    said = words(opened("vendors"))
    assert "develops 60.0 % of what models cost, **AWS** hosts 70.0 % of all cost" in said
    assert "invoices 100.0 % (effective cost in USD, July 2026). 2 uses of models hang on a single host." in said


def test_indices_are_sums_of_squared_shares(published: Sample) -> None:
    """60² + 40² and 70² + 30²."""
    app = opened("vendors")
    assert shown(app, "HHI of model developers").value == "5,200"
    assert shown(app, "HHI of hosts").value == "5,800"
    assert shown(app, "HHI of invoice issuers").value == "10,000"
    assert shown(app, "HHI of hosts").delta == "high concentration"
    assert "U.S. merger guidelines of 2023" in words(app)


def test_every_vendor_has_its_cost_and_who_is_not_known_is_one(published: Sample) -> None:
    app = opened("vendors")
    frames = [frame.value for frame in app.dataframe if "share_pct" in frame.value.columns]
    found = {row["name"]: row["effective_cost"] for frame in frames for row in frame.to_dict("records")}
    told = [row for row in published.agreements[VENDOR_CONCENTRATION] if row["currency"] == "USD"]
    assert found == {row["name"] or "not known": row["effective_cost"] for row in told}
    hosts = {row["name"]: row["share_pct"] for row in frames[1].to_dict("records")}
    assert hosts["Refunding"] != hosts["Refunding"], "whoever pays us back has no share"


def test_the_register_says_the_next_notice_first(published: Sample) -> None:
    """One can be given in 30 days, one has passed three days ago, one tells none."""
    app = opened("vendors")
    register = table(app, "notice_by")
    assert [(row["name"], row["notice_in"]) for row in register] == [
        (HOSTILE, "in 30 d"),
        ("Passed", "passed"),
        ("Silent", None),
    ]
    assert [row["renewal"] for row in register] == ["automatic", "on request", None]
    told = {row["name"]: row for row in published.agreements[CONTRACTS]}
    assert register[0]["committed_amount"] == told[HOSTILE]["committed_amount"]
    assert "in 30 days." in words(app)
    assert [row["name"] for row in table(app, "sla")] == [HOSTILE, "Passed"], "the silent one says nothing"


def test_commitments_are_added_up_by_vendor_and_currency(published: Sample) -> None:
    found = {(row["vendor"], row["currency"]): row for row in table(opened("vendors"), "at_stake")}
    held = [row for row in published.agreements[COMMITMENTS] if row["billing_month"] == "2026-07"]
    for (vendor, currency), row in found.items():
        mine = [each for each in held if (each["issuer_name"], each["currency"]) == (vendor, currency)]
        assert row["commitments"] == len(mine)
        unused = [each["unused"] for each in mine if each["kind"] != "spend"]
        assert row["unused"] == (sum(unused) if unused else None)
        amounts = [each["committed_amount"] for each in mine if each.get("committed_amount") is not None]
        assert row["committed_amount"] == (sum(amounts) if amounts else None)
    amazon = found["Amazon Web Services, Inc.", "USD"]
    assert amazon["at_stake"] == Decimal("120.5") + Decimal("1234.56")
    assert f"{amazon['next_expiry']:%Y-%m-%d}" == "2026-08-01"
    assert set(found) == {("Amazon Web Services, Inc.", "USD"), ("Mistral", "EUR")}


def test_concentration_is_set_against_the_month_before(home: Path, sample: Sample) -> None:
    june = [
        row | {"month": "2026-06", "hhi": Decimal(2500), "concentration": "high"}
        for row in sample.agreements[VENDOR_CONCENTRATION]
        if row["role"] == "host"
    ]
    sample.agreements[VENDOR_CONCENTRATION] += june
    sample.publish(home)
    app = opened("vendors")
    assert shown(app, "HHI of hosts").proto.delta_description == "2,500 in June 2026"
    assert shown(app, "HHI of model developers").proto.delta_description == ""


def test_without_contracts_and_commitments_it_says_so(home: Path, sample: Sample) -> None:
    sample.agreements |= {CONTRACTS: [], COMMITMENTS: []}
    sample.publish(home)
    said = words(opened("vendors"))
    assert "outlay.yaml names no contract." in said
    assert "Commitments with each vendor" not in said


def test_a_person_of_one_team_sees_places_of_that_team_alone(
    published: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.views.vendors.current", lambda: begin(teams=("search",)))
    app = opened("vendors")
    said = words(app)
    assert "are for people who may see everything" in said
    assert "AWS" not in said
    assert "Contracts" not in said
    assert [(row["region"], row["effective_cost"]) for row in table(app, "standing")] == [("us-east-1", Decimal(5))]


def test_a_person_of_a_team_without_any_is_told_what_that_means(
    published: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboards.views.vendors.current", lambda: begin(teams=("platform",)))
    assert "Of the teams that you may see, nothing hangs on a single vendor" in words(opened("vendors"))


def test_uses_that_hang_on_one_vendor_with_their_next_best(published: Sample) -> None:
    app = opened("vendors")
    uses = table(app, "use_name")
    assert [row["use_name"] for row in uses] == [HOSTILE, "nothing names it"]
    assert [row["difference"] for row in uses] == [Decimal("-149.5"), None]
    assert "Whether they do the work as well is not judged." in words(app)


def test_uses_of_a_single_developer_by_the_address(home: Path, sample: Sample) -> None:
    of_host = sample.agreements[SINGLE_PROVIDER_USE_CASES]
    sample.agreements[SINGLE_PROVIDER_USE_CASES] = [
        *of_host,
        of_host[0] | {"role": "model developer", "vendor": "Meta"},
    ]
    sample.publish(home)
    assert [row["vendor"] for row in table(opened("vendors"), "use_name")] == ["AWS", "OpenAI"]
    app = opened("vendors", role="model developer")
    assert [row["vendor"] for row in table(app, "use_name")] == ["Meta"]
    assert "2 uses of models hang on a single host." in words(app)


def test_places_are_added_up_and_violations_come_first(published: Sample) -> None:
    app = opened("vendors")
    places = table(app, "standing")
    assert [row["standing"] for row in places] == ["violation", "unknown region", "allowed"]
    violation = places[0]
    assert (violation["effective_cost"], violation["compliance_cost"], violation["unpriced_cost"]) == (
        Decimal(25),
        Decimal("2.5"),
        Decimal(5),
    )
    assert "25.00 USD ran where it may not (25.0 %); of 5.00 USD the place is not told" in words(app)


def test_what_has_no_rate_is_in_no_share_and_is_said(published: Sample) -> None:
    app = opened("vendors")
    assert "No rate is known, so it is in no share: 812.50 EUR with Mistral AI." in words(app)
    assert shown(app, "HHI of hosts").value == "5,800"


def test_a_second_currency_of_places_is_chosen_and_never_added(published: Sample) -> None:
    app = opened("vendors", currency="EUR")
    assert [(row["region"], row["effective_cost"]) for row in table(app, "standing")] == [("eu-west-3", Decimal(8))]
    assert "**AWS** hosts 70.0 % of all cost" in words(app), "vendors stay in reporting currency"
    assert dict(app.query_params) == {"currency": "EUR"}


def test_a_month_without_a_policy_says_so(home: Path, sample: Sample) -> None:
    sample.agreements |= {RESIDENCY: []}
    sample.publish(home)
    assert "No policy of outlay.yaml (residency) has inference in this month." in words(opened("vendors"))


def test_names_of_others_are_never_markup(published: Sample) -> None:
    said = words(opened("vendors"))
    assert HOSTILE not in said
    # the first developer, the contract whose notice is nearest, the policy
    assert said.count("\\<script\\>") == 3


def test_a_month_whose_costs_are_all_unknown(home: Path, sample: Sample) -> None:
    rows = [row for row in sample.agreements[VENDOR_CONCENTRATION] if row["name"] is None]
    sample.agreements |= {VENDOR_CONCENTRATION: rows, SINGLE_PROVIDER_USE_CASES: [], RESIDENCY: []}
    sample.publish(home)
    assert "Who gets the money is not known for July 2026 in USD." in words(opened("vendors"))


def test_before_there_is_any_cost(home: Path, sample: Sample) -> None:
    sample.agreements |= {VENDOR_CONCENTRATION: [], SINGLE_PROVIDER_USE_CASES: [], RESIDENCY: []}
    sample.publish(home)
    assert "No cost with a vendor is known yet." in words(opened("vendors"))
