"""Trust: proofs that nothing was lost or made on the way, and measures of how much is known, as data.

Rules of money, 14. A proof compares two sums, chunk by chunk and added up; the results become `ops.checks`
(`operations`). Nothing is mended here and nothing raised: a proof that fails is a row that people see.
"""

from __future__ import annotations

from collections.abc import Iterator

import dataframely as dy
import polars as pl

from models.ledger.billing import Settlement
from models.ledger.charges import with_costs
from models.ledger.metering import BILL_STREAM
from models.ledger.posting import Posting
from models.ledger.units import METERS
from models.table import MONEY, Table, money, text

COST_BASES = ("billed", "effective", "list", "contracted")


class Checks(dy.Schema):
    """One row per proof or measure of a source and billing period."""

    check = text("What was compared, in a few words")
    kind = text(
        "proof: expected and actual must be equal; measure: actual is the part of expected that is known",
        values=("proof", "measure"),
    )
    source = text("Name of the source in outlay.yaml")
    billing_period = text("Month, YYYY-MM")
    currency = text("ISO 4217 where money was compared", nullable=True)
    cost_basis = text("Which of the four costs was compared", nullable=True, values=COST_BASES)
    subject = text("What was compared where it is not money: a unit, or a stream and direction", nullable=True)
    expected = money("What it should be; for a measure the whole")
    actual = money("What it is; for a measure the part")
    difference = money("actual − expected")
    passed = dy.Bool(nullable=True, description="Whether a proof holds; null for a measure")
    detail = text("What it means, and the first places where it does not hold", nullable=True)


CHECKS = Table(
    name="checks",
    schema="ops",
    kind="ops",
    grain="check × source × billing period × currency × cost basis × subject",
    meaning="Proofs of conservation, and the shares that are matched, priced, attributed, owned and invoiced.",
    contract=Checks,
)

CHECK_SCHEMA = pl.Schema(
    {name: dtype for name, dtype in CHECKS.polars_schema.items() if name not in {"source", "billing_period"}}
)
"""The checks of one load: `CHECKS` without the source and period, which are the load's."""

_PART = ("currency", "cost_basis", "subject")
_KEY = ("check", "kind", *_PART)
_TALLY_SCHEMA = pl.Schema(
    {**dict.fromkeys(_KEY, pl.String()), "expected": MONEY, "actual": MONEY, "broken": pl.Int64(), "where": pl.String()}
)  # fmt: skip
"""What a chunk hands on: sums to be added up, how many comparisons failed within it, and where."""

_COSTS = {"billed": "BilledCost", "effective": "EffectiveCost", "list": "ListCost", "contracted": "ContractedCost"}
_DIRECTIONS = {name: meter.direction for name, meter in METERS.items() if meter.is_token_kind}

_MEANING = {
    "lines in = lines out": "Every bill line became charges, or one charge of its own.",
    "readings in = readings out": "Every reading was paid, estimated, or free.",
    "metered in = metered out": "No unit was lost between readings and what became of them.",
    "consumed = paid readings": "What charges say was consumed is what the paid readings hold.",
    "charges = bill lines": "Charges add up to what the vendor says it charges.",
    "each line = its charges": "Each bill line, by itself, equals its charges to the last place.",
    "charges = priced usage": "List and contracted cost are price × quantity, or as billed without a price.",
    "reported = bill lines": "The reconciliation holds every bill line once.",
    "rollup = charges": "Daily costs add up to the charges.",
    "rows in = rows out": "Every row of the vendor's own charges became one charge.",
    "charges = the export": "Charges add up to the billed cost that the vendor's own charges hold.",
    "token kinds = vendor's totals": "Disjoint token kinds add up to the vendor's own totals, on each day.",
    "readings = charged usage": "What a bill's own readings hold is what its charges say was consumed, by meter.",
    "matched": "Billed cost that was set against usage, of all but tax and credits.",
    "priced": "Billed cost of usage whose public price is known.",
    "attributed": "Billed cost with a project or key.",
    "invoiced": "Billed cost that bears the number of an invoice.",
}
"""Every proof and measure, and what it says."""


