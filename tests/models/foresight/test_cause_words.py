"""Causes in words: the sentence says the money, and its parts sum to the change exactly."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from itertools import product

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import OutlayError
from models.foresight.cause_words import explain, value_text
from models.foresight.change import SUMS
from models.foresight.leaves import compared
from models.foresight.root_cause import causes
from models.table import MONEY

DIMENSIONS = ("model", "team", "region")
LEAVES = list(product(("opus", "haiku", "gpt-a", "gpt-b"), ("search", "chat", "ads", None), ("us", "eu")))
SCHEMA = pl.Schema(
    {
        **dict.fromkeys(("model", "team", "region", "kind", "tier", "geography", "unit"), pl.String()),
        "quantity": MONEY,
        "cost": MONEY,
    }
)
PLAIN = {"kind": "input", "tier": "standard", "unit": "Tokens"}
Change = Callable[[str, str | None, str], tuple[str, str]]
"""Of model, team and region: usage and price, as multiples."""


def items(change: Change) -> pl.DataFrame:
    """1,000 tokens at 0.10 per leaf; gpt-b comes only where a change says so."""
    rows: list[dict[str, object]] = []
    for model, team, region in LEAVES:
        usage, price = (Decimal(told) for told in change(model, team, region))
        quantity = 1000 * usage
        where = {"model": model, "team": team, "region": region, "geography": region}
        rows.append({**PLAIN, **where, "quantity": quantity, "cost": quantity * price / 10})
    return pl.DataFrame(rows, schema=SCHEMA).filter(pl.col("quantity") > 0)


def as_it_was(model: str, team: str | None, region: str) -> tuple[str, str]:
    return ("0", "1") if model == "gpt-b" else ("1", "1")


def told(change: Change, per: str = "") -> str:
    before, after = items(as_it_was), items(change)
    found = causes(compared(before, after, DIMENSIONS), DIMENSIONS)
    explained = explain(found, before, after, "USD", per=per)
    moved = after["cost"].sum() - before["cost"].sum()  # pyright: ignore[reportOperatorIssue]
    assert explained.parts["change"].sum() == moved
    return explained.sentence


def test_one_cause() -> None:
    """Opus of search, 2 leaves of 100: usage × 3 and price × 1.1 → 2 × (330 − 100) = 460. Usage alone at the mean of
    both prices (factors change in either order): 2 × 2,000 × 0.105 = 420; price at the mean of both usages:
    2 × 0.01 × 2,000 = 40.
    """

    def change(model: str, team: str | None, region: str) -> tuple[str, str]:
        return ("3", "1.1") if (model, team) == ("opus", "search") else as_it_was(model, team, region)

    assert told(change, " a day") == (
        "Spend rose by 460.00 USD a day over what was expected, all of it in team search on opus: "
        "420.00 USD more usage, 40.00 USD higher prices."
    )


def test_two_causes_in_opposite_directions() -> None:
    """Search: 6 leaves of 100 × 2 → +600. Nobody's haiku: 2 leaves of 100 × 0.5 → −100."""

    def change(model: str, team: str | None, region: str) -> tuple[str, str]:
        if model != "gpt-b" and team == "search":
            return "2", "1"
        return ("0.5", "1") if (model, team) == ("haiku", None) else as_it_was(model, team, region)

    assert told(change) == (
        "Spend rose by 500.00 USD over what was expected: in team search it rose by 600.00 USD "
        "(600.00 USD more usage), while in no team on haiku it fell by 100.00 USD (100.00 USD less usage)."
    )


def test_what_is_new_and_what_replaces() -> None:
    def new(model: str, team: str | None, region: str) -> tuple[str, str]:
        return "1", "1"

    def replaced(model: str, team: str | None, region: str) -> tuple[str, str]:
        return {"gpt-a": ("0", "1"), "gpt-b": ("1", "2")}.get(model, ("1", "1"))

    assert told(new) == "Spend rose by 800.00 USD over what was expected, all of it new on gpt-b."
    # 8 leaves of 100 are now 200 each: the same usage of what costs twice as much
    assert told(replaced) == (
        "Spend rose by 800.00 USD over what was expected: gpt-b replaced gpt-a, 1,600.00 USD instead of 800.00 USD: "
        "800.00 USD dearer mix."
    )


def test_what_is_spread_over_everything_and_what_did_not_change() -> None:
    def dearer(model: str, team: str | None, region: str) -> tuple[str, str]:
        return as_it_was(model, team, region)[0], "1.05"

    assert told(dearer) == (
        "Spend rose by 120.00 USD over what was expected, in all of its usage: 120.00 USD higher prices."
    )
    assert told(as_it_was) == "Spend came to what was expected, 2,400.00 USD."


def test_causes_of_less_than_half_are_none() -> None:
    """Search's opus costs 90 more, all else 910: 9 % are no cause."""
    before, after = items(as_it_was), items(lambda *leaf: ("1.45" if leaf[:2] == ("opus", "search") else "1.4", "1"))
    found = pl.DataFrame(
        {"rank": [1], "dimensions": [["team", "model"]], "values": [["search", "opus"]], "standing": ["cause"]},
        schema={
            "rank": pl.Int32(),
            "dimensions": pl.List(pl.String),
            "values": pl.List(pl.String),
            "standing": pl.String(),
        },
    )
    told = explain(found, before, after, "USD")
    assert ", spread over many parts of it: " in told.sentence
    assert told.parts["rank"].to_list() == [None]


def test_a_rest_below_two_per_cent_has_no_words() -> None:
    def change(model: str, team: str | None, region: str) -> tuple[str, str]:
        if (model, team) == ("opus", "search"):
            return "50", "1.0001"
        return ("1.01", "1") if model == "haiku" else as_it_was(model, team, region)

    sentence = told(change)
    assert sentence.endswith("in team search on opus: 9,800.49 USD more usage.")


def test_components_have_names_and_keys_keep_theirs() -> None:
    assert value_text("component", "accelerator_compute") == "accelerator compute"
    assert value_text("token_kind", "cache_read") == "cache read"
    assert value_text("key", "ci_bot") == "ci_bot"


def test_a_dimension_that_items_do_not_have_is_refused() -> None:
    before, after = items(as_it_was), items(lambda *_: ("1", "1"))
    found = causes(compared(before, after, DIMENSIONS), DIMENSIONS)
    with pytest.raises(OutlayError, match="no column model"):
        explain(found, before.drop("model"), after, "USD", nesting={})


amounts = st.decimals("0", "1000", places=4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(amounts, amounts), min_size=len(LEAVES), max_size=len(LEAVES)), st.integers(0, 2))
def test_parts_sum_to_the_change_exactly_whatever_it_is(moves: list[tuple[Decimal, Decimal]], lift: int) -> None:
    """Also of every effect, and whether there is no cause, one or two (which may overlap)."""
    changes = {leaf: (str(usage + 1000 * (lift if leaf[1] == "search" else 0)), str(price)) for leaf, (usage, price)
               in zip(LEAVES, moves, strict=True)}  # fmt: skip
    before, after = items(lambda *_: ("1", "1")), items(lambda *leaf: changes[leaf])
    found = causes(compared(before, after, DIMENSIONS), DIMENSIONS)
    parts = explain(found, before, after, "USD").parts
    change = after["cost"].sum() - before["cost"].sum()  # pyright: ignore[reportOperatorIssue]
    assert parts["change"].sum() == change
    effects = [name for name in SUMS if name.endswith("_effect") or name == "not_metered"]
    assert sum((row[name] for row in parts.rows(named=True) for name in effects), Decimal(0)) == change
