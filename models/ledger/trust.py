"""Trust: proofs that nothing was lost or made on the way, and measures of how much is known, as data.

A tally compares two sums of one chunk (rules of money, 14); tallies of chunks add up, and `prove` turns them into
`ops.checks`. Nothing is mended here and nothing raised: a proof that fails is a row that people see.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import dataframely as dy
import polars as pl

from models.ledger.billing import Settlement
from models.ledger.charges import with_costs
from models.ledger.units import METERS
from models.table import MONEY, Table, money, text

COST_BASES = ("billed", "effective", "list", "contracted")


class Checks(dy.Schema):
    """One row per proof or measure of a source and billing period."""

    check = text("What was compared, in a few words")
    kind = text("proof: expected and actual must be equal; measure: actual is the part of expected that is known",
                values=("proof", "measure"))  # fmt: skip
    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month, YYYY-MM")
    currency = text("ISO 4217 where money was compared", nullable=True)
    cost_basis = text("Which of the four costs was compared", nullable=True, values=COST_BASES)
    subject = text("Which part was compared: a unit, or a stream and direction", nullable=True)
    expected = money("What it should be; for a measure the whole")
    actual = money("What it is; for a measure the part")
    difference = money("actual − expected")
    passed = dy.Bool(nullable=True, description="Whether a proof holds; null for a measure")
    detail = text("Where a proof fails: the first places, in words", nullable=True)


CHECKS = Table(
    name="checks",
    schema="ops",
    kind="ops",
    grain="check × source × billing period × currency × cost basis × subject",
    meaning="Proofs of conservation, and the shares that are matched, priced, attributed, owned and invoiced.",
    contract=Checks,
)

_KEY = ("check", "kind", "source", "billing_period", "currency", "cost_basis", "subject")
TALLY_SCHEMA = pl.Schema(
    {**dict.fromkeys(_KEY, pl.String()), "expected": MONEY, "actual": MONEY, "broken": pl.Int64(), "detail": pl.String()}
)  # fmt: skip
"""What chunks hand on: sums to be added up, how many comparisons failed within the chunk, and where."""

_COSTS = {"billed": "BilledCost", "effective": "EffectiveCost", "list": "ListCost", "contracted": "ContractedCost"}
_ROLLED_UP = {basis: f"{basis}_cost" for basis in COST_BASES}


def tally_settlement(
    settlement: Settlement, *, readings: pl.DataFrame, charges: pl.DataFrame, reconciliation: pl.DataFrame
) -> pl.DataFrame:
    """Tallies (TALLY_SCHEMA) of one settled chunk: what went in (`settlement.lines`, `readings`) against what came out.

    Lines and readings each stand once in what came out; Σ charges = Σ bill lines, for each line too, and for all four
    costs; Σ consumed quantity = Σ paid readings; Σ reported of the reconciliation = Σ bill lines.
    """
    lines = settlement.lines
    kept = [settlement.allocations, settlement.unpaid, settlement.free]
    out = pl.concat([frame.select("source", "billing_period", "unit", "quantity") for frame in kept])
    spread = lines.join(settlement.allocations.select("line").unique(), on="line", how="semi")
    billed = _by_period(lines, amount="amount", currency="currency")
    reported = reconciliation.filter(pl.col("line_id").is_not_null())
    return pl.concat(
        [
            _compare("bill lines in = out", _counts(lines), _counts(pl.concat([spread, settlement.unmatched.drop("reason")]))),
            _compare("readings in = out", _counts(readings), _counts(out)),
            _compare("metered in = out", _metered(readings), _metered(out)),
            _compare("consumed = paid readings", _metered(_paid(settlement)), _consumed(charges)),
            _compare("reported = bill lines", billed, _by_period(reported, amount="reported", currency="currency")),
            *(_compare("charges = bill lines", billed, _charged(charges, basis), basis) for basis in ("billed", "effective")),
            *(_compare("charges = priced usage", _expected_cost(settlement, basis), _charged(charges, basis), basis)
              for basis in ("list", "contracted")),
            _lines_exactly(settlement, charges),
        ]
    )  # fmt: skip


def tally_charges(charges: pl.DataFrame, *, rollup: pl.DataFrame) -> pl.DataFrame:
    """Tallies of any charges, a vendor's own too: rollup = charges for count and all four costs; and the measures.

    The measures are shares of absolute billed cost of usage, so that a credit does not hide what is unknown.
    """
    by_month = {"billing_period": "x_BillingMonth", "source": "x_Source"}
    counted = rollup.rename({"billing_month": "billing_period"})
    return pl.concat(
        [
            _compare(
                "rollup = charges",
                _counts(charges.rename({column: name for name, column in by_month.items()})),
                counted.group_by("source", "billing_period").agg(value=pl.col("charges").sum().cast(MONEY)),
            ),
            *(
                _compare(
                    "rollup = charges",
                    _charged(charges, basis),
                    _by_period(counted, amount=_ROLLED_UP[basis], currency="currency"),
                    basis,
                )
                for basis in COST_BASES
            ),
            *_coverage(charges),
        ]
    )


def tally_tokens(readings: pl.DataFrame, totals: pl.DataFrame, *, source: str, billing_period: str) -> pl.DataFrame:
    """Tallies of disjoint token kinds against the vendor's own totals.

    `totals`: `stream`, `window_start`, `direction` (Input | Output), `tokens` (integer), any number of rows per window.
    A day is broken where the two differ, even if another day makes up for it.
    """
    key = ["stream", "direction", "day"]
    directions = {name: meter.direction for name, meter in METERS.items() if meter.is_token_kind}
    ours = (
        readings.filter(pl.col("token_kind").is_not_null())
        .with_columns(
            day=pl.col("window_start").dt.truncate("1d"),
            direction=pl.col("token_kind").replace_strict(directions, return_dtype=pl.String),
        )
        .group_by(key)
        .agg(actual=pl.col("quantity").sum())
    )
    theirs = (
        totals.with_columns(day=pl.col("window_start").dt.truncate("1d"))
        .group_by(key)
        .agg(expected=pl.col("tokens").cast(MONEY).sum())
    )
    days = (
        theirs.join(ours, on=key, how="full", coalesce=True)
        .with_columns(pl.col("expected", "actual").fill_null(0))
        .filter(pl.col("stream").is_in(totals["stream"].unique().implode()))
        .sort(key)
    )
    wrong = pl.col("expected") != pl.col("actual")
    said = pl.format("{}: {} of {}", pl.col("day").dt.strftime("%Y-%m-%d"), "actual", "expected")
    return _shaped(
        days.group_by("stream", "direction", maintain_order=True)
        .agg(
            pl.col("expected", "actual").sum(),
            broken=wrong.sum().cast(pl.Int64),
            detail=said.filter(wrong).head(3).str.join("; "),
        )
        .with_columns(
            check=pl.lit("token kinds = vendor's totals"),
            kind=pl.lit("proof"),
            source=pl.lit(source),
            billing_period=pl.lit(billing_period),
            subject=pl.format("{} {}", "stream", "direction"),
        )
    )


def prove(tallies: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """`ops.checks` of all chunks' tallies. A proof passes where the sums are equal and no chunk found one broken."""
    added = (
        pl.concat([pl.DataFrame(schema=TALLY_SCHEMA), *tallies])
        .group_by(_KEY)
        .agg(
            pl.col("expected", "actual", "broken").sum(),
            detail=pl.col("detail").filter(pl.col("detail") != "").head(3).str.join("; "),
        )
        .sort(_KEY, nulls_last=True)
    )
    holds = (pl.col("expected") == pl.col("actual")) & (pl.col("broken") == 0)
    return added.with_columns(
        difference=pl.col("actual") - pl.col("expected"),
        passed=pl.when(pl.col("kind") == "proof").then(holds),
        detail=pl.when(pl.col("detail") != "").then("detail"),
    ).select(list(CHECKS.polars_schema))


