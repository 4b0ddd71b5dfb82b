"""Charges that stand in two files of an export: two snapshots of one period, of which each counts every charge.

Judged over all files of a translation together. What is equal within one file is the vendor's affair, and warned of
elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from connectors.errors import AnswerError
from connectors.protocol import Finding


@dataclass(frozen=True)
class ReadFile:
    """One file of an export, read: `rows` of the whole file; `charges`, `as_read` and `findings` of the window."""

    name: str
    sha256: str | None
    rows: int
    charges: pl.DataFrame
    as_read: pl.DataFrame
    findings: tuple[Finding, ...]


def overlaps(files: Sequence[ReadFile], *, is_listed: bool) -> tuple[Finding, ...]:
    """Findings of charges in two files that a manifest lists (`is_listed`): it says that both count.

    Raises `AnswerError` for two files of the same content, and for equal charges in two files without a manifest.
    """
    charged = [file for file in files if len(file.charges)]
    names: dict[str, str] = {}
    for file in charged:
        if file.sha256 is not None and (other := names.setdefault(file.sha256, file.name)) != file.name:
            raise _counted_twice(f"{other} and {file.name} have the same content")
    if (shared := _shared(charged)) is None:
        return ()
    rows, first, second = shared
    if is_listed:
        detail = f"{first} and {second}, both listed by the manifest, hold charges that are equal in every column"
        return (Finding("equal_rows_in_two_files", detail, rows),)
    raise _counted_twice(f"{first} and {second} hold {rows} charges that are equal in every column")


def _shared(files: Sequence[ReadFile]) -> tuple[int, str, str] | None:
    """How many different charges stand in more than one file, and the first two files of the first of them."""
    if len(files) < 2:
        return None
    hashes = [file.charges.hash_rows() for file in files]
    places = pl.concat([pl.DataFrame({"row": rows}).with_columns(file=pl.lit(n)) for n, rows in enumerate(hashes)])
    suspects = (
        places.group_by("row")
        .agg(first=pl.col("file").min(), last=pl.col("file").max())
        .filter(pl.col("first") < pl.col("last"))["row"]
        .implode()
    )
    # equal hashes are no proof of equal rows: the few that are suspect are compared column by column
    compared = [
        file.charges.filter(rows.is_in(suspects)).with_columns(file=pl.lit(n))
        for n, (file, rows) in enumerate(zip(files, hashes, strict=True))
    ]
    equal = (
        pl.concat(compared)
        .group_by(files[0].charges.columns, maintain_order=True)
        .agg(pl.col("file").unique().sort())
        .filter(pl.col("file").list.len() > 1)
    )
    if equal.is_empty():
        return None
    first, second = equal["file"][0].head(2)
    return len(equal), files[first].name, files[second].name


def _counted_twice(what: str) -> AnswerError:
    return AnswerError(
        f"{what}: they would count twice",
        remedy="keep one of the two files (the newest snapshot), or give a manifest that lists the files that count",
    )
