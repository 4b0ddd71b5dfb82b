"""What a table of charges must look like before any row is read: columns, names and dtypes.

These rules speak of the whole table, so they give findings of columns, not rows. Row rules stand in the other modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from models.ledger.focus.invariants.rule import Severity
from models.ledger.focus.tables import CHARGE_COLUMNS

COLUMN_GROUPS: tuple[tuple[str, ...], ...] = (
    ("ConsumedQuantity", "ConsumedUnit"),
    ("SkuId", "SkuPriceId", "ListUnitPrice", "PricingCategory"),
    ("RegionId", "RegionName"),
    ("SubAccountId", "SubAccountName"),
    ("ResourceId", "ResourceType"),
    ("CommitmentDiscountId", "CommitmentDiscountCategory", "CommitmentDiscountStatus", "CommitmentDiscountType"),
    ("CommitmentDiscountQuantity", "CommitmentDiscountUnit"),
    ("CapacityReservationId", "CapacityReservationStatus"),
    ("AllocatedResourceId", "AllocatedResourceName", "AllocatedMethodId"),
)
"""Columns that only mean something together: with one of them, all of them."""

_TEXT_TYPES = (pl.String, pl.Null)
_PASCAL_CASE = re.compile(r"^x_[A-Z][A-Za-z0-9]*$")


@dataclass(frozen=True)
class ShapeFinding:
    """One rule that the table's columns break: which columns, and how."""

    rule: str
    text: str
    columns: tuple[str, ...]
    detail: str
    focus: str | None = None
    severity: Severity = "error"


def shape_findings(schema: pl.Schema, version: str) -> Iterator[ShapeFinding]:
    """Everything that is wrong with the columns of a table that claims to be FOCUS `version`."""
    yield from _missing(schema, version)
    yield from _unknown(schema, version)
    for name, dtype in schema.items():
        column = CHARGE_COLUMNS.get(name)
        if column is not None:
            yield from _wrong_dtype(name, column.kind, dtype)


def _missing(schema: pl.Schema, version: str) -> Iterator[ShapeFinding]:
    expected = [column for column in CHARGE_COLUMNS.values() if column.since and column.exists_in(version)]
    absent = {column.name: column.level for column in expected if column.name not in schema}
    mandatory = tuple(name for name, level in absent.items() if level == "mandatory")
    if mandatory:
        yield ShapeFinding(
            "mandatory-columns", f"every mandatory column of FOCUS {version} is there", mandatory, "missing"
        )
    for group in COLUMN_GROUPS:
        defined = [name for name in group if CHARGE_COLUMNS[name].exists_in(version)]
        lacking = tuple(name for name in defined if name in absent)
        if lacking and len(lacking) < len(defined):
            text = "columns that only mean something together are there together"
            yield ShapeFinding("column-groups-are-whole", text, lacking, "missing")
    rest = tuple(name for name, level in absent.items() if level in {"conditional", "recommended", "deprecated"})
    if rest:
        yield ShapeFinding(
            "expected-columns",
            f"the conditional and recommended columns of FOCUS {version} are there",
            rest,
            "missing",
            severity="warning",
        )


def _unknown(schema: pl.Schema, version: str) -> Iterator[ShapeFinding]:
    foreign = [name for name in schema if not name.startswith("x_")]
    unknown = tuple(
        name
        for name in foreign
        if name not in CHARGE_COLUMNS
        or (CHARGE_COLUMNS[name].since > version and CHARGE_COLUMNS[name].level != "deprecated")
    )
    if unknown:
        yield ShapeFinding(
            "unknown-columns-begin-with-x",
            f"columns that FOCUS {version} does not define begin with x_",
            unknown,
            "not defined",
        )
    odd = tuple(name for name in schema if name.startswith("x_") and not _PASCAL_CASE.match(name))
    if odd:
        yield ShapeFinding(
            "own-columns-are-pascal-case",
            "own columns are x_ and PascalCase",
            odd,
            "another case",
            severity="warning",
        )


def _wrong_dtype(name: str, kind: str, dtype: pl.DataType) -> Iterator[ShapeFinding]:
    if kind == "decimal" and not isinstance(dtype, pl.Decimal):
        if dtype.is_float():
            text = "money, prices and quantities are decimals, never floats"
            yield ShapeFinding("money-is-decimal", text, (name,), str(dtype), "ATT-NumericFormat-A-012-C")
        elif not dtype.is_integer() and dtype != pl.Null:
            text = "amounts are decimals"
            yield ShapeFinding("amounts-are-numbers", text, (name,), str(dtype), "ATT-NumericFormat-A-002-M")
    elif kind == "instant" and dtype != pl.Null:
        if not isinstance(dtype, pl.Datetime):
            text = "times are instants, not dates or text"
            yield ShapeFinding("times-are-instants", text, (name,), str(dtype), "ATT-DateTimeFormat-A-003-C")
        elif dtype.time_zone is None:
            text = "times say that they are UTC"
            yield ShapeFinding("times-are-utc", text, (name,), "naive", "ATT-DateTimeFormat-A-001-M")
        elif dtype.time_zone not in {"UTC", "Etc/UTC", "+00:00", "Z"}:
            text = "times are in UTC"
            yield ShapeFinding("times-are-utc", text, (name,), str(dtype.time_zone), "ATT-DateTimeFormat-A-001-M")
    elif kind == "text" and not isinstance(dtype, (*_TEXT_TYPES, pl.Categorical, pl.Enum)):
        yield ShapeFinding("text-is-text", "text columns hold text", (name,), str(dtype))
    elif kind == "json" and not isinstance(dtype, _TEXT_TYPES) and not dtype.is_nested():
        yield ShapeFinding("text-is-text", "JSON columns hold JSON objects", (name,), str(dtype))
