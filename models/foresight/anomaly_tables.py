"""What is published of anomalies: the tables, and why an incident costs what it does, exactly.

Which days are abnormal is told by `anomalies` and `episodes`, which of these are one event by `incidents`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import dataframely as dy
import polars as pl

from models.foresight.cause_words import explain, value_text
from models.foresight.change import EFFECTS
from models.foresight.leaves import compared
from models.foresight.root_cause import CAUSE, causes
from models.foresight.series import DIMENSIONS, NO_VALUE
from models.table import MONEY, Table, money, text

KINDS = ("spike", "burst", "level_shift", "ramp", "drop", "weekend", "price", "runaway", "new")
SEVERITIES = ("low", "medium", "high", "critical")
STANDINGS = ("open", "ended")
_WORDS = {"sku": "SKU"}
_WAYS = ("token_kind", "tier")
"""Dimensions that say how something is used, not who uses what."""
_NEARLY_ALL = 0.95
_MOST_SCALED = 5
"""As many times what they usually cost may be expected of leaves; more is of nothing in particular."""
REST = "rest"
"""Standing of what no cause explains; its rank is the one after them."""


class Anomalies(dy.Schema):
    """One row per episode: days of one series on which usage cost more or less than it ever should."""

    anomaly_id = text("Stays while the episode goes on: of the series, and of the day on which it began")
    incident_id = text("The event that it shows: the anomaly_id of the episode that names it")
    is_head = dy.Bool(nullable=False, description="Whether it is the one that names the event")
    counted = dy.Bool(
        nullable=False,
        description="Whether its impact counts: it names its event, nothing explains that, and it is no trifle: of "
        "cost at least minimum_impact, of usage at least twice or at most half of what was usual",
    )
    measure = text("What was unusual: cost, usage or price", values=("cost", "usage", "price"))
    dimension = text("What value is a value of", values=DIMENSIONS)
    vendor = text("Vendor of a SKU; null for every other dimension", nullable=True)
    value = text("Which vendor, team, …; null is no value: no team, no model, no key, or the total", nullable=True)
    value_name = text("What people call it: of a key its last name")
    currency = text("ISO 4217 code of the amounts")
    kind = text("What it looks like", values=KINDS)
    first_day = dy.Date(nullable=False, description="First UTC day on which it deviated")
    last_day = dy.Date(nullable=False, description="Last UTC day that was unusual, so far")
    days = dy.Int64(nullable=False, description="Days from first to last")
    expected = money(
        "What these days should have cost, by the days before; null where usage was unusual", nullable=True
    )
    actual = money(
        "What they did cost: effective cost of usage, pools split, and of what is declared; null as expected",
        nullable=True,
    )
    low = money("Sum of the daily lower bounds that 95 of 100 days stay above; null as actual", nullable=True)
    high = money("Sum of the daily upper bounds; null as actual", nullable=True)
    impact = money(
        "actual − expected. Of one incident only that of the head counts. Null where usage alone was unusual",
        nullable=True,
    )
    unit = text("What usage is counted in, where usage was unusual; else null", nullable=True)
    usual = money("How much was expected to be used, in that unit", nullable=True)
    used = money("How much was", nullable=True)
    severity = text("By impact, up or down, in its currency", values=SEVERITIES)
    score = dy.Float64(nullable=False, description="Highest score of its days; 1 is an alert at the quiet setting")
    standing = text("open while its last unusual day is among the last that are known, else ended", values=STANDINGS)
    of_vendor = text("Of an event: the vendor of most of what its head costs; null where there is none", nullable=True)
    of_team = text("The team of most of it", nullable=True)
    of_component = text("The component of most of it", nullable=True)
    of_model = text("The model of most of it", nullable=True)
    explained_by = text("What in outlay.yaml foresaw it: an expected anomaly, or an event of forecasts", nullable=True)
    made_on = dy.Date(nullable=False, description="Last day that was judged: through for every source that tells daily")


ANOMALIES = Table(
    name="anomalies",
    schema="marts",
    kind="mart",
    grain="dimension × vendor × value × currency × measure × first day",
    meaning=(
        "Days on which usage cost something else than expected, in every series that shows it. Tax, purchases and "
        "credits are not judged: they come by the month. Count rows that are `counted`: one per event."
    ),
    contract=Anomalies,
)


class AnomalyCauses(dy.Schema):
    """One row per incident and cause, and one for what they leave: of impact, expected and actual of the head."""

    incident_id = text("As in marts.anomalies")
    rank = dy.Int64(nullable=False, description="1 and 2 for causes, the number after them for the rest")
    standing = text("cause, or rest: what no cause explains", values=(CAUSE, REST))
    dimensions = text("Names that the cause has values of, as a JSON array; null for the rest", nullable=True)
    values = text("These values, in the same order, as a JSON array; null for the rest", nullable=True)
    currency = text("ISO 4217 code of the amounts")
    expected = money("Its part of what was expected; null where usage was unusual", nullable=True)
    actual = money("What it cost; null where usage was unusual", nullable=True)
    impact = money("actual − expected; those of an incident sum to the impact of its head, exactly", nullable=True)
    share = dy.Float64(nullable=True, description="impact ÷ that of the head; null where that is zero")
    volume_effect = money("Of the impact: because more or less was used")
    mix_effect = money("Because its usage moved between services, models, accelerators, input and output")
    cache_effect = money("Because more or less of its input came from, or went into, the cache")
    tier_effect = money("Because its usage moved between tiers or ways of buying")
    geography_effect = money("Because its usage moved between regions")
    price_effect = money("Because the same cost more or less per unit")
    not_metered = money("What no quantity measures: declared costs, fees")
    sentence = text("The whole incident in a sentence; the same in each of its rows")


ANOMALY_CAUSES = Table(
    name="anomaly_causes",
    schema="marts",
    kind="mart",
    grain="incident × rank",
    meaning="Why each incident cost what it did: the smallest set of values that explains it, and price, volume, mix.",
    contract=AnomalyCauses,
)


class AnomalyDays(dy.Schema):
    """One row per incident and day: two weeks before it, its days, and up to two weeks after it."""

    incident_id = text("As in marts.anomalies")
    day = dy.Date(nullable=False, description="UTC day")
    currency = text("ISO 4217 code of the series")
    unit = text("What the amounts are in where usage was unusual; null: in money", nullable=True)
    expected = money("What the day should have cost; null where too little was known", nullable=True)
    low = money("95 of 100 days stay above", nullable=True)
    high = money("95 of 100 days stay below", nullable=True)
    actual = money("What it did cost")
    score = dy.Float64(nullable=True, description="How unusual the day was; 1 is an alert at the quiet setting")
    is_flagged = dy.Bool(nullable=False, description="Whether it raised an alert")
    in_incident = dy.Bool(nullable=False, description="Whether it is one of the incident's days: its amounts count")


ANOMALY_DAYS = Table(
    name="anomaly_days",
    schema="marts",
    kind="mart",
    grain="incident × day",
    meaning="The days of each incident's head, and those around it: expected, band and actual.",
    contract=AnomalyDays,
)


class AnomalyDetection(dy.Schema):
    """One row per currency: what was judged, and what was not; or one without a currency: why nothing could be."""

    currency = text("ISO 4217 code of the amounts; null where the detection failed", nullable=True)
    made_on = dy.Date(nullable=True, description="Last day that was judged; null where the detection failed")
    failure = text("Why anomalies could not be sought; the other tables are empty then", nullable=True)
    series = dy.Int64(nullable=True, description="Series of usage, of every dimension")
    judged = dy.Int64(nullable=True, description="Those whose last day was judged; others are too young, or too seldom")
    unexplained = dy.Int64(nullable=True, description="Incidents whose causes could not be sought: an error, a defect")
    cost = money("Effective cost of 28 days through made_on, of all charges and what is declared", nullable=True)
    cost_judged = money("The part of it that is judged: of usage that is told by the day", nullable=True)


ANOMALY_DETECTION = Table(
    name="anomaly_detection",
    schema="marts",
    kind="mart",
    grain="currency",
    meaning=(
        "What the detection of anomalies looked at. An empty list is good news only of what was judged, and none where "
        "the detection failed."
    ),
    contract=AnomalyDetection,
)


def name_of(anomaly: Mapping[str, Any]) -> str:
    """Its series as people name it: `key lab-agents`, `no team`, `everything`."""
    if anomaly["dimension"] == "total":
        return "everything"
    if anomaly["value"] is None:
        return NO_VALUE[anomaly["dimension"]]
    dimension = anomaly["dimension"]
    return f"{_WORDS.get(dimension, dimension)} {value_text(dimension, anomaly['value_name'])}"


@dataclass(frozen=True)
class Case:
    """An incident to be explained: items per `change.decompose`, of its days (`after`), and expected (`before`)."""

    incident_id: str
    name: str
    currency: str
    expected: Decimal
    before: pl.DataFrame
    after: pl.DataFrame


def incident_causes(case: Case, dimensions: Sequence[str], nesting: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Rows of `marts.anomaly_causes` of one incident; causes are sought in `dimensions`, columns of its items.

    What was expected of the whole is `case.expected`; the leaves have it in proportion to what they used to cost.
    """
    before = expected_to_sum(case.before, case.expected)
    rows = compared(before, case.after, dimensions)
    varied = [name for name in dimensions if rows[name].n_unique() > 1 and _may_be_a_cause(name, rows)]
    found = causes(rows if varied else rows.clear(), varied or dimensions).filter(pl.col("standing") == CAUSE)
    told = explain(found, before, case.after, case.currency, what=f"Cost of {case.name}", nesting=nesting)
    named = {row["rank"]: row for row in found.rows(named=True)}
    whole = told.parts["change"].sum()
    rows = [
        {
            "incident_id": case.incident_id,
            "rank": place,
            **_named(named.get(part["rank"])),
            "currency": case.currency,
            "expected": part["cost_before"],
            "actual": part["cost_after"],
            "impact": part["change"],
            "share": float(part["change"] / whole) if whole else None,
            **{name: part[name] for name in EFFECTS},
            "sentence": told.sentence,
        }
        for place, part in enumerate(told.parts.rows(named=True), start=1)
    ]
    return pl.DataFrame(rows, schema=ANOMALY_CAUSES.polars_schema)


