"""A first look at all rows of a month, before any becomes a charge: what commitments come to, what is there twice.

Both need the whole month at once and few of its columns; charges are made a slice at a time after it.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from connectors.gcp.commitments import Commitments, CommitmentSurvey, with_commitments
from connectors.gcp.doubled import DoubledRows
from connectors.gcp.sku_facts import with_sku_facts


class Survey:
    """Takes slices in order."""

    def __init__(self) -> None:
        self._commitments = CommitmentSurvey()
        self._doubled = DoubledRows()
        self._rows = 0

    def add(self, rows: pl.DataFrame, credits: pl.DataFrame, file: str | None, shard_set: str) -> None:
        """A slice's rows of the month, flat. `file` is where they lie, None where nothing else can hold them too;
        `shard_set` is the set of files that it is of."""
        self._rows += rows.height
        if rows.is_empty():
            return
        self._commitments.add(with_commitments(with_sku_facts(rows)), credits)
        if file is not None:
            self._doubled.add(rows, file, shard_set)

    @property
    def rows(self) -> int:
        """How many rows the month has."""
        return self._rows

    def conclude(self) -> Commitments:
        """Raises `AnswerError` where files hold the same rows."""
        findings = self._doubled.check()
        commitments = self._commitments.conclude()
        return replace(commitments, findings=(*findings, *commitments.findings))
