"""What no one could read, with its money: added up over the parts of a month, listed at its end."""

from __future__ import annotations

import polars as pl

from connectors.protocol import Finding
from models.table import MONEY

SCHEMA = pl.Schema({"what": pl.String, "currency": pl.String, "cost": MONEY, "rows": pl.UInt32})


def of_meters(rows: pl.DataFrame) -> pl.DataFrame:
    """What rows hold that nobody can read, per `SCHEMA`: their meter where it is one of a model and not understood.

    Needs `meter`, `product`, `meter_category`, `category`, `not_understood`, `currency` and `cost`; a `kind` that is
    unknown is listed by its `charge_type`.
    """
    about = pl.concat_str(
        pl.lit("meter "),
        pl.coalesce("meter", "product", pl.lit("without a name")),
        pl.lit(" of "),
        pl.coalesce("product", "meter_category", pl.lit("no service")),
    )
    what = pl.when(pl.col("not_understood") & (pl.col("category") == "Usage")).then(about)
    if "kind" in rows.columns:
        unknown = pl.lit("charge type ") + pl.col("charge_type")
        what = pl.when(pl.col("kind") == "unknown").then(unknown).otherwise(what)
    named = rows.select("currency", "cost", what=what).drop_nulls("what")
    return named.group_by("what", "currency").agg(pl.col("cost").sum(), rows=pl.len()).select(list(SCHEMA)).cast(SCHEMA)


class NotUnderstood:
    """Meters of models and charge types that are kept as charges although nobody knows what they say."""

    def __init__(self) -> None:
        self._rows = pl.DataFrame(schema=SCHEMA)

    def add(self, rows: pl.DataFrame) -> None:
        """Rows of `SCHEMA`: one a thing and currency."""
        if rows.height:
            both = pl.concat([self._rows, rows])
            self._rows = both.group_by("what", "currency").agg(pl.col("cost", "rows").sum()).cast(SCHEMA)

    def findings(self) -> tuple[Finding, ...]:
        """The dearest first."""
        ranked = self._rows.sort(pl.col("cost").abs(), "what", descending=[True, False])
        return tuple(
            Finding("not_understood", f"{what}: {cost} {currency}", rows)
            for what, currency, cost, rows in ranked.iter_rows()
        )
