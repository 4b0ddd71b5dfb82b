"""Conditions and rules as tables of a publication: what stands true, and which rules could be judged at all.

Here belong the two contracts and the way from conditions to rows and back. What is a condition is worked out by kind
in `models.control.kinds`; what becomes of it is in `alerts`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import dataframely as dy
import polars as pl

from models.control.condition_json import CONDITION
from models.control.conditions import KINDS, SEVERITIES, STANDINGS, AlertKey, Condition, gravest
from models.control.kinds.judged import Judged
from models.table import Table, instant, money, text

_KEY = tuple(AlertKey.__dataclass_fields__)
_LISTS = ("facts", "details", "trend")
"""Fields of several values, kept as JSON: a message shows them in their order, and nobody sums them."""


class AlertConditions(dy.Schema):
    """One row per condition, which is one alert key."""

    alert_id = dy.String(
        primary_key=True, description="Id of rule, scope, period and threshold; the alert has the same"
    )
    rule = text("Name of the budget or of the rule of outlay.yaml; of a rule that is not there its kind")
    scope = text("What of: a budget's scope, a series, a source, a commitment, a contract")
    period = text("When of: a month, a first day, a term; empty where the condition has none")
    threshold = text("Which step of the rule, such as 80 % or 30 days; empty where it has one only")
    kind = text("What kind of condition it is", values=KINDS)
    standing = text(
        "firing: it would open an alert; lingering: not any more, and not yet far enough away to resolve one",
        values=STANDINGS,
    )
    severity = text("How much it matters", values=SEVERITIES)
    headline = text("What, in one line")
    subject = text("What it is about, in one or a few words")
    answer = text("How much over which expectation, in one or two sentences")
    to_do = text("What to do about it")
    since = dy.Date(nullable=False, description="First day on which it held")
    cause = text("Why, as far as it is known", nullable=True)
    facts = text("Pairs of name and value that are worth a look, as JSON")
    details = text("More lines, such as causes by their weight, as JSON")
    amount = money("How much: money in currency, else a count of unit", nullable=True)
    limit = money("Over which expectation, likewise", nullable=True)
    currency = text("ISO 4217, where amount is money", nullable=True)
    unit = text("What amount counts, where it is no money", nullable=True)
    team = text("Team that owns it; null: nobody is known", nullable=True)
    vendor = text("Vendor, as charges name it; null: none, or several", nullable=True)
    model = text("Model, as charges name it; null: none, or several", nullable=True)
    page = text("Path and query of the dashboard page that shows it", nullable=True)
    holds_from = instant("Not before this instant; null: now", nullable=True)
    trend = text("Days with actual and expected, as JSON", nullable=False)


ALERT_CONDITIONS = Table(
    name="alert_conditions",
    schema="marts",
    kind="mart",
    grain="alert key (rule × scope × period × threshold)",
    meaning="What stands true that somebody may have to hear of, with all that a message about it says.",
    contract=AlertConditions,
)


class AlertRules(dy.Schema):
    """One row per rule and kind: whether it could be judged."""

    rule = dy.String(primary_key=True, description="Name of the budget or rule, as alert_conditions has it")
    kind = dy.String(
        primary_key=True,
        description="What kind of condition it is about",
        check={"closed_set": lambda column: column.is_in(list(KINDS))},
    )
    judged = dy.Bool(nullable=False, description="False: unknown, which is not well; its alerts stay as they are")
    reason = text("Why it could not be judged; null where it was", nullable=True)
    conditions = dy.Int64(nullable=False, description="Rows of alert_conditions that it has, firing or lingering")


ALERT_RULES = Table(
    name="alert_rules",
    schema="marts",
    kind="mart",
    grain="rule × kind",
    meaning="Which rules could be judged by this publication, and how many conditions each found.",
    contract=AlertRules,
)


def conditions_frame(conditions: Sequence[Condition]) -> pl.DataFrame:
    """`marts.alert_conditions`, in the order given. Of two with one key the worse stays."""
    rows = [_row(condition) for condition in gravest(conditions).values()]
    return pl.DataFrame(rows, schema=ALERT_CONDITIONS.polars_schema, orient="row")


def conditions_of(frame: pl.DataFrame) -> list[Condition]:
    """The conditions of `marts.alert_conditions`, without loss, in its order."""
    return [_condition(row) for row in frame.iter_rows(named=True)]


def rules_frame(judged: Mapping[tuple[str, str], Judged]) -> pl.DataFrame:
    """`marts.alert_rules` of what came of each rule, by its name and kind."""
    rows = [
        {"rule": rule, "kind": kind, "judged": one.judged, "reason": one.reason, "conditions": len(one.conditions)}
        for (rule, kind), one in judged.items()
    ]
    return pl.DataFrame(rows, schema=ALERT_RULES.polars_schema, orient="row")


def _row(condition: Condition) -> dict[str, Any]:
    fields = CONDITION.dump_python(condition, mode="json")
    lists = {name: json.dumps(fields[name], ensure_ascii=False) for name in _LISTS}
    return {"alert_id": condition.alert_id, **vars(condition.key), **vars(condition), **lists}


def _condition(row: dict[str, Any]) -> Condition:
    key = {name: row[name] for name in _KEY}
    return CONDITION.validate_python({**row, "key": key, **{name: json.loads(row[name]) for name in _LISTS}})
