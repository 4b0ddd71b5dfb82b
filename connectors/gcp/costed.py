"""One row of the export as the rows that it is billed by: itself, its covered part, each of its credits. Pure.

Money and quantities are split here and nowhere else, so that the parts of a row are the row. Names of FOCUS are given
in `charges`.
"""

from __future__ import annotations

from decimal import Decimal

import polars as pl

from connectors.gcp.commitments import COMMITMENT_CREDITS, Commitments
from connectors.protocol import AS_READ_SCHEMA, Finding
from models.errors import ContractError
from models.ledger.money import product, quotient
from models.table import MONEY

_ZERO = pl.lit(Decimal(0), dtype=MONEY)
_NO_TEXT = pl.lit(None, dtype=pl.String)
_NO_MONEY = pl.lit(None, dtype=MONEY)
_POOL_KEY = ["account", "currency", "commitment", "day"]

MADE = (
    *("category", "status", "billed", "effective", "contracted", "list", "is_unpriced", "consumed", "priced", "text"),
    *("commitment_id", "commitment_quantity", "commitment_unit", "is_spend", "credit_type", "credit_id"),
)
"""What `costed` adds to a row of the export."""


def category() -> pl.Expr:
    """FOCUS ChargeCategory of a row. Money back and corrections are Adjustments, whatever they correct: counted as
    usage they would count it twice, or less than none of it."""
    kind = pl.col("cost_type")
    is_below = (pl.col("cost") < 0) | (pl.col("amount") < 0) | (pl.col("priced_amount") < 0)
    return (
        pl.when(kind == "tax")
        .then(pl.lit("Tax"))
        .when((kind != "regular") | is_below | pl.col("adjustment_id").is_not_null() | kind.is_null())
        .then(pl.lit("Adjustment"))
        .when("is_commitment")
        .then(pl.lit("Purchase"))
        .otherwise(pl.lit("Usage"))
    )


def costed(rows: pl.DataFrame, credits: pl.DataFrame, commitments: Commitments) -> pl.DataFrame:
    """Rows (by `with_commitments`) and their credits as one row a charge, with `MADE`.

    Σ billed is Σ cost + Σ credits. Of a row whose discount is a commitment's, the part that it covers is a row of its
    own.
    """
    covered = commitments.covered.rename({"commitment": "commitment_id"}).drop("account", "currency", "day")
    whole = rows.join(covered, on="row", how="left", maintain_order="left")
    whole = whole.with_columns(
        category=category(),
        contracted=pl.col("cost"),
        list=pl.coalesce("list_cost", "cost"),
        priced=pl.col("priced_amount").fill_null(Decimal(0)),
        consumed=_consumed(),
        paid=pl.col("paid_off").fill_null(Decimal(0)),
        is_unpriced=pl.col("list_cost").is_null(),
    )
    parts = [_uncovered(whole, commitments), _covered(whole), _credits(rows, credits, covered)]
    return pl.concat([part.select(*rows.columns, *MADE) for part in parts])


def read_of(rows: pl.DataFrame, credits: pl.DataFrame, commitments: Commitments) -> pl.DataFrame:
    """`AS_READ_SCHEMA` of rows by `flat_rows` and their credits: what charges of them must come to.

    The money is the export's own, cost and credits added up, whatever commitments pay. A row is one charge, two where
    a commitment covers a part of it, and one more for each credit that is not a commitment's. Raises `ContractError`
    where a row is covered twice.
    """
    covered = commitments.covered.select("row", "paid_off", "credit_type")
    if not covered["row"].is_unique().all():
        raise ContractError(
            f"{len(covered) - covered['row'].n_unique()} rows are covered by more than one commitment",
            remedy="nothing was written; this is a defect of the translation, please report it",
        )
    currencies = rows.select("row", "currency")
    given = credits.join(currencies, on="row")
    billed = pl.concat([rows.select("currency", billed="cost"), given.select("currency", billed="credit")])
    split = covered.join(rows.select("row", "currency", "cost"), on="row").filter(pl.col("paid_off") < pl.col("cost"))
    kept = _kept(given.drop("currency"), covered).join(currencies, on="row")
    counts = pl.concat([part.select("currency") for part in (rows, split, kept)])
    sums = billed.group_by("currency").agg(billed_cost=pl.col("billed").sum())
    return (
        counts.group_by("currency")
        .agg(rows=pl.len())
        .join(sums, on="currency")
        .select(list(AS_READ_SCHEMA))
        .cast(AS_READ_SCHEMA)
        .sort("currency")
    )


def commitment_findings(rows: pl.DataFrame, credits: pl.DataFrame) -> tuple[Finding, ...]:
    """Discounts to money in the older way, of which the export does not tell what they were part of."""
    legacy = credits.filter(pl.col("credit_type") == COMMITMENT_CREDITS[2]).join(
        rows.select("row", "currency"), on="row"
    )
    sums = legacy.group_by("currency").agg(pl.len(), pl.col("credit").sum()).sort("currency")
    return tuple(
        Finding(
            "commitment_kept_as_credit",
            f"{COMMITMENT_CREDITS[2]}: the export does not tell what share of its commitment was used; kept as Credit "
            f"({currency})",
            count,
        )
        for currency, count, _ in sums.iter_rows()
    )


