"""What a month's usage of the dearest models would have cost as each comparable model, by the price book.

Which models are comparable is `model_classes`, what a price is `ledger.rating`; whether another model would do as well,
or answer at the same length, belongs to people. One model at a time, with every option: `repricing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import dataframely as dy
import polars as pl

from models.economics.model_classes import ModelClasses
from models.ledger.contract_rates import ContractRate, change_instants
from models.ledger.money import quotient
from models.ledger.prices import PriceBook
from models.ledger.rating import rate
from models.table import MONEY, Table, money, text

MODELS = 12
"""Models that are repriced of each month: those that cost most."""
MONTHS = 3
"""Whole months that are repriced, up to the last."""


class RepricedModels(dy.Schema):
    """One row per month, model that was used and model that might have been; costs in `currency`."""

    month = text("Whole month of use, YYYY-MM")
    model = text("Model that was used, as the vendor names it")
    host_name = text("On whose price list it was used: the host, as FOCUS names it")
    model_class = text("Class of models that are comparable")
    candidate_model = text("Comparable model, as the price book names it")
    candidate_host = text("Who sells it, as FOCUS names hosts")
    candidate_developer = text("Who develops it", nullable=True)
    currency = text("ISO 4217 code of the price book: of all costs")
    tokens = money("Tokens that were used: of models that a bill charges")
    compared_tokens = money("Of these, what both sides have a price for: all costs are of them")
    compared_share = money("compared_tokens ÷ tokens, 0 to 1")
    list_cost = money("At public prices, as it was used")
    contracted_cost = money("At our prices, as it was used")
    candidate_list_cost = money("The same tokens at public prices of the candidate, each day at its own")
    candidate_contracted_cost = money(
        "The same at our contract with that host; null where none of our contracts prices it", nullable=True
    )
    difference = money("candidate_list_cost − list_cost: below zero, the candidate is cheaper at list")
    assumptions = text("What is supposed, in a sentence")


REPRICED_MODELS = Table(
    name="repriced_models",
    schema="marts",
    kind="mart",
    grain="month × model × host × candidate model × candidate host",
    meaning=f"What the usage of the {MODELS} dearest models would have cost as comparable ones, of whole months.",
    contract=RepricedModels,
)

USAGE = pl.Schema(
    {
        "source": pl.String(),
        "provider": pl.String(),
        "model": pl.String(),
        "processing_tier": pl.String(),
        "inference_geo": pl.String(),
        "context_window": pl.String(),
        "meter": pl.String(),
        "window_start": pl.Datetime("us", "UTC"),
        "window_end": pl.Datetime("us", "UTC"),
        "quantity": MONEY,
    }
)
"""Meter readings of tokens, added up by UTC day: all that a price depends on."""

_USED = ["month", "provider", "model"]
_OFFER = ["candidate_provider", "candidate_model", "candidate_host", "candidate_developer", "model_class"]
_AMOUNTS = ("list_cost", "contracted_cost", "candidate_list_cost", "candidate_contracted_cost")


def repriced_models(
    usage: pl.DataFrame,
    offered: pl.DataFrame,
    classes: ModelClasses,
    book: PriceBook,
    contracts: Sequence[ContractRate] = (),
) -> pl.DataFrame:
    """`marts.repriced_models` of the months of `usage` (USAGE); `offered`: `model_classes.candidates`.

    As `repricing.reprice` tells it of one model: in the tier and on the days of use, at the base price of another host,
    under our contract with it; what one side has no price for is left out on both. A candidate that prices nothing of
    it has no row, nor has a model of no known class.
    """
    now = rate(_between_changes(usage, book, contracts), book, contracts)
    dearest = _dearest(now, classes)
    wanted = now.join(dearest, on=_USED).join(_offers(offered), on="model_class")
    others = wanted.filter(  # the model as it was used is no other one
        (pl.col("candidate_provider") != pl.col("provider")) | (pl.col("candidate_model") != pl.col("price_model"))
    )
    if others.is_empty():
        return REPRICED_MODELS.empty()
    is_moved = pl.col("candidate_provider") != pl.col("provider")
    anywhere = [replace(each, source=None) for each in contracts]
    then = [
        _as_candidate(others.filter(is_moved), book, anywhere),
        _as_candidate(others.filter(~is_moved), book, contracts),
    ]
    return _summed(pl.concat(then), dearest, classes, book)


def _between_changes(usage: pl.DataFrame, book: PriceBook, contracts: Sequence[ContractRate]) -> pl.DataFrame:
    """USAGE with its `month`; days between which no price changes are one, for what is paid for a token is the same."""
    told = [*book.rows["valid_from"], *book.rows["valid_to"], *change_instants(contracts)]
    changes = sorted({change for change in told if change is not None})
    instants = pl.Series(changes, dtype=usage.schema["window_start"])
    grain = [name for name in USAGE if name not in ("quantity", "window_start", "window_end")]
    return (
        usage.with_columns(
            instants.search_sorted(usage["window_start"], side="right").alias("changes"),
            month=pl.col("window_start").dt.strftime("%Y-%m"),
        )
        .group_by(*grain, "month", "changes")
        .agg(pl.col("window_start").min(), pl.col("quantity").sum())
        .with_columns(window_end=pl.col("window_start").dt.offset_by("1d"))
        .drop("changes")
    )


def _dearest(now: pl.DataFrame, classes: ModelClasses) -> pl.DataFrame:
    """`_USED`, tokens and model_class of the models that cost most of each month at list."""
    models = now.group_by(_USED).agg(cost=pl.col("list_cost").sum(), tokens=pl.col("quantity").sum())
    known = pl.concat([models, classes.of(models["model"]).drop("proposed")], how="horizontal")
    return (
        known.filter(pl.col("model_class").is_not_null(), pl.col("cost") > 0)
        .sort("month", "cost", "provider", "model", descending=[False, True, False, False])
        .filter(pl.int_range(pl.len()).over("month") < MODELS)
        .drop("cost")
    )


def _offers(offered: pl.DataFrame) -> pl.DataFrame:
    names = {"provider": "candidate_provider", "model": "candidate_model", "host": "candidate_host",
             "developer": "candidate_developer"}  # fmt: skip
    return offered.rename(names).select(_OFFER)


def _as_candidate(used: pl.DataFrame, book: PriceBook, contracts: Sequence[ContractRate]) -> pl.DataFrame:
    """The rows with `candidate_list_cost`, `candidate_contracted_cost` and `candidate_contract`."""
    is_same_host = pl.col("candidate_provider") == pl.col("provider")
    asked = used.select(
        *(name for name in USAGE if name not in ("provider", "model", "inference_geo")),
        provider="candidate_provider",
        model="candidate_model",
        inference_geo=pl.when(is_same_host).then("inference_geo"),
    )
    told = rate(asked, book, contracts).select(
        candidate_list_cost="list_cost", candidate_contracted_cost="contracted_cost", candidate_contract="contract"
    )
    return pl.concat([used, told], how="horizontal")


def _summed(then: pl.DataFrame, dearest: pl.DataFrame, classes: ModelClasses, book: PriceBook) -> pl.DataFrame:
    """Rows of the mart, cheapest first."""
    both = pl.all_horizontal(pl.col("list_cost", "candidate_list_cost").is_not_null())
    grain = [*_USED, *_OFFER]
    return (
        then.filter(both)
        .group_by(grain)
        .agg(
            pl.col(_AMOUNTS).sum(),
            compared_tokens=pl.col("quantity").sum(),
            has_contract=pl.col("candidate_contract").is_not_null().any(),
        )
        .filter(pl.col("compared_tokens") > 0)
        .join(dearest.drop("model_class"), on=_USED)
        .with_columns(
            host_name=pl.col("provider").replace(classes.hosts),
            currency=pl.lit(book.rows["currency"][0]),
            compared_share=quotient(pl.col("compared_tokens"), pl.col("tokens")),
            candidate_contracted_cost=pl.when("has_contract").then("candidate_contracted_cost"),
            difference=pl.col("candidate_list_cost") - pl.col("list_cost"),
        )
        .with_columns(assumptions=_assumptions())
        .sort(
            "month",
            "model",
            "host_name",
            "difference",
            "candidate_host",
            "candidate_model",
            descending=[True, *[False] * 5],
        )
        .select(list(REPRICED_MODELS.polars_schema))
    )


def _assumptions() -> pl.Expr:
    """What is supposed, as a sentence."""
    another_host = pl.when(pl.col("candidate_provider") != pl.col("provider"))
    part = pl.when(pl.col("compared_share") < 1)
    return pl.concat_str(
        pl.lit("The same count of tokens, each day at its price and in the tier that was used"),
        another_host.then(pl.lit("; the host's base price, wherever it runs")).otherwise(pl.lit("")),
        pl.when("has_contract").then(pl.lit("; our contract with that host holds")).otherwise(pl.lit("")),
        part.then(pl.lit("; tokens that one of the two has no price for are left out of both")).otherwise(pl.lit("")),
        pl.lit(". Whether it does the work as well is not judged."),
    )
