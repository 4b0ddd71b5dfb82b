"""Invoices of several files together: each counts once, and none contradicts another."""

from __future__ import annotations

from collections.abc import Iterable

from connectors.errors import AnswerError
from connectors.invoices.invoice import STATUSES, Invoice


def one_of_each(invoices: Iterable[Invoice]) -> list[Invoice]:
    """Every invoice once, by issuer and number.

    The same content again is the same invoice. Another content under the same number takes its place where its status
    is a later one (a draft that was issued, an invoice that was voided); a credit note has a number of its own.
    Raises `AnswerError` for anything else, and where invoices of one account and month cannot stand side by side.
    """
    kept: dict[tuple[str, str], Invoice] = {}
    for invoice in invoices:
        other = kept.get(invoice.key)
        kept[invoice.key] = invoice if other is None else _later(other, invoice)
    together = [kept[key] for key in sorted(kept)]
    _check_agree(together)
    return together


def _later(one: Invoice, other: Invoice) -> Invoice:
    if one == other:
        return one
    if one.head.status == other.head.status:
        raise AnswerError(
            f"{other.place}: invoice {other.head.invoice_id} of {other.head.issuer} stands in {one.place} with other "
            "content",
            remedy="keep the one that holds; a credit note has its own number and names the other as reference_invoice",
        )
    return max(one, other, key=lambda invoice: STATUSES.index(invoice.head.status))


def _check_agree(invoices: list[Invoice]) -> None:
    """One currency for what an account is billed in a month, one category for a service (rules of FOCUS)."""
    currencies: dict[tuple[str, str, str], Invoice] = {}
    categories: dict[str, str] = {}
    for invoice in invoices:
        if invoice.is_voided:
            continue
        head = invoice.head
        first = currencies.setdefault((head.issuer, head.account, head.billing_period), invoice)
        if first.head.currency != head.currency:
            raise AnswerError(
                f"{invoice.place}: {head.issuer} bills account {head.account} in {head.currency}, and in {first.place} "
                f"in {first.head.currency} for {head.billing_period}",
                remedy="name an account for each currency, such as 1234-EUR",
            )
        for line in invoice.lines:
            category = categories.setdefault(line.service, line.service_category)
            if category != line.service_category:
                raise AnswerError(
                    f"{line.place}: {line.service} is {line.service_category} here and {category} elsewhere",
                    remedy="a service has one service_category: write the same everywhere",
                )
