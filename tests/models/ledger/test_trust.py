"""Proofs: all hold for what we make, and each fails for the fault that it is there for."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from models.ledger.billing import settle
from models.ledger.charges import to_charges
from models.ledger.estimates import to_estimates
from models.ledger.metering import METER_READINGS
from models.ledger.posting import Posting
from models.ledger.reconciliation import reconcile
from models.ledger.rollup import combine, daily
from models.ledger.trust import CHECKS, Proofs

DAY = datetime(2026, 9, 10, tzinfo=UTC)


def totals(*rows):
    """The vendor's own: day, direction, tokens."""
    schema = {"stream": pl.String, "window_start": pl.Datetime("us", "UTC"), "direction": pl.String, "tokens": pl.Int64}
    said = [("usage/completions", DAY + timedelta(days=day), direction, tokens) for day, direction, tokens in rows]
    return pl.DataFrame(said, schema=schema, orient="row")


@pytest.fixture
def posting(line, reading, rated_frame, bill_frame):
    """5,000 input tokens of two keys paid by one line, 7 output tokens unpaid, 3 requests, a credit."""

    def make(day=0):
        rated = rated_frame(
            reading(2000, day=day), reading(3000, day=day, api_key_id="key_2"),
            reading(7, day=day, meter="output"), reading(3, None, day=day, meter="requests"),
        )  # fmt: skip
        lines = bill_frame(line("2", day=day), line("-1", day=day, charge_category="Credit"))
        settled = settle(lines, rated, as_of=DAY + timedelta(days=9))
        charges = to_charges(settled)
        return Posting(
            meter_readings=rated.select(list(METER_READINGS.polars_schema)),
            bill_lines=lines,
            charges=charges,
            estimates=to_estimates(settled.unpaid, currency="USD"),
            reconciliation=reconcile(settled),
            daily_costs=daily(charges),
            settlement=settled,
        )

    return make


def proven(postings, told=None, rollup=None, as_read=None):
    proofs = Proofs(totals() if told is None else told)
    for place, one in enumerate(postings):
        proofs.add(one, as_read if place == 0 or as_read is None else as_read.clear())
    checks = proofs.conclude(combine(one.daily_costs for one in postings) if rollup is None else rollup)
    CHECKS.check(checks.with_columns(source=pl.lit("openai"), billing_period=pl.lit("2026-09")))
    return checks


def broken(checks):
    return sorted(set(checks.filter(~pl.col("passed"))["check"]))


def test_every_proof_holds_for_what_we_make(posting):
    checks = proven(
        [posting(), posting(1)], totals((0, "Input", 5000), (0, "Output", 7), (1, "Input", 5000), (1, "Output", 7))
    )
    assert broken(checks) == []
    assert checks.filter(pl.col("kind") == "proof").height >= 15
    measures = checks.filter(pl.col("kind") == "measure").select("check", "expected", "actual").rows()
    assert measures == [
        ("attributed", 4, 4),
        ("invoiced", 4, 0),
        ("matched", 4, 4),
        ("priced", 4, 4),
    ]


def test_a_lost_charge(posting):
    one = posting()
    lost = one.charges.filter(pl.col("x_ApiKeyId") != "key_2")
    checks = proven([replace(one, charges=lost, daily_costs=daily(lost))])
    assert broken(checks) == [
        "charges = bill lines", "charges = priced usage", "consumed = paid readings", "each line = its charges",
    ]  # fmt: skip


def test_money_moved_between_two_lines_is_seen_though_the_sum_is_right(posting):
    one = posting()
    shift = pl.when(pl.col("ChargeCategory") == "Credit").then(Decimal(1)).otherwise(Decimal("-0.5"))
    moved = one.charges.with_columns((pl.col("BilledCost") + shift).cast(pl.Decimal(38, 12)))
    checks = proven([replace(one, charges=moved, daily_costs=daily(moved))])
    assert broken(checks) == ["each line = its charges"]
    assert "Not so: " in checks.filter(~pl.col("passed"))["detail"][0]


def test_a_reading_that_vanished(posting):
    one = posting()
    assert one.settlement is not None
    settled = replace(one.settlement, unpaid=one.settlement.unpaid.clear())
    assert broken(proven([replace(one, settlement=settled)])) == [
        "metered in = metered out",
        "readings in = readings out",
    ]


def test_a_rollup_that_misses_a_day(posting):
    postings = [posting(), posting(1)]
    assert broken(proven(postings, rollup=postings[0].daily_costs)) == ["rollup = charges"]


def test_tokens_that_are_right_in_sum_and_wrong_by_day(posting):
    checks = proven(
        [posting(), posting(1)], totals((0, "Input", 4999), (1, "Input", 5001), (0, "Output", 7), (1, "Output", 7))
    )
    failed = checks.filter(~pl.col("passed"))
    assert failed.select("subject", "expected", "actual").rows() == [("usage/completions Input", 10_000, 10_000)]
    assert "2026-09-10: 5000 of 4999 tokens" in failed["detail"][0]


def test_a_day_that_the_vendor_counted_and_we_have_not(posting):
    assert broken(proven([posting()], totals((0, "Input", 5000), (0, "Output", 7), (1, "Output", 9)))) == [
        "token kinds = vendor's totals"
    ]


def test_a_vendor_s_own_charges_are_rolled_up_and_measured_only(posting):
    native = given(posting())
    assert set(proven([native]).filter(pl.col("kind") == "proof")["check"]) == {"rollup = charges"}


def exported(*rows):
    """What an export holds: currency, rows, billed cost."""
    schema = {"currency": pl.String, "rows": pl.Int64, "billed_cost": pl.Decimal(38, 12)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def given(posting):
    """The charges as if the vendor had given them, without a meter."""
    return replace(
        posting, settlement=None, charges=posting.charges.with_columns(x_Meter=pl.lit(None, dtype=pl.String))
    )


def test_a_vendor_s_own_charges_are_all_that_it_exported(posting):
    native = given(posting())
    checks = proven([native], as_read=exported(("USD", 3, Decimal(1))))
    assert broken(checks) == []
    columns = ("check", "currency", "cost_basis", "subject", "expected", "actual")
    assert [
        row for row in checks.select(columns).rows() if row[0] in {"rows in = rows out", "charges = the export"}
    ] == [
        ("charges = the export", "USD", "billed", None, 1, 1),
        ("rows in = rows out", "USD", None, "Rows", 3, 3),
    ]


def test_an_exported_row_that_was_lost_doubled_or_changed_is_seen_by_currency(posting):
    native = given(posting())
    both = ["charges = the export", "rows in = rows out"]
    assert broken(proven([native, native], as_read=exported(("USD", 3, Decimal(1))))) == both
    assert broken(proven([native], as_read=exported(("USD", 3, Decimal(1)), ("EUR", 1, Decimal(5))))) == both
    nothing = replace(native, charges=native.charges.clear(), meter_readings=native.meter_readings.clear())
    lost = replace(nothing, daily_costs=native.daily_costs.clear())
    assert broken(proven([lost], as_read=exported(("USD", 3, Decimal(1))))) == both
    assert broken(proven([native], as_read=exported(("USD", 3, Decimal("1.000000000001"))))) == both[:1]