def _may_be_a_cause(dimension: str, rows: pl.DataFrame) -> bool:
    """A way of use explains nothing of what is new as a whole, nor of what is and was nearly all used that way."""
    if dimension not in _WAYS:
        return True
    sums = rows.group_by(dimension).agg(pl.col("expected", "actual").cast(pl.Float64).sum())
    told = [(float(sums[side].max() or 0), float(sums[side].sum())) for side in ("expected", "actual")]  # pyright: ignore[reportArgumentType]
    return told[0][1] > 0 and not all(largest >= _NEARLY_ALL * whole for largest, whole in told)


def cause_text(cause: Mapping[str, Any]) -> str:
    """A row of `marts.anomaly_causes` as people name it: `key lab-agents, component accelerator compute`."""
    if cause["standing"] != CAUSE:
        return "all of it" if cause["rank"] == 1 else "everything else"
    pairs = zip(json.loads(cause["dimensions"]), json.loads(cause["values"]), strict=True)
    return ", ".join(f"{dimension.replace('_', ' ')} {value_text(dimension, value)}" for dimension, value in pairs)


def _named(cause: Mapping[str, list[str | None]] | None) -> dict[str, str | None]:
    if cause is None:
        return {"standing": REST, "dimensions": None, "values": None}
    names = [name or "" for name in cause["dimensions"]]
    values = [value or NO_VALUE.get(name, f"no {name}") for name, value in zip(names, cause["values"], strict=True)]
    lists = {"dimensions": names, "values": values}
    return {"standing": CAUSE, **{name: json.dumps(told, ensure_ascii=False) for name, told in lists.items()}}


