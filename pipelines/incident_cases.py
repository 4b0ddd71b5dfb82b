"""Incidents as cases to be explained: the charges behind each, and whether somebody foresaw it.

Which episodes are one incident is told by `models.foresight.incidents`, why it happened by `root_cause`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce
from operator import and_
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from models.errors import OutlayError
from models.foresight.anomaly_tables import ANOMALY_CAUSES, REST, Case, incident_causes, name_of
from models.foresight.change import EFFECTS
from models.foresight.incidents import HISTORY
from models.foresight.leaves import expected_leaves
from models.foresight.series import DIMENSIONS
from models.table import MONEY
from pipelines.changes import NESTING
from pipelines.cost_leaves import CAUSES, cause_items
from pipelines.kept_frames import digest, digest_of, file_of, forget_all_but, keep, read_kept
from pipelines.reference import code_fingerprint
from pipelines.settings import Settings
from pipelines.settings.foresight import EventSettings, SeriesScope
from pipelines.usage_judged import usage_sentence

Head = Mapping[str, Any]
"""A row of `marts.anomalies` that names its incident."""
_JUDGED_BY = ("incident_id", "value_name", "expected", "actual", "days_told")
"""What of a head its causes depend on, besides the charges behind it."""
_SAME = "same"
"""Column of what is kept: a digest of what the causes were found from."""
_KEPT = pl.Schema({**ANOMALY_CAUSES.polars_schema, _SAME: pl.String()})
PLACES = ("vendor", "team", "component", "model")
"""Whose an incident may be."""
_KNOWN = ("explained_by", *(f"of_{name}" for name in PLACES))
_VALUES = tuple(name for name in DIMENSIONS if name != "total")
_MOST = Decimal("0.5")
"""The part of an incident's impact that must lie in the scope, and in the days, of what foresaw it."""
_TOLERANCE = Decimal("1.5")
"""So many times what an event says may it come to: such numbers are guesses, and so is what was expected."""


class Foreseen(NamedTuple):
    """What outlay.yaml says of days to come: what deviates in its scope and direction, by no more than it says."""

    name: str
    scope: SeriesScope
    first_day: date
    last_day: date
    direction: int = 0
    change: Decimal | None = None
    """Of what was expected; with `amount_per_day` null, too: of any size."""
    amount_per_day: Decimal | None = None
    currency: str | None = None

    def days_of(self, head: Head) -> list[date]:
        """The days of an incident that it may explain."""
        if self.direction * head["impact"] < 0 or self.currency not in (None, head["currency"]):
            return []
        return [day for day in head["days_told"] if self.first_day <= day <= self.last_day]

    def is_as_large(self, deviation: Decimal, expected: Decimal, days: int) -> bool:
        """Whether it says that so many days, expected to cost so much, deviate by so much."""
        said = None if self.change is None else self.change * expected
        said = said if self.amount_per_day is None else self.amount_per_day * days
        return said is None or abs(deviation) <= _TOLERANCE * abs(said)


def foreseen(settings: Settings) -> list[Foreseen]:
    """Expected anomalies, then events of forecasts: while their effect grows, or ends, and for the weeks in which that
    becomes usual."""
    expected = [Foreseen(each.name, each.scope, each.first_day, each.last_day) for each in settings.anomalies.expected]
    return [*expected, *(told for event in settings.forecast.events for told in _of_event(event))]


def _of_event(event: EventSettings) -> Iterator[Foreseen]:
    change = None if event.change is None else event.change / 100
    amount, currency = event.amount_per_day, None if event.amount_per_day is None else event.currency
    size = amount if change is None else change
    direction = (size > 0) - (size < 0) if size is not None else 0
    usual = event.day + timedelta(days=event.ramp_days) + HISTORY
    until = usual if event.until is None else min(usual, event.until)
    yield Foreseen(event.name, event.scope, event.day, until, direction, change, amount, currency)
    if event.until is not None:
        over = event.until + timedelta(days=1)
        back = None if change is None or change == -1 else 1 / (1 + change) - 1
        yield Foreseen(event.name, event.scope, over, over + HISTORY, -direction, back, amount, currency)


def explained(
    heads: Sequence[Head],
    leaves: pl.DataFrame,
    events: Sequence[Foreseen],
    folder: Path,
    problems: list[OutlayError],
) -> tuple[list[dict[str, str | None]], pl.DataFrame]:
    """What is known of each incident (`incident_id`, `explained_by`, `of_vendor`, …), and `marts.anomaly_causes`.

    Causes of an incident that is as it was before are those that `folder` keeps of it. One that cannot be explained
    says so in its sentence, and is added to `problems`; the others are told.
    """
    file = file_of(folder, "causes", code_fingerprint())
    kept = read_kept(file, _KEPT)
    before = {} if kept is None else kept.partition_by(_SAME, as_dict=True)
    known: list[dict[str, str | None]] = []
    told = [_KEPT.to_frame()]
    for head in heads:
        try:
            whose, causes = _known(head, leaves, events, before)
        except Exception as error:  # whatever it is, the other incidents are told
            problems.append(_unexplained(head, error))
            whose, causes = dict.fromkeys(_KNOWN), _one_row(head, problems[-1].what)
        known.append({"incident_id": head["incident_id"], **whose})
        told.append(causes)
    causes = pl.concat(told)
    if kept is None or not kept.equals(causes):
        keep(causes, file)
        forget_all_but({file}, folder, "causes-*")
    return known, causes.drop(_SAME)


