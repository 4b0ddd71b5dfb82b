"""What stands twice in files of the billing table: a file left over from an earlier export, two exports that overlap.

The table is append-only, in loads of one `export_time`. Rows are compared within their load, and as often as they
occur: Google repeats rows, so that one that stands in two files is nothing, but a whole file of them is. Nothing is
known here of charges.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import polars as pl

from connectors.errors import AnswerError
from connectors.protocol import Answer, Finding

LOAD = ("account", "export_time")
TELLING = (
    *("start", "end", "project_id", "sku_id", "cost", "amount", "currency", "cost_type", "resource_name"),
    *("resource_global_name", "region", "zone", "tier_start", "adjustment_id"),
)
"""What a load is by, and what tells rows of one apart, of rows by `table_rows`."""
_SHARES = 16
"""Rows are compared a share of them at a time, so that memory follows the share."""
_REMEDY = (
    "keep the newer of them: export into a folder that is empty, or list the files that belong together in a "
    "manifest.json"
)


def files_to_compare(tables: Sequence[Answer]) -> dict[int, str]:
    """Where files lie, by their answers' numbers: those that nothing says to belong together. Pages of a query and
    listed files do, and a file alone has nothing to be compared with."""
    files = {
        answer.sequence: answer.request["url"]
        for answer in tables
        if "url" in answer.request and "listed" not in answer.request
    }
    return files if len(files) > 1 else {}


class DoubledRows:
    """Takes rows file by file; `check` compares the files. A row is held as two numbers."""

    def __init__(self) -> None:
        self._held: list[pl.DataFrame] = []
        self._files: dict[str, int] = {}
        self._sets: dict[str, int] = {}

    def add(
        self,
        rows: pl.DataFrame,
        file: str,
        shard_set: str,
        *,
        load: Sequence[str] = LOAD,
        telling: Sequence[str] = TELLING,
    ) -> None:
        """Rows of a file, and the set of files that one export wrote it with."""
        self._held.append(
            rows.select(
                file=pl.lit(self._files.setdefault(file, len(self._files)), dtype=pl.UInt32),
                set=pl.lit(self._sets.setdefault(shard_set, len(self._sets)), dtype=pl.UInt32),
                load=(pl.struct(*load).hash(seed=1) % 2**32).cast(pl.UInt32),
                row=pl.struct(*load, *telling).hash(seed=1),
            )
        )

    def check(self) -> tuple[Finding, ...]:
        """Raises `AnswerError` where every row of a file stands in other files too, or every row that a set of files
        has of one load stands in other sets. Sets that share some rows of a load are told."""
        if len(self._files) < 2:
            return ()
        held = pl.concat(self._held, rechunk=False)
        copies = _copies(held)
        if copies.height:
            raise _doubled([*self._files], copies["file"], copies["rows"])
        if len(self._sets) < 2:
            return ()
        sets = _judged(_of_shared_loads(held), ("set", "load"))
        if (twice := sets.filter("is_twice")).height:
            raise _doubled([*self._sets], twice["set"], twice["rows"])
        shared = int(sets["shared"].sum())
        detail = f"{shared} rows stand in several of {len(self._sets)} exports: Google repeats rows, overlaps do too"
        return (Finding("rows_alike", detail, shared),) if shared else ()


def _copies(held: pl.DataFrame) -> pl.DataFrame:
    """Files of which every row stands in others. Most are cleared by the first share of their rows."""
    first = _judged(next(_shares(held)), ("file",))
    cleared = first.filter(~pl.col("is_twice"))
    still = held.join(cleared, on="file", how="anti")
    if still.is_empty():
        return first.clear()
    alike = held.join(still.select("row").unique(), on="row", how="semi")
    return _judged(alike, ("file",)).join(cleared, on="file", how="anti").filter("is_twice")


def _of_shared_loads(held: pl.DataFrame) -> pl.DataFrame:
    """Rows of loads of which several sets hold some."""
    loads = held.group_by("load").agg(pl.col("set").n_unique()).filter(pl.col("set") > 1)
    return held.join(loads.select("load"), on="load", how="semi")


def _judged(held: pl.DataFrame, unit: Sequence[str]) -> pl.DataFrame:
    """A row a unit: how many `rows` it has, how many are `shared` with others, and whether every one of them stands in
    others at least as often."""
    parts: list[pl.DataFrame] = []
    elsewhere = pl.col("everywhere") - pl.col("len")
    for share in _shares(held):
        counts = share.group_by("row", *unit).len().with_columns(everywhere=pl.col("len").sum().over("row"))
        parts.append(
            counts.group_by(unit).agg(
                rows=pl.col("len").sum(),
                shared=pl.col("len").filter(elsewhere > 0).sum(),
                is_twice=(pl.col("len") <= elsewhere).all(),
            )
        )
    sums = pl.concat(parts).group_by(unit).agg(pl.col("rows", "shared").sum(), pl.col("is_twice").all())
    return sums.sort(unit)


def _shares(held: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for share in range(_SHARES):
        yield held.filter(pl.col("row") % _SHARES == share)


def _doubled(names: Sequence[str], places: pl.Series, rows: pl.Series) -> AnswerError:
    told = [names[int(place)] for place in places.unique().sort().to_list()]
    shown = " and ".join(told[:3]) + (f" and {len(told) - 3} more" if len(told) > 3 else "")
    return AnswerError(
        f"{rows.sum()} rows of {shown} stand in other files too: two exports of one month, which would count twice",
        remedy=_REMEDY,
    )
