"""`outlay anomalies`: incidents of the published warehouse, in words, tables and next steps.

How they are found belongs to `marts.anomalies`; here they are only told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
from rich.text import Text

from models.errors import OutlayError
from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, name_of
from models.foresight.change import EFFECTS
from models.foresight.root_cause import CAUSE
from models.foresight.series import DIMENSIONS
from models.table import Table
from models.wording import UNKNOWN, change_text, counted, day_text, money_text
from pipelines.console import say, show_table, show_title, stdout
from pipelines.door import query
from pipelines.home import Home
from pipelines.sql_text import literal

_COLUMNS: Mapping[str, str] = {
    "vendor": "provider_name", "team": "team", "component": "component", "model": "model",
}  # fmt: skip
"""What `outlay explain change` calls a dimension; of keys and SKUs it knows nothing."""
RECENT = timedelta(days=90)
"""How far back is told, unless somebody asks."""
SHORT = 8
"""Characters of an incident's name that are shown; more are needed where two begin alike."""

Row = Mapping[str, Any]

_EFFECTS = dict(zip(EFFECTS, ("volume", "mix", "cache", "tier", "geography", "price", "not metered"), strict=True))
_KINDS: Mapping[str, str] = {"level_shift": "level shift", "weekend": "weekends"}
_NEXT: Mapping[str, str] = {
    "runaway": "Something may run in a loop: find what used {name} on these days, and stop or cap it.",
    "spike": "Ask who runs {name} what ran on that day, and whether it will run again.",
    "burst": "Ask who runs {name} what ran on these days, and whether it will run again.",
    "level_shift": "If it will stay so, tell it in forecast.events of outlay.yaml, and look at the budget of {name}.",
    "ramp": "Growth like this fills budgets: look at where {name} will land with `outlay forecast`.",
    "weekend": "{name} runs on days on which it used to rest: if nobody waits for it, switch it off then.",
    "price": "Compare the price with what was agreed: disputes of contracts are in marts.price_disputes.",
    "new": "Is {name} wanted? Give it an owner and a budget in outlay.yaml.",
    "drop": "If {name} was not meant to stop, look whether it works; if it was, its commitments may idle now.",
}
"""What to do about each kind."""


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
    rows = _read(home, ANOMALIES)
    made_on = rows["made_on"].max() if len(rows) else None
    if not isinstance(made_on, date):
        say("Nothing unusual was found, or nothing is known for long enough to tell.")
        return
    since = asked.since or made_on - RECENT
    heads = _asked_for(rows, asked, since)
    counting = heads.filter("counted")
    for line in _answer(counting, since, is_recent=asked.since is None):
        stdout().print(Text(line), soft_wrap=True)
    shown = heads if asked.everything else counting
    if len(shown):
        _show_list(shown, _read(home, ANOMALY_CAUSES), everything=asked.everything)
    hidden = len(heads) - len(shown)
    if hidden:
        say(f"{hidden} more, foreseen or below minimum_impact: `outlay anomalies --all`.")
    say(f"Judged through {day_text(made_on)}, on effective cost of usage; tax, purchases and credits are not judged.")


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


def _showing_in(rows: pl.DataFrame, dimension: str, value: str) -> pl.DataFrame:
    if dimension not in DIMENSIONS:
        raise OutlayError(f"there are no series by {dimension!r}", remedy=f"choose one of {', '.join(DIMENSIONS)}")
    shows = (pl.col("dimension") == dimension) & ((pl.col("value") == value) | (pl.col("value_name") == value))
    is_its = pl.col(f"of_{dimension}") == value if f"of_{dimension}" in rows.columns else pl.lit(value=False)
    return rows.filter(shows.fill_null(value=False) | is_its.fill_null(value=False)).select("incident_id")


def _answer(counting: pl.DataFrame, since: date, *, is_recent: bool) -> list[str]:
    """How many, and what they cost, a sentence for each currency."""
    when = "in the last 90 days" if is_recent else f"since {day_text(since)}"
    if counting.is_empty():
        return [f"No anomaly {when}."]
    return [
        f"{_standing_sentence(rows.filter(pl.col('standing') == 'open'), str(currency))} "
        f"{counted(len(rows), 'anomaly', 'anomalies')} {when}{_money_of(rows, str(currency))}."
        for (currency,), rows in counting.group_by("currency", maintain_order=True)
    ]


def _standing_sentence(going_on: pl.DataFrame, currency: str) -> str:
    if going_on.is_empty():
        return f"No anomaly in {currency} goes on."
    first = going_on["first_day"].min()
    assert isinstance(first, date)
    told = f"{counted(len(going_on), 'open anomaly', 'open anomalies')}{_money_of(going_on, currency)}"
    return f"{told} since {day_text(first)}."


def _money_of(rows: pl.DataFrame, currency: str) -> str:
    more, less = (sum(amounts, Decimal(0)) for amounts in _more_and_less(rows["impact"].to_list()))
    parts = [
        f"{money_text(abs(amount), currency)} {word}" for amount, word in ((more, "more"), (less, "less")) if amount
    ]
    return f" cost {' and '.join(parts)} than expected" if parts else " cost what was expected"


