"""One event shows in many series: it is told once, under the name of what explains the others."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from models.foresight.incidents import incidents

FIRST = date(2026, 3, 2)
"""A Monday; costs are told for eight weeks from it."""
BAD = FIRST + timedelta(days=42)
"""The Monday six weeks later."""
_DIMENSIONS = ("vendor", "team", "component", "model", "key", "sku")
_COSTS = pl.Schema({"day": pl.Date, "currency": pl.String, **dict.fromkeys(_DIMENSIONS, pl.String), "cost": pl.Float64})
_EPISODES = pl.Schema(
    {
        **dict.fromkeys(("anomaly_id", "dimension", "vendor", "value", "currency"), pl.String),
        **dict.fromkeys(("first_day", "last_day"), pl.Date),
        "impact": pl.Float64,
    }
)


def usage(
    vendor: str, team: str, model: str, key: str | None, daily: float, *, on: dict[int, float] | None = None,
    sku: str = "tokens", since: int = 0,
) -> Iterable[dict[str, Any]]:  # fmt: skip
    """`daily` on each day, or what `on` says of the days from BAD on: 0 is BAD itself."""
    for number in range(since, 56):
        day = FIRST + timedelta(days=number)
        cost = (on or {}).get((day - BAD).days, daily)
        yield {
            "day": day, "currency": "USD", "vendor": vendor, "team": team, "component": "model_apis", "model": model,
            "key": key, "sku": sku, "cost": cost,
        }  # fmt: skip


def episode(dimension: str, value: str | None, impact: float, *, days: int = 1, begins: int = 0) -> dict[str, Any]:
    vendor = "OpenAI" if dimension == "sku" else None
    first = BAD + timedelta(days=begins)
    return {
        "anomaly_id": value or dimension, "dimension": dimension, "vendor": vendor, "value": value, "currency": "USD",
        "first_day": first, "last_day": first + timedelta(days=days - 1), "impact": impact,
    }  # fmt: skip


def told(episodes: list[dict[str, Any]], *costs: Iterable[dict[str, Any]]) -> dict[str, str]:
    """The incident of each episode."""
    rows = pl.DataFrame([row for rows in costs for row in rows], schema=_COSTS)
    found = incidents(pl.DataFrame(episodes, schema=_EPISODES), rows)
    heads = found.filter("is_head")["anomaly_id"].to_list()
    assert set(heads) == set(found["incident_id"])
    return dict(found.select("anomaly_id", "incident_id").iter_rows())


def test_a_runaway_key_is_one_incident_in_all_that_show_it():
    # on one day key `loop` costs 600 instead of 20; a SKU of it has 360 of these 580 and is only a part
    costs = (
        usage("OpenAI", "data", "gpt", "loop", 12, on={0: 372}, sku="output"),
        usage("OpenAI", "data", "gpt", "loop", 8, on={0: 228}, sku="input"),
        usage("OpenAI", "data", "gpt", "calm", 100),
        usage("OpenAI", "search", "mini", "search", 300),
        usage("Anthropic", "data", "claude", "notes", 500),
    )
    of = {"loop": "key", "output": "sku", "gpt": "model", "data": "team", "OpenAI": "vendor"}
    episodes = [episode(dimension, value, 580) for value, dimension in of.items()]
    assert set(told([*episodes, episode("total", None, 580)], *costs).values()) == {"loop"}


def test_two_events_of_one_day_stay_two_and_the_total_goes_with_the_dearer():
    costs = (
        usage("OpenAI", "data", "gpt", "a", 50, on={0: 450}),
        usage("Anthropic", "support", "claude", "b", 50, on={0: 400}),
        usage("OpenAI", "search", "mini", "c", 1000),
    )
    # 400 and 350 of the 750 that the total costs more: each is about half, and neither is the other
    found = told([episode("key", "a", 400), episode("key", "b", 350), episode("total", None, 750)], *costs)
    assert found == {"a": "a", "b": "b", "total": "a"}


def test_neither_of_two_halves_explains_a_total_that_both_do():
    costs = (
        usage("OpenAI", "data", "gpt", "a", 50, on={0: 450}),
        usage("Anthropic", "support", "claude", "b", 50, on={0: 430}),
        usage("OpenAI", "search", "mini", "c", 1000, on={0: 1120}),
    )
    # 400, 380 and 120 of 900: 44 %, 42 %, 13 %
    found = told([episode("key", "a", 400), episode("key", "b", 380), episode("total", None, 900)], *costs)
    assert found == {"a": "a", "b": "b", "total": "a"}


def test_what_rises_everywhere_is_the_totals_own():
    costs = [usage("OpenAI", "data", f"m{n}", f"k{n}", 100, on={0: 200}) for n in range(4)]
    episodes = [episode("key", "k1", 100), episode("model", "m1", 100), episode("total", None, 400)]
    # each key doubles as the total does: a part, not a cause
    assert set(told(episodes, *costs).values()) == {"total"}


def test_a_day_within_a_long_shift_is_an_event_of_its_own():
    shift = dict.fromkeys(range(14), 300.0)
    costs = (
        usage("OpenAI", "data", "gpt", "a", 100, on=shift),
        usage("OpenAI", "search", "mini", "b", 20, on={3: 220}),
    )
    episodes = [episode("key", "a", 2800, days=14), episode("total", None, 3000, days=14)]
    found = told([*episodes, episode("key", "b", 200, begins=3)], *costs)
    assert found == {"a": "a", "total": "a", "b": "b"}


def test_a_shift_that_a_wider_burst_has_days_in_common_with_is_no_part_of_it():
    costs = (
        usage("OpenAI", "data", "gpt", "a", 100, on=dict.fromkeys(range(14), 180.0)),
        usage("AWS", "data", "llama", "b", 300, on=dict.fromkeys(range(2, 5), 900.0)),
    )
    # the key lies in the team, and its 80 % are no steeper than the team's 170 % in three days
    episodes = [episode("key", "a", 1120, days=14), episode("team", "data", 2040, days=3, begins=2)]
    found = told([*episodes, episode("model", "llama", 1800, days=3, begins=2)], *costs)
    assert found == {"a": "a", "data": "llama", "llama": "llama"}


def test_a_fall_and_a_rise_of_one_day_are_two_events():
    costs = (
        usage("OpenAI", "data", "old", "a", 200, on={0: 0}),
        usage("OpenAI", "data", "new", "a", 10, on={0: 210}),
    )
    assert told([episode("model", "old", -200), episode("model", "new", 200)], *costs) == {"old": "old", "new": "new"}


def test_of_series_with_the_same_rows_the_key_names_it():
    costs = (usage("OpenAI", "data", "gpt", "only", 10, on={0: 500}), usage("AWS", "data", "claude", "other", 10))
    episodes = [episode("vendor", "OpenAI", 490), episode("model", "gpt", 490), episode("key", "only", 490)]
    assert set(told(episodes, *costs).values()) == {"only"}


def test_a_new_model_of_a_known_key_is_named_by_the_model():
    costs = (
        usage("OpenAI", "data", "gpt", "a", 300),
        usage("OpenAI", "data", "nova", "a", 150, sku="output", since=42),
        usage("OpenAI", "data", "nova", "a", 100, sku="input", since=42),
    )
    # 60 % of what is new is one SKU of it, and the key pays for more than it
    episodes = [
        episode("model", "nova", 250), episode("sku", "output", 150), episode("key", "a", 250),
        episode("total", None, 250),
    ]  # fmt: skip
    assert set(told(episodes, *costs).values()) == {"nova"}


def test_currencies_are_never_put_together_and_unknown_costs_join_nothing():
    costs = list(usage("OpenAI", "data", "gpt", "a", 10, on={0: 100}))
    euros = {**episode("total", None, 90), "anomaly_id": "euros", "currency": "EUR"}
    found = told([episode("key", "a", 90), episode("total", None, 90), euros], costs)
    assert found == {"a": "a", "total": "a", "euros": "euros"}
    assert told([episode("key", "a", 90), episode("total", None, 90)], []) == {"a": "a", "total": "total"}
    assert told([], costs) == {}


def test_order_of_rows_changes_nothing():
    costs = [
        *usage("OpenAI", "data", "gpt", "a", 50, on={0: 450}),
        *usage("Anthropic", "support", "claude", None, 50, on={0: 400}),
    ]
    episodes = [episode("key", "a", 400), episode("vendor", "OpenAI", 400), episode("model", "claude", 350),
                episode("total", None, 750)]  # fmt: skip
    assert told(episodes, costs) == told(episodes[::-1], costs[::-1])


def test_pairs_that_are_compared_a_few_at_a_time_say_the_same(monkeypatch: pytest.MonkeyPatch):
    costs = [row for n in range(4) for row in usage("OpenAI", "data", f"m{n}", f"k{n}", 50, on={0: 450 + n})]
    episodes = [episode("key", f"k{n}", 400 + n) for n in range(4)]
    episodes += [episode("model", "m2", 402), episode("total", None, 1606)]
    whole = told(episodes, costs)
    assert set(whole.values()) == {"total"}
    monkeypatch.setattr("models.foresight.incidents._AT_ONCE", 2)
    assert told(episodes, costs) == whole
