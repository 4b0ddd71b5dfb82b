"""The replace unit of the lake, a (source, billing period), and its rows as one checked stream.

Names are checked here, so that the predicate made of them is safe; rows are checked here, so that none of another
source, another period or another dtype gets in. Commits and files are the matter of `lake`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pyarrow as pa

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


class CheckedStream:
    """Frames as one Arrow stream, each checked as it passes. Keeps the error that stopped it, which Arrow loses."""

    def __init__(self, table: Table, partition: Partition, frames: Iterable[pl.DataFrame], order: list[str]) -> None:
        self.failure: BaseException | None = None
        self._table = table
        self._partition = partition
        self._frames = frames
        wanted = pl.Schema({**table.polars_schema, SOURCE_COLUMN: pl.String(), PERIOD_COLUMN: pl.String()})
        self._order = [name for name in order if name in wanted]
        self.lacks_columns = len(self._order) < len(order)
        self._schema = arrow_schema(pl.Schema({name: wanted[name] for name in self._order}))

    def reader(self) -> Any:
        return pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def _batches(self) -> Iterator[Any]:
        try:
            for frame in self._frames:
                checked = self._checked(frame).with_columns(
                    pl.lit(self._partition.source).alias(SOURCE_COLUMN),
                    pl.lit(self._partition.billing_period).alias(PERIOD_COLUMN),
                )
                arrow = checked.select(self._order).to_arrow(compat_level=pl.CompatLevel.oldest())
                yield from arrow.cast(self._schema).to_batches()
        except BaseException as error:
            self.failure = error
            raise

    def _checked(self, frame: pl.DataFrame) -> pl.DataFrame:
        source, period = self._partition.source, self._partition.billing_period
        checked = self._table.check(frame, source=source, window=period)
        for names, value in ((_SOURCE_COLUMNS, source), (_PERIOD_COLUMNS, period)):
            for name in [name for name in names if name in checked.columns][:1]:
                if not (checked[name] == value).all():
                    raise ContractError(
                        f"rows whose {name} is not {value} were to be written into its part of "
                        f"{self._table.qualified_name}",
                        remedy="nothing was written; this is a defect of the translation, please report it",
                        source=source,
                        window=period,
                    )
        return checked


def arrow_schema(schema: pl.Schema) -> Any:
    """The schema in the Arrow types that delta-rs takes."""
    return pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