def _shaped(rows: pl.DataFrame) -> pl.DataFrame:
    absent = [pl.lit(None, dtype=dtype).alias(name) for name, dtype in TALLY_SCHEMA.items() if name not in rows.columns]
    return rows.with_columns(absent).select([pl.col(name).cast(dtype) for name, dtype in TALLY_SCHEMA.items()])


def _compare(check: str, expected: pl.DataFrame, actual: pl.DataFrame, cost_basis: str | None = None) -> pl.DataFrame:
    """Two frames of `value` by the same keys; a key that one of them lacks counts as nothing there."""
    keys = [name for name in expected.columns if name != "value"]
    both = (
        expected.rename({"value": "expected"})
        .join(actual.rename({"value": "actual"}), on=keys, how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("expected", "actual").fill_null(0))
    )
    return _shaped(
        both.with_columns(
            check=pl.lit(check),
            kind=pl.lit("proof"),
            cost_basis=pl.lit(cost_basis, dtype=pl.String),
            broken=(pl.col("expected") != pl.col("actual")).cast(pl.Int64),
        )
    )


def _by_period(rows: pl.DataFrame, *, amount: str, **keys: str) -> pl.DataFrame:
    grain = {"source": "source", "billing_period": "billing_period", **keys}
    return (
        rows.group_by(pl.col(column).alias(name) for name, column in grain.items())
        .agg(value=pl.col(amount).sum())
        .with_columns(pl.col("value").cast(MONEY))
    )  # fmt: skip


