"""The alerts page: what is open comes first, what people ask for is kept and shown as pending, nothing is rendered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from connectors.control import ControlStore
from dashboards import access
from models.control.access import Person, Role
from models.control.alerts import AlertEvent, Request
from tests.dashboards import sample_alerts
from tests.dashboards.pages import opened, table, words
from tests.dashboards.sample_alerts import LATE, NOW, OLD, SEARCH
from tests.dashboards.sample_warehouse import HOSTILE

pytestmark = pytest.mark.usefixtures("published")


def told(app: AppTest) -> str:
    return words(app).replace("\\", "")


def pending(home: Path) -> list[Request]:
    with ControlStore.open(f"sqlite:///{home / 'control' / 'outlay.db'}") as store:
        return store.alerts.pending_requests()


def send(app: AppTest) -> AppTest:
    app.button[0].click().run()
    assert not app.exception
    return app


def signed_in(monkeypatch: pytest.MonkeyPatch, role: Role, teams: tuple[str, ...] | None = None) -> None:
    monkeypatch.setattr(access, "person", lambda: Person("Anna", "anna@example.com", role, teams))


def test_what_is_open_is_counted_by_severity_and_what_was_long_resolved_is_left_out(home: Path) -> None:
    sample_alerts.fill(home)
    app = opened("alerts")
    assert "2 alerts are open (1 critical, 1 warning); 1 of them nobody has taken up yet." in words(app).replace(
        "\\", ""
    )
    rows = table(app, "severity", "figure")
    assert [(row["severity"], row["what"], row["figure"]) for row in rows] == [
        ("critical", SEARCH.headline, "11,250.00 USD of 10,000.00 USD"),
        ("warning", LATE.headline, "96 hours of 48 hours"),
    ]
    assert rows[1]["state"].startswith(f"acknowledged by {HOSTILE}")


def test_one_alert_says_what_why_and_what_to_do(home: Path) -> None:
    sample_alerts.fill(home)
    page = told(opened("alerts"))
    for part in (SEARCH.answer, SEARCH.cause, SEARCH.to_do, "search", "Data through"):
        assert str(part) in page
    assert "(./overview?period=2026-07)" in page


def test_names_of_others_are_never_markup(home: Path) -> None:
    sample_alerts.fill(home)
    assert HOSTILE not in "\n".join(str(part.value) for part in opened("alerts").markdown)


def test_another_alert_is_chosen_by_the_address(home: Path) -> None:
    sample_alerts.fill(home)
    assert "96 hours" in told(opened("alerts", alert=LATE.alert_id))


def test_an_act_is_a_request_in_somebodys_name_and_pending_until_a_pass(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_alerts.fill(home)
    signed_in(monkeypatch, "editor")
    app = opened("alerts")
    app.text_input[0].set_value("asked search")
    app = send(app)
    (request,) = pending(home)
    assert (request.alert_id, request.act, request.who, request.note) == (
        SEARCH.alert_id, "acknowledge", "anna@example.com", "asked search",
    )  # fmt: skip
    assert "anna@example.com asked for it to be acknowledged" in told(app)
    assert "Pending" in told(app)


def test_on_this_machine_alone_its_user_acts(home: Path) -> None:
    sample_alerts.fill(home)
    send(opened("alerts"))
    (request,) = pending(home)
    assert request.who == access.person().signature


def test_a_viewer_sees_why_there_is_nothing_to_send(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sample_alerts.fill(home)
    signed_in(monkeypatch, "viewer")
    app = opened("alerts")
    assert not app.button
    assert "You may look at alerts, not act on them: anna@example.com is viewer here" in told(app)


def test_people_of_a_team_see_its_alerts_alone_and_no_link_opens_others(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample_alerts.fill(home)
    signed_in(monkeypatch, "editor", ("search",))
    app = opened("alerts", alert=LATE.alert_id)
    assert [row["what"] for row in table(app, "severity", "figure")] == [SEARCH.headline]
    assert "not known here" in "\n".join(info.proto.title for info in app.info)
    assert "96 hours" not in told(app)
    assert app.button


def test_what_could_not_be_done_is_said_with_the_reason(home: Path) -> None:
    sample_alerts.fill(home)
    request = Request("page 1", SEARCH.alert_id, "acknowledge", HOSTILE, NOW)
    with ControlStore.open(f"sqlite:///{home / 'control' / 'outlay.db'}") as store, store.lock_alerting():
        store.alerts.request(request)
        store.alerts.refuse(request, "ben acknowledged it already")
    app = opened("alerts")
    (warning,) = [str(each.value) for each in app.warning if "could not be done" in str(each.value)]
    assert "ben acknowledged it already" in warning
    assert HOSTILE not in warning


def test_a_snooze_says_until_when(home: Path) -> None:
    sample_alerts.fill(home)
    app = opened("alerts")
    assert not [box for box in app.selectbox if box.label == "How long"], "only a snooze has an end"
    app.segmented_control[0].set_value("Snooze").run()
    send(app)
    (request,) = pending(home)
    assert request.until is not None
    assert request.until - request.at == timedelta(days=1)


@pytest.mark.parametrize(
    ("query", "left"),
    [
        pytest.param({"state": "waiting"}, [SEARCH.headline], id="waiting"),
        pytest.param({"state": "taken"}, [LATE.headline], id="taken"),
        pytest.param({"kind": "stale_source"}, [LATE.headline], id="kind"),
        pytest.param({"owner": "search"}, [SEARCH.headline], id="owner"),
        pytest.param({"kind": "<script>"}, [SEARCH.headline, LATE.headline], id="nonsense"),
    ],
)
def test_the_list_is_narrowed_by_the_address(home: Path, query: dict[str, str], left: list[str]) -> None:
    sample_alerts.fill(home)
    assert [row["what"] for row in table(opened("alerts", **query), "severity", "figure")] == left


def test_a_link_to_an_alert_goes_before_filters_and_before_the_days_that_are_listed(home: Path) -> None:
    sample_alerts.fill(home)
    app = opened("alerts", alert=OLD.alert_id, state="waiting")
    assert "resolved on" in told(app)
    assert "there is nothing to do" in told(app)


def test_nothing_left_by_filters_is_said(home: Path) -> None:
    sample_alerts.fill(home)
    app = opened("alerts", state="resolved")
    assert "No alert is left by these filters." in told(app)


def test_a_resolved_alert_offers_nothing_to_do(home: Path) -> None:
    opening = AlertEvent(SEARCH.alert_id, "opened", NOW, condition=SEARCH)
    sample_alerts.fill(home, [opening, AlertEvent(SEARCH.alert_id, "resolved", NOW, note="it is over")])
    app = opened("alerts")
    assert "Nothing: no alert is open." in told(app)
    assert not app.button


def test_a_home_without_alerts_says_so(home: Path) -> None:
    assert "Nothing: no alert is open." in told(opened("alerts"))