class Proofs:
    """The proofs of one load (source, billing period), gathered chunk by chunk.

    `totals`: the vendor's own token totals: `stream`, `window_start`, `direction` (Input | Output), `tokens`; no rows
    where the vendor tells none.
    """

    def __init__(self, totals: pl.DataFrame) -> None:
        self._totals = totals
        self._as_read: list[pl.DataFrame] = []
        self._given: list[pl.DataFrame] = []
        self._tallies: list[pl.DataFrame] = []
        self._tokens: list[pl.DataFrame] = []
        self._charged: list[pl.DataFrame] = []

    def add(self, posting: Posting, as_read: pl.DataFrame | None = None) -> None:
        """One chunk: its proofs are worked out now, only sums are kept.

        `as_read`: the vendor's own charges of this chunk before anything was made of them (`currency`, `rows`,
        `billed_cost`); None where the vendor gives no charges.
        """
        self._tallies.extend(_measures(posting.charges))
        self._charged.append(_charged(posting.charges))
        self._tokens.append(_tokens(posting.meter_readings))
        if posting.settlement is not None:
            self._tallies.extend(_settled(posting, posting.settlement))
        if as_read is not None:
            self._as_read.append(as_read)
            self._given.append(_given(posting.charges))
            self._tallies.append(_read_off(posting))

    def conclude(self, rollup: pl.DataFrame) -> pl.DataFrame:
        """CHECK_SCHEMA of all chunks; `rollup` is the whole load's `marts.daily_costs`.

        A proof passes where the sums are equal and no chunk found its own unequal; a measure neither passes nor fails.
        """
        tallies = [*self._tallies, _rolled_up(self._charged, rollup), _totalled(self._tokens, self._totals)]
        if self._as_read:
            tallies.extend(_as_the_export(self._given, pl.concat(self._as_read)))
        added = (
            pl.concat([pl.DataFrame(schema=_TALLY_SCHEMA), *tallies])
            .group_by(_KEY)
            .agg(
                pl.col("expected", "actual", "broken").sum(),
                where=pl.col("where").filter(pl.col("where") != "").head(3).str.join("; "),
            )
            .sort(_KEY, nulls_last=True)
        )
        meaning = pl.col("check").replace_strict(_MEANING, return_dtype=pl.String)
        holds = (pl.col("expected") == pl.col("actual")) & (pl.col("broken") == 0)
        return added.with_columns(
            difference=pl.col("actual") - pl.col("expected"),
            passed=pl.when(pl.col("kind") == "proof").then(holds),
            detail=pl.when(pl.col("where") != "").then(pl.format("{} Not so: {}", meaning, "where")).otherwise(meaning),
        ).select(list(CHECK_SCHEMA))


def _settled(posting: Posting, settlement: Settlement) -> Iterator[pl.DataFrame]:
    lines, charges = settlement.lines, posting.charges
    kept = (settlement.allocations, settlement.unpaid, settlement.free)
    out = pl.concat([frame.select("unit", "quantity") for frame in kept])
    spread = lines.join(settlement.allocations, on="line", how="semi")
    lines_out = pl.concat([frame.select("line_id") for frame in (spread, settlement.unmatched)])
    yield _compare("lines in = lines out", _count(lines, "Lines"), _count(lines_out, "Lines"))
    yield _compare("readings in = readings out", _count(posting.meter_readings, "Readings"), _count(out, "Readings"))
    yield _compare("metered in = metered out", _metered(posting.meter_readings), _metered(out))
    used = charges.select(unit="ConsumedUnit", quantity="ConsumedQuantity").drop_nulls()
    yield _compare("consumed = paid readings", _metered(settlement.allocations), _metered(used))
    reported = posting.reconciliation.filter(pl.col("line_id").is_not_null())
    yield _compare(
        "reported = bill lines", _sum(posting.bill_lines, "amount", "billed"), _sum(reported, "reported", "billed")
    )
    for basis in ("billed", "effective"):
        yield _compare("charges = bill lines", _sum(posting.bill_lines, "amount", basis), _cost(charges, basis))
    for basis in ("list", "contracted"):
        yield _compare("charges = priced usage", _priced_usage(settlement, basis), _cost(charges, basis))
    yield _each_line(lines, charges)


