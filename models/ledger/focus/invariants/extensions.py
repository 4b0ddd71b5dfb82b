"""What our own `x_` columns must say beside FOCUS's: they judge only tables that have them."""

from __future__ import annotations

import polars as pl

from models.ledger.focus.invariants.rule import Rule, category_is, differs
from models.ledger.units import METERS, TOKEN_KINDS

_UNITS = {name: meter.unit for name, meter in METERS.items()}
_KIND, _METER = pl.col("x_TokenKind"), pl.col("x_Meter")

EXTENSION_RULES: tuple[Rule, ...] = (
    Rule(
        "token-kind-is-a-meter-of-tokens",
        "x_TokenKind is one of our token kinds, and the row's meter",
        ("x_TokenKind", "x_Meter"),
        _KIND.is_not_null() & (~_KIND.is_in(list(TOKEN_KINDS)) | _METER.ne_missing(_KIND)),
    ),
    Rule(
        "meter-counts-in-its-unit",
        "ConsumedUnit is the unit of x_Meter",
        ("x_Meter", "ConsumedUnit"),
        _METER.replace_strict(_UNITS, default=None, return_dtype=pl.String) != pl.col("ConsumedUnit"),
    ),
    Rule(
        "unpriced-lists-for-what-is-billed",
        "what is billed without a known price has ListCost = ContractedCost = BilledCost",
        ("x_PriceStatus", "ListCost", "ContractedCost", "BilledCost"),
        (pl.col("x_PriceStatus") == "unpriced")
        & (differs("ListCost", "BilledCost") | differs("ContractedCost", "BilledCost")),
    ),
    Rule(
        "unmatched-has-a-reason",
        "a bill line that matched no usage says why",
        ("x_Match", "x_Reason"),
        (pl.col("x_Match") == "unmatched") & pl.col("x_Reason").is_null(),
    ),
    Rule(
        "invoiced-names-its-invoice",
        "a cost that is invoiced names the invoice",
        ("x_CostStatus", "InvoiceId"),
        (pl.col("x_CostStatus") == "invoiced") & pl.col("InvoiceId").is_null(),
    ),
    Rule(
        "matched-is-usage",
        "only Usage is matched with readings",
        ("x_Match", "ChargeCategory"),
        (pl.col("x_Match") == "matched") & ~category_is("Usage"),
    ),
    Rule(
        "source-name-is-plain",
        "x_Source is the name of a source: lower-case letters, digits and hyphens",
        ("x_Source",),
        ~pl.col("x_Source").str.contains(r"^[a-z0-9][a-z0-9-]*$"),
    ),
)
"""Rules of our own columns."""
