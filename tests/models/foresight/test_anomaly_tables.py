"""Why an incident costs what it does: causes and the rest sum to its impact, to the last digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from models.foresight.anomaly_tables import ANOMALY_CAUSES, Case, expected_to_sum, incident_causes, name_of
from models.foresight.change import EFFECTS
from models.table import MONEY

NESTING = {"mix": ("model",), "cache": ("key",), "tier": ("region",), "geography": ("region",)}
_ITEMS = pl.Schema({**dict.fromkeys(("key", "model", "region", "unit"), pl.String()), "quantity": MONEY, "cost": MONEY})


def items(*rows: tuple[str, str, str, str, str]) -> pl.DataFrame:
    """Key, model, region, quantity of tokens, cost."""
    told = [
        {
            "key": key,
            "model": model,
            "region": region,
            "unit": "Tokens",
            "quantity": Decimal(used),
            "cost": Decimal(cost),
        }
        for key, model, region, used, cost in rows
    ]
    return pl.DataFrame(told, schema=_ITEMS)


# eight keys in two regions, 10 tokens and 10 USD each; on the days in question key 3 used ten times as much
KEYS = [(str(key), "gpt", "eu" if key % 2 else "us") for key in range(8)]
USUAL = items(*((*key, "10", "10") for key in KEYS))
RUNAWAY = items(*((*key, "100", "100") if key[0] == "3" else (*key, "10", "10") for key in KEYS))


def told(before: pl.DataFrame, after: pl.DataFrame, expected: str) -> list[dict[str, Any]]:
    case = Case("i", "team data", "USD", Decimal(expected), before, after)
    rows = ANOMALY_CAUSES.check(incident_causes(case, ("key", "model", "region"), NESTING)).rows(named=True)
    assert sum(row["impact"] for row in rows) == after["cost"].sum() - Decimal(expected)
    for row in rows:
        assert row["impact"] == row["actual"] - row["expected"] == sum(row[name] for name in EFFECTS)
    return rows


def test_the_key_that_runs_away_is_the_cause_and_its_money_is_volume():
    cause, rest = told(USUAL, RUNAWAY, "80")
    assert (cause["standing"], cause["dimensions"], cause["values"]) == ("cause", '["key"]', '["3"]')
    assert (cause["expected"], cause["actual"], cause["volume_effect"], cause["share"]) == (10, 100, 90, 1)
    assert (rest["standing"], rest["dimensions"], rest["impact"], rest["rank"]) == ("rest", None, 0, 2)
    assert cause["sentence"] == rest["sentence"]
    assert cause["sentence"].startswith("Cost of team data rose by 90.00 USD over what was expected, ")
    assert "with key 3: 90.00 USD more usage" in cause["sentence"]


def test_what_is_expected_of_the_whole_is_expected_of_its_leaves_in_proportion():
    # a holiday: 40 is expected, where these days usually cost 80
    cause, rest = told(USUAL, RUNAWAY, "40")
    assert (cause["expected"], cause["impact"]) == (5, 95)
    assert (rest["expected"], rest["actual"]) == (35, 70)


def test_what_has_no_parts_is_all_rest():
    one = items(("3", "gpt", "eu", "10", "10"))
    (rest,) = told(one, items(("3", "gpt", "eu", "10", "13")), "10")
    assert (rest["rank"], rest["standing"], rest["price_effect"], rest["share"]) == (1, "rest", 3, 1)


def test_what_cannot_be_scaled_stays_as_it_was_and_what_is_lacking_is_of_nothing_in_particular():
    """A correction of all but everything: 100 expected of a usual cent would make 100,000 of each."""
    corrected = items(("1", "gpt", "eu", "10", "10"), ("2", "gpt", "eu", "10", "-10.01"))
    rows = expected_to_sum(corrected, Decimal(100)).rows(named=True)
    assert [(row["key"], row["cost"], row["quantity"]) for row in rows] == [
        ("1", 10, 10), ("2", Decimal("-10.01"), 10), (None, Decimal("100.01"), 0),
    ]  # fmt: skip


@pytest.mark.parametrize("used_before", ["0", "1"])
def test_how_something_is_used_is_no_cause_of_what_is_new_or_is_all_used_that_way(used_before: str) -> None:
    def kinds(used: str) -> pl.DataFrame:
        amounts = {"input": Decimal(used) * 96, "output": Decimal(used) * 4 if used == "1" else Decimal(used)}
        told = [("3", "gpt", kind, str(amount), str(amount)) for kind, amount in amounts.items() if amount]
        return items(*told).rename({"region": "token_kind"}).with_columns(region=pl.lit("eu"))

    before = kinds(used_before)
    case = Case("i", "key 3", "USD", Decimal(100) * int(used_before), before, kinds("9"))
    rows = incident_causes(case, ("key", "model", "token_kind"), NESTING)
    assert rows["standing"].to_list() == ["rest"]
    assert ", in all of its usage" in rows["sentence"][0]


def test_what_is_new_was_expected_to_be_nothing():
    rows = told(items(), RUNAWAY, "0")
    assert sum(row["expected"] for row in rows) == 0


def test_nothing_at_all_and_no_change_have_no_share():
    assert [row["share"] for row in told(USUAL, USUAL, "80")] == [None]


@pytest.mark.parametrize("expected", ["0", "1", "33.33", "79.999999999999", "100000", "-5"])
def test_leaves_sum_to_what_is_expected_to_the_last_digit(expected: str) -> None:
    thirds = items(*((str(key), "gpt", "eu", "1", "3.333333333333") for key in range(3)))
    assert expected_to_sum(thirds, Decimal(expected))["cost"].sum() == Decimal(expected)
    assert expected_to_sum(items(), Decimal(expected))["cost"].sum() == Decimal(expected)


@pytest.mark.parametrize(
    ("dimension", "value", "name"),
    [
        ("key", "k1", "key loop"), ("sku", "k1", "SKU loop"), ("total", None, "everything"),
        ("team", None, "unallocated"), ("model", None, "no model"),
    ],
)  # fmt: skip
def test_series_are_named_as_people_name_them(dimension: str, value: str | None, name: str) -> None:
    assert name_of({"dimension": dimension, "value": value, "value_name": "loop"}) == name
