"""Commitments: those that run out, and those that are left unused.

`marts.commitments` tells each by month; its latest month is how it stands. *Running out*: credits or a commit that are
used up before their term is over at the rate of the last 30 days, and cover that ends with its term. *Unused*: what was
paid for and not used of late, credits that will expire, and what a spend commit will owe at its end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.conditions import AlertKey, Condition, Point, Severity
from models.control.kinds.judged import Judged
from models.control.kinds.pages import page
from models.control.kinds.rules import FORESEEN, NO_VENDORS, Candidate, Rule, Vendors, judge, steps
from models.wording import about_text, capital, counted, day_text, share_text, short_name

_DRAWN = ("prepaid_credits", "spend")
"""Kinds that are an amount to be drawn down."""
_COVERS = ("reservation", "savings_plan", "committed_use", "provisioned_throughput", "capacity_block")
"""Kinds that make usage cheaper for a term."""
_KIND_WORDS = {"prepaid_credits": "credits", "spend": "commit"}
_LONG_TERM = timedelta(days=90)
"""A shorter term is bought anew as a matter of course; that it ends is no news."""
_KNOWN_AFTER = timedelta(days=14)
"""So much of a month or a term must be over before its rate says anything."""
_A_WEEK = timedelta(days=7)
_TRIFLE = Decimal(100)
"""Money, in whatever currency, that is no news however large its share is."""
_TREND = 60
"""Days of a burn-down that are shown."""
_SOON = 7


@dataclass(frozen=True)
class _Commitment:
    """A commitment as it stands, with its last months (the latest last) and its burn-down."""

    months: tuple[Mapping[str, Any], ...]
    trend: tuple[Point, ...]
    vendor: str | None

    @property
    def now(self) -> Mapping[str, Any]:
        return self.months[-1]

    @property
    def name(self) -> str:
        """`savings plan “compute-plan-2026”`; of a path or an ARN its last part."""
        kind, named = self.now["kind"], self.now["name"] or self.now["commitment_id"]
        return f"{_KIND_WORDS.get(kind, kind.replace('_', ' '))} “{short_name(named)}”"

    @property
    def scope(self) -> str:
        """Its id, which no two have in common; with the currency, for a commitment may be billed in several."""
        return f"{self.now['commitment_id']} · {self.now['currency']}"

    @property
    def page(self) -> str:
        now = self.now
        return page(
            "commitments",
            period=now["billing_month"],
            currency=now["currency"],
            commitment=now["commitment_id"],
        )

    def about(self, amount: Decimal | None) -> str:
        return about_text(amount, self.now["currency"])


def running_out(
    commitments: pl.DataFrame,
    burn_down: pl.DataFrame,
    rules: Sequence[Rule],
    today: date,
    vendors: Vendors = NO_VENDORS,
) -> dict[str, Judged]:
    """What rules say of commitments that run out: a condition for each of `days_ahead` before the day on which one
    does. A term's end is certain, and holds from midnight UTC of its day; what is used up is judged anew each time."""
    running = [one for one in _standing(commitments, burn_down, today, vendors) if _end(one) is not None]
    return judge(rules, running, lambda one, rule: _running_out(one, rule, today))


def left_unused(
    commitments: pl.DataFrame,
    burn_down: pl.DataFrame,
    rules: Sequence[Rule],
    today: date,
    vendors: Vendors = NO_VENDORS,
) -> dict[str, Judged]:
    """What rules say of commitments that are left unused; `minimum` and `resolves_below` are percent."""
    things = [(one, part) for one in _standing(commitments, burn_down, today, vendors) for part in _parts(one)]
    return judge(rules, things, lambda thing, rule: [_unused(*thing, rule)])


def _standing(commitments: pl.DataFrame, burn_down: pl.DataFrame, today: date, vendors: Vendors) -> list[_Commitment]:
    """Commitments whose term is not over, and of which something was told of this month or the last."""
    last_month = f"{today.replace(day=1) - timedelta(days=1):%Y-%m}"
    by = ("commitment_id", "currency")
    in_order = commitments.sort(*by, "billing_month").group_by(by, maintain_order=True)
    ones: list[_Commitment] = []
    for key, months in in_order:
        rows = months.rows(named=True)
        now = rows[-1]
        if now["billing_month"] >= last_month and (now["term_end"] is None or now["term_end"] > today):
            days = burn_down.filter(pl.col("commitment_id") == key[0], pl.col("currency") == key[1]).sort("day")
            ones.append(_Commitment(tuple(rows), _trend(days), vendors.get(now["source"], now["issuer_name"])))
    return ones


def _trend(days: pl.DataFrame) -> tuple[Point, ...]:
    """What remained at the end of each day, beside an even pace."""
    told = days.tail(_TREND).select(pl.col("day").dt.date(), "remaining", "straight_line")
    return tuple(Point(day, remaining, even) for day, remaining, even in told.iter_rows())


