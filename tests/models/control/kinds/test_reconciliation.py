"""Bills that cost another than their usage, invoices that are not their charges, and proofs that fail."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from models.control.conditions import AlertKey, Condition
from models.control.kinds.reconciliation import first_period, reconciliation_differences
from models.control.kinds.rules import DEFAULTS, Rule
from models.ledger.invoice_reconciliation import INVOICE_RECONCILIATION
from models.ledger.reconciliation import RECONCILIATION
from models.ledger.trust import CHECKS
from tests.models.control.kinds.rows import table

TODAY = date(2026, 7, 20)
AS_IT_SHOULD_BE = ("matched", None, "98000", "98000")


def test_lines_at_another_price_are_told_by_their_reason() -> None:
    (one,) = _found(_line(*AS_IT_SHOULD_BE), _line("matched", "price", "2000", "1700", model="gpt-4.1"))

    assert one.headline == "Source openai billed 300.00 USD more than its usage explains"
    # 300 of a bill of 100,000
    assert (
        one.answer == "1 line of July 2026 report 2,000 USD where usage and prices make 1,700 USD: 0.3 % of the bill."
    )
    assert one.cause == "Billed at another price than agreed or published: gpt-4.1."
    assert (one.key.scope, one.key.period, one.key.threshold) == ("openai · USD", "2026-07", "price")
    assert one.page == "data-health?period=2026-07&currency=USD"


def test_a_share_that_is_too_small_and_money_that_is_too_little_are_no_news() -> None:
    # 0.08 % of the bill: it neither opens at 0.1 nor resolves at 0.05; 90 USD are less than 100
    assert [one.standing for one in _found(_line(*AS_IT_SHOULD_BE), _line("matched", "price", "2120", "2040"))] == []
    lingering = _found(_line("matched", None, "198000", "198000"), _line("matched", "price", "2000", "1840"))
    assert [one.standing for one in lingering] == ["lingering"]
    assert _found(_line("matched", None, "900", "900"), _line("matched", "price", "90", "0")) == ()


def test_what_is_as_it_should_be_does_not_count() -> None:
    reasons = ("rounding", "late", "credit", "discount", "tax")
    assert _found(_line(*AS_IT_SHOULD_BE), *(_line("matched", reason, "9000", "100") for reason in reasons)) == ()


def test_fees_beside_usage_must_be_ten_times_as_much() -> None:
    # 0.8 % is not ten times 0.1, 1.2 % is
    assert [
        one.standing for one in _found(_line(*AS_IT_SHOULD_BE), _line("unmatched_bill", "missing usage", "800", None))
    ] == ["lingering"]
    (one,) = _found(_line(*AS_IT_SHOULD_BE), _line("unmatched_bill", "missing usage", "1200", None))
    assert (one.standing, one.severity) == ("firing", "warning")


def test_periods_that_are_closed_are_left_alone() -> None:
    lines = [_line("matched", "price", "9000", "100", billing_period=month) for month in ("2026-04", "2026-05")]

    assert [one.key.period for one in _found(*lines)] == ["2026-05"]


def test_what_was_told_goes_on_until_it_agrees_however_old_it_is() -> None:
    lines = [
        _line("matched", "price", "9000", computed, billing_period="2026-02", source=source)
        for source, computed in (("openai", "100"), ("azure", "100"), ("aws", "9000"))
    ]
    told = frozenset(AlertKey("reconciliation", f"{source} · USD", "2026-02", "price") for source in ("openai", "aws"))
    rule = replace(DEFAULTS["reconciliation"], told=told)

    # azure was not told of when it was news, and aws agrees by now
    assert first_period([rule], TODAY) == "2026-02"
    assert [one.key.scope for one in _found(*lines, rule=rule)] == ["openai · USD"]


def test_an_invoice_that_is_not_its_charges() -> None:
    invoice = {
        "invoice_id": "INV-7", "issuer_name": "OpenAI", "account_id": "org", "billing_month": "2026-06",
        "currency": "USD", "invoiced": Decimal(12000), "no_cost": Decimal(1000), "charged": Decimal(10000),
        "charges": 40, "difference": Decimal(-1000), "status": "differs",
    }  # fmt: skip

    (one,) = _found(invoices=table(INVOICE_RECONCILIATION, invoice, {**invoice, "invoice_id": "E", "status": "equal"}))

    # 12,000 less 1,000 of tax is 11,000, which is 1,000 more than 10,000
    assert one.headline == "Invoice INV-7 of OpenAI is 1,000 USD more than its charges"
    assert (one.amount, one.limit, one.vendor, one.severity) == (Decimal(11000), Decimal(10000), "OpenAI", "critical")


def test_one_number_in_two_currencies_or_of_two_sources_is_as_many_alerts() -> None:
    invoice = {
        "invoice_id": "INV-7", "issuer_name": "OpenAI", "account_id": "org", "billing_month": "2026-06",
        "currency": "USD", "invoiced": Decimal(12000), "charged": Decimal(10000),
        "charges": 40, "difference": Decimal(-2000), "status": "differs",
    }  # fmt: skip
    others = ({**invoice, "currency": "EUR"}, {**invoice, "source": "books"})

    assert len({one.alert_id for one in _found(invoices=table(INVOICE_RECONCILIATION, invoice, *others))}) == 3


def test_proofs_of_a_source_and_month_fail_together() -> None:
    proof = {
        "check": "charges = bill lines", "kind": "proof", "source": "openai", "billing_period": "2026-07",
        "currency": "USD", "cost_basis": "billed", "difference": Decimal("-0.5"), "passed": False, "detail": "Not so.",
    }  # fmt: skip
    checks = table(CHECKS, proof, {**proof, "check": "lines in = lines out"}, {**proof, "check": "x", "passed": True})

    (one,) = _found(checks=checks)

    assert one.headline == "2 proofs of source openai fail for July 2026"
    assert one.severity == "critical"
    assert one.details == (
        "charges = bill lines by -0.500 USD: Not so.",
        "lines in = lines out by -0.500 USD: Not so.",
    )


def _line(match: str, reason: str | None, reported: str, computed: str | None, **more: Any) -> dict[str, Any]:
    return {
        "source": "openai",
        "billing_period": "2026-07",
        "currency": "USD",
        "match": match,
        "reason": reason,
        "reported": Decimal(reported),
        "computed": None if computed is None else Decimal(computed),
        "difference": Decimal(reported) - Decimal(computed or 0),
        **more,
    }


def _found(
    *lines: dict[str, Any],
    invoices: pl.DataFrame | None = None,
    checks: pl.DataFrame | None = None,
    rule: Rule = DEFAULTS["reconciliation"],
) -> tuple[Condition, ...]:
    judged = reconciliation_differences(
        table(RECONCILIATION, *lines),
        INVOICE_RECONCILIATION.empty() if invoices is None else invoices,
        CHECKS.empty() if checks is None else checks,
        [rule],
        TODAY,
    )
    return judged[rule.name].conditions