def _known(
    head: Head, leaves: pl.DataFrame, events: Sequence[Foreseen], before: Mapping[tuple[object, ...], pl.DataFrame]
) -> tuple[dict[str, str | None], pl.DataFrame]:
    rows = _behind(head, leaves)
    whose = {"explained_by": _explained_by(head, rows, events), **_places(rows)}
    if head["measure"] == "usage":
        return whose, _one_row(head, usage_sentence(head))
    return whose, _causes(head, rows, before)


def _unexplained(head: Head, error: Exception) -> OutlayError:
    return OutlayError(
        f"Why {name_of(head)} was unusual from {head['first_day']} on could not be explained: "
        f"{type(error).__name__}: {error}",
        remedy="the other incidents are told; please report this, it is a defect",
    )


def _explained_by(head: Head, rows: pl.DataFrame, told: Sequence[Foreseen]) -> str | None:
    """The name of the first that explains an incident: most of its impact lies in the scope and its days, and is no
    more than was said."""
    may = [(each, days) for each in told if (days := each.days_of(head))]
    if not may:
        return None
    rows = rows.select("day", "cost", *_VALUES)
    whole, _ = _deviation(head, rows)
    for each, days in may:
        part, expected = _deviation({**head, "days_told": days}, rows.filter(_within(each.scope)))
        if whole and part / whole >= _MOST and each.is_as_large(part, expected, len(days)):
            return each.name
    return None


def _deviation(head: Head, rows: pl.DataFrame) -> tuple[Decimal, Decimal]:
    """What the head's days cost more than was expected, and what was, by the leaves."""
    expected = Decimal(_expected(head, rows, _VALUES, ("cost",))["cost"].sum())
    return Decimal(_of_days(head, rows)["cost"].sum()) - expected, expected


def _within(scope: SeriesScope) -> pl.Expr:
    told = [pl.col(name).eq_missing(pl.lit(value)) for name, value in scope if value is not None]
    return reduce(and_, told, pl.lit(value=True))


def _places(rows: pl.DataFrame) -> dict[str, str | None]:
    """`of_vendor`, `of_team`, … of an incident: the value that most of its head's cost has, on its days and before."""
    rows = rows.select(*PLACES, pl.col("cost").cast(pl.Float64))
    whole = float(rows["cost"].sum())
    found: dict[str, str | None] = {}
    for name in PLACES:
        parts = rows.group_by(name).agg(pl.col("cost").sum()).filter(pl.col("cost") > whole / 2)
        found[f"of_{name}"] = parts[name][0] if parts.height else None
    return found


def _causes(head: Head, rows: pl.DataFrame, before: Mapping[tuple[object, ...], pl.DataFrame]) -> pl.DataFrame:
    items = cause_items(rows)
    same = digest(*(str(head[name]) for name in _JUDGED_BY), digest_of(items))
    made = before.get((same,))
    if made is None:
        made = incident_causes(_case(head, items), CAUSES, NESTING).with_columns(pl.lit(same).alias(_SAME))
    return made


def _one_row(head: Head, sentence: str) -> pl.DataFrame:
    """An incident whose causes are not known, or one of usage: nothing of its money moved."""
    row = dict.fromkeys(EFFECTS, Decimal(0)) | {
        "incident_id": head["incident_id"], "rank": 1, "standing": REST, "currency": head["currency"],
        "sentence": sentence, _SAME: None,
    }  # fmt: skip
    if head["measure"] != "usage":
        row |= {name: head[name] for name in ("expected", "actual", "impact")}
        row |= {"not_metered": head["impact"], "share": 1.0 if head["impact"] else None}
    return pl.DataFrame([row], schema=_KEPT)


def _case(head: Head, items: pl.DataFrame) -> Case:
    """The incident with what its days cost and, leaf by leaf, what they usually do."""
    leaf = [name for name in items.columns if name not in ("day", "quantity", "cost")]
    return Case(
        incident_id=head["incident_id"],
        name=name_of(head),
        currency=head["currency"],
        expected=head["expected"],
        before=_expected(head, items, leaf, ("cost", "quantity")).select(*leaf, "quantity", "cost"),
        after=_of_days(head, items).select(*leaf, "quantity", "cost"),
    )


def _behind(head: Head, leaves: pl.DataFrame) -> pl.DataFrame:
    """The leaves of the head's series, on its days and in the weeks before."""
    is_its = pl.lit(value=True)
    if head["dimension"] != "total":
        is_its = pl.col(head["dimension"]).eq_missing(pl.lit(head["value"], pl.String))
    if head["dimension"] == "sku":
        is_its &= pl.col("vendor") == head["vendor"]
    days = pl.col("day").is_between(head["first_day"] - HISTORY, head["last_day"])
    return leaves.filter(pl.col("currency") == head["currency"], days, is_its)


def _of_days(head: Head, rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter(pl.col("day").is_in(head["days_told"]))


def _expected(head: Head, rows: pl.DataFrame, leaf: Sequence[str], amounts: Sequence[str]) -> pl.DataFrame:
    """`expected_leaves` of the head's days. A day without a row in the weeks before cost nothing."""
    known = head["first_day"] - HISTORY
    nothing = pl.DataFrame([{"day": known, **dict.fromkeys(amounts, Decimal(0))}], schema=rows.schema)
    history = pl.concat([rows.with_columns(pl.col(amounts).fill_null(pl.lit(0, dtype=MONEY))), nothing])
    told = expected_leaves(history.filter(pl.col("day") < head["first_day"]), head["days_told"], leaf, amounts=amounts)
    return told.filter(pl.any_horizontal(pl.col(amounts) != 0))
