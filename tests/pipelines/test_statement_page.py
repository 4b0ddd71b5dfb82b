"""The page of a statement: what it sums, escaped, in one currency or several; and a CSV that is safe to open."""

from __future__ import annotations

import csv as reading
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TypeAlias

import polars as pl

from models.economics.statements import LINES
from pipelines.statement_drafts import ACCRUED, RATES, Coverage, Draft
from pipelines.statement_page import Seal, csv, page

Rows: TypeAlias = tuple[tuple[object, ...], ...]
AT = datetime(2026, 10, 3, 9, tzinfo=UTC)
COVERAGE = Coverage("outlay-7.duckdb", AT, AT, (("OpenAI", False), ("AWS", True)), "USD", Decimal(90), Decimal(97))


def line(section: str, cost: str, **said: object) -> dict[str, object]:
    fixed = {
        "team": "search", "section": section, "month": "2026-09", "currency": "USD", "reporting_currency": "USD",
        "effective_cost": Decimal(cost), "billed_cost": Decimal(cost), "reporting_effective_cost": Decimal(cost),
    }  # fmt: skip
    return {**dict.fromkeys(LINES), **fixed, **said}


def draft(*lines: dict[str, object], accrued: Rows = (), rates: Rows = ()) -> Draft:
    rows = pl.DataFrame(accrued, schema=ACCRUED, orient="row")
    known = pl.DataFrame(rates, schema=RATES, orient="row")
    return Draft("Acme", "search", "2026-09", pl.DataFrame(list(lines), schema=LINES), rows, known, COVERAGE)


def test_sums_sections_share_and_adjustment_stand_on_the_page():
    """100 + 20 declared + 10 shared − 14 = 116."""
    shown = page(
        draft(
            line("direct", "100", component="model_apis", vendor="OpenAI", item="<b>gpt</b>"),
            line("declared", "20", component="people_and_overheads", vendor="ourselves", item="Engineers"),
            line("shared", "10", pool="gateway", driver="tokens", share_pct=Decimal("12.5")),
            line("adjustment", "-14", month="2026-08", stated_cost=Decimal(104)),
            accrued=(("search", None, "USD", Decimal("8.4"), 3),),
        ),
        Seal(7, AT, "ada"),
    )
    for text in (
        "No. 7", "116.00 USD", "Model APIs", "&lt;b&gt;gpt&lt;/b&gt;", "12.5 % of tokens", "August 2026", "104.00 USD",
        "90.00 USD", "-14.00 USD", "8.40 USD", "3 readings without a price", "92.8 % is allocated",
        "Bills still open: OpenAI",
    ):  # fmt: skip
        assert text in shown, text
    assert "<b>gpt</b>" not in shown


def test_several_currencies_have_one_total_only_where_every_rate_is_known():
    euro = {"currency": "EUR", "item": "x", "component": "integration"}
    known = page(draft(line("direct", "10"), line("direct", "5", **euro, reporting_effective_cost=Decimal(6))), None)
    assert "16.00 USD" in known
    assert "5.00 EUR and 10.00 USD, at the rates of each day" in known
    assert "Preview" in known
    unknown = page(draft(line("direct", "10"), line("direct", "5", **euro, reporting_effective_cost=None)), None)
    assert "some of it has no rate into USD" in unknown


def test_rates_stand_with_their_days_and_source_and_each_component_is_told_together():
    """10 USD and 5 EUR at 1.2: 16 USD."""
    euro = {"currency": "EUR", "reporting_effective_cost": Decimal(6)}
    rates = (
        ("EUR", "USD", Decimal("1.08"), date(2026, 9, 1), "ECB"),
        ("EUR", "USD", Decimal("1.1"), date(2026, 9, 2), "ECB"),
        ("EUR", "USD", Decimal("1.09"), date(2026, 9, 3), "ECB"),
    )
    made = draft(line("direct", "10"), line("direct", "5", **euro), rates=rates)
    shown = page(made, None)
    assert "Rates of EUR into USD (ECB): 1.08 of 1 September 2026 to 1.09 of 3 September 2026" in shown
    assert "5.00 EUR  ·  10.00 USD  ·  together 16.00 USD" in shown
    told = [row for row in reading.DictReader(io.StringIO(csv(made, None))) if row["section"] == "exchange rate"]
    assert [(row["rate_date"], Decimal(row["exchange_rate"]), row["rate_source"]) for row in told] == [
        ("2026-09-01", Decimal("1.08"), "ECB"), ("2026-09-02", Decimal("1.1"), "ECB"),
        ("2026-09-03", Decimal("1.09"), "ECB"),
    ]  # fmt: skip
    assert all(row["effective_cost"] == "" for row in told), "a rate is in no total"


def test_a_cell_that_begins_as_a_formula_is_text_and_every_digit_stays():
    made = csv(draft(line("direct", "0.000000000001", item="=1+1")), Seal(7, AT, "ada"))
    (row,) = reading.DictReader(io.StringIO(made))
    assert (row["item"], row["effective_cost"], row["number"]) == ("'=1+1", "0.000000000001", "7")