@dataclass(frozen=True)
class _End:
    """The day from which a commitment is of no more use, and why. `is_certain`: it is in the contract."""

    day: date
    is_certain: bool


def _end(one: _Commitment) -> _End | None:
    """When it runs out; None where that is not foreseen, or no news."""
    now = one.now
    term_start, term_end = now["term_start"], now["term_end"]
    if now["kind"] in _DRAWN:
        remaining, rate = now["remaining"], now["daily_rate"]
        is_known = term_start is None or now["as_of"] - term_start >= _KNOWN_AFTER
        is_fulfilled = now["kind"] == "spend" and not remaining  # nothing is left to be said of it
        if remaining is None or not rate or not is_known or is_fulfilled:
            return None
        day = now["as_of"] + timedelta(days=min(int(remaining / rate), 36_500))
        return _End(day, is_certain=False) if term_end is None or day < term_end else None
    if now["kind"] in _COVERS and term_end is not None and (term_start is None or term_end - term_start >= _LONG_TERM):
        return _End(term_end, is_certain=True)
    return None


def _running_out(one: _Commitment, rule: Rule, today: date) -> list[Candidate]:
    end = _end(one)
    assert end is not None
    left = (end.day - today).days
    told: list[Candidate] = []
    told_steps = [step for step in rule.days_ahead if _key(one, rule, step) in rule.told]
    for step, standing in steps(rule, left, is_certain=end.is_certain, told=told_steps):
        from_day = end.day - timedelta(days=step)
        is_ahead = end.is_certain and today < from_day <= today + FORESEEN
        holds_from = datetime.combine(from_day, time(), UTC) if is_ahead else None
        condition = _ends(one, end, rule, step, since=from_day, holds_from=holds_from)
        told.append(Candidate(condition, "firing" if is_ahead else standing))
    return told


def _key(one: _Commitment, rule: Rule, step: int) -> AlertKey:
    return AlertKey(rule.name, one.scope, _term(one.now), counted(step, "day"))


def _ends(one: _Commitment, end: _End, rule: Rule, step: int, *, since: date, holds_from: datetime | None) -> Condition:
    now = one.now
    is_prepaid = now["kind"] == "prepaid_credits"
    severity: Severity = "info" if now["kind"] == "spend" else "warning" if step > _SOON else "critical"
    told = _words_of_end(one, end)
    return Condition(
        key=_key(one, rule, step),
        kind="commitment_running_out",
        standing="firing",
        severity=rule.severity or severity,
        headline=told[0],
        subject=one.name,
        answer=told[1],
        to_do=told[2],
        since=min(since, now["as_of"]) if holds_from is None else since,
        facts=_facts(one),
        amount=now["remaining"] if now["kind"] in _DRAWN else None,
        limit=now["committed_amount"] if is_prepaid else None,
        currency=now["currency"] if now["kind"] in _DRAWN else None,
        vendor=one.vendor,
        page=one.page,
        holds_from=holds_from,
        trend=one.trend if now["kind"] in _DRAWN else (),
    )


def _words_of_end(one: _Commitment, end: _End) -> tuple[str, str, str]:
    """Headline, answer, what to do."""
    now, day, name = one.now, day_text(end.day), capital(one.name)
    rate = f"{one.about(now['daily_rate'])} a day"
    if now["kind"] == "spend":
        left, whole = one.about(now["remaining"]), one.about(now["committed_amount"])
        return (
            f"{name} is fulfilled about {day}",
            f"{left} of {whole} is left to spend, at {rate}; its term goes on until {_last_day(now)}.",
            "See whether rates of the contract end with the commit, and use the volume to negotiate the next one.",
        )
    if now["kind"] == "prepaid_credits":
        left, whole = one.about(now["remaining"]), one.about(now["committed_amount"])
        until = f"; they were to last until {_last_day(now)}" if now["term_end"] else ""
        return (
            f"{name} are used up about {day}" if now["remaining"] else f"{name} are used up",
            f"{left} of {whole} is left, at {rate} of the last 30 days{until}.",
            f"Buy more before {day}, or plan for invoices of about {one.about(30 * now['daily_rate'])} a month.",
        )
    return (
        f"{name} ends on {_last_day(now)}",
        f"It covers {rate} of usage; from {day} on that usage costs its price without the commitment.",
        "Renew it, or move what it covers: compare used and unused of its last months first.",
    )


@dataclass(frozen=True)
class _Part:
    """What is left of a commitment: `wasted` of `whole`, which is `pct` percent; `name` sets parts of one apart."""

    name: str
    wasted: Decimal
    whole: Decimal
    since: date

    @property
    def pct(self) -> Decimal:
        return self.wasted * 100 / self.whole


