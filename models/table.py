"""What a table is: its name, grain, contract and words, in one definition.

A `Table` stands beside the function that fills it and is listed in `models.catalogue`. Lake dtypes, checks,
`docs/tables.md` and the warehouse's COMMENTs all come from here. No data and no I/O belong here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import dataframely as dy
import polars as pl

from models.errors import ContractError
from models.ledger.money import MONEY


def money(description: str, *, nullable: bool = False) -> dy.Decimal:
    """A contract column of amounts, unit prices or quantities: Decimal(38, 12)."""
    return dy.Decimal(MONEY.precision, MONEY.scale, nullable=nullable, description=description)


def text(description: str, *, nullable: bool = False, values: tuple[str, ...] | None = None) -> dy.String:
    """A contract column of text; with `values`, of a closed set."""
    check = None if values is None else {"closed_set": lambda column: column.is_in(list(values))}
    return dy.String(nullable=nullable, description=description, check=check)


def instant(description: str, *, nullable: bool = False) -> dy.Datetime:
    """A contract column of UTC instants, in microseconds."""
    return dy.Datetime(time_zone="UTC", time_unit="us", nullable=nullable, description=description)


@dataclass(frozen=True)
class Table:
    """One table of the catalogue.

    `schema` is where the warehouse shows it (`focus`, `usage`, `estimates`, `prices`, `marts`, `ops`).
    `kind`: a *fact* lies in the lake, partitioned by source and billing period; a *view* shows facts another way;
    a *mart* is computed at publishing; *ops* comes from the control store.
    """

    name: str
    schema: Literal["focus", "usage", "estimates", "prices", "marts", "ops"]
    kind: Literal["fact", "view", "mart", "ops"]
    grain: str
    meaning: str
    contract: type[dy.Schema]

    @property
    def qualified_name(self) -> str:
        return f"{self.schema}.{self.name}"

    @cached_property
    def polars_schema(self) -> pl.Schema:
        return pl.Schema({name: column.dtype for name, column in self.contract.columns().items()})

    def empty(self) -> pl.DataFrame:
        """No rows, every column, the right dtypes."""
        return pl.DataFrame(schema=self.polars_schema)

    def check(self, frame: pl.DataFrame, *, source: str | None = None, window: str | None = None) -> pl.DataFrame:
        """The frame with exactly the contract's columns, in order; `ContractError` names each broken rule.

        dtypes are never coerced here: a Float64 in a money column is an error, not a cast.
        """
        schema = self.polars_schema
        missing = [name for name in schema if name not in frame.columns]
        extra = [name for name in frame.columns if name not in schema]
        wrong = [
            f"{name} is {frame.schema[name]}, not {dtype}"
            for name, dtype in schema.items()
            if name in frame.columns and frame.schema[name] != dtype
        ]
        problems = [
            *(f"column {name} is missing" for name in missing),
            *(f"column {name} is not part of it" for name in extra),
            *wrong,
        ]
        if not problems:
            _, failures = self.contract.filter(frame, cast=False)
            problems = [f"{count} rows break {rule}" for rule, count in failures.counts().items() if count]
        if problems:
            raise ContractError(
                f"{self.qualified_name} would not keep its contract: {'; '.join(problems[:8])}",
                remedy="nothing was written; this is a defect of the translation, please report it with the answer",
                source=source,
                window=window,
            )
        return frame.select(list(schema))
