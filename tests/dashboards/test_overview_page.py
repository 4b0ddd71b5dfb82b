"""The overview against sums of plain Python rows; then what it shows when there is little or nothing to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
from streamlit.testing.v1 import AppTest

from dashboards.published import latest as current_version
from dashboards.queries import overview
from dashboards.queries.reading import EVERYTHING
from tests.dashboards import sample_alerts, sample_budgets, sample_foresight
from tests.dashboards.pages import money, shown, table, words
from tests.dashboards.sample_warehouse import HOSTILE, LAST_DAY, Sample

APP = str(Path(__file__).resolve().parents[2] / "dashboards" / "app.py")


def page(**query: str) -> AppTest:
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def spent(
    sample: Sample,
    *,
    month: str = "2026-07",
    basis: str = "billed_cost",
    currency: str = "USD",
    where: Callable[[dict[str, Any]], bool] = lambda row: True,
) -> Decimal:
    return sum(
        (
            row[basis]
            for row in sample.charges
            if row["billing_month"] == month and row["currency"] == currency and where(row)
        ),
        Decimal(0),
    )


def same_days_of_june(sample: Sample) -> Decimal:
    """OpenAI has told 20 days of July, Anthropic 19."""
    reached = {"openai": LAST_DAY.day, "anthropic": LAST_DAY.day - 1}
    return spent(sample, month="2026-06", where=lambda row: row["day"].day <= reached[row["source"]])


def named(key: str, absent: str, name: str) -> Callable[[dict[str, Any]], bool]:
    return lambda charge: (charge[key] or absent) == name


def test_billed_accrued_and_notional_stand_apart_and_are_exact(published: Sample) -> None:
    app = page()
    assert not app.exception
    billed, before = spent(published), same_days_of_june(published)
    assert shown(app, "Billed").value == money(billed)
    assert shown(app, "Billed").delta == f"{(billed - before) * 100 / before:+.1f} %"
    assert shown(app, "Accrued").value == money(Decimal("131.255"))
    assert shown(app, "Notional").value == "12.30 USD"
    assert shown(app, "Notional").delta == "at least: 1 reading without a price"
    assert f"against {money(before)} on the same days" in words(app)
    together = billed + Decimal("131.255")
    assert money(together) not in words(app), "never added up"


def test_every_vendor_model_and_team_equals_its_rows(published: Sample) -> None:
    app = page()
    for column, key in (("Vendor", "provider_name"), ("Model", "model"), ("Team", "team")):
        frame = next(
            frame.value for frame in app.dataframe
            if set(frame.value.columns) == {"name", "cost", "share", "change"}
            and json.loads(frame.proto.columns)["name"]["label"] == column
        )  # fmt: skip
        absent = "unallocated" if key == "team" else "no model · OpenAI API"
        for row in frame.to_dict("records"):
            expected = spent(published, where=named(key, absent, row["name"]))
            assert row["cost"] == expected, (column, row["name"])
        assert sum(frame["cost"]) == spent(published)


def test_another_basis_and_month_come_from_the_url_and_stay_there(published: Sample) -> None:
    app = page(period="2026-06", basis="list", by="team")
    assert app.title[0].value == "What did AI cost us in June 2026?"
    assert shown(app, "At list price").value == money(spent(published, month="2026-06", basis="list_cost"))
    assert "the whole month before" in words(app)
    app.run()
    assert dict(app.query_params) == {"period": "2026-06", "basis": "list", "by": "team"}


def test_a_filter_that_is_chosen_goes_into_the_url(published: Sample) -> None:
    app = page()
    app.selectbox(key="overview period").select("2026-05").run()
    assert app.query_params["period"] == "2026-05"
    assert shown(app, "Billed").value == money(spent(published, month="2026-05"))
    assert "no month before" in words(app)


def test_nonsense_in_the_url_is_ignored(published: Sample) -> None:
    app = page(
        period="2099-01",
        basis="'; DROP TABLE marts.daily_costs; --",
        by="<img src=x onerror=alert(1)>",
        currency="../../etc/passwd",
    )
    assert not app.exception
    assert not app.error
    assert shown(app, "Billed").value == money(spent(published))


def test_currencies_are_chosen_and_never_added(published: Sample) -> None:
    app = page(currency="EUR")
    assert shown(app, "Billed").value == money(spent(published, currency="EUR"), "EUR")
    assert "costs in USD too; currencies are never added up" in words(app)


def test_the_month_is_set_against_the_budget_of_the_whole(published: Sample) -> None:
    app = page()
    card = shown(app, "Budget, at its landing")
    landing = spent(published) + 11 * sample_budgets.A_DAY
    assert card.value == f"{landing * 100 / 2500:.1f} % used"
    assert card.delta == "0 of 5 budgets exceeded, 1 likely"


def test_a_month_gone_by_has_its_budgets_but_not_those_of_the_last_days(published: Sample) -> None:
    app = page(period="2026-06")
    assert shown(app, "Budget").value == f"{spent(published, month='2026-06') * 100 / 2500:.1f} % used"
    assert "of 3 budgets exceeded" in shown(app, "Budget").delta


def test_the_month_lands_in_a_range_where_it_is_forecast(published: Sample) -> None:
    card = shown(page(), "July 2026 lands at")
    assert card.value == money(sample_foresight.LANDING)
    assert card.delta == "3.41 k to 3.43 k"
    team = shown(page(basis="effective", team="search"), "July 2026 lands at")
    assert team.value == money(sample_foresight.LANDING * Decimal("0.75"))


def test_what_is_not_forecast_says_so(published: Sample) -> None:
    for query, why in (
        ({"basis": "list"}, "not forecast at list price"),
        ({"team": "search", "vendor": "OpenAI"}, "not forecast for parts together"),
        ({"component": "model_apis"}, "billed cost is not forecast by component"),
        ({"period": "2026-06"}, "nothing left to forecast"),
    ):
        app = page(**query)
        month = "June" if "period" in query else "July"
        card = shown(app, f"{month} 2026 lands at")
        assert (card.value, card.delta) == ("–", why)


def test_a_change_is_told_with_its_causes_and_movers(published: Sample) -> None:
    """search: 600 + 90.5 - 10.25; a hostile team + 5; nobody's - 75: all in sample_budgets.changes."""
    app = page()
    said = words(app).replace("\\", "")
    assert "Effective cost rose by 10.25 USD (+1.6 %) to 640.25 USD: +95.50 USD more usage" in said
    assert "-10.25 USD lower prices" in said
    assert shown(app, "Against the month before").delta == "most: more usage"
    moved = table(app, "name", "why")
    assert [row["name"] for row in moved] == ["search · gpt-5", f"{HOSTILE} · {HOSTILE}", "unallocated · no model"]
    assert moved[0]["why"] == "+90.50 USD more usage; -10.25 USD lower prices"
    assert sum(row["change"] for row in moved) == Decimal("10.25")


