"""What no one could read, with its money: added up over the parts of a month, listed at its end."""

from __future__ import annotations

import polars as pl

from connectors.protocol import Finding
from models.table import MONEY

SCHEMA = pl.Schema({"what": pl.String, "currency": pl.String, "cost": MONEY, "rows": pl.UInt32})


class NotUnderstood:
    """Meters of models and charge types that are kept as charges although nobody knows what they say."""

    def __init__(self) -> None:
        self._rows = pl.DataFrame(schema=SCHEMA)

    def add(self, rows: pl.DataFrame) -> None:
        """Rows of `SCHEMA`: one a thing and currency."""
        if rows.height:
            both = pl.concat([self._rows, rows.select(list(SCHEMA)).cast(SCHEMA)])
            self._rows = both.group_by("what", "currency").agg(pl.col("cost", "rows").sum()).cast(SCHEMA)

    def findings(self) -> tuple[Finding, ...]:
        """The dearest first."""
        ranked = self._rows.sort(pl.col("cost").abs(), "what", descending=[True, False])
        return tuple(
            Finding("not_understood", f"{what}: {cost} {currency}", rows)
            for what, currency, cost, rows in ranked.iter_rows()
        )
