"""Frames kept in HOME/cache: Parquet files that may be removed at any time, and are made anew if they are damaged.

Whoever keeps one names its file by a digest of all that it depends on, so that none is ever out of date; a digest of
its rows lies in the file, for pages of Parquet have no checksum that is looked at.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection
from pathlib import Path

import polars as pl

_PARTIAL = ".tmp"
"""How a file's name ends while it is written."""
_DIGEST = "outlay:digest"
"""Name of the digest of the rows in a file's metadata."""
_DIGITS = 32
"""Characters of a digest in a file's name."""
_SURELY_DEAD = 3600
"""Seconds without a byte after which nobody writes a file any more: it takes moments."""


def file_of(folder: Path, stem: str, *parts: str) -> Path:
    """Where a frame is kept that depends on `parts`, and on nothing else."""
    return folder / f"{stem}-{digest(*parts)[:_DIGITS]}.parquet"


def read_kept(file: Path, schema: pl.Schema) -> pl.DataFrame | None:
    """What is kept there; None where nothing is, or it is not what was kept."""
    try:
        kept = pl.read_parquet(file)
        told = pl.read_parquet_metadata(file).get(_DIGEST)
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException):  # a damaged page may make Polars panic
        return None
    return kept if kept.schema == schema and told == digest_of(kept) else None


def keep(rows: pl.DataFrame, file: Path) -> None:
    """In one step, whoever else writes or reads it; another process's half-written file has another name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}{_PARTIAL}")
    try:
        rows.write_parquet(partial, compression="zstd", metadata={_DIGEST: digest_of(rows)})
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def forget_all_but(files: Collection[Path], folder: Path, pattern: str = "*") -> None:
    """Remove every other file of the folder that fits, and what a dead process left half-written.

    What another process writes at this moment stays.
    """
    for file in set(folder.glob(pattern)) - set(files):
        if file.suffix != _PARTIAL or _age(file) > _SURELY_DEAD:
            file.unlink(missing_ok=True)


def digest(*parts: str) -> str:
    """Of all that a kept frame depends on."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def digest_of(rows: pl.DataFrame) -> str:
    """Of the rows of a frame, in their order."""
    hashed = rows.hash_rows(seed=0).to_numpy().tobytes() if rows.width else b""
    return hashlib.sha256(hashed + repr(rows.schema).encode()).hexdigest()


def _age(file: Path) -> float:
    """Seconds since it was written; none where it is gone by now."""
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return 0