def _compare(check: str, expected: pl.DataFrame, actual: pl.DataFrame) -> pl.DataFrame:
    """Two frames of `_PART` and `value`; what one of them lacks counts as nothing there."""
    both = (
        expected.rename({"value": "expected"})
        .join(actual.rename({"value": "actual"}), on=_PART, how="full", coalesce=True, nulls_equal=True)
        .with_columns(pl.col("expected", "actual").fill_null(0))
    )
    return _tally(both, check, broken=(pl.col("expected") != pl.col("actual")))


def _tally(
    rows: pl.DataFrame, check: str, *, kind: str = "proof", broken: pl.Expr, where: pl.Expr | None = None
) -> pl.DataFrame:
    absent = [pl.lit(None).alias(name) for name in _PART if name not in rows.columns]
    said = pl.lit("") if where is None else where.fill_null("")
    shaped = rows.with_columns(absent).with_columns(check=pl.lit(check), kind=pl.lit(kind), broken=broken, where=said)
    return shaped.select([pl.col(column).cast(dtype) for column, dtype in _TALLY_SCHEMA.items()])


def _values(rows: pl.DataFrame, value: pl.Expr, **part: pl.Expr) -> pl.DataFrame:
    """`_PART` and `value`, summed; what is not named of the part is null."""
    named = {name: part.get(name, pl.lit(None, dtype=pl.String)) for name in _PART}
    return rows.select(**named, value=value.cast(MONEY)).group_by(_PART).agg(pl.col("value").sum())


def _sum(rows: pl.DataFrame, amount: str, basis: str, currency: str = "currency") -> pl.DataFrame:
    return _values(rows, pl.col(amount), currency=pl.col(currency), cost_basis=pl.lit(basis))


def _cost(charges: pl.DataFrame, basis: str) -> pl.DataFrame:
    return _sum(charges, _COSTS[basis], basis, currency="BillingCurrency")


def _metered(rows: pl.DataFrame) -> pl.DataFrame:
    return _values(rows, pl.col("quantity"), subject=pl.col("unit"))


def _count(rows: pl.DataFrame, what: str) -> pl.DataFrame:
    return _values(rows.select(pl.len()), pl.col("len"), subject=pl.lit(what))


def _priced_usage(settlement: Settlement, basis: str) -> pl.DataFrame:
    """Priced usage at its price, everything else as billed."""
    parts = [
        with_costs(settlement).select("currency", value=f"{basis}_cost"),
        settlement.unmatched.select("currency", value="amount"),
    ]
    return _sum(pl.concat(parts), "value", basis)


def _each_line(lines: pl.DataFrame, charges: pl.DataFrame) -> pl.DataFrame:
    """How many lines equal their charges; lines of one id are compared together."""
    charged = charges.group_by(line_id="x_BillLineId").agg(charged=pl.col("BilledCost").sum())
    wrong = pl.col("amount") != pl.col("charged").fill_null(0)
    counted = (
        lines.group_by("line_id", maintain_order=True)
        .agg(pl.col("amount").sum())
        .join(charged, on="line_id", how="left", maintain_order="left")
        .select(
            subject=pl.lit("Lines"),
            expected=pl.len(),
            actual=(~wrong).sum(),
            broken=wrong.sum(),
            where=pl.col("line_id").filter(wrong).head(3).str.join("; "),
        )
    )
    return _tally(counted, "each line = its charges", broken=pl.col("broken"), where=pl.col("where"))


def _charged(charges: pl.DataFrame) -> pl.DataFrame:
    """How many charges, and each of the four costs by currency."""
    return pl.concat([_count(charges, "Charges"), *(_cost(charges, basis) for basis in COST_BASES)])


def _rolled_up(charged: list[pl.DataFrame], rollup: pl.DataFrame) -> pl.DataFrame:
    count = _values(rollup, pl.col("charges"), subject=pl.lit("Charges"))
    rolled_up = pl.concat([count, *(_sum(rollup, f"{basis}_cost", basis) for basis in COST_BASES)])
    expected = pl.concat([rolled_up.clear(), *charged]).group_by(_PART).agg(pl.col("value").sum())
    return _compare("rollup = charges", expected, rolled_up)


