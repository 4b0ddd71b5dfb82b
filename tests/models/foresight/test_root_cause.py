"""Root causes: what was planted is found, whatever the order of rows and the names of values."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import polars as pl
import pytest

from models.errors import OutlayError
from models.foresight.root_cause import causes
from models.table import MONEY

DIMENSIONS = ("vendor", "model", "team", "region")
MODELS = {"opus": "anthropic", "haiku": "anthropic", "gpt-a": "openai", "gpt-b": "openai", "gemini": "google"}
TEAMS = ("search", "chat", "data", "ads", None)
REGIONS = ("us", "eu", "ap")


def organisation() -> pl.DataFrame:
    """75 leaves, expected at 100 to 174, all as expected."""
    leaves = list(product(MODELS, TEAMS, REGIONS))
    rows = [
        {"vendor": MODELS[model], "model": model, "team": team, "region": region, "expected": Decimal(100 + place)}
        for place, (model, team, region) in enumerate(leaves)
    ]
    amounts = {"expected": MONEY}
    return pl.DataFrame(rows, schema_overrides=amounts).with_columns(pl.col("expected").alias("actual"))


def moved(rows: pl.DataFrame, times: str, **where: str | None) -> pl.DataFrame:
    conditions = [pl.col(name).eq_missing(pl.lit(value, pl.String)) for name, value in where.items()]
    inside = pl.all_horizontal(pl.lit(True), *conditions)
    ratio = pl.lit(Decimal(times), dtype=MONEY)
    return rows.with_columns(actual=pl.when(inside).then(pl.col("actual") * ratio).otherwise("actual").cast(MONEY))


def told(answers: pl.DataFrame) -> list[dict[str, Any]]:
    """The causes among the answers, as dimension: value."""
    rows = answers.filter(pl.col("standing") == "cause").sort("rank").rows(named=True)
    return [dict(zip(row["dimensions"], row["values"], strict=True)) for row in rows]


@pytest.mark.parametrize(
    "cause",
    [
        {"team": "search"},
        {"model": "opus"},
        {"vendor": "openai"},
        {"team": None},
        {"model": "opus", "team": "search"},
        {"vendor": "anthropic", "region": "eu"},
        {"model": "gpt-a", "team": "chat", "region": "us"},
    ],
)
def test_one_cause(cause: dict[str, str | None]) -> None:
    assert told(causes(moved(organisation(), "2.5", **cause), DIMENSIONS)) == [cause]


def test_nothing_moved_and_everything_moved_have_no_cause() -> None:
    assert told(causes(organisation(), DIMENSIONS)) == []
    assert told(causes(moved(organisation(), "1.2"), DIMENSIONS)) == []


def test_two_causes_in_opposite_directions() -> None:
    rows = moved(moved(organisation(), "3", team="search"), "0.4", model="opus", region="eu")
    answers = causes(rows, DIMENSIONS)
    assert sorted(told(answers), key=len) == [{"team": "search"}, {"model": "opus", "region": "eu"}]
    assert [impact > 0 for impact in answers["impact"][:2]] == [True, False]


def test_a_new_model_that_replaces_an_old_one_is_two_causes() -> None:
    rows = organisation()
    after = moved(rows, "0", model="gpt-a")
    new = rows.filter(pl.col("model") == "gpt-a").with_columns(
        model=pl.lit("gpt-c"), actual=pl.col("expected") * 2, expected=pl.lit(0, dtype=MONEY)
    )
    answers = causes(pl.concat([after, new.cast(after.schema)]), DIMENSIONS)
    assert sorted(told(answers), key=str) == [{"model": "gpt-a"}, {"model": "gpt-c"}]


def test_amounts_are_exact_and_rows_of_two_causes_count_once() -> None:
    """Leaves of search × eu (5 models) are in both; they count with the better rank."""
    rows = moved(moved(organisation(), "3", team="search"), "2", region="eu")
    answers = causes(rows, DIMENSIONS)
    first, second = answers.head(2).rows(named=True)
    assert sorted(told(answers), key=str) == [{"region": "eu"}, {"team": "search"}]
    change = rows.select(pl.col("actual").sum() - pl.col("expected").sum()).item()
    # outside both causes everything came as expected, so nothing is left
    assert first["impact"] + second["impact"] == change
    assert answers.schema["impact"] == MONEY
    assert first["share"] == pytest.approx(float(first["impact"] / change))


def test_cases_are_answered_one_by_one_in_the_order_of_their_names() -> None:
    rows = pl.concat(
        [
            moved(organisation(), "2.5", team="search").with_columns(case=pl.lit("b")),
            moved(organisation(), "2.5", model="opus").with_columns(case=pl.lit("a")),
        ]
    )
    answers = causes(rows, DIMENSIONS, ["case"])
    assert answers.filter(pl.col("rank") == 1).select("case", "dimensions", "values").rows() == [
        ("a", ["model"], ["opus"]),
        ("b", ["team"], ["search"]),
    ]


def test_of_names_for_the_same_rows_the_shortest_and_first_is_told() -> None:
    """Google has one model only: model=gemini and vendor=google are the same rows."""
    rows = moved(organisation(), "2.5", model="gemini")
    assert told(causes(rows, DIMENSIONS)) == [{"vendor": "google"}]
    assert told(causes(rows, ("model", "vendor", "team"))) == [{"model": "gemini"}]


def test_what_is_unknown_or_missing_is_refused() -> None:
    with pytest.raises(OutlayError, match="no column use_case"):
        causes(organisation(), ["use_case"])
    with pytest.raises(OutlayError, match="unknown"):
        causes(organisation().with_columns(actual=pl.lit(None, dtype=MONEY)), DIMENSIONS)


def test_no_rows_have_no_answers() -> None:
    empty = causes(organisation().clear(), DIMENSIONS)
    assert empty.is_empty()
    assert empty.columns == [
        "rank",
        "dimensions",
        "values",
        "actual",
        "expected",
        "impact",
        "share",
        "score",
        "standing",
    ]
