"""Why a cost changed: effects that sum to the change, by hand and for any pair of periods and grouping."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.foresight.change import EFFECTS, NESTING, SUMS, decompose, sentence, shapley
from models.table import MONEY

DIMENSIONS = ("team", "product", "model", "kind", "tier", "geography", "unit")
SCHEMA = pl.Schema({**dict.fromkeys(DIMENSIONS, pl.String()), "quantity": MONEY, "cost": MONEY})
NOTHING = dict.fromkeys(EFFECTS, Decimal(0))


def item(quantity: Any, cost: Any, **said: Any) -> dict[str, Any]:
    """Tokens of team red on one model; whatever a test does not say is plain."""
    plain = {"team": "red", "product": "chat", "model": "large", "kind": "input", "tier": "standard"}
    amounts = {"quantity": None if quantity is None else Decimal(quantity), "cost": Decimal(cost)}
    return {**plain, "geography": "eu", "unit": "Tokens", **amounts, **said}


def frame(*items: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(list(items), schema=SCHEMA)


def effects(before: list[dict[str, Any]], after: list[dict[str, Any]], *by: str) -> list[dict[str, Any]]:
    return decompose(frame(*before), frame(*after), by=by).rows(named=True)


def told(row: dict[str, Any]) -> dict[str, Decimal]:
    """The effects of a row that are anything, without the word effect."""
    return {name.removesuffix("_effect"): row[name] for name in EFFECTS if row[name]}


def test_a_hand_worked_change() -> None:
    """Two models. September: 100 large at 2, 300 small at 1 → 200 + 300 = 500. October: 300 large at 2, 200 small
    at 1.10 → 600 + 220 = 820; change +320.

    large: volume 400 → 500, share 1/4 → 3/5, price 2 → 2. Two factors change, so an effect is the mean of both orders:
      volume = 2 × (500 − 400) × (1/4 + 3/5) / 2 = 85
      mix    = 2 × (3/5 − 1/4) × (400 + 500) / 2 = 315             85 + 315 = 400 = 600 − 200
    small: volume 400 → 500, share 3/4 → 2/5, price 1 → 1.1. Three factors a, b, c change. The Shapley value of a is
    Δa × (2·b0·c0 + b0·c1 + b1·c0 + 2·b1·c1) / 6:
      volume = 100 × (2·0.75·1 + 0.75·1.1 + 0.4·1 + 2·0.4·1.1) / 6 = 100 × (1.5 + 0.825 + 0.4 + 0.88) / 6 = 60.08333…
      mix    = −0.35 × (2·400·1 + 400·1.1 + 500·1 + 2·500·1.1) / 6 = −0.35 × (800 + 440 + 500 + 1100) / 6 = −165.66666…
      price  = 0.1 × (2·400·0.75 + 400·0.4 + 500·0.75 + 2·500·0.4) / 6 = 0.1 × (600 + 160 + 375 + 400) / 6 = 25.58333…
      60.08333… − 165.66666… + 25.58333… = −80 = 220 − 300
    Together: volume 145.08333…, mix 149.33333…, price 25.58333…, sum 320.
    """
    before = [item(100, 200), item(300, 300, model="small")]
    after = [item(300, 600), item(200, 220, model="small")]
    (row,) = effects(before, after)
    assert (row["cost_before"], row["cost_after"], row["change"]) == (500, 820, 320)
    # 12 places; what rounding left over of `small` (60.08… − 165.66…7 + 25.58…) went to its largest effect, the mix
    assert told(row) == {
        "volume": Decimal("145.083333333333"),
        "mix": Decimal("149.333333333334"),
        "price": Decimal("25.583333333333"),
    }


def test_shapley_values_of_a_product_of_two() -> None:
    """10 × 2 → 15 × 3: 5 × (2 + 3) / 2 = 12.5 and 1 × (10 + 15) / 2 = 12.5; 45 − 20 = 25."""
    assert shapley([Decimal(10), Decimal(2)], [Decimal(15), Decimal(3)]) == [Decimal("12.5"), Decimal("12.5")]


def test_each_cause_alone_shows_as_itself() -> None:
    before = [item(100, 200), item(50, 10, kind="cache_read")]
    for name, after in {
        "price": [item(100, 230), item(50, 11, kind="cache_read")],
        "volume": [item(300, 600), item(150, 30, kind="cache_read")],
        "cache": [item(50, 100), item(100, 20, kind="cache_read")],
        "tier": [item(100, 100, tier="batch"), item(50, 10, kind="cache_read")],
        "geography": [item(100, 220, geography="us"), item(50, 10, kind="cache_read")],
        "mix": [item(100, 20, model="small"), item(50, 1, kind="cache_read", model="small")],
        "not_metered": [*before, item(None, -5, unit=None, model=None)],
    }.items():
        (row,) = effects(before, after)
        assert told(row) == {name: row["change"]}, name


def test_a_team_whose_usage_stays_shows_nothing_when_another_grows() -> None:
    before = [item(100, 200), item(100, 200, team="blue")]
    after = [item(100, 200), item(150, 300, team="blue")]
    blue, red = effects(before, after, "team")
    assert (blue["team"], told(blue)) == ("blue", {"volume": Decimal(100)})
    assert (red["team"], told(red)) == ("red", {})


def test_a_new_team_is_volume_and_a_new_model_is_mix_and_volume_at_its_own_price() -> None:
    new_team = effects([], [item(100, 200)], "team")
    assert told(new_team[0]) == {"volume": Decimal(200)}
    # total stays at 100, a tenth of it now on a model that costs 5 instead of 2: mix 10 × 5 − 10 × 2 = 30
    (new_model,) = effects([item(100, 200)], [item(90, 180), item(10, 50, model="huge")])
    assert told(new_model) == {"mix": Decimal(30)}


def test_units_are_volumes_of_their_own() -> None:
    hours = {"unit": "Hours", "model": None, "kind": None}
    (row,) = effects([item(100, 200), item(10, 50, **hours)], [item(100, 200), item(20, 100, **hours)])
    assert told(row) == {"volume": Decimal(50)}


def test_what_no_positive_quantity_measures_is_not_metered() -> None:
    before = [item(0, 7), item(None, 3), item(5, 1, unit=None), item(-4, -8, model="small")]
    after = [item(None, 20)]
    (row,) = effects(before, after)
    assert told(row) == {"not_metered": Decimal(20 - (7 + 3 + 1 - 8))}


def test_a_correction_below_zero_is_set_off_within_its_item() -> None:
    """120 − 20 = 100 tokens for 240 − 40 = 200 are as many at the same price as before."""
    (row,) = effects([item(100, 200)], [item(120, 240), item(-20, -40)])
    assert told(row) == {}


def test_free_usage_and_negative_prices_are_prices_too() -> None:
    (row,) = effects([item(100, 0)], [item(100, -20)])
    assert told(row) == {"price": Decimal(-20)}


def test_no_rows_are_a_change_of_nothing() -> None:
    assert effects([], []) == [{name: Decimal(0) for name in SUMS}]
    assert effects([], [], "team") == []


# every kind of trouble: nothing, dust, corrections, credits without a quantity, items of one period only
AMOUNTS = st.decimals("-1e6", "1e6", places=12) | st.sampled_from([Decimal(0), Decimal("1e-12"), Decimal(1) / 8])
QUANTITIES = st.none() | st.decimals("-1e3", "1e9", places=6) | st.integers(0, 3).map(Decimal)
ITEMS = st.lists(
    st.fixed_dictionaries(
        {
            "team": st.sampled_from(["red", "blue", None]),
            "product": st.sampled_from(["chat", "search"]),
            "model": st.sampled_from(["large", "small", None]),
            "kind": st.sampled_from(["input", "cache_read"]),
            "tier": st.sampled_from(["standard", "batch"]),
            "geography": st.sampled_from(["eu", None]),
            "unit": st.sampled_from(["Tokens", "Hours", None]),
            "quantity": QUANTITIES,
            "cost": AMOUNTS,
        }
    ),
    max_size=8,
)
GROUPINGS = st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=3)


@pytest.mark.slow
@settings(max_examples=1000)
@given(ITEMS, ITEMS, GROUPINGS)
def test_effects_close_exactly_and_swapping_the_periods_changes_only_the_sign(
    before: list[dict[str, Any]], after: list[dict[str, Any]], by: list[str]
) -> None:
    # both directions in one call: groups do not see each other, as the last property below says
    whole = decompose(_both_ways(before, after), _both_ways(after, before), by=["way", *by])
    there, back = (whole.filter(way=way).drop("way").rows(named=True) for way in ("there", "back"))
    for row in there:
        assert row["cost_after"] - row["cost_before"] == row["change"] == sum(row[name] for name in EFFECTS)
    assert sum(row["cost_before"] for row in there) == sum(each["cost"] for each in before)
    assert sum(row["cost_after"] for row in there) == sum(each["cost"] for each in after)
    assert [{**row, **{name: -row[name] for name in (*EFFECTS, "change")}} for row in there] == [
        {**row, "cost_before": row["cost_after"], "cost_after": row["cost_before"]} for row in back
    ]


def _both_ways(there: list[dict[str, Any]], back: list[dict[str, Any]]) -> pl.DataFrame:
    schema = {"way": pl.String, **SCHEMA}
    ways = [{"way": "there", **each} for each in there] + [{"way": "back", **each} for each in back]
    return pl.DataFrame(ways, schema=schema)


METERED = st.lists(
    st.fixed_dictionaries(
        {
            "team": st.sampled_from(["red", "blue"]),
            "product": st.sampled_from(["chat", "search"]),
            "model": st.sampled_from(["large", "small"]),
            "kind": st.sampled_from(["input", "cache_read"]),
            "tier": st.sampled_from(["standard", "batch"]),
            "geography": st.sampled_from(["eu", "us"]),
            "unit": st.sampled_from(["Tokens", "Hours"]),
            "quantity": st.decimals("1e-3", "1e9", places=6),
            "cost": st.decimals("0", "1e6", places=6),
        }
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda each: tuple(each[name] for name in DIMENSIONS),
)


@settings(max_examples=100)
@given(METERED, st.data(), GROUPINGS)
def test_a_pure_price_change_shows_only_price(items: list[dict[str, Any]], data: st.DataObject, by: list[str]) -> None:
    after = [{**each, "cost": data.draw(AMOUNTS)} for each in items]
    for row in effects(items, after, *by):
        assert {**NOTHING, "price_effect": row["change"]} == {name: row[name] for name in EFFECTS}


@settings(max_examples=100)
@given(METERED, st.integers(2, 1000), GROUPINGS)
def test_a_pure_change_of_volume_shows_only_volume(items: list[dict[str, Any]], times: int, by: list[str]) -> None:
    after = [{**each, "quantity": each["quantity"] * times, "cost": each["cost"] * times} for each in items]
    for row in effects(items, after, *by):
        assert {**NOTHING, "volume_effect": row["change"]} == {name: row[name] for name in EFFECTS}


@settings(max_examples=100)
@given(METERED, st.randoms())
def test_a_pure_change_of_mix_shows_neither_volume_nor_price(items: list[dict[str, Any]], random: Any) -> None:
    """The same quantities in other hands: models trade places, at prices that stay."""
    prices = {"large": Decimal(3), "small": Decimal(1)}
    whole = [{**each, "unit": "Tokens", "kind": "input", "tier": "standard", "geography": "eu"} for each in items]
    models = [each["model"] for each in whole]
    random.shuffle(models)
    before = [{**each, "cost": each["quantity"] * prices[each["model"]]} for each in whole]
    after = [
        {**each, "model": model, "cost": each["quantity"] * prices[model]}
        for each, model in zip(whole, models, strict=True)
    ]
    (row,) = effects(before, after)
    assert {**NOTHING, "mix_effect": row["change"]} == {name: row[name] for name in EFFECTS}


@settings(max_examples=100)
@given(ITEMS, ITEMS)
def test_what_two_parts_of_the_items_contribute_adds_up(
    before: list[dict[str, Any]], after: list[dict[str, Any]]
) -> None:
    """Groups do not see each other: taken apart alone, a team's effects are those that it has beside the others."""
    for row in effects(before, after, "team"):
        alone = [[each for each in period if each["team"] == row["team"]] for period in (before, after)]
        assert effects(*alone, "team") == [row]


