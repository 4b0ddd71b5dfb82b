"""From charges to incidents: found on its day, told once, explained to the cent, and never in the way of costs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from connectors.protocol import Surroundings
from pipelines import incident_cases
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.marts import anomalies
from pipelines.publishing import publish
from pipelines.warehouse import Publication
from pipelines.workplace import Workplace

FIRST = datetime(2026, 8, 3, tzinfo=UTC)
DAYS = 91
BAD = date(2026, 10, 14)
"""A Wednesday: project crawler uses fifteen times as much."""
OWNERS = "organization: Acme\nowners:\n  - {project: crawler, team: search}\n  - {project: '*', team: chat}\n"
FORESEEN = """anomalies:
  expected:
    - {name: Reindexing, scope: {team: search}, first_day: 2026-10-13, last_day: 2026-10-15}
"""


def _rows() -> Iterator[dict[str, object]]:
    """Eight projects with 100 to 240 requests a day, 40 % at weekends, a cent each; each with a rhythm of its own."""
    for number, project in enumerate(["crawler", *(f"bot-{letter}" for letter in "abcdefg")]):
        for day in range(DAYS):
            start = FIRST + timedelta(days=day)
            used = (100 + 20 * number + 2 * ((5 * day + 3 * number) % 7)) * (40 if start.weekday() > 4 else 100)
            if project == "crawler" and start.date() == BAD:
                used *= 15
            yield _row(project, start, used)


def _row(project: str, start: datetime, used: int) -> dict[str, object]:
    month = start.replace(day=1)
    cost = str(Decimal(used) / 100)
    return {
        **dict.fromkeys(("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"), cost),
        **dict.fromkeys(("ProviderName", "PublisherName", "InvoiceIssuerName"), "AWS"),
        **dict.fromkeys(("ListUnitPrice", "ContractedUnitPrice"), "0.01"),
        **dict.fromkeys(("PricingQuantity", "ConsumedQuantity"), str(used)),
        **dict.fromkeys(("PricingUnit", "ConsumedUnit"), "Requests"),
        **dict.fromkeys(("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName")),
        **dict.fromkeys(("CommitmentDiscountStatus", "CommitmentDiscountType", "ResourceName", "AvailabilityZone")),
        "BillingPeriodStart": month, "BillingPeriodEnd": month.replace(month=month.month + 1),
        "ChargePeriodStart": start, "ChargePeriodEnd": start + timedelta(days=1),
        "BillingAccountId": "111", "BillingAccountName": "payer", "SubAccountId": project, "SubAccountName": project,
        "BillingCurrency": "USD", "ChargeCategory": "Usage", "ChargeClass": None, "ChargeFrequency": "Usage-Based",
        "ChargeDescription": "per request", "ServiceName": "Amazon API Gateway", "ServiceCategory": "Integration",
        "SkuId": "request", "SkuPriceId": "request", "PricingCategory": "Standard", "RegionId": "us-east-1",
        "RegionName": "US East", "ResourceId": None, "ResourceType": None, "Tags": json.dumps({}),
    }  # fmt: skip


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    folder = tmp_path_factory.mktemp("quarter")
    home = Home.at(folder / "home")
    home.root.mkdir()
    home.configuration.write_text(OWNERS, encoding="utf-8")
    export = folder / "export.csv"
    pl.DataFrame(list(_rows())).write_csv(export, datetime_format="%Y-%m-%dT%H:%M:%SZ")
    with _open(home) as work:
        import_export(work, "focus-files", str(export), "quarter")
    return home


def _open(home: Home) -> Any:
    clock = lambda: FIRST + timedelta(days=DAYS, hours=6)  # noqa: E731
    return Workplace.open(home, surroundings=Surroundings(home=home.root, clock=clock))


def _publish(home: Home, configuration: str = OWNERS) -> Publication:
    home.configuration.write_text(configuration, encoding="utf-8")
    with _open(home) as work:
        return publish(work)


def _ask(home: Home, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(home.published.resolve()), read_only=True) as warehouse:
        return warehouse.execute(query).fetchall()


HEADS = "SELECT dimension, value, first_day, last_day, kind, counted, explained_by FROM marts.anomalies WHERE is_head"


def test_an_event_is_one_incident_and_its_causes_sum_to_it(home: Home) -> None:
    assert _publish(home).problems == ()
    assert _ask(home, HEADS) == [("team", "search", BAD, BAD, "runaway", True, None)]
    whose = "SELECT of_vendor, of_team, of_component, of_model FROM marts.anomalies WHERE is_head"
    assert _ask(home, whose) == [("AWS", "search", "integration", None)]
    shown_in = _ask(home, "SELECT dimension FROM marts.anomalies WHERE NOT is_head AND NOT counted ORDER BY 1")
    assert ("total",) in shown_in
    assert _ask(home, "SELECT count(DISTINCT incident_id) FROM marts.anomalies") == [(1,)]
    # a Wednesday of crawler costs 100 and up to 12 more; fifteen times that on the day
    actual, expected, impact = _ask(home, "SELECT actual, expected, impact FROM marts.anomalies WHERE is_head")[0]
    assert actual - expected == impact
    assert 1500 <= actual <= 1680
    assert 95 <= expected <= 117
    sums = "SELECT sum(expected), sum(actual), sum(impact), sum(volume_effect) FROM marts.anomaly_causes"
    assert _ask(home, sums) == [(expected, actual, impact, impact)]
    ((sentence,),) = _ask(home, "SELECT DISTINCT sentence FROM marts.anomaly_causes")
    assert sentence.startswith(f"Cost of team search rose by {impact:,.2f} USD over what was expected")
    days = "SELECT count(*), sum(actual) FILTER (in_incident) FROM marts.anomaly_days"
    assert _ask(home, days) == [(29, actual)]


def test_what_was_foreseen_and_what_is_small_is_shown_and_does_not_count(home: Home) -> None:
    _publish(home, OWNERS + FORESEEN)
    assert [row[-2:] for row in _ask(home, HEADS)] == [(False, "Reindexing")]
    # of another team, though the total deviates then
    _publish(home, OWNERS + FORESEEN.replace("search", "chat"))
    assert [row[-2:] for row in _ask(home, HEADS)] == [(True, None)]
    _publish(home, OWNERS + "anomalies: {minimum_impact: 5000}\n")
    assert [row[-2:] for row in _ask(home, HEADS)] == [(False, None)]


def test_an_event_explains_the_days_and_the_size_that_it_says_and_no_more(home: Home) -> None:
    event = "forecast: {{events: [{{name: Launch, kind: launch, day: {}, ramp_days: 700, change_pct: {}}}]}}\n"
    for day, percent, by in [("2026-10-10", 5, None), ("2026-10-10", 1400, "Launch"), ("2026-10-15", 1400, None)]:
        _publish(home, OWNERS + event.format(day, percent))
        assert [row[-1] for row in _ask(home, HEADS)] == [by]


def test_rules_that_change_move_the_event_and_the_cache_changes_nothing_but_time(home: Home) -> None:
    _publish(home, OWNERS.replace("search", "growth"))
    assert [row[1] for row in _ask(home, HEADS)] == ["growth"]
    tables = ("anomalies", "anomaly_causes", "anomaly_days")
    told = [_ask(home, f"SELECT * FROM marts.{table} ORDER BY ALL") for table in tables]
    kept = sorted((home.cache / "anomalies").glob("*.parquet"))
    assert [file.name.partition("-")[0] for file in kept] == ["causes", "scores"]
    kept[0].write_bytes(b"no Parquet")
    kept[1].unlink()
    _publish(home, OWNERS.replace("search", "growth"))
    assert [_ask(home, f"SELECT * FROM marts.{table} ORDER BY ALL") for table in tables] == told


def test_a_detection_that_fails_stops_nothing_and_leaves_nothing_stale(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    _publish(home)

    def broken(*_anything: object) -> None:
        raise ZeroDivisionError("a day without hours")

    monkeypatch.setattr(anomalies, "cost_leaves", broken)
    publication = _publish(home)
    (problem,) = publication.problems
    assert problem.what == "anomalies could not be found: ZeroDivisionError: a day without hours"
    assert _ask(home, "SELECT count(*) FROM marts.anomalies") == [(0,)]
    assert _ask(home, "SELECT failure, made_on FROM marts.anomaly_detection") == [(problem.what, None)]
    assert _ask(home, "SELECT count(*) FROM marts.tco_daily")[0][0] > 0


def test_an_incident_that_cannot_be_explained_is_told_all_the_same(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_anything: object) -> None:
        raise ZeroDivisionError("a leaf without cost")

    monkeypatch.setattr(incident_cases, "_places", broken)
    (problem,) = _publish(home).problems
    assert problem.what == (
        "Why team search was unusual from 2026-10-14 on could not be explained: ZeroDivisionError: a leaf without cost"
    )
    assert _ask(home, HEADS) == [("team", "search", BAD, BAD, "runaway", True, None)]
    assert _ask(home, "SELECT sentence, impact = not_metered FROM marts.anomaly_causes") == [(problem.what, True)]
    assert _ask(home, "SELECT unexplained FROM marts.anomaly_detection") == [(1,)]


def test_what_was_judged_is_told_beside_what_was_found(home: Home) -> None:
    """Of two teams, one vendor, component and SKU, and the total; what has no model and no key is no series."""
    _publish(home)
    ((currency, made_on, failure, series, judged, cost, paid),) = _ask(
        home, "SELECT currency, made_on, failure, series, judged, cost, cost_judged FROM marts.anomaly_detection"
    )
    assert (currency, made_on, failure) == ("USD", date(2026, 11, 1), None)
    assert (series, judged) == (6, 6)
    assert cost == paid > 0


def test_a_home_without_charges_has_no_anomalies(tmp_path: Path) -> None:
    empty = Home.at(tmp_path / "home")
    empty.root.mkdir()
    assert _publish(empty).problems == ()
    assert _ask(empty, "SELECT count(*) FROM marts.anomalies") == [(0,)]
