"""Anomalies: incidents that count, each told once however its figures and its head change while it goes on.

`marts.anomalies` names an incident by the episode that explains it best. Another day may explain it better, and a
vendor may restate the day on which it began: the name changes, the event does not. What was told already (`ops.alerts`)
therefore keeps its key as long as its episode is in the incident, or an episode of its series is in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import polars as pl

from models.control.conditions import SEVERITIES, AlertKey, Condition, Point, Severity, Standing
from models.control.kinds.judged import Judged, unknown
from models.control.kinds.pages import page
from models.control.kinds.rules import Candidate, Rule, judge
from models.foresight.anomaly_tables import cause_text, name_of
from models.foresight.anomaly_words import advice, has_fallen, impact_text, kind_text, why_nothing_is_known
from models.wording import about_text, capital, change_text, component_text, count_text, counted, day_text, share_text

NEWS = timedelta(days=7)
"""So long after its last day it is news to who has not heard of it, for runs may have failed; and who has hears that it
is over only then, for a machine that ran over one weekend may run over the next."""
_MOVED = timedelta(days=7)
"""By so many days the beginning of an episode may be restated."""
_TOGETHER = timedelta(days=1)
"""What begins within as long of what was told, and is a part of it, is the same event, taken apart anew."""
_PLACES = ("vendor", "team", "component", "model")
"""Dimensions of which an incident says in which value most of it is."""
_TREND = 42
"""Days that are shown."""
_NAMED = 3
"""Causes that are worth a line."""
_SEVERITIES: Mapping[str, Severity] = {"low": "info", "medium": "info", "high": "warning", "critical": "critical"}
_AT_LEAST: Mapping[str, Severity] = {"runaway": "warning"}
"""What may cost more by the hour, whatever it has cost so far."""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class AnomalyFrames:
    """`marts.anomalies`, `anomaly_causes`, `anomaly_days` and `anomaly_detection` of a publication."""

    anomalies: pl.DataFrame
    causes: pl.DataFrame
    days: pl.DataFrame
    detection: pl.DataFrame


@dataclass(frozen=True)
class Told:
    """An alert of an anomaly that was opened before: how grave it was, and how much more or less than expected, when it
    was last told."""

    key: AlertKey
    severity: Severity
    change: Decimal

    @property
    def anomaly_id(self) -> str:
        return self.key.threshold

    @property
    def first_day(self) -> date:
        return date.fromisoformat(self.key.period)


def told_of(alerts: pl.DataFrame) -> list[Told]:
    """The alerts of anomalies in rows of `ops.alerts`, the oldest first."""
    rows = alerts.filter(pl.col("kind") == "anomaly").sort("opened_at", "alert_id")
    change = (pl.col("amount") - pl.col("limit")).fill_null(0)
    told = rows.select("severity", change.alias("change"), "rule", "scope", "period", "threshold").iter_rows()
    return [Told(AlertKey(*key), severity, of) for severity, of, *key in told]


def anomalies(frames: AnomalyFrames, told: Sequence[Told], rules: Sequence[Rule]) -> dict[str, Judged]:
    """What rules say of incidents. `minimum` is money, up or down; of usage that nobody paid what counts is told.

    An incident that goes on holds, and resolves when it has ended for as long as NEWS; one that ended before anybody
    heard of it is told once, if that is no longer ago.
    """
    failure = why_nothing_is_known(frames.detection)
    if failure is not None:
        return {rule.name: unknown(failure) for rule in rules}
    known = _Known(frames, tuple(one for one in told if one.key.rule in {rule.name for rule in rules}))
    return judge(rules, known.heads, lambda head, rule: _candidates(known, head, rule))


@dataclass(frozen=True)
class _Known:
    """Incidents, with what was told of each."""

    frames: AnomalyFrames
    told: tuple[Told, ...]
    claimed: dict[tuple[str, str], Told | None] = field(default_factory=dict[tuple[str, str], Told | None])
    taken: set[AlertKey] = field(default_factory=set[AlertKey])

    @cached_property
    def heads(self) -> Sequence[Row]:
        in_order = self.frames.anomalies.filter(pl.col("is_head")).sort("first_day", "incident_id")
        return in_order.rows(named=True)

    @cached_property
    def members(self) -> Mapping[str, set[str]]:
        """The episodes of each incident."""
        grouped = self.frames.anomalies.group_by("incident_id").agg(pl.col("anomaly_id"))
        return {incident: set(ids) for incident, ids in grouped.iter_rows()}

    @cached_property
    def ids(self) -> set[str]:
        return set(self.frames.anomalies["anomaly_id"])

    @cached_property
    def causes(self) -> Mapping[str, Sequence[Row]]:
        return _by_incident(self.frames.causes.sort("rank"))

    @cached_property
    def days(self) -> Mapping[str, Sequence[Row]]:
        return _by_incident(self.frames.days.sort("day"))

    @cached_property
    def places(self) -> Mapping[str, Sequence[int]]:
        """Where in `told` an episode is, by its name, and an incident of something, by its scope."""
        places: dict[str, list[int]] = {}
        for place, one in enumerate(self.told):
            places.setdefault(one.anomaly_id, []).append(place)
            places.setdefault(one.key.scope, []).append(place)
        return places

    def told_as(self, *names: str) -> list[Told]:
        """What was told of episodes or scopes, the oldest first."""
        return [self.told[place] for place in sorted({place for name in names for place in self.places.get(name, ())})]

    def told_before(self, head: Row, rule: Rule) -> Told | None:
        """What the rule told of this event, the oldest of it. No two incidents have the same one."""
        asked = (head["incident_id"], rule.name)
        if asked not in self.claimed:
            same = self.told_as(*self.members[head["incident_id"]])
            gone = (one for one in self.told_as(_scope(head)) if one.anomaly_id not in self.ids)
            found = (*same, *(one for one in gone if _is_in_place_of(head, one)))
            free = (one for one in found if one.key.rule == rule.name and one.key not in self.taken)
            claimed = self.claimed[asked] = next(free, None)
            if claimed is not None:
                self.taken.add(claimed.key)
        return self.claimed[asked]

    def is_part_of_told(self, head: Row) -> bool:
        """Whether it began together with something wider that a rule told, and lies within it: it is no graver and no
        larger than that is by now, and of the same direction."""
        wider = {_scope({**head, "dimension": "total", "value": None, "vendor": None})}
        wider |= {_scope({**head, "dimension": name, "value": head[f"of_{name}"], "vendor": None}) for name in _PLACES}
        return any(
            abs(one.first_day - head["first_day"]) <= _TOGETHER and self.holds(one, head)
            for one in self.told_as(*wider)
        )

    def holds(self, told: Told, head: Row) -> bool:
        """Whether what was told, as it was or as its incident is by now, is as much as this one."""
        now = self.head_of.get(told.anomaly_id)
        changes = (told.change, *((_change(now),) if now else ()))
        severities = (told.severity, *((_severity(now),) if now else ()))
        is_graver = SEVERITIES.index(_severity(head)) > max(SEVERITIES.index(severity) for severity in severities)
        return not is_graver and min(0, *changes) <= _change(head) <= max(0, *changes)

    @cached_property
    def head_of(self) -> Mapping[str, Row]:
        """The head of each episode's incident."""
        heads = {head["incident_id"]: head for head in self.heads}
        return {one: heads[incident] for incident, ids in self.members.items() if incident in heads for one in ids}