def _consumed() -> pl.Expr:
    """How much was used: counted by `scale`, or what is priced."""
    amount = pl.col("amount").fill_null(Decimal(0))
    return pl.when(pl.col("scale").is_not_null()).then(product(amount, pl.col("scale"))).otherwise(
        pl.col("priced_amount").fill_null(Decimal(0))
    )  # fmt: skip


def _share(name: str) -> pl.Expr:
    """The covered part of an amount of a row."""
    whole = pl.col("paid") == pl.col("cost")
    return pl.when(whole).then(name).otherwise(quotient(product(pl.col(name), pl.col("paid")), pl.col("cost")))


def _uncovered(whole: pl.DataFrame, commitments: Commitments) -> pl.DataFrame:
    """Every row without the part that a commitment pays; fees of a pool that is taken apart cost nothing in effect."""
    fees = commitments.pools.with_columns(is_taken_apart=pl.lit(value=True))
    rest = whole.filter((pl.col("paid") == 0) | (pl.col("paid") < pl.col("cost"))).join(
        fees, on=_POOL_KEY, how="left", maintain_order="left"
    )
    is_fee = (pl.col("category") == "Purchase") & pl.col("is_taken_apart").fill_null(value=False)
    is_spend = pl.col("pool") == "spend"
    was_covered = pl.col("paid") > 0
    return rest.with_columns(
        billed=pl.col("cost") - pl.col("paid"),
        **{
            name: pl.col(name) - pl.when(was_covered).then(_share(name)).otherwise(_ZERO)
            for name in ("list", "priced", "consumed")
        },
    ).with_columns(
        effective=pl.when(is_fee).then(_ZERO).otherwise("billed"),
        contracted=pl.col("billed"),
        list=pl.when("is_unpriced").then("billed").otherwise("list"),
        status=_NO_TEXT,
        commitment_id=pl.when(is_fee).then("commitment"),
        commitment_quantity=pl.when(is_fee).then(pl.when(is_spend).then("cost").otherwise("priced")),
        commitment_unit=pl.when(is_fee).then(pl.when(is_spend).then("currency").otherwise("priced_unit")),
        is_spend=is_fee & is_spend,
        credit_type=_NO_TEXT,
        credit_id=_NO_TEXT,
        text=pl.coalesce(pl.when(pl.col("category") == "Adjustment").then("adjustment_text"), "sku", "cost_type"),
    )


def _covered(whole: pl.DataFrame) -> pl.DataFrame:
    """The parts that commitments pay: billed nothing, costing their share of the fee."""
    return (
        whole.filter(pl.col("paid") > 0)
        .with_columns(**{name: _share(name) for name in ("list", "priced", "consumed")})
        .with_columns(
            billed=_ZERO,
            contracted=pl.col("paid"),
            is_unpriced=pl.lit(value=False),
            status=pl.lit("Used"),
            commitment_quantity=pl.col("covered_quantity"),
            commitment_unit=pl.col("unit"),
            credit_id=_NO_TEXT,
            text=pl.col("sku"),
        )
    )


def _kept(credits: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """Credits that stay: all but those of covered rows, and of these what exceeds the row's cost."""
    taken = covered.select("row", "credit_type", "paid_off")
    untouched = credits.join(taken, on=["row", "credit_type"], how="anti")
    rest = (
        credits.join(taken, on=["row", "credit_type"])
        .group_by("row", "credit_type")
        .agg(
            pl.col("credit_name", "credit_id").first(), credit=pl.col("credit").sum() + pl.col("paid_off").first()
        )
        .filter(pl.col("credit") != 0)
    )  # fmt: skip
    return pl.concat([untouched, rest.select(untouched.columns)])


def _credits(rows: pl.DataFrame, credits: pl.DataFrame, covered: pl.DataFrame) -> pl.DataFrame:
    """A row a credit; one that takes is an Adjustment."""
    kept = _kept(credits.join(rows.select("row"), on="row", how="semi"), covered)
    amount = pl.col("credit")
    return rows.join(kept, on="row").with_columns(
        category=pl.when(amount > 0).then(pl.lit("Adjustment")).otherwise(pl.lit("Credit")),
        billed=amount,
        effective=amount,
        contracted=amount,
        list=amount,
        is_unpriced=pl.lit(value=False),
        priced=_NO_MONEY,
        consumed=_NO_MONEY,
        status=_NO_TEXT,
        commitment_id=_NO_TEXT,
        commitment_quantity=_NO_MONEY,
        commitment_unit=_NO_TEXT,
        is_spend=pl.lit(value=False),
        text=pl.coalesce("credit_name", "credit_type", pl.lit("Credit")),
    )
