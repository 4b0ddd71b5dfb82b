"""`outlay anomalies`: incidents of the published warehouse, in words, tables and next steps.

How they are found belongs to `marts.anomalies`; here they are only told.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import yaml
from rich.text import Text

from models.errors import OutlayError
from models.foresight.anomaly_tables import (
    ANOMALIES,
    ANOMALY_CAUSES,
    ANOMALY_DAYS,
    ANOMALY_DETECTION,
    cause_text,
    name_of,
)
from models.foresight.anomaly_words import (
    RECENT,
    advice,
    answer,
    impact_text,
    judged_sentences,
    kind_text,
    state_text,
    why_nothing_is_known,
)
from models.foresight.change import EFFECTS
from models.foresight.series import DIMENSIONS
from models.table import Table
from models.wording import UNKNOWN, change_text, day_text, nearest
from pipelines.changes import EFFECT_TITLES
from pipelines.console import say, show_table, show_title, stdout
from pipelines.door import query
from pipelines.home import Home
from pipelines.sql_text import literal

_COLUMNS: Mapping[str, str] = {
    "vendor": "provider_name", "team": "team", "component": "component", "model": "model",
}  # fmt: skip
"""What `outlay explain change` calls a dimension; of keys and SKUs it knows nothing."""
SHORT = 8
"""Characters of an incident's name that are shown; more are needed where two begin alike."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """Which incidents: from `since` on, those that go on, those that show in a series, also those that do not count."""

    since: date | None = None
    is_open: bool = False
    by: tuple[str, str] | None = None
    everything: bool = False


def show_anomalies(home: Home, asked: Asked) -> None:
    """The answer, then a line for each incident, open ones first and then the latest.

    Raises `OutlayError` for a dimension or value that nothing is known of.
    """
    if asked.by is not None:
        _check_known(home, *asked.by)
    detection = _read(home, ANOMALY_DETECTION)
    unknown = why_nothing_is_known(detection)
    if unknown is not None:
        stdout().print(Text(unknown), soft_wrap=True)
        return
    rows = _read(home, ANOMALIES)
    made_on = detection["made_on"].max()
    assert isinstance(made_on, date)
    since = asked.since or made_on - RECENT + timedelta(days=1)
    heads = _asked_for(rows, asked, since)
    counting = heads.filter("counted")
    when = "in the last 90 days" if asked.since is None else f"since {day_text(since)}"
    for line in answer(counting, when, of=" ".join(asked.by or ()), is_open=asked.is_open):
        stdout().print(Text(line), soft_wrap=True)
    shown = heads if asked.everything else counting
    if len(shown):
        _show_list(shown, _read(home, ANOMALY_CAUSES), everything=asked.everything)
    hidden = len(heads) - len(shown)
    if hidden:
        say(f"{hidden} more, foreseen or below minimum_impact: `outlay anomalies --all`.")
    for line in judged_sentences(detection):
        stdout().print(Text(line), soft_wrap=True)


def _read(home: Home, table: Table, where: str = "true") -> pl.DataFrame:
    return query(home.published, f"SELECT * FROM {table.qualified_name} WHERE {where}").rows


def _asked_for(rows: pl.DataFrame, asked: Asked, since: date) -> pl.DataFrame:
    """Heads of the incidents that are asked for."""
    told = rows.filter(pl.col("last_day") >= since)
    if asked.by is not None:
        told = told.join(_showing_in(rows, *asked.by), on="incident_id", how="semi")
    if asked.is_open:
        told = told.filter(pl.col("standing") == "open")
    return told.filter("is_head").sort(
        pl.col("standing") != "open", pl.col("first_day"), "incident_id", descending=[False, True, False]
    )