def _by_incident(rows: pl.DataFrame) -> Mapping[str, Sequence[Row]]:
    parts = rows.partition_by("incident_id", maintain_order=True)
    return {part["incident_id"][0]: part.rows(named=True) for part in parts}


def _change(head: Row) -> Decimal:
    return head["used"] - head["usual"] if head["measure"] == "usage" else head["impact"]


def _is_in_place_of(head: Row, told: Told) -> bool:
    return told.key.scope == _scope(head) and head["first_day"] - _MOVED <= told.first_day <= head["last_day"]


def _scope(head: Row) -> str:
    """What it is an incident of, the same whatever the figures: `key key_Bp2X · cost · USD`."""
    value = "" if head["value"] is None else f" {head['value']}"
    vendor = "" if head["vendor"] is None else f" of {head['vendor']}"
    return (
        f"{head['dimension']}{value}{vendor} · {'usage' if head['measure'] == 'usage' else 'cost'} · {head['currency']}"
    )


def _candidates(known: _Known, head: Row, rule: Rule) -> list[Candidate]:
    """None of what was foreseen, or is over for so long that nobody is to hear of it any more."""
    before = known.told_before(head, rule)
    is_over = head["standing"] != "open"
    if head["explained_by"] is not None or (is_over and head["last_day"] <= head["made_on"] - NEWS):
        return []
    key = before.key if before else AlertKey(rule.name, _scope(head), head["first_day"].isoformat(), head["anomaly_id"])
    is_told = before is None and known.is_part_of_told(head)
    standing = None if is_told else _standing(head, rule, was_told=before is not None)
    return [Candidate(_condition(known, head, rule, key), standing)]