def test_a_team_has_its_own_change_and_a_vendor_none(published: Sample) -> None:
    search = page(team="search")
    assert "rose by 80.25 USD" in words(search).replace("\\", "")
    assert [row["name"] for row in table(search, "name", "why")] == ["search · gpt-5"]
    vendor = page(vendor="OpenAI")
    assert "Causes are told for all costs, by team or by component" in words(vendor)
    openai = spent(published, where=lambda row: row["provider_name"] == "OpenAI")
    assert shown(vendor, "Billed").value == money(openai)
    assert all(row["why"] is None for row in table(vendor, "name", "why"))


def test_estimates_follow_the_filters(published: Sample) -> None:
    assert shown(page(team="engineering"), "Accrued").value == money(Decimal("131.255"))
    assert shown(page(team="search"), "Accrued").value == "0.00 USD"
    assert shown(page(vendor="OpenAI"), "Notional").value == "0.00 USD"


def test_what_is_in_a_pool_is_nobodys_only_after_it_is_split(home: Path, sample: Sample) -> None:
    with duckdb.connect(str(sample.publish(home))) as connection:
        connection.execute("UPDATE marts.estimated_daily SET team = NULL, pool = 'training' WHERE day >= '2026-07-21'")
        connection.execute("UPDATE marts.estimated_daily SET team = NULL WHERE day < '2026-07-21'")
    assert shown(page(), "Accrued").value == money(Decimal("131.255"))
    assert shown(page(team="unallocated"), "Accrued").value == money(Decimal("61.25"))


def test_what_has_no_price_at_all_is_unknown_and_not_nothing(home: Path, sample: Sample) -> None:
    sample.estimates = [row for row in sample.estimates if row["kind"] == "notional" and row["list_cost"] is None]
    assert sample.estimates
    sample.publish(home)
    card = shown(page(), "Notional")
    assert (card.value, card.delta) == ("–", "1 reading without a price")


def test_what_cost_nothing_a_month_before_is_new(home: Path, sample: Sample) -> None:
    sample.charges = [
        row for row in sample.charges if row["billing_month"] != "2026-06" or row["provider_name"] != "OpenAI"
    ]
    sample.publish(home)
    app = page(vendor="OpenAI")
    assert shown(app, "Billed").delta == "new"
    assert "new against 0.00 USD on the same days" in words(app)