def _check_known(home: Home, dimension: str, value: str) -> None:
    """Raise `OutlayError` for a dimension or a value that nothing is known of."""
    if dimension not in DIMENSIONS:
        raise OutlayError(f"there are no series by {dimension!r}", remedy=f"choose one of {', '.join(DIMENSIONS)}")
    forecast = "SELECT DISTINCT dimension, value, value_name FROM marts.forecasts"
    unusual = f"SELECT DISTINCT dimension, value, value_name FROM {ANOMALIES.qualified_name}"
    series = query(home.published, f"{forecast} UNION {unusual}").rows.filter(pl.col("dimension") == dimension)
    known = {str(name) for name in (*series["value"].drop_nulls(), *series["value_name"])}
    if value not in known:
        raise OutlayError(
            f"no cost is known of {dimension} {value!r}", remedy=f"write it as costs name it{nearest(value, known)}"
        )


def _showing_in(rows: pl.DataFrame, dimension: str, value: str) -> pl.DataFrame:
    shows = (pl.col("dimension") == dimension) & ((pl.col("value") == value) | (pl.col("value_name") == value))
    is_its = pl.col(f"of_{dimension}") == value if f"of_{dimension}" in rows.columns else pl.lit(value=False)
    return rows.filter(shows.fill_null(value=False) | is_its.fill_null(value=False)).select("incident_id")


def _show_list(heads: pl.DataFrame, causes: pl.DataFrame, *, everything: bool) -> None:
    sentences = dict(causes.select("incident_id", "sentence").iter_rows())
    columns = ["incident", "since", "days", "what", "kind", "impact", "severity", "", "why"]
    lines = [
        (
            row["incident_id"][:SHORT], row["first_day"], row["days"], name_of(row), kind_text(row["kind"]),
            impact_text(row), row["severity"], state_text(row),
            sentences.get(row["incident_id"], ""),
        )
        for row in heads.rows(named=True)
    ]  # fmt: skip
    show_table("Anomalies" if not everything else "Anomalies, counted or not", columns, lines, right=("days", "impact"))


def show_incident(home: Home, incident: str) -> None:
    """One incident whole. Raises `OutlayError` for a name that is none, or of several."""
    rows = _read(home, ANOMALIES, f"starts_with(incident_id, {literal(incident)})")
    names = rows["incident_id"].unique().sort().to_list()
    if len(names) != 1 or not incident:
        raise OutlayError(
            f"{incident!r} is the beginning of {len(names)} incidents"
            if names
            else f"there is no incident {incident!r}",
            remedy=f"write more of one: {', '.join(names)}" if names else "`outlay anomalies --all` names them",
        )
    where = f"incident_id = {literal(names[0])}"
    head = rows.filter("is_head").row(0, named=True)
    causes = _read(home, ANOMALY_CAUSES, where).sort("rank")
    show_title(_title(head))
    for (told,) in causes.select("sentence").unique().iter_rows():
        stdout().print(Text(told), soft_wrap=True)
    _show_days(head, _read(home, ANOMALY_DAYS, where).sort("day"))
    _show_causes(head, causes)
    _show_series(head, rows.filter(~pl.col("is_head")))
    for line in next_steps(head):
        stdout().print(Text(line), soft_wrap=True)


def _title(head: Row) -> str:
    on = day_text(head["first_day"])
    if head["days"] > 1:
        on = f"{on} to {day_text(head['last_day'])}"
    pair = ("used", "usual") if head["measure"] == "usage" else ("actual", "expected")
    impact = f"{impact_text(head)} ({change_text(*(head[name] for name in pair))})"
    return f"{name_of(head)}: {kind_text(head['kind'])}, {on}, {impact}, {head['severity']}, {state_text(head)}"


def _show_days(head: Row, days: pl.DataFrame) -> None:
    lines = [
        (
            day["day"], _amount(day["expected"]), _band(day), _amount(day["actual"]), _deviation(day),
            "!" if day["is_flagged"] else "·" if day["in_incident"] else "",
        )
        for day in days.rows(named=True)
    ]  # fmt: skip
    numbers = ("expected", "95 of 100 days", "actual", "deviation")
    show_table(f"Days, in {head['unit'] or head['currency']}", ("day", *numbers, ""), lines, right=numbers)


