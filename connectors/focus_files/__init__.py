"""FOCUS files: any FOCUS 1.0 to 1.4 export, CSV or Parquet, from a disk or an object store. `KIND` is the registry's
entry; the other functions look at an export outside a load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from connectors.focus_files.options import FocusFilesOptions
from connectors.protocol import Connector, ConnectorKind, Surroundings

if TYPE_CHECKING:
    import polars as pl


def periods_in(path: str, *, manifest: str | None = None) -> list[str]:
    """Billing periods, YYYY-MM, of all charges of an export, sorted. Raises `AnswerError`, `IncompleteError`."""
    from connectors.focus_files import contents

    return contents.periods_in(FocusFilesOptions(path=path, manifest=manifest))


def fingerprint(options: FocusFilesOptions) -> str:
    """One word for the export as it lies there now, by its listing. Raises `IncompleteError` where it is empty."""
    from connectors.focus_files import arrivals

    return arrivals.fingerprint(options)


def arrived_periods(options: FocusFilesOptions) -> list[str]:
    """Billing periods of the export's files, reading only those whose folder does not name its own."""
    from connectors.focus_files import arrivals

    return arrivals.arrived_periods(options)


def read_charges(path: str) -> pl.DataFrame:
    """Rows of any FOCUS file, folder or URL as they are, for `models.ledger.focus.invariants.check`."""
    from connectors.focus_files import contents

    return contents.read_charges(path)


def _make(source: str, options: BaseModel, surroundings: Surroundings) -> Connector:
    from connectors.focus_files.connector import FocusFilesConnector

    assert isinstance(options, FocusFilesOptions)
    return FocusFilesConnector(source, options, surroundings)


def _periods_in(options: BaseModel, _surroundings: Surroundings) -> list[str]:
    from connectors.focus_files import contents

    assert isinstance(options, FocusFilesOptions)
    return contents.periods_in(options)


KIND = ConnectorKind("focus-files", "FOCUS files", FocusFilesOptions, _make, _periods_in)

__all__ = ["KIND", "FocusFilesOptions", "arrived_periods", "fingerprint", "periods_in", "read_charges"]
