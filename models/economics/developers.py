"""Developers of models: who made a model, whoever sells it or hosts it, by the table `data/taxonomy/developers.csv`.

Vendors call one model by many names; the table's globs fit them, letter case aside. A model that no row knows has no
known developer: null, and counted as such.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from models.economics.components import TaxonomyError
from models.economics.first_match import Rule, first_match

COLUMNS = ("model", "developer")


@dataclass(frozen=True)
class Developers:
    """The table of developers, built with `developers`."""

    rules: tuple[Rule, ...]
    names: tuple[str, ...]

    def of(self, models: pl.Series) -> pl.Series:
        """The developer of each model, null where it is null or unknown."""
        asked = models.str.to_lowercase().to_frame("model")
        return pl.Series("developer_name", self.names, dtype=pl.String).gather(first_match(asked, self.rules))


def developers(table: pl.DataFrame, *, file: str = "developers.csv") -> Developers:
    """Developers from the frame of `developers.csv` (`model`, `developer`), in the order of its lines.

    Raises `TaxonomyError`, with the line, for a missing column, a blank cell, a glob that is not in small letters, or
    one that stands there twice.
    """
    if absent := [name for name in COLUMNS if name not in table.columns]:
        raise _wrong(f"{file}, line 1", f"column {absent[0]!r} is missing")
    seen: dict[str, int] = {}
    names: list[str] = []
    for line, (glob, name) in enumerate(table.select(COLUMNS).fill_null("").iter_rows(), start=2):
        if not glob or not name:
            raise _wrong(f"{file}, line {line}", "a cell is blank")
        if glob != glob.lower():
            raise _wrong(f"{file}, line {line}", f"{glob!r}: write it in small letters")
        if (first := seen.setdefault(glob, line)) != line:
            raise _wrong(f"{file}, line {line}", f"{glob!r} stands in line {first} already")
        names.append(name)
    return Developers(tuple(Rule({("model",): glob}) for glob in seen), tuple(names))


def _wrong(place: str, why: str) -> TaxonomyError:
    return TaxonomyError(f"{place}: {why}", remedy="mend that row of data/taxonomy/developers.csv")
