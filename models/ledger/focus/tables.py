"""The four FOCUS datasets as tables of ours: contracts and `Table` objects made from the column definitions.

`focus.cost_and_usage` takes vendors' charges too, so its contract holds only what every charge must have to be
added up (`ALWAYS_KNOWN`); the rest of the specification is judged by `invariants`, strictly for what we make,
leniently for what vendors send.
"""

from __future__ import annotations

from collections.abc import Iterable

import dataframely as dy

from models.ledger.focus.column import Column
from models.ledger.focus.contract_commitment import CONTRACT_COMMITMENT_COLUMNS
from models.ledger.focus.cost_and_usage import COST_AND_USAGE_COLUMNS, DEPRECATED_COLUMNS
from models.ledger.focus.extensions import EXTENSION_COLUMNS
from models.ledger.focus.invoicing import BILLING_PERIOD_COLUMNS, INVOICE_DETAIL_COLUMNS, INVOICE_EXTENSION_COLUMNS
from models.table import Table

ALWAYS_KNOWN = frozenset(
    {
        "BilledCost",
        "BillingAccountId",
        "BillingCurrency",
        "BillingPeriodEnd",
        "BillingPeriodStart",
        "ChargeCategory",
        "ChargePeriodEnd",
        "ChargePeriodStart",
        "ContractedCost",
        "EffectiveCost",
        "InvoiceIssuerName",
        "ListCost",
        "ServiceProviderName",
        "x_BillingMonth",
        "x_Source",
    }
)
"""What no charge goes without, whoever sent it."""

_BY_FOCUS = sorted((*COST_AND_USAGE_COLUMNS, *DEPRECATED_COLUMNS), key=lambda column: column.name)

CHARGE_COLUMNS: dict[str, Column] = {column.name: column for column in (*_BY_FOCUS, *EXTENSION_COLUMNS)}
"""Every column of `focus.cost_and_usage`: FOCUS's and the deprecated ones alphabetical, then ours."""

JSON_COLUMNS: tuple[str, ...] = tuple(column.name for column in CHARGE_COLUMNS.values() if column.is_json)
DECIMAL_COLUMNS: tuple[str, ...] = tuple(c.name for c in CHARGE_COLUMNS.values() if c.kind == "decimal")
INSTANT_COLUMNS: tuple[str, ...] = tuple(c.name for c in CHARGE_COLUMNS.values() if c.kind == "instant")
TEXT_COLUMNS: tuple[str, ...] = tuple(c.name for c in CHARGE_COLUMNS.values() if c.kind in {"text", "json"})
COST_COLUMNS: tuple[str, ...] = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")


def _contract(name: str, columns: Iterable[Column], *, always_known: frozenset[str] | None = None) -> type[dy.Schema]:
    """A dataframely schema; without `always_known` FOCUS's own nullability and closed values hold."""
    members = {
        column.name: column.contract(
            nullable=column.nullable if always_known is None else column.name not in always_known,
            closed=always_known is None or column.level == "extension",
        )
        for column in columns
    }
    return type(name, (dy.Schema,), members)


COST_AND_USAGE = Table(
    name="cost_and_usage",
    schema="focus",
    kind="fact",
    grain="bill line × reading that it pays for; a bill line alone where nothing matches; a vendor's own charge",
    meaning="Charges in FOCUS 1.4: what was billed, what it would list for, and what it was for.",
    contract=_contract("CostAndUsage", CHARGE_COLUMNS.values(), always_known=ALWAYS_KNOWN),
)

CONTRACT_COMMITMENT = Table(
    name="contract_commitment",
    schema="focus",
    kind="mart",
    grain="commitment of a contract",
    meaning="What was committed to with vendors, in FOCUS 1.4.",
    contract=_contract("ContractCommitment", CONTRACT_COMMITMENT_COLUMNS),
)

INVOICE_DETAIL = Table(
    name="invoice_detail",
    schema="focus",
    kind="fact",
    grain="line of an imported invoice",
    meaning="What vendors invoiced, in FOCUS 1.4. Holds imported invoices only, never sums of our own charges.",
    contract=_contract("InvoiceDetail", (*INVOICE_DETAIL_COLUMNS, *INVOICE_EXTENSION_COLUMNS)),
)

BILLING_PERIOD = Table(
    name="billing_period",
    schema="focus",
    kind="mart",
    grain="invoice issuer × billing period",
    meaning="Which billing periods are open and which are closed, in FOCUS 1.4.",
    contract=_contract("BillingPeriod", BILLING_PERIOD_COLUMNS),
)
