"""Root causes: what was planted is found, whatever the order of rows and the names of values."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

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


def selected(rows: pl.DataFrame, where: dict[str, str | None]) -> list[int]:
    """The places of the rows that a cuboid selects."""
    inside = [pl.col(name).eq_missing(pl.lit(value, pl.String)) for name, value in where.items()]
    return rows.with_row_index("place").filter(inside)["place"].to_list()


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


@pytest.mark.parametrize("leaves", [1, 2, 3])
def test_few_leaves_are_no_mistake(leaves: int) -> None:
    rows = organisation().tail(leaves).with_columns(actual=(pl.col("expected") * 3).cast(MONEY))
    assert causes(rows, DIMENSIONS).filter(pl.col("standing") == "cause").height <= 2


def test_credits_and_what_is_gone_are_answered() -> None:
    """A credit that doubles moved twofold like a cost; all of gpt-a is gone."""
    rows = moved(organisation(), "0", model="gpt-a").with_columns(
        pl.when(pl.col("team") == "ads").then(-pl.col(name)).otherwise(pl.col(name)).cast(MONEY).alias(name)
        for name in ("actual", "expected")
    )
    assert told(causes(rows, DIMENSIONS)) == [{"model": "gpt-a"}]


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


def plain(answers: pl.DataFrame) -> list[tuple[tuple[str, ...], tuple[str | None, ...], float, str]]:
    return [
        (tuple(row["dimensions"]), tuple(row["values"]), round(row["score"], 9), row["standing"])
        for row in answers.rows(named=True)
    ]


def noisy() -> pl.DataFrame:
    """The organisation with noise of some percent, so that no two explanations are equally good."""
    rows = moved(moved(organisation(), "2.5", team="search"), "0.3", model="opus", region="eu")
    noise = [Decimal(1) + Decimal((place * 37) % 101 - 50) / 1000 for place in range(rows.height)]
    return rows.with_columns(actual=(pl.col("actual") * pl.Series(noise, dtype=MONEY)).cast(MONEY))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32))
def test_the_order_of_rows_does_not_matter(seed: int) -> None:
    rows = noisy()
    assert plain(causes(rows.sample(fraction=1, shuffle=True, seed=seed), DIMENSIONS)) == plain(
        causes(rows, DIMENSIONS)
    )


@settings(max_examples=10, deadline=None)
@given(st.permutations(["search", "chat", "data", "ads"]), st.permutations(list(MODELS)))
def test_the_names_of_values_do_not_matter(teams: list[str], models: list[str]) -> None:
    rows = noisy()
    named = {"team": dict(zip(TEAMS, teams, strict=False)), "model": dict(zip(MODELS, models, strict=True))}
    renamed = rows.with_columns(pl.col(name).replace(names) for name, names in named.items())
    expected = [
        (
            dimensions,
            tuple(named.get(name, {}).get(value, value) for name, value in zip(dimensions, values, strict=True)),
        )
        for dimensions, values, _, _ in plain(causes(rows, DIMENSIONS))
    ]
    assert [answer[:2] for answer in plain(causes(renamed, DIMENSIONS))] == expected


cuboid = st.lists(st.sampled_from(("model", "team", "region")), min_size=1, max_size=3, unique=True)
ratio = st.one_of(st.decimals("0.1", "0.6", places=2), st.decimals("1.6", "6", places=2))


@settings(max_examples=40, deadline=None)
@given(cuboid, st.integers(0, 74), ratio)
def test_a_planted_cause_is_always_found(dimensions: list[str], leaf: int, times: Decimal) -> None:
    rows = organisation()
    cause = {name: rows[name][leaf] for name in dimensions}
    found = told(causes(moved(rows, str(times), **cause), DIMENSIONS))
    assert [selected(rows, each) for each in found] == [selected(rows, cause)]


@settings(max_examples=40, deadline=None)
@given(cuboid, cuboid, st.integers(0, 74), st.integers(0, 74), ratio, ratio)
def test_two_planted_causes_that_do_not_overlap_are_always_found(
    one: list[str], other: list[str], leaf: int, other_leaf: int, times: Decimal, other_times: Decimal
) -> None:
    rows = organisation()
    first, second = ({name: rows[name][at] for name in names} for names, at in ((one, leaf), (other, other_leaf)))
    assume(not set(selected(rows, first)) & set(selected(rows, second)))
    assume(abs(times - other_times) > Decimal("0.3"))
    after = moved(moved(rows, str(times), **first), str(other_times), **second)
    impacts = [abs((part["actual"] - part["expected"]).sum())
               for part in (after[selected(rows, each)] for each in (first, second))]  # fmt: skip
    assume(min(impacts) > max(impacts) / 10)
    answers = causes(after, DIMENSIONS).head(3)
    named = [dict(zip(row["dimensions"], row["values"], strict=True)) for row in answers.rows(named=True)]
    found = [selected(rows, each) for each in named]
    assert selected(rows, first) in found and selected(rows, second) in found