def test_open_alerts_are_counted_and_the_worst_lead_to_themselves(home: Path, published: Sample) -> None:
    sample_alerts.fill(home)
    app = page()
    assert (shown(app, "Open alerts").value, shown(app, "Open alerts").delta) == ("2", "1 critical, 1 warning")
    linked = [element.value for element in app.markdown if "./alerts?alert=" in element.value]
    assert len(linked) == 2
    assert "Budget of the search team is spent" in linked[0]
    assert HOSTILE not in "".join(linked)


def test_months_stand_side_by_side_up_to_the_one_chosen(published: Sample) -> None:
    asked = overview.months(
        current_version(), period="2026-06", basis="billed", currency="USD", narrowed=EVERYTHING
    )  # fmt: skip
    assert dict(asked.iter_rows()) == {month: spent(published, month=month) for month in ("2026-05", "2026-06")}


def test_coverage_and_freshness_stand_beside_the_totals(published: Sample) -> None:
    said = words(page())
    assert "99.7 % matched to usage · 98.5 % with a known price" in said
    assert "0.0 % with the number of an invoice" in said
    assert "Costs through 20 July 2026 (anthropic: 19 July 2026) · usage through 21 July 2026" in said
    assert f"published {published.now.day} {published.now:%B %Y, %H:%M} UTC" in said
    assert "**anthropic** fails since its last good pull" in said


def test_fresh_sources_need_no_warning(home: Path, sample: Sample) -> None:
    sample.stale_source = False
    sample.publish(home)
    assert not page().warning


def test_a_file_that_nobody_renews_grows_stale(home: Path) -> None:
    old = Sample(now=datetime(2026, 7, 22, tzinfo=UTC), stale_source=False)
    old.publish(home)
    assert "was last pulled 21 July 2026" in words(page())


def test_names_of_vendors_are_never_markup(published: Sample) -> None:
    app = page()
    assert HOSTILE not in words(app)
    assert HOSTILE in [
        row["name"] for frame in app.dataframe if "name" in frame.value for row in frame.value.to_dict("records")
    ]


def test_a_publish_shows_without_a_restart_and_all_figures_move(home: Path, published: Sample) -> None:
    app = page()
    old = spent(published)
    later = Sample(now=published.now)
    for row in later.charges:
        row["billed_cost"] *= 2
    later.publish(home, "outlay-0002")
    app.run()
    assert shown(app, "Billed").value == money(old * 2)
    assert shown(app, "Budget, at its landing").value.startswith(
        f"{(old * 2 + 11 * sample_budgets.A_DAY) * 100 / 2500:.1f}"
    )


def test_before_anything_is_published_it_says_what_to_run(home: Path) -> None:
    app = page()
    assert not app.exception
    assert [code.value for code in app.code] == ["outlay demo", "outlay init\noutlay run"]


def test_published_without_a_single_cost(home: Path, sample: Sample) -> None:
    sample.charges, sample.estimates = [], []
    sample.publish(home)
    app = page()
    assert not app.exception
    assert "none of them told of a cost" in words(app)


def test_a_month_with_usage_and_no_bill_yet(home: Path, sample: Sample) -> None:
    sample.charges = [row for row in sample.charges if row["billing_month"] != "2026-07"]
    sample.publish(home)
    app = page()
    assert not app.exception
    assert "Nothing is billed in USD for July 2026 yet" in words(app)
    assert shown(app, "Accrued").value == money(Decimal("131.255"))


def test_the_first_day_of_the_first_month(home: Path, sample: Sample) -> None:
    sample.charges = [row for row in sample.charges if row["day"].date() == date(2026, 5, 1)]
    sample.estimates = []
    sample.publish(home)
    app = page()
    assert not app.exception
    assert "1 May 2026" in words(app)


def test_a_file_that_is_no_warehouse_is_explained(home: Path) -> None:
    (home / "warehouse").mkdir()
    (home / "warehouse" / "outlay.duckdb").write_bytes(b"not a database at all" * 100)
    app = page()
    assert not app.exception
    assert "cannot be opened" in words(app)
    assert "outlay doctor" in words(app)


def test_a_warehouse_of_another_version_is_explained(home: Path, sample: Sample) -> None:
    file = sample.publish(home)
    with duckdb.connect(str(file)) as connection:
        connection.execute("DROP TABLE ops.checks")
    app = page()
    assert not app.exception
    assert "lacks what this page reads" in words(app)