def _counts(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("source", "billing_period").agg(value=pl.len().cast(MONEY))


def _metered(readings: pl.DataFrame) -> pl.DataFrame:
    return _by_period(readings, amount="quantity", subject="unit")


def _paid(settlement: Settlement) -> pl.DataFrame:
    """Paid readings, in the month that their line is billed in."""
    month = settlement.lines.select("line", month="billing_period")
    return settlement.allocations.join(month, on="line").with_columns(billing_period="month")


def _consumed(charges: pl.DataFrame) -> pl.DataFrame:
    used = charges.filter(pl.col("ConsumedQuantity").is_not_null())
    return _by_period(
        used, amount="ConsumedQuantity", source="x_Source", billing_period="x_BillingMonth", subject="ConsumedUnit"
    )


def _charged(charges: pl.DataFrame, basis: str) -> pl.DataFrame:
    return _by_period(
        charges,
        amount=_COSTS[basis],
        source="x_Source",
        billing_period="x_BillingMonth",
        currency="BillingCurrency",
    )


def _expected_cost(settlement: Settlement, basis: str) -> pl.DataFrame:
    """Priced usage at its price, everything else as billed."""
    parts = [
        with_costs(settlement).select("source", "billing_period", "currency", value=f"{basis}_cost"),
        settlement.unmatched.select("source", "billing_period", "currency", value="amount"),
    ]
    return _by_period(pl.concat(parts), amount="value", currency="currency")


def _lines_exactly(settlement: Settlement, charges: pl.DataFrame) -> pl.DataFrame:
    """How many lines do not equal their charges to the last place; lines of one id are compared together."""
    per_line = charges.group_by(line_id="x_BillLineId").agg(charged=pl.col("BilledCost").sum())
    wrong = pl.col("amount") != pl.col("charged").fill_null(0)
    lines = settlement.lines.group_by("source", "billing_period", "line_id").agg(pl.col("amount").sum())
    return _shaped(
        lines.join(per_line, on="line_id", how="left", maintain_order="left")
        .group_by("source", "billing_period")
        .agg(
            expected=pl.len(),
            actual=(~wrong).sum(),
            broken=wrong.sum(),
            detail=pl.col("line_id").filter(wrong).head(3).str.join("; "),
        )
        .with_columns(check=pl.lit("each line = its charges"), kind=pl.lit("proof"))
    )


def _coverage(charges: pl.DataFrame) -> Sequence[pl.DataFrame]:
    known = {
        "matched": pl.col("x_Match").is_in(["matched", "native"]),
        "priced": pl.col("x_PriceStatus").is_in(["priced", "native"]),
        "attributed": pl.col("SubAccountId").is_not_null() | pl.col("x_ApiKeyId").is_not_null(),
        "owned": pl.col("x_Team").is_not_null(),
        "invoiced": (pl.col("x_CostStatus") == "invoiced") | pl.col("InvoiceId").is_not_null(),
    }
    asked = charges.filter(~pl.col("ChargeCategory").is_in(["Tax", "Credit"]))
    size = pl.col("BilledCost").abs()
    return [
        _shaped(
            asked.group_by(source="x_Source", billing_period="x_BillingMonth", currency="BillingCurrency")
            .agg(expected=size.sum(), actual=size.filter(is_known.fill_null(value=False)).sum())
            .with_columns(check=pl.lit(name), kind=pl.lit("measure"), cost_basis=pl.lit("billed"), broken=pl.lit(0))
        )
        for name, is_known in known.items()
    ]
