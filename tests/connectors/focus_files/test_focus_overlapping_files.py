"""Two snapshots of one period in one folder: every charge would count twice, so they are refused, naming both."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from connectors.errors import AnswerError
from connectors.protocol import Connector, Translation, Window

SEPTEMBER, OCTOBER = Window.of_period("2026-09"), Window.of_period("2026-10")
ConnectorOf = Callable[..., Connector]


def _translated(connector: Connector, window: Window = SEPTEMBER) -> Translation:
    return connector.translate(window, list(connector.pull(window)))


def _refused(connector: Connector) -> AnswerError:
    with pytest.raises(AnswerError) as refused:
        _translated(connector)
    return refused.value


@pytest.mark.parametrize("keep", [16, 0])
def test_the_same_file_under_two_names(
    keep: int, vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    for name in ("export-20260910.parquet", "export-20260911.parquet"):
        vendor_rows.write_parquet(tmp_path / name)
    error = _refused(connector_of(tmp_path, keep_copies_up_to_mib=keep))
    assert error.what.startswith("export-20260910.parquet and export-20260911.parquet have the same content")
    assert "keep one" in str(error.remedy)
    assert "manifest" in str(error.remedy)
    assert error.source == "cloud"


def test_a_later_snapshot_in_another_form_with_one_more_charge(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    vendor_rows.head(1).write_parquet(tmp_path / "a.parquet")
    vendor_rows.write_csv(tmp_path / "b.csv", null_value="NULL")
    error = _refused(connector_of(tmp_path))
    assert error.what.startswith("a.parquet and b.csv hold 1 charges that are equal in every column")
    (tmp_path / "a.parquet").unlink()
    assert _translated(connector_of(tmp_path)).missing == ()


def test_only_charges_of_the_month_are_held_against_each_other(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    """The October charge stands in both files: October is refused, September is not."""
    vendor_rows.tail(2).write_csv(tmp_path / "a.csv")
    vendor_rows[[0, 2]].write_csv(tmp_path / "b.csv")
    charges = next(iter(_translated(connector_of(tmp_path)).parts)).charges
    assert charges.height == 2
    with pytest.raises(AnswerError, match="hold 1 charges"):
        _translated(connector_of(tmp_path), OCTOBER)


def test_rows_twice_in_one_file_and_empty_parts_are_no_overlap(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    pl.concat([vendor_rows.head(1)] * 2).write_parquet(tmp_path / "a.parquet")
    for name in ("b.parquet", "c.parquet"):
        vendor_rows.clear().write_parquet(tmp_path / name)
    charges = next(iter(_translated(connector_of(tmp_path)).parts)).charges
    assert charges.height == 2


def test_a_manifest_says_that_both_count(vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf) -> None:
    """Equal charges in two listed parts are kept and warned of; a listed part of the same content is refused."""
    vendor_rows.head(1).write_csv(tmp_path / "a.csv")
    vendor_rows.head(2).write_csv(tmp_path / "b.csv")
    (tmp_path / "manifest.json").write_text(json.dumps({"files": ["a.csv", "b.csv"]}))
    translation = _translated(connector_of(tmp_path))
    [told] = [finding for finding in translation.findings if finding.kind == "equal_rows_in_two_files"]
    assert told.detail.startswith("a.csv and b.csv")
    assert told.count == 1
    vendor_rows.head(2).write_csv(tmp_path / "a.csv")
    assert "same content" in _refused(connector_of(tmp_path)).what


def test_on_the_first_of_a_month_its_charges_are_found(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    """A window is cut after today: on the 1st it is one day long."""
    vendor_rows.write_csv(tmp_path / "a.csv")
    first = Window(SEPTEMBER.start, datetime(2026, 9, 2, tzinfo=UTC))
    translation = _translated(connector_of(tmp_path), first)
    assert translation.missing == ()
    assert next(iter(translation.parts)).charges.height == 2


def test_the_midnight_of_an_issuer_elsewhere_is_still_the_month(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    """Midnight of 1 September in Tokyo is 15:00 UTC on 31 August."""
    tokyo = vendor_rows.head(2).with_columns(BillingPeriodStart=pl.lit("2026-09-01T00:00:00+09:00"))
    tokyo.write_csv(tmp_path / "a.csv")
    first = Window(SEPTEMBER.start, datetime(2026, 9, 2, tzinfo=UTC))
    assert _translated(connector_of(tmp_path), first).missing == ()
    assert _translated(connector_of(tmp_path), Window.of_period("2026-08")).missing != ()


def test_what_was_read_is_handed_over_by_currency(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    """1.234567890123456 is read to 12 places; the charge of October is not September's."""
    vendor_rows.write_csv(tmp_path / "a.csv")
    vendor_rows.head(1).with_columns(BillingCurrency=pl.lit("EUR"), BilledCost=pl.lit(0.1)).write_parquet(
        tmp_path / "b.parquet"
    )
    translation = _translated(connector_of(tmp_path))
    assert next(iter(translation.parts)).as_read.rows() == [
        ("EUR", 1, Decimal("0.1")),
        ("USD", 2, Decimal("1.234567640123")),
    ]
