"""Reconciliation: what vendors report, what we compute and what they invoice, where these do not agree.

Three kinds of difference: bill lines that cost another than usage × price (`marts.reconciliation`, by its reason),
invoices that are not the charges of their number (`marts.invoice_reconciliation`), and proofs of the ledger that do
not hold (`ops.checks`). Of the last three billing periods: what is older is no news, but what was told of it before
goes on until it agrees.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.conditions import AlertKey, Condition, Severity
from models.control.kinds.judged import Judged
from models.control.kinds.pages import page
from models.control.kinds.rules import NO_VENDORS, Candidate, Rule, Vendors, judge
from models.wording import about_text, counted, month_text, price_text, share_text

_PERIODS = 3
_TRIFLE = Decimal(100)
"""Money, in whatever currency, that is no news however large its share is."""
_GRAVE_PCT = 5

_WORDS: Mapping[str, tuple[str, int]] = {
    "price": ("at another price than agreed or published", 1),
    "tier": ("as another processing tier than it was used in", 1),
    "cache": ("as if it had not come from the cache", 1),
    "geography": ("as another region than it ran in", 1),
    "unknown": ("otherwise than computed, for a reason that is not known", 1),
    "missing usage": ("and no usage was reported for it", 10),
    "missing bill": ("less than was used: nothing is billed for the rest", 10),
    "currency": ("in another currency than prices are known in", 10),
}
"""What is said of a reason, and how many times the minimum its share must be: what was never to be compared (fees
beside usage) says little of what was. Rounding, taxes, credits, discounts and late bills are as they should be."""


@dataclass(frozen=True)
class _Difference:
    """Two figures that should be one. `pct`: of `expected`, or None where it must be told whatever it is."""

    subject: str
    scope: str
    period: str
    threshold: str
    headline: str
    answer: str
    cause: str | None
    to_do: str
    actual: Decimal | None
    expected: Decimal | None
    size: Decimal
    pct: Decimal | None
    weight: int = 1
    currency: str | None = None
    vendor: str | None = None
    source: str = ""
    details: tuple[str, ...] = ()


def reconciliation_differences(
    reconciliation: pl.DataFrame,
    invoices: pl.DataFrame,
    checks: pl.DataFrame,
    rules: Sequence[Rule],
    today: date,
    vendors: Vendors = NO_VENDORS,
) -> dict[str, Judged]:
    """What rules say of these marts; `minimum` and `resolves_below` are percent of what was expected. Differences below
    100 of their currency are none, and a proof that fails always is one."""
    first = first_period(rules, today)
    of_bills = _of_bills(reconciliation.filter(pl.col("billing_period") >= first))
    of_invoices = _of_invoices(invoices.filter(pl.col("billing_month") >= first))
    of_proofs = _of_proofs(checks.filter(pl.col("billing_period") >= first))
    news = _first_of_news(today)
    things = [*of_proofs, *of_invoices, *of_bills]
    return judge(rules, things, lambda one, rule: [_candidate(one, rule, vendors, news)])


def first_period(rules: Sequence[Rule], today: date) -> str:
    """The first billing period that is looked at, YYYY-MM: of the news, or of what was told and goes on."""
    return min([_first_of_news(today), *(key.period for rule in rules for key in rule.told)])


def _first_of_news(today: date) -> str:
    first = today.replace(day=1)
    for _ in range(_PERIODS - 1):
        first = (first - timedelta(days=1)).replace(day=1)
    return f"{first:%Y-%m}"


def _candidate(one: _Difference, rule: Rule, vendors: Vendors, news: str) -> Candidate:
    is_much, is_grave = one.size >= 10 * _TRIFLE, one.pct is None or one.pct >= _GRAVE_PCT
    severity: Severity = "critical" if is_grave and (is_much or one.pct is None) else "warning" if is_much else "info"
    condition = Condition(
        key=AlertKey(rule.name, one.scope, one.period, one.threshold),
        kind="reconciliation",
        standing="firing",
        severity=rule.severity or severity,
        headline=one.headline,
        subject=one.subject,
        answer=one.answer,
        to_do=one.to_do,
        since=date.fromisoformat(f"{one.period}-01"),
        cause=one.cause,
        details=one.details,
        facts=(("Billing period", month_text(one.period)),),
        amount=one.actual,
        limit=one.expected,
        currency=one.currency,
        vendor=one.vendor or vendors.get(one.source),
        page=page("data-health", period=one.period, **({"currency": one.currency} if one.currency else {})),
    )
    if one.period < news and condition.key not in rule.told:
        return Candidate(condition, None)
    if one.pct is None:
        return Candidate(condition, "firing")
    return Candidate(condition, rule.standing(one.pct / one.weight) if one.size >= _TRIFLE else None)


def _of_bills(rows: pl.DataFrame) -> list[_Difference]:
    """By source, period, currency and reason: `reported` of all, and by how much lines of the reason differ."""
    by = ("source", "billing_period", "currency")
    whole = rows.group_by(by).agg(whole=pl.col("reported").sum())
    told = (
        rows.filter(pl.col("reason").is_in(list(_WORDS)))
        .with_columns(pl.col("reported", "computed").fill_null(0))
        .group_by(*by, "reason")
        .agg(
            pl.col("reported", "computed", "difference").sum(),
            size=pl.col("difference").abs().sum(),
            lines=pl.len(),
            models=pl.col("model").drop_nulls().unique().sort().head(4),
        )
        .join(whole, on=by)
        .filter(pl.col("size") > 0)
        .sort(*by, "reason")
    )
    return [_of_bill(row) for row in told.rows(named=True)]


def _of_bill(row: Mapping[str, Any]) -> _Difference:
    source, period, currency, reason = (row[name] for name in ("source", "billing_period", "currency", "reason"))
    words, weight = _WORDS[reason]
    reported, computed, difference, size, whole = (
        row[name] for name in ("reported", "computed", "difference", "size", "whole")
    )
    more = "more" if difference > 0 else "less"
    return _Difference(
        subject=f"source {source}",
        scope=f"{source} · {currency}",
        period=period,
        threshold=reason,
        headline=f"Source {source} billed {about_text(abs(difference), currency)} {more} than its usage explains",
        answer=(
            f"{counted(row['lines'], 'line')} of {month_text(period)} report {about_text(reported, currency)} where "
            f"usage and prices make {about_text(computed, currency)}: {share_text(size, whole)} of the bill."
        ),
        cause=f"Billed {words}{_named(row['models'])}.",
        to_do=_to_do(reason, source),
        actual=reported,
        expected=computed,
        size=size,
        pct=size * 100 / whole if whole > 0 else Decimal(100),
        weight=weight,
        currency=currency,
        source=source,
    )


def _named(models: Sequence[str]) -> str:
    return f": {', '.join(models)}" if models else ""


def _to_do(reason: str, source: str) -> str:
    if reason == "missing usage":
        return f"See whether these are fees beside usage; if not, the usage report of {source} lacks something."
    if reason == "missing bill":
        return f"See in a few days whether the bill of {source} has come; ask the vendor if it has not."
    if reason == "currency":
        return "Declare rates in that currency under contracts in outlay.yaml."
    return "Dispute it by its lines in marts.reconciliation; if it was agreed, enter the rate in outlay.yaml."


def _of_invoices(rows: pl.DataFrame) -> list[_Difference]:
    wrong = rows.filter(pl.col("status").is_in(["differs", "no charges"])).sort("issuer_name", "invoice_id", "source")
    return [_of_invoice(row) for row in wrong.rows(named=True)]


def _of_invoice(row: Mapping[str, Any]) -> _Difference:
    currency, period, issuer, invoice_id = (
        row[name] for name in ("currency", "billing_month", "issuer_name", "invoice_id")
    )
    due: Decimal = (row["invoiced"] or Decimal(0)) - (row["no_cost"] or Decimal(0))
    charged: Decimal | None = row["charged"]
    size = abs(due - (charged or Decimal(0)))
    against = (
        f"charges add up to {about_text(charged, currency)}" if charged is not None else "no charge is known of it"
    )
    more = "more" if due > (charged or 0) else "less"
    return _Difference(
        subject=f"invoice {invoice_id}",
        scope=" · ".join(part for part in (issuer, invoice_id, row["source"], currency) if part),
        period=period,
        threshold="invoice",
        headline=f"Invoice {invoice_id} of {issuer} is {about_text(size, currency)} {more} than its charges",
        answer=f"It asks for {about_text(due, currency)}, without what is no cost; {against}.",
        cause=None,
        to_do="Ask the vendor for the lines before it is paid; see that the export of the month is complete.",
        actual=due,
        expected=charged,
        size=size,
        pct=size * 100 / abs(due) if due else Decimal(100),
        currency=currency,
        vendor=issuer,
    )


def _of_proofs(checks: pl.DataFrame) -> list[_Difference]:
    """Of each source and period one, whatever many proofs fail: they fail for one reason more often than not."""
    failed = checks.filter(pl.col("kind") == "proof", ~pl.col("passed")).sort("source", "billing_period", "check")
    return [
        _of_proof(str(key[0]), str(key[1]), rows.rows(named=True))
        for key, rows in failed.group_by("source", "billing_period", maintain_order=True)
    ]


def _of_proof(source: str, period: str, rows: Sequence[Mapping[str, Any]]) -> _Difference:
    name = f"source {source}"
    details = tuple(f"{row['check']}{_by(row)}: {row['detail'] or 'does not hold'}" for row in rows)
    return _Difference(
        subject=name,
        scope=source,
        period=period,
        threshold="proof",
        headline=f"{counted(len(rows), f'proof of {name} fails', f'proofs of {name} fail')} for {month_text(period)}",
        answer=f"What was loaded does not add up: {', '.join(sorted({row['check'] for row in rows}))}.",
        cause=None,
        to_do=f"Do not close {month_text(period)}; rebuild it with `outlay replay`, and report it if it fails again.",
        actual=None,
        expected=None,
        size=Decimal(0),
        pct=None,
        source=source,
        details=details[:10],
    )


def _by(row: Mapping[str, Any]) -> str:
    if row["currency"] is not None:
        return f" by {price_text(row['difference'], row['currency'])}"
    return f" by {row['difference'].normalize():,f}{'' if row['subject'] is None else ' ' + row['subject']}"
