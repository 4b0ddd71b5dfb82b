"""The replace unit of the lake, a (source, billing period), and what its rows must be.

Names are checked here, so that the predicate made of them is safe; rows are checked here, so that none of another
source, another period or another dtype gets in. Commits and files are the matter of `lake`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from models.errors import ContractError
from models.table import Table
from pipelines.errors import LakeError

SOURCE_COLUMN = "lake_source"
PERIOD_COLUMN = "lake_period"

_SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")
_BILLING_PERIOD = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
_SOURCE_COLUMNS = ("source", "x_Source")
_PERIOD_COLUMNS = ("x_CorrectedMonth", "billing_period", "billing_month", "x_BillingMonth")
"""The first of them that a table has says which month a row belongs to here; a Correction is booked in a later one."""


@dataclass(frozen=True)
class Partition:
    """The replace unit: one source in one billing period. Its names are checked, so the predicate is safe."""

    source: str
    billing_period: str

    def __post_init__(self) -> None:
        if not _SOURCE_NAME.fullmatch(self.source):
            raise LakeError(
                f"'{self.source}' cannot name a source",
                remedy="use small letters, digits and hyphens only, starting with a letter or digit",
            )
        if not _BILLING_PERIOD.fullmatch(self.billing_period):
            raise LakeError(
                f"'{self.billing_period}' is not a billing period",
                remedy="write the month as YYYY-MM",
                source=self.source,
            )

    @property
    def predicate(self) -> str:
        """Both columns, always: one that named only the period would delete the other sources."""
        return f"{SOURCE_COLUMN} = '{self.source}' AND {PERIOD_COLUMN} = '{self.billing_period}'"

    @property
    def folder(self) -> str:
        return f"{SOURCE_COLUMN}={self.source}/{PERIOD_COLUMN}={self.billing_period}/"

    def checked(self, table: Table, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame, if it keeps the table's contract and holds this partition's rows only. Raises `ContractError`."""
        checked = table.check(frame, source=self.source, window=self.billing_period)
        for names, value in ((_SOURCE_COLUMNS, self.source), (_PERIOD_COLUMNS, self.billing_period)):
            for name in [name for name in names if name in checked.columns][:1]:
                if not (checked[name] == value).all():
                    raise ContractError(
                        f"rows whose {name} is not {value} were to be written into its part of {table.qualified_name}",
                        remedy="nothing was written; this is a defect of the translation, please report it",
                        source=self.source,
                        window=self.billing_period,
                    )
        return checked


def arrow_schema(schema: pl.Schema) -> Any:
    """The schema in the Arrow types that delta-rs takes."""
    return pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
