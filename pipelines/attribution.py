"""Attribution of a home's loads: each load only once, in a cache that may be removed at any time.

What attribution is is in `models.economics.attribution`. A kept file is named by a digest of all that it depends on
(the load's charges, the rules of outlay.yaml, the taxonomy, our code), so that none is ever out of date.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path

import polars as pl

from connectors.control import CurrentLoad
from models.economics.attribution import ATTRIBUTED_DAILY, Attribution, attribute
from models.ledger.focus import COST_AND_USAGE
from pipelines.lake import Lake
from pipelines.reference import code_fingerprint

_LOAD, _RULES = 16, 16
"""Characters of a digest in a file's name: enough for one load's charges, and for one home's rules."""
_PARTIAL = ".tmp"
"""How a file's name ends while it is written."""
_SURELY_DEAD = 3600
"""Seconds without a byte after which nobody writes a file any more: it takes moments."""


class AttributionCache:
    """Attributed charges of loads below `folder`, a Parquet file each. Whatever cannot be read is made anew."""

    def __init__(self, folder: Path, lake: Lake, by: Attribution) -> None:
        self._folder = folder
        self._lake = lake
        self._by = by
        self._rules = _digest(code_fingerprint(), repr(by))

    def of(self, load: CurrentLoad) -> pl.DataFrame:
        """`marts.attributed_daily` of one load."""
        paths = load.paths(COST_AND_USAGE.qualified_name)
        if not paths:
            return ATTRIBUTED_DAILY.empty()
        file = self._file(load)
        kept = _read(file)
        if kept is None:
            kept = attribute(self._lake.read(COST_AND_USAGE, paths), self._by)
            _write(kept, file)
        return kept

    def forget_all_but(self, loads: tuple[CurrentLoad, ...]) -> None:
        """Remove what belongs to none of these loads under the rules of now, and what a dead process left half-written.

        What another process writes at this moment stays.
        """
        kept = {self._file(load) for load in loads}
        for file in set(self._folder.glob("*")) - kept:
            if file.suffix != _PARTIAL or _age(file) > _SURELY_DEAD:
                file.unlink(missing_ok=True)

    def _file(self, load: CurrentLoad) -> Path:
        charges = _digest(*sorted(load.paths(COST_AND_USAGE.qualified_name)))
        name = f"{load.source}-{load.billing_period}-{charges[:_LOAD]}-{self._rules[:_RULES]}.parquet"
        return self._folder / name


def _read(file: Path) -> pl.DataFrame | None:
    """What is kept there; None where nothing is, or nothing that can be read."""
    try:
        kept = pl.read_parquet(file)
    except (OSError, pl.exceptions.PolarsError):
        return None
    return kept if kept.schema == ATTRIBUTED_DAILY.polars_schema else None


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
