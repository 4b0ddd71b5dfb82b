"""The frames that commitments are told in: their terms, their days, and how much of usage they cover.

Shapes only; `commitment_days` fills them from charges, `commits_drawn` from what contracts agree.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from models.table import MONEY

KINDS = (
    *("reservation", "savings_plan", "committed_use", "provisioned_throughput", "capacity_block"),
    *("prepaid_credits", "subscription", "spend", "other"),
)
TERMS_SCHEMA = pl.Schema(
    {
        "key": pl.Int64(),
        "commitment_id": pl.String(),
        "name": pl.String(),
        "kind": pl.String(),
        "vendor_type": pl.String(),
        "category": pl.String(),
        "contract": pl.String(),
        "source": pl.String(),
        "issuer_name": pl.String(),
        "provider_name": pl.String(),
        "currency": pl.String(),
        "first_day": pl.Date(),
        "term_start": pl.Date(),
        "term_end": pl.Date(),
        "committed": MONEY,
        "true_up": pl.Boolean(),
        "upfront": MONEY,
        "recurring": MONEY,
        "quantity": MONEY,
        "unit": pl.String(),
        "covered_list": MONEY,
        "covered_effective": MONEY,
        "through": pl.Date(),
    }
)
"""A row per commitment. `first_day`: of which anything is told; `term_end` is exclusive, both null where nobody tells
the term; `committed`: the money of its whole term, null where it is not told; `upfront` and `recurring`: what was paid
at once, and again and again; `quantity`: what was bought; `covered_list`: what its usage would list for, at
`covered_effective`; `through`: last day of which usage is known."""

DAYS_SCHEMA = pl.Schema(
    {
        "key": pl.Int64(),
        "billing_month": pl.String(),
        "day": pl.Date(),
        "paid": MONEY,
        "used": MONEY,
        "unused": MONEY,
    }
)
"""A row per commitment, billing month and day on which charge periods start."""

COVERAGE_SCHEMA = pl.Schema({"key": pl.Int64(), "billing_month": pl.String(), "covered": MONEY, "eligible": MONEY})
"""List cost that a commitment covers, and of all usage that it might: of the same seller, service, accelerator and
pricing unit as what it covered in that month, at no price of the moment (spot)."""


@dataclass(frozen=True)
class Held:
    """The commitments of an organisation: `terms`, `days` and `coverage`, by the schemas above."""

    terms: pl.DataFrame
    days: pl.DataFrame
    coverage: pl.DataFrame