def _more_and_less(impacts: Sequence[Decimal]) -> tuple[list[Decimal], list[Decimal]]:
    return [impact for impact in impacts if impact > 0], [impact for impact in impacts if impact < 0]


def _show_list(heads: pl.DataFrame, causes: pl.DataFrame, *, everything: bool) -> None:
    sentences = dict(causes.select("incident_id", "sentence").iter_rows())
    columns = ["incident", "since", "days", "what", "kind", "impact", "severity", "", "why"]
    lines = [
        (
            row["incident_id"][:SHORT], row["first_day"], row["days"], name_of(row), _kind(row),
            money_text(row["impact"], row["currency"], signed=True), row["severity"], _state(row),
            sentences.get(row["incident_id"], ""),
        )
        for row in heads.rows(named=True)
    ]  # fmt: skip
    show_table("Anomalies" if not everything else "Anomalies, counted or not", columns, lines, right=("days", "impact"))


def _kind(row: Row) -> str:
    return _KINDS.get(row["kind"], row["kind"])


def _state(row: Row) -> str:
    if row["explained_by"] is not None:
        return f"foreseen: {row['explained_by']}"
    return row["standing"] if row["counted"] else f"{row['standing']}, a trifle"


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
    impact = money_text(head["impact"], head["currency"], signed=True)
    change = change_text(head["actual"], head["expected"])
    return f"{name_of(head)}: {_kind(head)}, {on}, {impact} ({change}), {head['severity']}, {_state(head)}"


def _show_days(head: Row, days: pl.DataFrame) -> None:
    lines = [
        (
            day["day"], _amount(day["expected"]), _band(day), _amount(day["actual"]), _deviation(day),
            "!" if day["is_flagged"] else "·" if day["in_incident"] else "",
        )
        for day in days.rows(named=True)
    ]  # fmt: skip
    numbers = ("expected", "95 of 100 days", "actual", "deviation")
    show_table(f"Days, in {head['currency']}", ("day", *numbers, ""), lines, right=numbers)


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
    numbers = ("expected", "actual", "impact", "%", *(_EFFECTS[name] for name in told))
    lines = [
        (
            _cause(row), _amount(row["expected"]), _amount(row["actual"]), _amount(row["impact"], signed=True),
            UNKNOWN if row["share"] is None else f"{row['share'] * 100:.0f}",
            *(_amount(row[name], signed=True) for name in told),
        )
        for row in causes.rows(named=True)
    ]  # fmt: skip
    show_table(f"Causes, in {head['currency']}", ("", *numbers), lines, right=numbers)


def _cause(row: Row) -> str:
    if row["standing"] != CAUSE:
        return "all of it" if row["rank"] == 1 else "all else"
    pairs = zip(row["dimensions"].split(" & "), row["values"].split(" & "), strict=False)
    return ", ".join(f"{dimension} {value}" for dimension, value in pairs)


def _show_series(head: Row, others: pl.DataFrame) -> None:
    if others.is_empty():
        return
    lines = [
        (name_of(row), _kind(row), row["first_day"], row["last_day"], _amount(row["impact"], signed=True))
        for row in others.sort(pl.col("impact").abs(), descending=True).rows(named=True)
    ]
    title = f"The same event in other series, in {head['currency']}: not counted again"
    show_table(title, ("series", "kind", "first day", "last day", "impact"), lines, right=("impact",))


def next_steps(head: Row) -> list[str]:
    """What to do about an incident, by its kind, and how to say that it was meant."""
    if head["explained_by"] is not None:
        return [f"Foreseen by {head['explained_by']!r} of outlay.yaml: it does not count."]
    return [
        f"Next: {_NEXT[head['kind']].format(name=name_of(head))}",
        f"Beside the week before: `{_explain_change(head)}`.",
        f"If it was meant, say so under anomalies.expected of outlay.yaml: {_expected(head)}.",
    ]


def _explain_change(head: Row) -> str:
    """The command that sets the first days (a week at most) against the same weekdays before."""
    first, length = head["first_day"], timedelta(days=min(head["days"], 7) - 1)
    before = first - timedelta(days=7)
    spans = f"{before}..{before + length} {first}..{first + length}" if length else f"{before} {first}"
    column = _COLUMNS.get(head["dimension"])
    where = f" --where '{column}={head['value'] or ''}'" if column else ""
    return f"outlay explain change {spans} --by {'team' if column == 'model' else 'model'}{where}"


def _expected(head: Row) -> str:
    scope = ""
    if head["value"] is not None:
        names = {"vendor": head["vendor"]} if head["vendor"] is not None else {}
        told = ", ".join(f"{name}: {value}" for name, value in {**names, head["dimension"]: head["value"]}.items())
        scope = f"scope: {{{told}}}, "
    return f"{{name: …, {scope}first_day: {head['first_day']}, last_day: {head['last_day']}}}"
