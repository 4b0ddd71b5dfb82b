"""The page of changes: what an upload would change by plain sums of the sample, asked for as it was previewed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from connectors.control import ControlStore
from models.control.access import Person
from models.control.uploads import KeptUpload, Upload
from tests.dashboards.pages import money, opened, table, words
from tests.dashboards.sample_basics import HOSTILE
from tests.dashboards.sample_warehouse import Sample

OUTLAY = """\
organization: Acme
owners:
  - {project: Search, team: search}
  - {project: "Support*", team: support}
  - {project: Engineering, team: engineering}
  - {user: "*", team: guests}
budgets:
  - {name: Search, amount: 4000, scope: {team: search}, thresholds_pct: [80]}
  - {name: "AI, whole company", amount: 2500, thresholds_pct: [80, 100]}
"""


@pytest.fixture
def place(published: Sample, home: Path) -> Path:
    (home / "outlay.yaml").write_text(OUTLAY)
    return home


def kept(place: Path) -> list[KeptUpload]:
    with ControlStore.open(f"sqlite:///{place}/control/outlay.db") as store:
        return store.uploads.kept()


def uploaded(app: AppTest, text: str, name: str = "table.csv") -> AppTest:
    app.file_uploader[0].upload(name, text.encode()).run()
    assert not app.exception
    return app


def ask(app: AppTest) -> AppTest:
    next(button for button in app.button if button.label.startswith("Ask for this")).click().run()
    assert not app.exception
    return app


def spent(rows: Iterable[dict[str, Any]], team: str | None = None) -> Decimal:
    """Billed in July, in dollars."""
    july = [row for row in rows if row["billing_month"] == "2026-07" and row["currency"] == "USD"]
    return sum((row["billed_cost"] for row in july if team in (None, row["team"])), Decimal(0))


def test_a_preview_tells_new_changed_removed_and_what_is_spent_of_each(place: Path, published: Sample):
    app = uploaded(
        opened("changes"),
        "name,amount,team,remove,thresholds_pct\nSearch,700,search,,50|100\nSupport,700,support,,100\n"
        '"AI, whole company",,,yes,\n',
    )
    assert "1 new, 1 changed, 1 removed" in words(app)
    rows = {row["budget"]: row for row in table(app, "budget", "details")}
    search = spent(published.total_costs, "search")
    assert search > 700
    assert rows["Search"]["what"] == "changed"
    assert rows["Search"]["details"] == (
        "amount: 4,000.00 USD a month → 700.00 USD a month; told at: 80 % → 50 %, 100 %"
    )
    assert (rows["Search"]["period"], rows["Search"]["spent"]) == ("2026-07", money(search))
    assert rows["Search"]["crossed"] == "50 %, 100 %"
    support = spent(published.total_costs, "support")
    assert (rows["Support"]["what"], rows["Support"]["spent"]) == ("new", money(support))
    assert rows["Support"]["crossed"] == ("100 %" if support >= 700 else "none")
    assert rows["AI, whole company"]["what"] == "removed"
    assert not (place / "control").exists()


def test_what_was_previewed_is_kept_and_waits(place: Path):
    app = uploaded(opened("changes"), "name,amount\nSearch,900\n")
    app.text_input[0].set_value("as agreed on Monday")
    ask(app)
    (one,) = kept(place)
    assert (one.state, one.upload.kind, one.upload.content) == ("pending", "budgets", "name,amount\nSearch,900\n")
    assert one.upload.note == "as agreed on Monday"
    assert "1 upload waits for the next publication; outlay.yaml alone holds." in words(app)
    assert "Pending: the next publication applies it" in words(app)
    (row,) = table(app, "number", "state")
    assert row["state"] == "pending: the next publication applies it"
    # nothing is left that could be asked for a second time
    assert not [button for button in app.button if button.label.startswith("Ask")]


def test_a_mistake_takes_nothing_and_has_its_row(place: Path):
    app = uploaded(opened("changes"), "name,amount\nSearch,1.234\n,5\n")
    assert [(row["row"], row["column"]) for row in table(app, "row", "column")] == [(2, "amount"), (3, "name")]
    assert "Nothing of table" in words(app)
    assert not [button for button in app.button if button.label.startswith("Ask")]


def test_owners_tell_which_costs_move_and_what_cannot_be_judged(place: Path, published: Sample):
    app = opened("changes", change="owners")
    uploaded(app, "name,project,tag:env,team\n,Search,,platform\nodd,Nowhere,,search\n,,prod,search\n")
    rows = [
        row
        for row in published.charges
        if row["billing_month"] in ("2026-06", "2026-07") and row["project_name"] == "Search"
    ]
    moved = sum((row["effective_cost"] for row in rows), Decimal(0))
    (move,) = [row for row in table(app, "from", "to") if row["to"] == "platform"]
    assert (move["from"], move["cost"]) == ("search", money(moved))
    said = words(app)
    assert "3 rules before those of outlay" in said
    assert "No cost of these months fits “odd”" in said.replace("\\", "")
    assert "cannot be judged now" in said
    ask(app)
    assert kept(place)[0].upload.kind == "owners"


def test_two_people_at_once_see_each_others_requests_and_none_overwrites(place: Path):
    first, second = opened("changes"), opened("changes")
    uploaded(first, "name,amount\nSearch,900\n")
    uploaded(second, "name,amount\nSearch,800\n")
    ask(first)
    ask(second)
    assert [each.upload.content[-4:-1] for each in kept(place)] == ["900", "800"]
    assert kept(place)[0].upload.base == kept(place)[1].upload.base


def test_names_of_others_render_no_markup(place: Path):
    evil = HOSTILE.replace(",", "")
    app = uploaded(opened("changes"), f"name,amount\n{evil},5\n", f"{evil}.csv")
    ask(app)
    shown = words(app)
    assert "<" not in shown.replace("\\<", "")
    assert "](" not in shown


def test_an_earlier_upload_is_put_back_by_asking_again(place: Path, monkeypatch: pytest.MonkeyPatch):
    with ControlStore.open(f"sqlite:///{place}/control/outlay.db") as store:
        content = "name,amount\nSearch,1500\n"
        store.uploads.ask(Upload("one", "budgets", "ana", datetime.now(UTC), "a.csv", content, "other base"))
        with store.lock_publishing():
            store.uploads.answer(1, refusal="other budgets are in force than when it was previewed")
    app = opened("changes")
    (row,) = table(app, "number", "state")
    assert row["state"] == "refused: other budgets are in force than when it was previewed"
    from dashboards.views import changes

    app.session_state[changes._AGAIN] = ("budgets", changes._Source("upload 1", content))
    app.run()
    assert "4,000.00 USD a month → 1,500.00 USD a month" in table(app, "budget", "details")[0]["details"]
    ask(app)
    assert [(each.state, each.upload.content) for each in kept(place)] == [("refused", content), ("pending", content)]


@pytest.mark.parametrize(
    ("person", "may"),
    [
        (Person("Vi", "vi@example.com", "viewer"), []),
        (Person("Ed", "ed@example.com", "editor"), ["Budgets"]),
        (Person("Ad", "ad@example.com", "admin"), ["Budgets", "Owners"]),
    ],
)
def test_who_may_what(place: Path, person: Person, may: list[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.access.person", lambda: person)
    app = opened("changes")
    assert len(app.file_uploader) == bool(may)
    assert [list(box.options) for box in app.selectbox if box.label == "What"] == ([may] if may else [])
    assert bool(app.expander) == (person.role == "admin")


def test_somebody_of_some_teams_sees_no_changes(place: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dashboards.access.person", lambda: Person("T", "t@example.com", "admin", ("search",)))
    app = opened("changes")
    assert "for people who see all costs" in words(app)
    assert not app.file_uploader
    assert not app.dataframe
