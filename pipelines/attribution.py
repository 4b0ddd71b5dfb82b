"""Attribution of a home's loads: each load only once, in a cache that may be removed at any time.

What attribution is is in `models.economics.attribution`. `marts.attributed_daily` is kept beside the leaves that it is
the sum of: charges are read once for both. A kept file is named by a digest of all that it depends on (the load's
charges, the rules of outlay.yaml, the taxonomy, our code), so that none is ever out of date.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl

from connectors.control import CurrentLoad
from models.economics.attribution import ATTRIBUTED_DAILY, LEAF_SCHEMA, Attribution, attributed_leaves, of_leaves
from models.ledger.focus import COST_AND_USAGE
from pipelines.kept_frames import digest, forget_all_but, keep, read_kept
from pipelines.lake import Lake
from pipelines.reference import code_fingerprint

_LOAD, _RULES = 16, 16
"""Characters of a digest in a file's name: enough for one load's charges, and for one home's rules."""
_ROWS, _LEAVES = "attribution", "leaves"
"""Folders of what is kept."""


class AttributionCache:
    """Attributed charges of loads below the folder `cache`, Parquet files. Whatever cannot be read is made anew."""

    def __init__(self, cache: Path, lake: Lake, by: Attribution) -> None:
        self._cache = cache
        self._lake = lake
        self._by = by
        self._rules = digest(code_fingerprint(), repr(by))

    def of(self, load: CurrentLoad) -> pl.DataFrame:
        """`marts.attributed_daily` of one load."""
        if not load.paths(COST_AND_USAGE.qualified_name):
            return ATTRIBUTED_DAILY.empty()
        kept = read_kept(self._file(_ROWS, load), ATTRIBUTED_DAILY.polars_schema)
        return of_leaves(self._made(load)) if kept is None else kept

    def leaves_of(self, load: CurrentLoad) -> pl.DataFrame:
        """LEAF_SCHEMA of one load."""
        if not load.paths(COST_AND_USAGE.qualified_name):
            return LEAF_SCHEMA.to_frame()
        kept = read_kept(self._file(_LEAVES, load), LEAF_SCHEMA)
        return self._made(load) if kept is None else kept

    def _made(self, load: CurrentLoad) -> pl.DataFrame:
        """LEAF_SCHEMA of one load, worked out now; both files are kept of it."""
        leaves = attributed_leaves(self._lake.read(COST_AND_USAGE, load.paths(COST_AND_USAGE.qualified_name)), self._by)
        keep(leaves, self._file(_LEAVES, load))
        keep(of_leaves(leaves), self._file(_ROWS, load))
        return leaves

    def forget_all_but(self, loads: tuple[CurrentLoad, ...]) -> None:
        """Remove what belongs to none of these loads under the rules of now, and what a dead process left half-written.

        What another process writes at this moment stays.
        """
        for folder in (_ROWS, _LEAVES):
            forget_all_but({self._file(folder, load) for load in loads}, self._cache / folder)

    def _file(self, folder: str, load: CurrentLoad) -> Path:
        charges = digest(*sorted(load.paths(COST_AND_USAGE.qualified_name)))
        name = f"{load.source}-{load.billing_period}-{charges[:_LOAD]}-{self._rules[:_RULES]}.parquet"
        return self._cache / folder / name
