"""Commits of contracts that no charge carries: drawn by the charges of those whom the contract is with.

A spend commit is drawn by what is billed, prepaid credits by what usage costs in effect, first those that expire first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.economics.commitment_frames import DAYS_SCHEMA, TERMS_SCHEMA
from models.economics.contracts import Commit, under

_NOTHING = Decimal(0)


def commits_drawn(
    commits: Sequence[Commit], billed: pl.DataFrame, *, first_key: int, through: dict[str, date], today: date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Terms and days (TERMS_SCHEMA, DAYS_SCHEMA) of commits that no charge carries; keys count from `first_key`.

    `billed`: BILLED_SCHEMA; `through`: last day of usage by source. A commit that has the vendor's identifier is drawn
    by nothing until charges carry it.
    """
    terms, days = list[dict[str, Any]](), list[dict[str, Any]]()
    by_charges = [commit for commit in commits if commit.commitment_id is None]
    credits = _credits_drawn([commit for commit in by_charges if commit.kind == "prepaid_credits"], billed)
    for key, commit in enumerate(commits, start=first_key):
        theirs = under(commit.parties, billed, None, None)
        last = min(max((through[source] for source in theirs["source"].unique()), default=today), today)
        used = _spent(commit, theirs) if commit in by_charges and commit.kind == "spend" else credits.get(commit, [])
        terms.append(_term_of(commit, key, theirs, last))
        days.extend(
            _day(key, month, day, used=amount, paid=amount if commit.kind == "spend" else _NOTHING)
            for month, day, amount in used
        )
        days.extend(_beside(commit, key, sum((amount for _, _, amount in used), _NOTHING), last))
    added = pl.DataFrame(days, schema=DAYS_SCHEMA).group_by("key", "billing_month", "day").agg(pl.all().sum())
    return pl.DataFrame(terms, schema=TERMS_SCHEMA), added.select(list(DAYS_SCHEMA))


def _spent(commit: Commit, theirs: pl.DataFrame) -> list[tuple[str, date, Decimal]]:
    """What each day counts against a spend commit: month, day, amount."""
    within = pl.col("day").is_between(commit.valid_from, commit.valid_to, closed="left")
    counted = theirs.filter(within, pl.col("currency") == commit.currency)
    return [(month, day, amount) for month, day, amount in counted.select("billing_month", "day", "billed").iter_rows()]


def _day(
    key: int, month: str, day: date, *, paid: Decimal = _NOTHING, used: Decimal = _NOTHING, unused: Decimal = _NOTHING
) -> dict[str, Any]:
    return {"key": key, "billing_month": month, "day": day, "paid": paid, "used": used, "unused": unused}


def _term_of(commit: Commit, key: int, theirs: pl.DataFrame, through: date) -> dict[str, Any]:
    ahead = commit.kind == "prepaid_credits"
    return {
        "key": key,
        "commitment_id": commit.commitment_id or f"{commit.contract}/{commit.name}",
        "kind": commit.kind,
        "category": "Spend",
        "source": commit.parties.source,
        "issuer_name": theirs["issuer_name"].max() or commit.parties.issuer,
        "currency": commit.currency,
        "first_day": commit.valid_from,
        "upfront": commit.amount if ahead else _NOTHING,
        "recurring": _NOTHING,
        "through": through,
        **as_agreed(commit),
    }


def _beside(commit: Commit, key: int, used: Decimal, through: date) -> list[dict[str, Any]]:
    """Days that no charge tells: credits are paid at the start and expire at the end; every month has a row."""
    last = min(through, commit.valid_to - timedelta(days=1))
    days = [_day(key, f"{month:%Y-%m}", month) for month in _months(commit.valid_from, last)]
    if commit.kind == "prepaid_credits" and commit.valid_from <= through:
        days.append(_day(key, f"{commit.valid_from:%Y-%m}", commit.valid_from, paid=commit.amount))
        if through >= commit.valid_to - timedelta(days=1):
            days.append(_day(key, f"{last:%Y-%m}", last, unused=commit.amount - used))
    return days


def _months(first: date, last: date) -> list[date]:
    """First days of the months of a stretch, not before it begins."""
    days, day = list[date](), first
    while day <= last:
        days.append(day)
        day = (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    return days


def _credits_drawn(commits: Sequence[Commit], billed: pl.DataFrame) -> dict[Commit, list[tuple[str, date, Decimal]]]:
    """What each day draws of which credits: month, day, amount. A day that gives back fills what it drew from."""
    drawn: dict[Commit, list[tuple[str, date, Decimal]]] = {commit: [] for commit in commits}
    left = {commit: commit.amount for commit in commits}
    by_expiry = sorted(commits, key=lambda commit: (commit.valid_to, commit.valid_from, commit.contract, commit.name))
    flows = billed.sort("day", "source", "issuer_name", "billing_month").iter_rows(named=True)
    for flow in flows if commits else ():
        rest = flow["drawn"]
        for commit in by_expiry:
            holds = commit.valid_from <= flow["day"] < commit.valid_to and commit.currency == flow["currency"]
            if not rest or not holds or not commit.parties.sign(flow["source"], flow["issuer_name"]):
                continue
            part = min(rest, left[commit]) if rest > 0 else max(rest, left[commit] - commit.amount)
            if part:
                left[commit] -= part
                rest -= part
                drawn[commit].append((flow["billing_month"], flow["day"], part))
    return drawn


def as_agreed(commit: Commit) -> dict[str, Any]:
    """What a contract says of a commitment's terms."""
    return {
        "name": commit.name,
        "contract": commit.contract,
        "term_start": commit.valid_from,
        "term_end": commit.valid_to,
        "committed": commit.amount,
        "true_up": commit.kind == "spend" and commit.true_up,
    }
