"""Residency: inference that ran where a policy does not allow it, and vendors that do not say where it ran.

`marts.residency` tells it by month. A breach is one by policy, vendor, region and team, whatever the model: it goes on
until none of it is left, over this month and the last; what no vendor tells is one note for each policy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl

from models.control.conditions import AlertKey, Condition
from models.control.kinds.judged import Judged
from models.control.kinds.pages import page
from models.control.kinds.rules import Candidate, Rule, judge
from models.wording import about_text, counted, month_text

_NAMED = 3
"""Models that are worth a line."""
_BREACH = ("policy", "vendor", "region", "team", "currency")
_UNTOLD = ("policy", "currency")


def residency_breaches(residency: pl.DataFrame, rules: Sequence[Rule], today: date) -> dict[str, Judged]:
    """What rules say of `marts.residency`, of this month and the last."""
    months = [f"{today.replace(day=1) - timedelta(days=1):%Y-%m}", f"{today:%Y-%m}"]
    recent = residency.filter(pl.col("month").is_in(months))
    breaches, untold = (
        _things(recent.filter(pl.col("standing") == standing), residency, by, months)
        for standing, by in (("violation", _BREACH), ("unknown region", _UNTOLD))
    )
    return judge(rules, [*breaches, *untold], lambda thing, rule: [_candidate(thing, rule, months)])


def _things(rows: pl.DataFrame, ever: pl.DataFrame, by: Sequence[str], months: Sequence[str]) -> list[dict[str, Any]]:
    """What is one thing: its cost of each of the two months, its models and vendors, the largest first, and its first
    month of all that are known."""
    first = ever.group_by("standing", *by).agg(since=pl.col("month").min())
    with_first = rows.join(first, on=["standing", *by], nulls_equal=True)
    in_order = with_first.sort(by, nulls_last=True).group_by(by, maintain_order=True)
    return [
        {
            **dict(zip(by, values, strict=True)),
            "cost": of_it["effective_cost"].sum(),
            "costs": [of_it.filter(pl.col("month") == month)["effective_cost"].sum() for month in months],
            "compliance_cost": of_it["compliance_cost"].sum(),
            "unpriced_cost": of_it["unpriced_cost"].sum(),
            "since": of_it["since"].min(),
            "models": _largest(of_it, "model"),
            "vendors": _largest(of_it, "vendor"),
        }
        for values, of_it in in_order
    ]


def _largest(rows: pl.DataFrame, name: str) -> list[str]:
    sums = rows.group_by(name).agg(pl.col("effective_cost").sum())
    return sums.drop_nulls(name).sort("effective_cost", name, descending=[True, False])[name].to_list()


def _candidate(thing: Mapping[str, Any], rule: Rule, months: Sequence[str]) -> Candidate:
    is_breach = "vendor" in thing
    condition = (_breach if is_breach else _untold)(thing, rule, months)
    return Candidate(condition, rule.standing(thing["cost"]))


def _breach(thing: Mapping[str, Any], rule: Rule, months: Sequence[str]) -> Condition:
    region, team = thing["region"] or "no region", f"team {thing['team']}" if thing["team"] else "no team"
    models = thing["models"]
    return Condition(
        key=AlertKey(
            rule.name, " · ".join((thing["policy"], thing["vendor"], region, team, thing["currency"])), "", ""
        ),
        kind="residency",
        standing="firing",
        severity=rule.severity or "warning",
        headline=f"{thing['vendor']} runs inference of {team} in region {region}, against “{thing['policy']}”",
        subject=f"{thing['vendor']} in {region}",
        answer=f"{_spent(thing, months)} for inference where the policy does not allow it.",
        to_do=_to_do(thing),
        since=date.fromisoformat(f"{thing['since']}-01"),
        facts=(
            ("Policy", thing["policy"]),
            ("Region", region),
            ("Models", _first(models, "no model named")),
            ("Complying costs", _compliance(thing)),
        ),
        amount=thing["cost"],
        currency=thing["currency"],
        team=thing["team"],
        vendor=thing["vendor"],
        model=models[0] if len(models) == 1 else None,
        page=page("vendors", period=months[1]),
    )


def _untold(thing: Mapping[str, Any], rule: Rule, months: Sequence[str]) -> Condition:
    vendors = thing["vendors"]
    return Condition(
        key=AlertKey(rule.name, " · ".join((thing["policy"], "unknown region", thing["currency"])), "", ""),
        kind="residency",
        standing="firing",
        severity=rule.severity or "info",
        headline=f"Nobody tells where inference under “{thing['policy']}” runs",
        subject=f"policy {thing['policy']}",
        answer=f"{_spent(thing, months)} for inference of which {_first(vendors, 'no vendor')} told no region.",
        to_do="Ask the vendor for a regional endpoint or a data residency setting, so that its usage names a place.",
        since=date.fromisoformat(f"{thing['since']}-01"),
        facts=(("Policy", thing["policy"]), ("Vendors", _first(vendors, "no vendor"))),
        amount=thing["cost"],
        currency=thing["currency"],
        vendor=vendors[0] if len(vendors) == 1 else None,
        page=page("vendors", period=months[1]),
    )


def _spent(thing: Mapping[str, Any], months: Sequence[str]) -> str:
    """`12,300 USD in July 2026 so far, and 9,100 USD in June 2026,`: whichever months had any."""
    told = [
        f"{about_text(cost, thing['currency'])} in {month_text(month)}{so_far}"
        for cost, month, so_far in reversed(list(zip(thing["costs"], months, ("", " so far"), strict=True)))
        if cost
    ]
    return ", after ".join(told)


def _to_do(thing: Mapping[str, Any]) -> str:
    return f"Move it to an allowed region, or allow {thing['region'] or 'it'} in the policy of outlay.yaml."


def _compliance(thing: Mapping[str, Any]) -> str:
    more, unpriced = (about_text(thing[name], thing["currency"]) for name in ("compliance_cost", "unpriced_cost"))
    if not thing["unpriced_cost"]:
        return f"{more} more" if thing["compliance_cost"] else "nothing more"
    if not thing["compliance_cost"]:
        return "not known: no price of an allowed place"
    return f"{more} more, beside {unpriced} of which no price of an allowed place is known"


def _first(names: Sequence[str], nothing: str) -> str:
    rest = len(names) - _NAMED
    more = f" and {counted(rest, 'more', 'more')}" if rest > 0 else ""
    return ", ".join(names[:_NAMED]) + more if names else nothing