def _given(charges: pl.DataFrame) -> pl.DataFrame:
    """A vendor's own charges by currency: how many, and their billed cost."""
    return charges.group_by(currency="BillingCurrency").agg(
        rows=pl.len().cast(pl.Int64), billed_cost=pl.col("BilledCost").sum().cast(MONEY)
    )


def _as_the_export(given: list[pl.DataFrame], as_read: pl.DataFrame) -> Iterator[pl.DataFrame]:
    charges = pl.concat([as_read.clear(), *given])
    rows = [
        _values(part, pl.col("rows"), currency=pl.col("currency"), subject=pl.lit("Rows"))
        for part in (as_read, charges)
    ]
    yield _compare("rows in = rows out", *rows)
    yield _compare("charges = the export", *(_sum(part, "billed_cost", "billed") for part in (as_read, charges)))


def _read_off(posting: Posting) -> pl.DataFrame:
    """Readings that came with charges against the usage of these, by meter; streams that no bill pays stand aside."""
    paid = posting.meter_readings.filter(pl.col("stream").str.ends_with(BILL_STREAM))
    used = posting.charges.filter(
        pl.col("x_Meter").is_not_null(), pl.col("ChargeCategory") == "Usage", pl.col("ConsumedQuantity") >= 0
    )
    charged = _values(used, pl.col("ConsumedQuantity"), subject=pl.col("x_Meter"))
    return _compare("readings = charged usage", charged, _values(paid, pl.col("quantity"), subject=pl.col("meter")))


def _tokens(readings: pl.DataFrame) -> pl.DataFrame:
    """Tokens by stream, direction and UTC day."""
    return (
        readings.filter(pl.col("token_kind").is_not_null())
        .group_by(
            "stream",
            direction=pl.col("token_kind").replace_strict(_DIRECTIONS, return_dtype=pl.String),
            day=pl.col("window_start").dt.truncate("1d"),
        )
        .agg(actual=pl.col("quantity").sum())
    )


def _totalled(tokens: list[pl.DataFrame], totals: pl.DataFrame) -> pl.DataFrame:
    """Readings against the vendor's totals for the streams that have any; each day must hold by itself."""
    key = ["stream", "direction", "day"]
    day = pl.col("window_start").dt.truncate("1d")
    theirs = totals.group_by("stream", "direction", day=day).agg(expected=pl.col("tokens").cast(MONEY).sum())
    nothing = theirs.select(*key, pl.col("expected").alias("actual")).clear()
    ours = pl.concat([nothing, *tokens]).group_by(key).agg(pl.col("actual").sum())
    days = (
        theirs.join(ours.join(theirs, on="stream", how="semi"), on=key, how="full", coalesce=True)
        .with_columns(pl.col("expected", "actual").fill_null(0))
        .sort(key)
    )
    wrong = pl.col("expected") != pl.col("actual")
    figures = [pl.col(name).cast(pl.Int64) for name in ("actual", "expected")]
    said = pl.format("{}: {} of {} tokens", pl.col("day").dt.strftime("%Y-%m-%d"), *figures)
    streams = days.group_by(subject=pl.format("{} {}", "stream", "direction")).agg(
        pl.col("expected", "actual").sum(), broken=wrong.sum(), where=said.filter(wrong).head(3).str.join("; ")
    )
    return _tally(streams, "token kinds = vendor's totals", broken=pl.col("broken"), where=pl.col("where"))


def _measures(charges: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Shares of absolute billed cost, so that no refund hides what is unknown."""
    known = {
        "matched": pl.col("x_Match").is_in(["matched", "native"]),
        "priced": pl.col("x_PriceStatus").is_in(["priced", "native"]),
        "attributed": pl.col("SubAccountId").is_not_null() | pl.col("x_ApiKeyId").is_not_null(),
        "invoiced": (pl.col("x_CostStatus") == "invoiced") | pl.col("InvoiceId").is_not_null(),
    }
    asked = charges.filter(~pl.col("ChargeCategory").is_in(["Tax", "Credit"]))
    size = pl.col("BilledCost").abs()
    for name, is_known in known.items():
        shares = asked.group_by(currency="BillingCurrency", cost_basis=pl.lit("billed")).agg(
            expected=size.sum(), actual=size.filter(is_known.fill_null(value=False)).sum()
        )
        yield _tally(shares, name, kind="measure", broken=pl.lit(0))
