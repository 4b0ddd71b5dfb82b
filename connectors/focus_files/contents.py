"""What an export holds, asked outside a load: which billing periods, and its rows as they are, for checking."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

import polars as pl

from connectors.exports.places import place_at
from connectors.exports.reading import read_file
from connectors.focus_files.listing import ExportFile, export_files, secrets_of
from connectors.focus_files.options import FocusFilesOptions
from connectors.focus_rows.columns import with_focus_names
from connectors.focus_rows.judged import as_judged
from connectors.focus_rows.times import with_instants
from models.ledger.focus.invariants.periods import billing_month


def periods_in(options: FocusFilesOptions) -> list[str]:
    """Billing periods, YYYY-MM, of all charges of an export, sorted.

    Raises what `pull` and `translate` raise: `IncompleteError` for absent files, `AnswerError` for unreadable ones.
    """
    return sorted(periods_of(options, export_files(options, None).files))


def periods_of(options: FocusFilesOptions, files: Sequence[ExportFile]) -> set[str]:
    """Billing periods of all charges of these files of an export."""
    periods: set[str] = set()
    for name, frame in _frames(options, files):
        named, _ = with_focus_names(frame, name, options.rename)
        months = with_instants(named, name).select(billing_month()).to_series()
        periods.update(months.unique().to_list())
    return periods


def read_charges(path: str, *, options: FocusFilesOptions | None = None) -> pl.DataFrame:
    """The rows of any FOCUS file, folder or URL for `models.ledger.focus.invariants.check`: as they are, in the types
    that they came in; the text of CSV as the numbers and times that it writes. Columns that only some files have are
    null in the others."""
    chosen = options or FocusFilesOptions(path=path)
    frames = [as_judged(frame.rename(chosen.rename)) for _, frame in _frames(chosen, export_files(chosen, None).files)]
    return pl.concat(frames, how="diagonal_relaxed")


def _frames(options: FocusFilesOptions, files: Sequence[ExportFile]) -> list[tuple[str, pl.DataFrame]]:
    storage = secrets_of(options)
    frames: list[tuple[str, pl.DataFrame]] = []
    for file in files:
        body = place_at(file.found.url, storage).read(file.found.url)
        frames.append(
            (PurePosixPath(file.found.name).name, read_file(body, file.found.name, delimiter=options.delimiter))
        )
    return frames
