"""From a sum of total cost down to single charges: each step is what the row above it says, to the cent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboards.published import begin
from tests.dashboards.pages import money, opened, table, words
from tests.dashboards.sample_warehouse import HOSTILE, Sample

Row = dict[str, Any]
_PARTS, _LINES, _CHARGES = "way", "details", "charge_id"
"""A column that only this table has."""


def chosen(app: AppTest, column: str, where: Callable[[Row], bool]) -> Row:
    """Choose the row of the table that has the column; the row."""
    frame = next(frame for frame in app.dataframe if column in frame.value.columns)
    rows = frame.value.to_dict("records")
    place = next(place for place, row in enumerate(rows) if where(row))
    assert frame.key
    app.session_state[frame.key] = {"selection": {"rows": [place], "columns": [], "cells": []}}
    app.run()
    assert not app.exception
    return rows[place]


def charges_of_the_line(app: AppTest) -> list[Row]:
    next(button for button in app.button if button.label.startswith("Show its")).click()
    app.run()
    assert not app.exception
    return table(app, _CHARGES)


def cost(rows: list[Row]) -> Decimal:
    return sum((row["cost"] for row in rows), Decimal(0))


def test_parts_add_up_to_the_total_and_lines_to_their_part_and_charges_to_their_line(published: Sample) -> None:
    app = opened("total_cost")
    whole = sum(
        (
            row["reporting_effective_cost"] or Decimal(0)
            for row in published.total_costs
            if f"{row['day']:%Y-%m}" == "2026-07"
        ),
        Decimal(0),
    )
    assert sum((row["cost"] for row in table(app, _PARTS) if row["cost"] is not None), Decimal(0)) == whole
    part = chosen(app, _PARTS, lambda row: row["team"] == "search" and row["provider_name"] == "OpenAI")
    lines = table(app, _LINES)
    told = [row for row in published.lines if row["team"] == "search" and row["currency"] == "USD"]
    of_july = [row for row in told if row["billing_month"] == "2026-07"]
    assert cost(lines) == part["cost"] == sum(row["effective_cost"] for row in of_july)
    assert len(lines) == len(of_july) == 40
    line = chosen(app, _LINES, lambda row: row["model"] == "gpt-5" and row["day"].day == 6)
    assert _CHARGES not in {name for frame in app.dataframe for name in frame.value.columns}, "only when asked for"
    charges = charges_of_the_line(app)
    assert len(charges) == 3
    assert sum(row["effective_cost"] for row in charges) == line["cost"]
    assert f"**3 charges, {money(line['cost'])}** effective cost: the line to the last place." in words(app)


def test_a_day_narrows_the_parts_and_stays_in_the_url(published: Sample) -> None:
    app = opened("total_cost", day="2026-07-04")
    of_day = [row for row in published.total_costs if row["day"].date() == date(2026, 7, 4)]
    expected = sum((row["reporting_effective_cost"] or Decimal(0) for row in of_day), Decimal(0))
    assert sum((row["cost"] for row in table(app, _PARTS) if row["cost"] is not None), Decimal(0)) == expected
    chosen(app, _PARTS, lambda row: row["team"] == "engineering")
    assert {row["day"].day for row in table(app, _LINES)} == {4}
    assert dict(app.query_params) == {"day": "2026-07-04"}


def test_a_share_of_a_pool_shows_the_lines_of_all_of_it(published: Sample) -> None:
    app = opened("total_cost")
    part = chosen(app, _PARTS, lambda row: row["team"] == "support")
    assert part["way"] == "shared, out of pool help desk"
    pooled = [row for row in published.lines if row["pool"] and row["billing_month"] == "2026-07"]
    assert cost(table(app, _LINES)) == sum(row["effective_cost"] for row in pooled) == part["cost"]
    assert "Out of the pool help desk." in words(app)


def test_what_was_declared_ends_at_its_days(published: Sample) -> None:
    app = opened("total_cost")
    part = chosen(app, _PARTS, lambda row: row["team"] == "platform")
    assert part["way"] == "declared"
    assert "no charge is behind it" in words(app)
    assert part["cost"] == 20 * Decimal("30.125")
    assert not [button for button in app.button if button.label.startswith("Show its")]


def test_charges_that_rules_tell_apart_by_more_than_a_line_says_are_told(home: Path, sample: Sample) -> None:
    """Two keys of one project, of two teams: their charges differ in nothing that a line tells."""
    twin = next(row for row in sample.charges if row["model"] == "gpt-5-mini" and row["day"].date() == date(2026, 7, 6))
    sample.charges.append(twin | {"team": "research"})
    sample.publish(home)
    app = opened("total_cost", day="2026-07-06")
    chosen(app, _PARTS, lambda row: row["team"] == "search")
    line = chosen(app, _LINES, lambda row: row["model"] == "gpt-5-mini")
    assert len(charges_of_the_line(app)) == 6
    assert (
        f"**6 charges, {money(2 * line['cost'])}** effective cost, of which the line is {money(line['cost'])}"
        in words(app)
    )


def test_a_currency_with_a_rate_is_told_in_both(home: Path, sample: Sample) -> None:
    sample.rates["EUR"] = Decimal("1.08")
    sample.publish(home)
    app = opened("total_cost")
    part = chosen(app, _PARTS, lambda row: row["provider_name"] == "Mistral")
    assert part["cost"] == Decimal("812.5") * Decimal("1.08") == cost(table(app, _LINES))
    chosen(app, _LINES, lambda row: True)
    assert sum(row["effective_cost"] for row in charges_of_the_line(app)) == Decimal("812.5")
    assert "812.50 EUR" in words(app)


def test_names_of_others_are_never_markup(published: Sample) -> None:
    app = opened("total_cost")
    chosen(app, _PARTS, lambda row: row["team"] == HOSTILE)
    chosen(app, _LINES, lambda row: row["model"] == HOSTILE)
    charges = charges_of_the_line(app)
    assert all(HOSTILE in row["description"] for row in charges)
    assert HOSTILE not in words(app)


def test_another_month_forgets_what_was_chosen(published: Sample) -> None:
    app = opened("total_cost")
    chosen(app, _PARTS, lambda row: row["team"] == "search")
    assert table(app, _LINES)
    app.selectbox(key="total-cost period").select("2026-06")
    app.run()
    assert _LINES not in {name for frame in app.dataframe for name in frame.value.columns}


def test_people_of_some_teams_end_at_their_lines(published: Sample, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.views.total_cost.current", lambda: begin(teams=("search", "support")))
    app = opened("total_cost")
    assert {row["team"] for row in table(app, _PARTS)} == {"search", "support"}
    chosen(app, _PARTS, lambda row: row["team"] == "search" and row["provider_name"] == "OpenAI")
    chosen(app, _LINES, lambda row: row["model"] == "gpt-5")
    assert not app.button
    assert "Single charges are shown to people who may see all teams" in words(app)
    chosen(app, _PARTS, lambda row: row["team"] == "support")
    assert "are not your teams' own, and are not shown to you" in words(app)
