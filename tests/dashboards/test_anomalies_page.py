"""The anomalies page: what is counted, what is only listed, and why one of them happened."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from connectors.control import ControlStore
from dashboards import access
from models.control.access import Person
from models.control.alerts import AlertEvent
from models.control.conditions import AlertKey
from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_DETECTION
from tests.dashboards.pages import opened, table, words
from tests.dashboards.sample_alerts import NOW, condition, fill
from tests.dashboards.sample_foresight import DETECTION, ENDED, FORESEEN, OPEN
from tests.dashboards.sample_warehouse import HOSTILE, Sample


def incident(app: AppTest) -> str:
    """The one that is chosen."""
    return str(next(box.value for box in app.selectbox if box.label == "Incident"))


@pytest.mark.usefixtures("published")
def test_counted_money_is_told_first_and_foreseen_money_is_not_in_it() -> None:
    told = words(opened("anomalies")).replace("\\", "")
    assert (
        "1 open anomaly cost 640.50 USD more than expected since 18 July 2026. 2 anomalies in the last 90 days" in told
    )
    assert "Judged through 20 July 2026: 11 of 12 series in USD; 1 are too young" in told
    assert "together 98.75 USD, are not" in told


@pytest.mark.usefixtures("published")
def test_each_incident_is_one_line_whatever_series_show_it() -> None:
    rows = table(opened("anomalies"), "what", "state")
    assert [(row["what"], row["kind"], row["state"]) for row in rows] == [
        (f"key {HOSTILE}", "runaway", "open"),
        ("model gpt-5", "drop", "ended"),
        ("team search", "burst", "foreseen: Load test"),
    ]


@pytest.mark.usefixtures("published")
def test_causes_sum_to_the_impact_and_trifles_show_as_nothing() -> None:
    app = opened("anomalies")
    rows = table(app, "volume", "price")
    assert sum(row["impact"] for row in rows) == Decimal("640.5")
    assert [row["name"] for row in rows] == [f"model {HOSTILE}", "everything else"]
    assert rows[1]["mix"] == 0
    assert "It shows in key" in words(app)


@pytest.mark.usefixtures("published")
def test_another_incident_is_chosen_by_the_address() -> None:
    app = opened("anomalies", incident=ENDED)
    assert incident(app) == ENDED


def test_nothing_unusual_is_said(sample: Sample, home: Path) -> None:
    sample.foresight[ANOMALIES] = []
    sample.publish(home)
    assert "No anomaly in the last 90 days" in words(opened("anomalies"))


def test_old_incidents_alone_are_none_of_the_last_days(sample: Sample, home: Path) -> None:
    for row in sample.foresight[ANOMALIES]:
        row["first_day"], row["last_day"] = date(2026, 3, 1), date(2026, 3, 2)
    sample.publish(home)
    assert "No anomaly in the last 90 days" in words(opened("anomalies"))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        pytest.param(
            {"failure": "a day without hours"}, "Anomalies could not be sought: a day without hours", id="failed"
        ),
        pytest.param({"judged": 0}, "none of 12 series is known for the weeks that it takes", id="young"),
    ],
)
def test_what_nobody_judged_is_no_good_news(sample: Sample, home: Path, changed: dict[str, Any], told: str) -> None:
    sample.foresight[ANOMALIES] = []
    sample.foresight[ANOMALY_DETECTION] = [DETECTION | changed]
    sample.publish(home)
    page = words(opened("anomalies")).replace("\\", "")
    assert told in page
    assert "No anomaly" not in page


def test_names_are_as_their_owners_wrote_them_and_each_series_is_told_once(sample: Sample, home: Path) -> None:
    """A key `ci_bot` is looked for by that name; of components the words are ours."""
    told = sample.foresight[ANOMALIES]
    shown = next(row for row in told if row["incident_id"] == OPEN and not row["is_head"])
    more = {"is_head": False, "counted": False, "dimension": "key", "value": "ci_bot", "value_name": "ci_bot"}
    part = {"dimension": "component", "value": "model_apis", "value_name": "model_apis"}
    told += [
        shown | more | {"anomaly_id": "one"},
        shown | more | {"anomaly_id": "two", "first_day": date(2026, 7, 10)},
        shown | part | {"anomaly_id": "three"},
    ]
    sample.publish(home)
    page = words(opened("anomalies")).replace("\\", "")
    assert page.count("ci_bot") == 1
    assert "component model APIs" in page


@pytest.mark.usefixtures("published")
def test_a_link_to_an_episode_opens_the_incident_that_it_is_of_now() -> None:
    """Vendors restate: what named an event yesterday may be a part of it today."""
    app = opened("anomalies", incident=f"{OPEN}-team")
    assert incident(app) == OPEN
    assert not app.info


@pytest.mark.usefixtures("published")
@pytest.mark.parametrize("gone", ["0123456789abcdef", HOSTILE, "x" * 5000])
def test_a_link_to_what_is_gone_says_so_and_shows_what_stands(gone: str) -> None:
    app = opened("anomalies", incident=gone)
    assert [info.proto.title for info in app.info] == ["The incident of this link is not known any more"]
    assert incident(app) == OPEN


def test_a_link_opens_what_is_old_and_what_filters_leave_out(sample: Sample, home: Path) -> None:
    for row in sample.foresight[ANOMALIES]:
        if row["incident_id"] == ENDED:
            row["first_day"], row["last_day"], row["of_team"] = date(2026, 3, 1), date(2026, 3, 2), "support"
        else:
            row["of_team"] = "search"
    sample.publish(home)
    app = opened("anomalies", incident=ENDED, team="search")
    assert incident(app) == ENDED
    assert "1 open anomaly of search cost 640.50 USD more" in words(app).replace("\\", "")
    assert [row["what"] for row in table(app, "what", "state")] == [f"key {HOSTILE}", "team search"]


def test_the_alert_of_an_incident_is_acted_on_where_the_incident_is(
    home: Path, monkeypatch: pytest.MonkeyPatch, sample: Sample
) -> None:
    sample.publish(home)
    told = condition("spikes", subject=f"key {HOSTILE}")
    key = AlertKey("spikes", "key", "2026-07-18", f"{OPEN}-key")
    told = replace(told, key=key, kind="anomaly", page=f"anomalies?incident={OPEN}")
    fill(home, [AlertEvent(told.alert_id, "opened", NOW, condition=told)])
    app = opened("anomalies")
    app.button[0].click().run()
    with ControlStore.open(f"sqlite:///{home / 'control' / 'outlay.db'}") as store:
        (request,) = store.alerts.pending_requests()
    assert (request.alert_id, request.act) == (told.alert_id, "acknowledge")
    assert "Pending" in words(app)
    monkeypatch.setattr(access, "person", lambda: Person("Anna", "anna@example.com", "viewer"))
    app = opened("anomalies")
    assert not app.button
    assert "You may look at alerts" in words(app)


@pytest.mark.usefixtures("published")
def test_an_incident_without_an_alert_says_why() -> None:
    assert "It has no alert: no rule asks for it" in words(opened("anomalies"))
    assert "It has no alert: what was foreseen" in words(opened("anomalies", incident=FORESEEN))


@pytest.mark.usefixtures("published")
def test_people_of_a_team_see_what_is_their_teams_and_that_the_rest_is_withheld(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(access, "person", lambda: Person("Anna", "anna@example.com", "viewer", ("search",)))
    app = opened("anomalies")
    assert [row["what"] for row in table(app, "what", "state")] == ["team search"]
    told = words(app)
    assert "withheld" in told
    assert "not known" not in told
    assert HOSTILE not in str([frame.value.to_dict() for frame in app.dataframe])
