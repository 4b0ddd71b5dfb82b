"""What a column of a FOCUS dataset is: its facts, once, from which contracts, exports, checks and docs come.

Here belongs the shape of that definition; the columns themselves stand in one module a dataset. Names, types,
levels and closed values are facts of the FinOps Open Cost and Usage Specification (CC BY 4.0, Joint Development
Foundation Projects, LLC, FOCUS Series); the sentences are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import dataframely as dy
import polars as pl

from models.table import MONEY, instant, money, text

Kind = Literal["text", "json", "decimal", "instant"]
Level = Literal["mandatory", "conditional", "recommended", "optional", "deprecated", "extension"]
Form = Literal["plain", "currency", "unit", "object", "key_value"]

Version = Literal["1.0", "1.1", "1.2", "1.3", "1.4"]
VERSIONS: tuple[Version, ...] = ("1.0", "1.1", "1.2", "1.3", "1.4")
"""Versions that are read; 0.5 and the preview of 1.0 only appear as the version that introduced a column."""


@dataclass(frozen=True)
class Column:
    """One column: what FOCUS says of it.

    `nullable` is false where FOCUS forbids nulls without a condition. `form` is FOCUS's format attribute for text
    and JSON. `values` is the closed set, empty where there is none. `since` is the version that introduced the
    column; `until` the first version without it, `replaced_by` its heir.
    """

    name: str
    kind: Kind
    level: Level
    nullable: bool
    description: str
    form: Form = "plain"
    since: str = "0.5"
    until: str | None = None
    replaced_by: str | None = None
    values: tuple[str, ...] = ()

    @property
    def dtype(self) -> pl.DataType:
        """The Polars dtype in our tables; JSON is JSON text."""
        if self.kind == "decimal":
            return MONEY
        return pl.Datetime("us", "UTC") if self.kind == "instant" else pl.String()

    @property
    def is_json(self) -> bool:
        return self.kind == "json"

    def exists_in(self, version: str) -> bool:
        """Whether FOCUS `version` (such as `1.2`) defines this column."""
        return self.since <= version and (self.until is None or version < self.until)

    def contract(self, *, nullable: bool, closed: bool) -> dy.Column:
        """The dataframely column; with `closed`, values outside the closed set are refused."""
        if self.kind == "decimal":
            return money(self.description, nullable=nullable)
        if self.kind == "instant":
            return instant(self.description, nullable=nullable)
        return text(self.description, nullable=nullable, values=self.values if closed and self.values else None)
