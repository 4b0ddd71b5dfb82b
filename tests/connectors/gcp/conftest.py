"""What tests of Google's bill share: a month of rows in files, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.gcp import GcpOptions
from connectors.gcp.connector import GcpConnector
from connectors.protocol import Finding, Surroundings, Translation, Window
from models.ledger.focus import COST_AND_USAGE
from models.ledger.metering import METER_READINGS
from tests.connectors.gcp.billing_rows import at, write

SEPTEMBER = Window.of_period("2026-09")
NOW = at(20, 9, month=11)


@dataclass(frozen=True)
class Month:
    """A translation whose parts were gone through."""

    charges: pl.DataFrame
    readings: pl.DataFrame
    as_read: pl.DataFrame
    findings: tuple[Finding, ...]
    missing: tuple[str, ...]

    def one(self, **wanted: Any) -> dict[str, Any]:
        """The only charge whose columns are these."""
        found = self.charges.filter(*(pl.col(name).eq_missing(pl.lit(value)) for name, value in wanted.items()))
        assert found.height == 1, f"{found.height} charges with {wanted}"
        return found.row(0, named=True)

    def told(self, kind: str) -> list[str]:
        return [finding.detail for finding in self.findings if finding.kind == kind]


def gone_through(translation: Translation) -> Month:
    parts = list(translation.parts)
    as_read = pl.concat([part.as_read for part in parts]) if parts else pl.DataFrame()
    readings = [part.readings for part in parts if part.readings is not None]
    return Month(
        pl.concat([COST_AND_USAGE.empty(), *(part.charges for part in parts)]),
        pl.concat([METER_READINGS.empty(), *readings]),
        as_read,
        (*translation.findings, *(finding for part in parts for finding in part.findings)),
        (*translation.missing, *(missing for part in parts for missing in part.missing)),
    )


def connector(path: Path | str, **options: Any) -> GcpConnector:
    return GcpConnector("gcp", GcpOptions(path=str(path), **options), Surroundings(clock=lambda: NOW))


def month_at(path: Path | str, window: Window = SEPTEMBER, **options: Any) -> Month:
    """What the files at a path say of September."""
    source = connector(path, **options)
    return gone_through(source.translate(window, list(source.pull(window))))


@pytest.fixture
def month_of(tmp_path: Path) -> Callable[..., Month]:
    """What rows of the export become in September."""

    def translated(rows: list[dict[str, Any]], **options: Any) -> Month:
        write(tmp_path / "export-000000000000.parquet", rows)
        return month_at(tmp_path, **options)

    return translated
