"""Files that are not what they should be: each is refused by name, with what to do."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from connectors.errors import AnswerError, ConfigurationError, ConnectorError, IncompleteError
from connectors.protocol import Connector, Window

SEPTEMBER = Window.of_period("2026-09")
Body = Callable[[pl.DataFrame], bytes]


def _csv(frame: pl.DataFrame) -> bytes:
    return frame.write_csv().encode()


def _parquet(frame: pl.DataFrame) -> bytes:
    buffer = BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def _with(**values: object) -> Body:
    return lambda frame: _csv(frame.with_columns(**{name: pl.lit(value) for name, value in values.items()}))


BAD: dict[str, tuple[str, Body, str]] = {
    "nothing": ("a.csv", lambda f: b"", "is empty"),
    "blank lines": ("a.csv", lambda f: b"\n\n", "is empty"),
    "a login page": ("a.csv", lambda f: b"<!DOCTYPE html><html>", "page of HTML"),
    "a store's error": ("a.csv", lambda f: b'<?xml version="1.0"?><Error/>', "page of HTML or XML"),
    "JSON": ("a.csv", lambda f: b'{"error": "expired"}', "is JSON"),
    "a spreadsheet": ("a.csv", lambda f: b"PK\x03\x04rest", "zip archive or a spreadsheet"),
    "UTF-16": ("a.csv", lambda f: f.write_csv().encode("utf-16"), "is UTF-16"),
    "Latin-1": ("a.csv", lambda f: f.write_csv().encode("latin-1"), "is not UTF-8 (line 2)"),
    "gzip cut off": ("a.csv.gz", lambda f: gzip.compress(_csv(f))[:-20], "gzip that was cut off"),
    "gzip damaged": ("a.csv.gz", lambda f: gzip.compress(_csv(f))[:20] + b"\xff" * 50, "gzip"),
    "gzip by name only": ("a.csv.gz", _csv, "not compressed although"),
    "Parquet cut off": ("a.parquet", lambda f: _parquet(f)[:-9], "cut off"),
    "Parquet damaged": ("a.parquet", lambda f: b"PAR1" + b"\0" * 40 + b"PAR1", "cannot be read"),
    "Parquet by name only": ("a.parquet", _csv, "is no Parquet"),
    "Parquet as CSV": ("a.csv", _parquet, "is Parquet under a name of CSV"),
    "a row cut short": ("a.csv", lambda f: _csv(f)[:-40], "cannot be read as CSV"),
    "a row too long": ("a.csv", lambda f: _csv(f) + b"1" + b",x" * 30 + b"\n", "cannot be read as CSV"),
    "a quote that never ends": ("a.csv", lambda f: _csv(f)[:-20] + b'"Amazon', "quote that never ends"),
    "another delimiter": ("a.csv", lambda f: f.write_csv(separator=";").encode(), "set `delimiter` to ';'"),
    "a column twice": ("a.csv", lambda f: _csv(f).replace(b"ServiceName", b"BilledCost", 1), "more than once"),
    "no FOCUS at all": ("a.csv", lambda f: b"date,cost\n2026-09-01,3\n", "12 of 12 required columns are missing"),
    "a cost column missing": ("a.csv", lambda f: _csv(f.drop("ListCost")), "(ListCost)"),
    "a cost that is no number": ("a.csv", _with(BilledCost="1,000.5"), "BilledCost: '1,000.5' is no number"),
    "a cost that is NaN": ("a.csv", _with(ListCost="NaN"), "ListCost: 'NaN' is no number"),
    "a time that is none": ("a.csv", _with(ChargePeriodEnd="09/04/2026"), "ChargePeriodEnd is no time in"),
    "a period that is null": ("a.csv", _with(BillingPeriodStart=None), "BillingPeriodStart is no time in 3 rows"),
    "a billed cost that is null": ("a.csv", _with(BilledCost=None), "BilledCost is null in 2 of 2 rows"),
    "an account that is null": ("a.csv", _with(BillingAccountId=None), "BillingAccountId is null"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused(
    name: str, vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: Callable[..., Connector]
) -> None:
    file, body, words = BAD[name]
    (tmp_path / file).write_bytes(body(vendor_rows))
    connector = connector_of(tmp_path / file)
    with pytest.raises(AnswerError) as refused:
        connector.translate(SEPTEMBER, connector.pull(SEPTEMBER))
    assert words in str(refused.value)
    assert refused.value.what.startswith(file)
    assert refused.value.remedy
    assert refused.value.who == "cloud · focus/cost_and_usage · 2026-09-01 to 2026-10-01"


def test_nothing_there_is_incomplete_not_empty(tmp_path: Path, connector_of: Callable[..., Connector]) -> None:
    for path in (tmp_path / "absent.csv", tmp_path / "*.parquet", tmp_path):
        with pytest.raises(IncompleteError, match="no file at"):
            list(connector_of(path).pull(SEPTEMBER))
    (tmp_path / "notes.md").write_text("hello")
    with pytest.raises(IncompleteError, match="none of the 1 files"):
        list(connector_of(tmp_path).pull(SEPTEMBER))


def test_a_month_without_charges_is_held(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: Callable[..., Connector]
) -> None:
    (tmp_path / "a.csv").write_bytes(_csv(vendor_rows))
    connector = connector_of(tmp_path / "a.csv")
    july = Window.of_period("2026-07")
    assert connector.translate(july, connector.pull(july)).missing == ("no charge of 2026-07 in 1 files",)


def test_a_file_that_changed_since_its_pull_is_refused(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: Callable[..., Connector]
) -> None:
    (tmp_path / "a.csv").write_bytes(_csv(vendor_rows))
    connector = connector_of(tmp_path / "a.csv", keep_copies_up_to_mib=0)
    answers = list(connector.pull(SEPTEMBER))
    (tmp_path / "a.csv").write_bytes(_csv(vendor_rows.head(1)))
    with pytest.raises(AnswerError, match="no longer the file that was pulled"):
        connector.translate(SEPTEMBER, answers)


def test_options_that_cannot_work_are_named(connector_of: Callable[..., Connector]) -> None:
    with pytest.raises(ValueError, match="user or password"):
        connector_of("https://me:secret@example.com/a.csv")
    with pytest.raises(ConfigurationError, match="no object store"):
        list(connector_of("nowhere://bucket/a.csv").pull(SEPTEMBER))


def test_a_store_that_cannot_be_reached_does_not_tell_secrets(connector_of: Callable[..., Connector]) -> None:
    storage = {
        "access_key_id": "AKIAEXAMPLE",
        "secret_access_key": "very-secret",
        "endpoint": "http://127.0.0.1:9",
        "allow_http": "true",
        "region": "us-east-1",
    }
    connector = connector_of("s3://bucket/exports/", storage=storage)
    assert "very-secret" not in repr(connector)
    with pytest.raises(ConnectorError) as refused:
        list(connector.pull(SEPTEMBER))
    assert "very-secret" not in str(refused.value)