def _parts(one: _Commitment) -> list[_Part]:
    """Each way in which something of it is left, as far as its rate says anything yet."""
    now = one.now
    term_start, term_end = now["term_start"], now["term_end"]
    parts: list[_Part] = []
    if now["kind"] not in _DRAWN:
        recent = _recent(one)
        used, unused = (sum((month[name] for month in recent), Decimal(0)) for name in ("used", "unused"))
        if used + unused > 0 and _has_shown_itself(one):
            parts.append(_Part("unused", unused, used + unused, date.fromisoformat(f"{recent[0]['billing_month']}-01")))
    elif term_start is not None and term_end is not None and now["committed_amount"]:
        lost = now["expiring_amount"] if now["kind"] == "prepaid_credits" else now["true_up_projected"]
        if lost is not None and now["as_of"] - term_start >= _KNOWN_AFTER:
            parts.append(_Part("expiring", lost, now["committed_amount"], term_start))
    return parts


def _has_shown_itself(one: _Commitment) -> bool:
    """Whether it is under way for a week, or for half of its term."""
    now, begun = one.now, one.now["term_start"] or date.fromisoformat(f"{one.months[0]['billing_month']}-01")
    half = (now["term_end"] - begun) / 2 if now["term_end"] is not None else _A_WEEK
    return now["as_of"] - begun + timedelta(days=1) >= min(_A_WEEK, half)


def _recent(one: _Commitment) -> Sequence[Mapping[str, Any]]:
    """The latest month, with the one before while it is young."""
    is_young = one.now["as_of"].day < _KNOWN_AFTER.days
    return one.months[-2:] if is_young else one.months[-1:]


def _unused(one: _Commitment, part: _Part, rule: Rule) -> Candidate:
    now = one.now
    headline, answer, to_do = _words_of_part(one, part)
    is_much = part.wasted >= 10 * _TRIFLE
    condition = Condition(
        key=AlertKey(rule.name, one.scope, _term(now), part.name),
        kind="commitment_unused",
        standing="firing",
        severity=rule.severity or ("warning" if is_much else "info"),
        headline=headline,
        subject=one.name,
        answer=answer,
        to_do=to_do,
        since=part.since,
        facts=_facts(one),
        amount=part.wasted,
        limit=None,
        currency=now["currency"],
        vendor=one.vendor,
        page=one.page,
        trend=one.trend if now["kind"] in _DRAWN else (),
    )
    return Candidate(condition, rule.standing(part.pct) if part.wasted >= _TRIFLE else None)


def _words_of_part(one: _Commitment, part: _Part) -> tuple[str, str, str]:
    """Headline, answer, what to do."""
    now, share, name = one.now, share_text(part.wasted, part.whole, places=0), capital(one.name)
    if now["kind"] == "spend":
        end = _last_day(now)
        return (
            f"{name} will not be fulfilled: {one.about(part.wasted)} may be owed on {end}",
            f"At {one.about(now['daily_rate'])} a day {one.about(now['projected_used'])} of "
            f"{one.about(part.whole)} will be spent by {end}: {share} too little.",
            "Move usage to this vendor, or talk to the vendor early about a longer term or a smaller commit.",
        )
    if now["kind"] == "prepaid_credits":
        end = _last_day(now)
        return (
            f"{name}: {one.about(part.wasted)} will expire on {end}",
            f"At {one.about(now['daily_rate'])} a day {share} of {one.about(part.whole)} will be left by then.",
            "Move usage to them before they expire, and buy less next time.",
        )
    return (
        f"{name}: {share} of it is left unused",
        f"{one.about(part.wasted)} of the {one.about(part.whole)} paid for since {day_text(part.since)} went unused.",
        "Move on-demand usage of the same kind under it, or make it smaller when its term ends.",
    )


def _facts(one: _Commitment) -> tuple[tuple[str, str], ...]:
    now = one.now
    told = (
        ("Commitment", now["commitment_id"]),
        ("Contract", now["contract"]),
        ("Term", _term_text(now)),
        ("Left", one.about(now["remaining"]) if now["remaining"] is not None and now["kind"] in _DRAWN else None),
        ("Used a day, last 30 days", one.about(now["daily_rate"])),
        ("Known through", day_text(now["as_of"])),
    )
    return tuple((name, text) for name, text in told if text is not None)


def _term(now: Mapping[str, Any]) -> str:
    return now["term_end"].isoformat() if now["term_end"] else ""


def _last_day(now: Mapping[str, Any]) -> str:
    """Of its term; the table has the day after it."""
    return day_text(now["term_end"] - timedelta(days=1))


def _term_text(now: Mapping[str, Any]) -> str | None:
    if now["term_end"] is None:
        return None
    last = _last_day(now)
    return f"until {last}" if now["term_start"] is None else f"{day_text(now['term_start'])} to {last}"