def _standing(head: Row, rule: Rule, *, was_told: bool) -> Standing | None:
    counts = head["counted"] and (not rule.severities or head["severity"] in rule.severities)
    if was_told and (head["standing"] != "open" or not counts):
        return "lingering"
    if not counts:
        return None
    return "firing" if head["impact"] is None else rule.standing(abs(head["impact"]))


def _condition(known: _Known, head: Row, rule: Rule, key: AlertKey) -> Condition:
    causes = known.causes.get(head["incident_id"], [])
    is_usage = head["measure"] == "usage"
    return Condition(
        key=key,
        kind="anomaly",
        standing="firing",
        severity=rule.severity or _severity(head),
        headline=_headline(head),
        subject=name_of(head),
        answer=_answer(head),
        to_do=f"{capital(advice(head))} If it was meant, say so under anomalies.expected of outlay.yaml.",
        since=head["first_day"],
        cause=causes[0]["sentence"] if causes else None,
        facts=_facts(head),
        details=tuple(_detail(cause) for cause in causes[:_NAMED] if cause["impact"]) if len(causes) > 1 else (),
        amount=head["used"] if is_usage else head["actual"],
        limit=head["usual"] if is_usage else head["expected"],
        currency=None if is_usage else head["currency"],
        unit=head["unit"] if is_usage else None,
        team=head["of_team"],
        vendor=head["of_vendor"],
        model=head["of_model"],
        page=page("anomalies", incident=head["incident_id"]),
        trend=tuple(
            Point(day["day"], day["actual"], day["expected"])
            for day in known.days.get(head["incident_id"], [])[-_TREND:]
        ),
    )


def _severity(head: Row) -> Severity:
    by_impact: Severity = "info" if has_fallen(head) else _SEVERITIES[head["severity"]]
    by_kind = _AT_LEAST.get(head["kind"], by_impact)
    return SEVERITIES[max(SEVERITIES.index(severity) for severity in (by_impact, by_kind))]


def _headline(head: Row) -> str:
    name, kind = capital(name_of(head)), kind_text(head["kind"])
    side = "less" if has_fallen(head) else "more"
    if head["measure"] == "usage":
        more = count_text(abs(head["used"] - head["usual"]))
        return f"{name} used {more} {head['unit'].lower()} {side} than usual: {kind}"
    return f"{name} cost {about_text(abs(head['impact']), head['currency'])} {side} than expected: {kind}"


def _answer(head: Row) -> str:
    """`9,120 USD on 3 days since 13 July 2026, where 3,000 USD was expected: +204.0 %.`"""
    days = f"{counted(head['days'], 'day')} from {day_text(head['first_day'])} on"
    if head["days"] == 1:
        days = day_text(head["first_day"])
    pair = ("used", "usual") if head["measure"] == "usage" else ("actual", "expected")
    change = change_text(*(head[name] for name in pair))
    told, usual = (_amount(head, name) for name in pair)
    return f"{told} on {days}, where {usual} {'was' if pair[0] == 'actual' else 'were'} expected: {change}."


def _amount(head: Row, name: str) -> str:
    if head["measure"] == "usage":
        return f"{count_text(head[name])} {head['unit'].lower()}"
    return about_text(head[name], head["currency"])


def _facts(head: Row) -> tuple[tuple[str, str], ...]:
    told = (
        ("Impact", impact_text(head)),
        ("Kind", kind_text(head["kind"])),
        ("Team", head["of_team"]),
        ("Vendor", head["of_vendor"]),
        ("Model", head["of_model"]),
        ("Component", None if head["of_component"] is None else component_text(head["of_component"])),
        ("Judged through", day_text(head["made_on"])),
    )
    return tuple((name, text) for name, text in told if text is not None)


def _detail(cause: Row) -> str:
    """`team search, model gpt-5: 3,590 USD more, 92 % of it`."""
    impact: Decimal = cause["impact"]
    side = "more" if impact > 0 else "less"
    share = (
        "" if cause["share"] is None else f", {share_text(Decimal(str(cause['share'])), Decimal(1), places=0)} of it"
    )
    return f"{cause_text(cause)}: {about_text(abs(impact), cause['currency'])} {side}{share}"