def test_a_sentence_for_finance_names_the_largest_first() -> None:
    change = {
        **NOTHING,
        "volume_effect": Decimal(3100),
        "price_effect": Decimal(-760),
        "cache_effect": Decimal("0.004"),
    }
    row = {"cost_before": Decimal(13000), "cost_after": Decimal("15340.004"), "change": Decimal("2340.004"), **change}
    assert sentence(row, "USD") == (
        "Cost rose by 2,340.00 USD (+18.0 %) to 15,340.00 USD: +3,100.00 USD more usage, -760.00 USD lower prices."
    )
    back = {name: -amount if name not in ("cost_before", "cost_after") else amount for name, amount in row.items()}
    back["cost_before"], back["cost_after"] = row["cost_after"], row["cost_before"]
    assert sentence(back, "USD", what="Effective cost of red").startswith(
        "Effective cost of red fell by 2,340.00 USD (-15.3 %) to 13,000.00 USD: -3,100.00 USD less usage"
    )


def test_a_sentence_about_no_change_still_tells_what_cancelled_out() -> None:
    row = {**NOTHING, "volume_effect": Decimal(5), "price_effect": Decimal(-5)}
    row |= {"cost_before": Decimal(10), "cost_after": Decimal(10), "change": Decimal(0)}
    assert sentence(row, "EUR") == "Cost did not change: 10.00 EUR: +5.00 EUR more usage, -5.00 EUR lower prices."


@pytest.mark.parametrize("name", NESTING)
def test_nestings_may_be_given_other_columns(name: str) -> None:
    other = {**NESTING, name: (*NESTING[name], "product")}
    before, after = frame(item(100, 200)), frame(item(100, 300, product="search"))
    (row,) = decompose(before, after, nesting=other).rows(named=True)
    assert told(row) == {name: Decimal(100)}