def _amount(amount: Decimal | None, *, signed: bool = False) -> str:
    if amount is None:
        return UNKNOWN
    rounded = round(amount, 2) or Decimal("0.00")  # never a negative zero
    return f"{rounded:{'+' if signed and rounded else ''},.2f}"


def _band(day: Row) -> str:
    return UNKNOWN if day["low"] is None else f"{_amount(day['low'])} – {_amount(day['high'])}"


def _deviation(day: Row) -> str:
    return UNKNOWN if day["expected"] is None else _amount(day["actual"] - day["expected"], signed=True)


def _show_causes(head: Row, causes: pl.DataFrame) -> None:
    told = [name for name in EFFECTS if causes[name].abs().sum()]
    numbers = ("expected", "actual", "impact", "%", *(EFFECT_TITLES[name] for name in told))
    lines = [
        (
            cause_text(row), _amount(row["expected"]), _amount(row["actual"]), _amount(row["impact"], signed=True),
            UNKNOWN if row["share"] is None else f"{row['share'] * 100:.0f}",
            *(_amount(row[name], signed=True) for name in told),
        )
        for row in causes.rows(named=True)
    ]  # fmt: skip
    show_table(f"Causes, in {head['currency']}", ("", *numbers), lines, right=numbers)


def _show_series(head: Row, others: pl.DataFrame) -> None:
    if others.is_empty():
        return
    lines = [
        (name_of(row), kind_text(row["kind"]), row["first_day"], row["last_day"], _amount(row["impact"], signed=True))
        for row in others.sort(pl.col("impact").abs(), descending=True).rows(named=True)
    ]
    title = f"The same event in other series, in {head['currency']}: not counted again"
    show_table(title, ("series", "kind", "first day", "last day", "impact"), lines, right=("impact",))


def next_steps(head: Row) -> list[str]:
    """What to do about an incident, by its kind, and how to say that it was meant."""
    if head["explained_by"] is not None:
        return [f"Foreseen by {head['explained_by']!r} of outlay.yaml: it does not count."]
    steps = [f"Next: {advice(head)}"]
    if head["dimension"] == "total" or head["dimension"] in _COLUMNS:
        steps.append(f"Beside the week before: `{_explain_change(head)}`.")
    meant = _expected(head)
    if meant is not None:
        until = "" if head["standing"] == "ended" else " (it goes on: last_day is the last that was meant)"
        steps.append(f"If it was meant, say so under anomalies.expected of outlay.yaml: {meant}{until}.")
    return steps


def _explain_change(head: Row) -> str:
    """The command that sets the first days (a week at most) against the same weekdays before."""
    first, length = head["first_day"], timedelta(days=min(head["days"], 7) - 1)
    before = first - timedelta(days=7)
    spans = f"{before}..{before + length} {first}..{first + length}" if length else f"{before} {first}"
    column, value = _COLUMNS.get(head["dimension"]), head["value"] or ""
    where = f" --where {shlex.quote(f'{column}={value}')}" if column else ""
    return f"outlay explain change {spans} --by {'team' if column == 'model' else 'model'}{where}"


def _expected(head: Row) -> str | None:
    """What outlay.yaml would say of it; None where no scope can: without one it would foresee everything."""
    if head["value"] is None or (head["dimension"] == "sku" and head["vendor"] is None):
        return None
    vendor = {"vendor": head["vendor"]} if head["vendor"] is not None else {}
    scope = {**vendor, head["dimension"]: head["value"]}
    told = {"name": "…", "scope": scope, "first_day": head["first_day"], "last_day": head["last_day"]}
    width = float("inf")
    return yaml.safe_dump(told, default_flow_style=True, sort_keys=False, allow_unicode=True, width=width).strip()
