"""A first look at all rows of a month, before any becomes a charge: what commitments come to, what is there twice.

Both need the whole month at once and few of its columns; charges are made a slice at a time after it.
"""

from __future__ import annotations

import polars as pl

from connectors.errors import AnswerError
from connectors.gcp.commitments import Commitments, CommitmentSurvey, with_commitments
from connectors.gcp.sku_facts import with_sku_facts

_BATCH = ["account", "export_time"]
_TELLING = ["start", "end", "project_id", "sku_id", "cost", "amount", "currency", "resource_name", "cost_type"]


class Survey:
    """Takes slices in order, each with the name of the set of files that it is of."""

    def __init__(self) -> None:
        self._commitments = CommitmentSurvey()
        self._batches: dict[str, list[pl.DataFrame]] = {}
        self._rows = 0

    def add(self, rows: pl.DataFrame, credits: pl.DataFrame, shard_set: str) -> None:
        """A slice's rows of the month, flat."""
        self._rows += rows.height
        if rows.is_empty():
            return
        self._commitments.add(with_commitments(with_sku_facts(rows)), credits)
        hashed = rows.select(*_BATCH, told=pl.struct(_TELLING).hash(seed=1))
        self._batches.setdefault(shard_set, []).append(_summed(hashed.with_columns(rows=pl.lit(1, dtype=pl.Int64))))

    @property
    def rows(self) -> int:
        """How many rows the month has."""
        return self._rows

    def conclude(self) -> Commitments:
        """Raises `AnswerError` where two sets of files hold the same load of the table."""
        self._check_sets()
        return self._commitments.conclude()

    def _check_sets(self) -> None:
        """The table is append-only, in loads of one export_time: two sets that hold one load alike are two exports of
        it."""
        if len(self._batches) < 2:
            return
        sets = pl.concat(
            _summed(pl.concat(parts)).with_columns(shard_set=pl.lit(name)) for name, parts in self._batches.items()
        )
        twice = sets.filter(pl.struct(*_BATCH, "told", "rows").is_duplicated()).sort("export_time", "shard_set")
        if twice.is_empty():
            return
        first, second = twice["shard_set"].unique().sort().head(2)
        rows = twice.filter(pl.col("shard_set") == first)["rows"].sum()
        raise AnswerError(
            f"{first} and {second} hold the same {rows} rows: two exports of one month, which would count twice",
            remedy="keep the newer of them, or give each export a folder of its own and name one in path",
        )


def _summed(hashed: pl.DataFrame) -> pl.DataFrame:
    """Loads by what their rows say, in any order of rows: the sum of their hashes, which wraps."""
    return hashed.group_by(_BATCH).agg(pl.col("told").sum(), pl.col("rows").sum())
