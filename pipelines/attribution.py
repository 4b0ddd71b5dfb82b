"""Attribution of a home's loads: each load only once, in a cache that may be removed at any time.

What attribution is is in `models.economics.attribution`. `marts.attributed_daily` is kept beside the leaves that it is
the sum of: charges are read once for both. A kept file is named by a digest of all that it depends on (the load's
charges, the rules of outlay.yaml, the taxonomy, our code), so that none is ever out of date.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import polars as pl

from connectors.control import CurrentLoad
from models.economics.attribution import ATTRIBUTED_DAILY, LEAF_SCHEMA, Attribution, attributed_leaves, of_leaves
from models.ledger.focus import COST_AND_USAGE
from pipelines.lake import Lake
from pipelines.reference import code_fingerprint

_LOAD, _RULES = 16, 16
"""Characters of a digest in a file's name: enough for one load's charges, and for one home's rules."""
_PARTIAL = ".tmp"
"""How a file's name ends while it is written."""
_SURELY_DEAD = 3600
"""Seconds without a byte after which nobody writes a file any more: it takes moments."""


_ROWS, _LEAVES = "attribution", "leaves"
"""Folders of what is kept."""


class AttributionCache:
    """Attributed charges of loads below the folder `cache`, Parquet files. Whatever cannot be read is made anew."""

    def __init__(self, cache: Path, lake: Lake, by: Attribution) -> None:
        self._cache = cache
        self._lake = lake
        self._by = by
        self._rules = _digest(code_fingerprint(), repr(by))

    def of(self, load: CurrentLoad) -> pl.DataFrame:
        """`marts.attributed_daily` of one load."""
        if not load.paths(COST_AND_USAGE.qualified_name):
            return ATTRIBUTED_DAILY.empty()
        kept = _read(self._file(_ROWS, load), ATTRIBUTED_DAILY.polars_schema)
        return of_leaves(self._made(load)) if kept is None else kept

    def leaves_of(self, load: CurrentLoad) -> pl.DataFrame:
        """LEAF_SCHEMA of one load."""
        if not load.paths(COST_AND_USAGE.qualified_name):
            return LEAF_SCHEMA.to_frame()
        kept = _read(self._file(_LEAVES, load), LEAF_SCHEMA)
        return self._made(load) if kept is None else kept

    def _made(self, load: CurrentLoad) -> pl.DataFrame:
        """LEAF_SCHEMA of one load, worked out now; both files are kept of it."""
        leaves = attributed_leaves(self._lake.read(COST_AND_USAGE, load.paths(COST_AND_USAGE.qualified_name)), self._by)
        _write(leaves, self._file(_LEAVES, load))
        _write(of_leaves(leaves), self._file(_ROWS, load))
        return leaves

    def forget_all_but(self, loads: tuple[CurrentLoad, ...]) -> None:
        """Remove what belongs to none of these loads under the rules of now, and what a dead process left half-written.

        What another process writes at this moment stays.
        """
        for folder in (_ROWS, _LEAVES):
            kept = {self._file(folder, load) for load in loads}
            for file in set((self._cache / folder).glob("*")) - kept:
                if file.suffix != _PARTIAL or _age(file) > _SURELY_DEAD:
                    file.unlink(missing_ok=True)

    def _file(self, folder: str, load: CurrentLoad) -> Path:
        charges = _digest(*sorted(load.paths(COST_AND_USAGE.qualified_name)))
        name = f"{load.source}-{load.billing_period}-{charges[:_LOAD]}-{self._rules[:_RULES]}.parquet"
        return self._cache / folder / name


def _read(file: Path, schema: pl.Schema) -> pl.DataFrame | None:
    """What is kept there; None where nothing is, or nothing that can be read."""
    try:
        kept = pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError):
        return None
    return kept if kept.schema == schema else None


def _write(rows: pl.DataFrame, file: Path) -> None:
    """In one step, whoever else writes or reads it; another process's half-written file has another name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}{_PARTIAL}")
    try:
        rows.write_parquet(partial, compression="zstd")
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _age(file: Path) -> float:
    """Seconds since it was written; none where it is gone by now."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
