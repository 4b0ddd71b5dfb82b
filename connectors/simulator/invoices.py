"""An invoice that somebody typed in: seats of an assistant, declared in `outlay.yaml` until it came, and one that is
only held against the charges that another source brings.
"""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from connectors.simulator.clouds.lines import (
    PEOPLE_AND_OVERHEADS,
    ZERO,
    Charge,
    after,
    first_of,
    midnight,
    month_of,
    rounded,
)
from connectors.simulator.declared import SEATS, part_of
from connectors.simulator.events import Calendar
from connectors.simulator.focus_bills.saas import PINECONE

INVOICES = "invoices"
FILE = "typed-in.csv"
_ISSUER, _ACCOUNT = "Anthropic", "claude-team-50"
_SEATS_AMOUNT, _TAX = Decimal("1562.50"), Decimal("113.28")
"""More than was declared: two people joined in the middle of the month."""


def invoiced_month(calendar: Calendar) -> str | None:
    """The month whose seats were invoiced: the first, once it is over."""
    first, last = month_of(calendar.first_day), month_of(calendar.last_day)
    return first if first < last else None


def invoice_charges(calendar: Calendar) -> list[Charge]:
    """What the invoice means: paid at once, at no cost; then a cost on each day that it pays for; and tax."""
    month = invoiced_month(calendar)
    if month is None:
        return []
    start, amount = first_of(month), _SEATS_AMOUNT
    bought = Charge(
        INVOICES, month, _ACCOUNT, None, midnight(start), "Purchase", amount, ZERO, amount, amount,
        commitment=f"{_ISSUER}/{_number(month)}/1", component=PEOPLE_AND_OVERHEADS, service=SEATS,
    )  # fmt: skip
    length = (after(month) - start).days
    days = [
        replace(
            bought, start=midnight(start + timedelta(days=n)), category="Usage", billed=ZERO, status="Used",
            **dict.fromkeys(("effective", "listed", "contracted"), part_of(amount, n, length)),
        )
        for n in range(length)
    ]  # fmt: skip
    tax = Charge(
        INVOICES, month, _ACCOUNT, None, midnight(start), "Tax", _TAX, _TAX, _TAX, _TAX,
        component=PEOPLE_AND_OVERHEADS, service=SEATS,
    )  # fmt: skip
    return [bought, *days, tax]


def write_invoices(folder: Path, calendar: Calendar, charges: list[Charge]) -> None:
    """The file below `folder`; `charges` are those of all sources, of which one is invoiced to the cent."""
    month = invoiced_month(calendar)
    if month is None:
        return
    of_pinecone = sum(
        (
            charge.billed
            for charge in charges
            if (charge.billing_account, charge.billing_period) == (PINECONE.account.id, month)
        ),
        ZERO,
    )
    said = {
        "currency": "USD",
        "billing_period": month,
        "issue_date": after(month),
        "due_date": after(month) + timedelta(14),
    }
    seats = {**said, "invoice_id": _number(month), "issuer": _ISSUER, "account": _ACCOUNT, "charges": "own"}
    rows: list[dict[str, object]] = [
        {**seats, "description": "52 seats", "service": SEATS, "amount": _SEATS_AMOUNT, "declared_cost": SEATS},
        {**seats, "description": "Sales tax", "service": SEATS, "category": "Tax", "amount": _TAX,
         "declared_cost": SEATS},
        {**said, "invoice_id": f"P-{month.replace('-', '')}-001", "issuer": PINECONE.issuer, "charges": "feed",
         "account": PINECONE.account.id, "description": "Read units", "service": PINECONE.service, "category": "Usage",
         "amount": rounded(of_pinecone, 2)},
    ]  # fmt: skip
    path = folder / INVOICES / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_as_csv(rows), encoding="utf-8")


def invoice_sources(folder: Path, start: str, calendar: Calendar) -> list[dict[str, Any]]:
    """What `outlay.yaml` says to read it; nothing where there is no invoice yet."""
    if invoiced_month(calendar) is None:
        return []
    path = (folder / INVOICES).absolute().as_uri()
    return [{"name": INVOICES, "connector": "invoices", "start": start, "options": {"path": path}}]


def _number(month: str) -> str:
    return f"CT-{month.replace('-', '')}-0117"


def _as_csv(rows: list[dict[str, object]]) -> str:
    out = io.StringIO(newline="")
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(out, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()
