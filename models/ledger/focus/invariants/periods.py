"""When a charge was and when it is billed: periods run forward, and a charge lies in the period that bills it."""

from __future__ import annotations

import polars as pl

from models.ledger.focus.invariants.rule import Rule, category_is, is_correction, several

_START, _END = pl.col("BillingPeriodStart"), pl.col("BillingPeriodEnd")
_FROM, _TO = pl.col("ChargePeriodStart"), pl.col("ChargePeriodEnd")
_ALL = ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd")


def billing_month() -> pl.Expr:
    """The month, YYYY-MM, that a billing period is: issuers whose midnight is not UTC's begin some hours off."""
    return (_START + pl.duration(days=1)).dt.strftime("%Y-%m")


def _is_no_month() -> pl.Expr:
    """Neither UTC's month nor that of the issuer's own zone: both ends as many hours beside UTC's midnights, but for an
    hour of daylight saving (Google bills months of US Pacific time)."""
    month = (_START + pl.duration(days=1)).dt.truncate("1mo")
    early, late = _START - month, _END - month.dt.offset_by("1mo")
    apart = (early.abs() > pl.duration(hours=14)) | (late.abs() > pl.duration(hours=14))
    return apart | ((late - early).abs() > pl.duration(hours=1))


PERIOD_RULES: tuple[Rule, ...] = (
    Rule(
        "charge-period-runs-forward",
        "ChargePeriodEnd is after ChargePeriodStart",
        ("ChargePeriodStart", "ChargePeriodEnd"),
        _TO <= _FROM,
        "CAU-ChargePeriodEnd-C-004-M",
    ),
    Rule(
        "billing-period-runs-forward",
        "BillingPeriodEnd is after BillingPeriodStart",
        ("BillingPeriodStart", "BillingPeriodEnd"),
        _END <= _START,
        "CAU-BillingPeriodEnd-C-004-M",
    ),
    Rule(
        "charge-lies-in-its-billing-period",
        "a charge lies within its billing period, unless it is a Correction or a Purchase",
        (*_ALL, "ChargeCategory"),
        ~category_is("Purchase") & ~is_correction() & ((_FROM < _START) | (_TO > _END)),
    ),
    Rule(
        "purchase-touches-its-billing-period",
        "what is bought for a term is billed in a period that the term touches",
        (*_ALL, "ChargeCategory"),
        category_is("Purchase") & ~is_correction() & ((_TO <= _START) | (_FROM >= _END)),
    ),
    Rule(
        "correction-is-of-an-earlier-period",
        "a Correction corrects an earlier, closed period; within an open one the charge itself is replaced",
        ("ChargeClass", *_ALL),
        is_correction() & (_FROM >= _START),
        "CAU-ChargeClass-C-003-C",
    ),
    Rule(
        "billing-period-is-a-month",
        "a billing period is one calendar month, of UTC or the issuer's zone",
        ("BillingPeriodStart", "BillingPeriodEnd"),
        _is_no_month(),
    ),
    Rule(
        "one-end-per-billing-period",
        "billing periods of an issuer's account that begin together end together",
        ("InvoiceIssuerName", "BillingAccountId", "BillingPeriodStart", "BillingPeriodEnd"),
        several("BillingPeriodEnd", "InvoiceIssuerName", "BillingAccountId", "BillingPeriodStart"),
    ),
    Rule(
        "billing-month-is-the-periods",
        "x_BillingMonth is the month of the billing period",
        ("x_BillingMonth", "BillingPeriodStart"),
        pl.col("x_BillingMonth") != billing_month(),
    ),
)
"""Rules of time."""
