"""Renewals ahead: contracts of which notice must soon be given, told so many days before.

`marts.contracts` knows the days. What becomes of commitments is told by `commitments`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import polars as pl

from models.control.conditions import SEVERITIES, AlertKey, Condition
from models.control.kinds.judged import Judged
from models.control.kinds.rules import FORESEEN, NO_VENDORS, Candidate, Rule, Vendors, judge, steps
from models.wording import about_text, counted, day_text

_SOON, _NEAR = 7, 30
"""So many days before it is more than a note; what renews itself is graver, for nothing needs to happen."""


def renewals(
    contracts: pl.DataFrame, rules: Sequence[Rule], today: date, vendors: Vendors = NO_VENDORS
) -> dict[str, Judged]:
    """What rules say of `marts.contracts`: a condition for each of `days_ahead` before the last day to give notice.

    Each holds from midnight UTC of its day, so that time alone makes it; after the last day none does.
    """
    known = contracts.filter(pl.col("notice_by") >= today).sort("name", "currency", nulls_last=True)
    things = [rows.rows(named=True) for _, rows in known.group_by("name", maintain_order=True)]
    return judge(rules, things, lambda rows, rule: _steps(rows, rule, today, vendors))


def _steps(rows: Sequence[Mapping[str, Any]], rule: Rule, today: date, vendors: Vendors) -> list[Candidate]:
    notice_by: date = rows[0]["notice_by"]
    vendor = vendors.get(rows[0]["source"], rows[0]["issuer_name"])
    told: list[Candidate] = []
    for step, reached in steps(rule, (notice_by - today).days):
        from_day = notice_by - timedelta(days=step)
        is_ahead = today < from_day <= today + FORESEEN  # the day comes without another publication, too
        holds_from = datetime.combine(from_day, time(), UTC) if is_ahead else None
        condition = replace(_condition(rows, rule, step), since=from_day, holds_from=holds_from, vendor=vendor)
        told.append(Candidate(condition, "firing" if is_ahead else reached))
    return told


def _condition(rows: Sequence[Mapping[str, Any]], rule: Rule, step: int) -> Condition:
    contract = rows[0]
    name, renews_on, notice_by = contract["name"], contract["renews_on"], contract["notice_by"]
    rises = (step <= _SOON) + (step <= _NEAR and contract["renews_automatically"] is True)
    single = rows[0] if len(rows) == 1 else {"billed_cost": None, "currency": None}
    return Condition(
        key=AlertKey(rule.name, name, notice_by.isoformat(), counted(step, "day")),
        kind="renewal",
        standing="firing",
        severity=rule.severity or SEVERITIES[rises],
        headline=_headline(contract),
        subject=f"contract {name}",
        answer=_answer(contract),
        to_do=_to_do(contract),
        since=notice_by,
        facts=(
            ("Last day for notice", day_text(notice_by)),
            ("Renews or ends", day_text(renews_on)),
            *(
                (f"Committed, {row['currency']}", _money(row, "committed_amount"))
                for row in _with(rows, "committed_amount")
            ),
            *((f"Billed to date, {row['currency']}", _money(row, "billed_cost")) for row in _with(rows, "billed_cost")),
            *((("Rates", contract["rates"]),) if contract["rates"] else ()),
        ),
        amount=single["billed_cost"],
        currency=None if single["billed_cost"] is None else single["currency"],
        page="vendors",
    )


def _headline(contract: Mapping[str, Any]) -> str:
    what = "renews itself" if contract["renews_automatically"] else "ends"
    if contract["renews_automatically"] is None:
        what = "is up for renewal"
    on, by = day_text(contract["renews_on"]), day_text(contract["notice_by"])
    return f"{contract['name']} {what} on {on}" + (f": notice by {by}" if by != on else "")


def _answer(contract: Mapping[str, Any]) -> str:
    renews_on, notice_by = contract["renews_on"], contract["notice_by"]
    days = (renews_on - notice_by).days
    if contract["renews_automatically"] is False:
        return f"It ends on {day_text(renews_on)} unless it is renewed; {_notice(days, notice_by)}."
    if contract["renews_automatically"] is None:
        return f"It is renewed or ends on {day_text(renews_on)}; {_notice(days, notice_by)}."
    return f"It renews itself on {day_text(renews_on)} unless notice is given; {_notice(days, notice_by)}."


def _notice(days: int, notice_by: date) -> str:
    ahead = f", {counted(days, 'day')} ahead," if days else ""
    return f"the last day for notice{ahead} is {day_text(notice_by)}"


def _to_do(contract: Mapping[str, Any]) -> str:
    by = day_text(contract["notice_by"])
    if contract["renews_automatically"]:
        return f"Decide whether to keep it, and at which commitment and rates; give notice by {by} if not."
    return f"Decide whether to renew it, agree on commitment and rates by {by}, and enter the new terms in outlay.yaml."


def _with(rows: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if row[name] is not None]


def _money(row: Mapping[str, Any], name: str) -> str:
    return about_text(row[name], row["currency"])
