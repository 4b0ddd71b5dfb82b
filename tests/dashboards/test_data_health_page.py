"""Data health: failures first, each with its remedy, and the sums behind the verdict."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboards import access
from models.control.access import Person
from models.spreadsheets import as_csv
from models.wording import money_text
from tests.dashboards.sample_warehouse import HOSTILE, Sample
from tests.dashboards.sample_warehouse import _restatements as restatements  # pyright: ignore[reportPrivateUsage]


def _script() -> None:
    from dashboards.views import data_health

    data_health.show()


def page(**query: str) -> AppTest:
    app = AppTest.from_function(_script, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def words(app: AppTest) -> str:
    return "\n".join(
        str(element.value) for kind in ("markdown", "caption", "error", "info") for element in getattr(app, kind)
    )


def rows(app: AppTest, *columns: str) -> list[dict[str, object]]:
    return next(
        frame.value for frame in app.dataframe if set(columns) <= set(frame.value.columns)
    ).to_dict("records")  # fmt: skip


def test_it_says_what_is_wrong_before_anything_else(published: Sample) -> None:
    app = page()
    assert not app.exception
    assert app.markdown[0].value == (
        "**Not entirely:** 1 of 18 proofs does not hold; anthropic is not fresh. The sums below that fail say where."
    )
    assert "set ANTHROPIC\\_ADMIN\\_KEY" in app.error[0].value
    assert rows(app, "expected", "actual")[0] | {"detail": "", "subject": None} == {
        "state": "✗ fails", "name": "charges = bill lines", "source": "openai", "billing_period": "2026-05",
        "cost_basis": "billed", "subject": None, "expected": "3,104.55 USD", "actual": "3,104.56 USD",
        "difference": "+0.01 USD", "detail": "",
    }  # fmt: skip


def test_it_says_yes_when_all_holds(home: Path, sample: Sample) -> None:
    sample.stale_source = sample.failing_proof = False
    sample.publish(home)
    app = page()
    assert app.markdown[0].value == "**Yes.** All 18 proofs hold, and 3 sources are fresh."
    assert not app.error


def test_reported_computed_and_difference_by_reason(published: Sample) -> None:
    app = page()
    found = {row["reason"]: row for row in rows(app, "reason", "rows")}
    assert (found["cache"]["reported"], found["cache"]["difference"]) == ("79.00 USD", "+71.10 USD")
    assert found["late"]["reported"] == "–", "no bill is not a bill of nothing"
    assert found["rounding"]["difference"] == ">-0.01 USD", "a trace is not nothing"
    assert found["agrees"]["difference"] == "0.00 USD"
    assert next(iter(found)) == "cache", "the largest difference comes first"
    # 1606.370001 reported, 1528.1500014 computed of what is billed, and 61.25 of what is not
    assert (
        "**1,606.37 USD** is reported by openai, the only bills compared here. That is **+78.22 USD** (4.87 %) against"
        " our own sum, 1,528.15 USD. Besides, 61.25 USD of usage is on no bill yet. Every difference has a reason."
    ) in words(app)
    largest = rows(app, "description", "difference")
    assert [row["difference"] for row in largest] == [
        Decimal(text) for text in ("36.45", "34.65", "4", "3.12", "-61.25")
    ], "a bill still to come is last"


def test_what_cannot_be_computed_is_no_difference_of_nothing(home: Path, sample: Sample) -> None:
    file = sample.publish(home)
    with duckdb.connect(str(file)) as connection:
        connection.execute("UPDATE marts.reconciliation_reasons SET reason = 'no price' WHERE reason = 'missing usage'")
        connection.execute(
            "UPDATE marts.reconciliation_reasons SET reason = 'tier', reported = NULL, computed = NULL, difference = 0"
            " WHERE reason = 'rounding'"
        )
    app = page()
    found = {row["reason"]: row for row in rows(app, "reason", "rows")}
    assert (found["no price"]["reported"], found["no price"]["difference"]) == ("3.12 USD", "–")
    assert found["tier"]["difference"] == "–"
    assert (
        "**3.12 USD** of it has no price of ours and cannot be checked. The rest is **+75.10 USD** (4.68 %)"
        in words(app)
    )


def test_restatements_say_how_much_on_which_day_by_name(published: Sample) -> None:
    app = page()
    first = rows(app, "before", "after")[0]
    assert (first["measure"], first["difference"], first["project"]) == (
        "Used",
        "+61,000 Tokens",
        "Search",
    )
    assert "2 days of 1 source changed after we had loaded them." in words(app)


def test_a_month_without_a_bill_or_restatement_says_so(published: Sample) -> None:
    app = page(period="2026-05")
    assert "No bill of this month is reconciled" in words(app)
    assert "Nothing that was told before was told otherwise later." in words(app)


def test_what_vendors_sent_is_never_markup(published: Sample) -> None:
    app = page()
    assert HOSTILE not in words(app)
    assert HOSTILE in str(rows(app, "kind", "detail")[0]["detail"])


def test_before_anything_is_published_it_says_what_to_run(home: Path) -> None:
    assert [code.value for code in page().code] == ["outlay demo", "outlay init\noutlay run"]


def test_empty_tables_are_no_error(home: Path, sample: Sample) -> None:
    file = sample.publish(home)
    with duckdb.connect(str(file)) as connection:
        for table in ("checks", "freshness", "loads", "restatements", "findings", "publication"):
            connection.execute(f"DELETE FROM ops.{table}")
    app = page()
    assert not app.exception
    assert not app.error


def test_people_of_some_teams_are_told_what_is_withheld(published: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "person", lambda: Person("Anna", "anna@example.com", "viewer", ("search",)))
    app = page()
    assert not app.exception
    told = words(app)
    assert "anthropic is not fresh" in told
    assert "You see costs of search alone" in told
    assert "Nothing odd" not in told
    assert "holds" not in told
    assert len(app.dataframe) == 1


def test_reconciliation_of_one_source_is_its_own(published: Sample) -> None:
    app = page(source="anthropic")
    assert "No bill of this month is reconciled" in words(app)
    assert "**1,606.37 USD** is reported by openai" in words(page(source="openai"))


def test_restatements_are_summed(published: Sample) -> None:
    restated = sum(
        (row["difference"] for row in restatements(published.now) if row["measure"] == "billed_cost"), Decimal(0)
    )
    assert f"Billed cost changed by **{money_text(restated, 'USD', signed=True)}** together" in words(page())


def test_a_project_without_a_list_of_names_is_named_by_its_bills(home: Path, sample: Sample) -> None:
    with duckdb.connect(str(sample.publish(home))) as connection:
        connection.execute("DELETE FROM ops.names")
        connection.execute("UPDATE marts.daily_costs SET project_name = 'Lookup' WHERE project_id = 'proj_0'")
    assert {row["project"] for row in rows(page(), "project", "before")} == {"Lookup"}


def test_proofs_are_counted(published: Sample) -> None:
    assert "**17 of 18 proofs hold.**" in words(page())


def test_a_formula_in_a_vendors_words_stays_text() -> None:
    told = as_csv(pl.DataFrame({"description": ["=HYPERLINK(1)", "fine"], "difference": [Decimal(-1), Decimal(2)]}))
    assert told.decode().splitlines()[1:] == ["'=HYPERLINK(1),-1", "fine,2"]


def test_invoices_stand_against_charges_and_what_differs_comes_first(published: Sample) -> None:
    app = page()
    assert "3 invoices: 1 differing, 1 not imported, 1 equal." in words(app)
    found = rows(app, "invoice_id", "charged")
    assert [row["invoice_id"] for row in found] == ["INV-2", "INV-3", "INV-1"]
    assert found[0]["difference"] == Decimal("4.25")
    assert found[0]["issuer_name"] == HOSTILE


def test_what_was_billed_too_high_is_one_line_with_a_file(published: Sample) -> None:
    app = page()
    assert "3 lines at another price than ours: **6.25 USD** too much in 2 lines." in words(app)
    assert app.get("download_button")