def expected_to_sum(items: pl.DataFrame, expected: Decimal) -> pl.DataFrame:
    """Items whose cost sums to `expected`, each in proportion to its own cost, its quantity with it; exactly.

    Where that would be no proportion (they usually cost nothing, less than nothing, or next to nothing beside it), what
    is lacking is of nothing in particular: a row without any value.
    """
    usual = _total(items)
    if usual <= 0 or not 0 <= expected <= _MOST_SCALED * usual:
        lacking = expected - usual
        unknown = dict.fromkeys(items.columns) | {"quantity": Decimal(0), "cost": lacking}
        return pl.concat([items, pl.DataFrame([unknown] if lacking else [], schema=items.schema)])
    factor = float(expected / usual)
    scaled = items.with_columns(
        (pl.col("cost", "quantity").cast(pl.Float64) * factor).round(9).cast(MONEY)
    ).with_row_index("place")
    left_over = expected - _total(scaled)
    largest = scaled["cost"].cast(pl.Float64).abs().arg_max()
    return scaled.with_columns(
        cost=pl.when(pl.col("place") == largest).then(pl.col("cost") + pl.lit(left_over, dtype=MONEY)).otherwise("cost")
    ).drop("place")


def _total(items: pl.DataFrame) -> Decimal:
    total = items["cost"].sum()
    assert isinstance(total, Decimal)
    return total
