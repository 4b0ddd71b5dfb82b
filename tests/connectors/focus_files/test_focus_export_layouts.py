"""How exports lie on a disk or in a store: files, folders, globs, Hive folders, with manifests that may lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import obstore
import polars as pl
import pytest
from obstore.store import MemoryStore

from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.exports.places import ObjectPlace
from connectors.focus_files import periods_in, read_charges
from connectors.protocol import Connector, FileReference, Window

SEPTEMBER, OCTOBER = Window.of_period("2026-09"), Window.of_period("2026-10")
ConnectorOf = Callable[..., Connector]


def _rows(connector: Connector, window: Window) -> int:
    translation = connector.translate(window, list(connector.pull(window)))
    return sum(part.charges.height for part in translation.parts)


def _write(folder: Path, name: str, frame: pl.DataFrame) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(frame.write_csv(null_value="NULL")) if name.endswith(".csv") else frame.write_parquet(path)
    return path


def test_a_file_a_folder_and_a_glob(vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf) -> None:
    _write(tmp_path, "one/a.csv", vendor_rows)
    _write(tmp_path, "one/b.parquet", vendor_rows.with_columns(ChargeDescription=pl.lit("storage")))
    _write(tmp_path, "one/.hidden.csv", vendor_rows)
    _write(tmp_path, "one/_temporary/c.csv", vendor_rows)
    (tmp_path / "one/README.md").write_text("not data")
    assert _rows(connector_of(tmp_path / "one/a.csv"), SEPTEMBER) == 2
    assert _rows(connector_of(tmp_path / "one"), SEPTEMBER) == 4
    assert _rows(connector_of(tmp_path / "*/*.parquet"), SEPTEMBER) == 2
    assert _rows(connector_of((tmp_path / "one/a.csv").as_uri()), OCTOBER) == 1
    assert periods_in(str(tmp_path / "one")) == ["2026-09", "2026-10"]
    assert read_charges(str(tmp_path / "one")).height == 6


def test_hive_folders_of_other_periods_are_left_alone(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    _write(tmp_path, "data/BILLING_PERIOD=2026-09/a.parquet", vendor_rows.head(2))
    _write(tmp_path, "data/BILLING_PERIOD=2026-10/a.parquet", vendor_rows.tail(1))
    connector = connector_of(tmp_path)
    assert [answer.request["name"] for answer in connector.pull(OCTOBER)] == ["data/BILLING_PERIOD=2026-10/a.parquet"]
    assert (_rows(connector, SEPTEMBER), _rows(connector, OCTOBER)) == (2, 1)


def test_the_period_can_stand_in_the_path(vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf) -> None:
    _write(tmp_path, "focus-2026-09.csv", vendor_rows.head(2))
    _write(tmp_path, "focus-2026-10.csv", vendor_rows.tail(1))
    connector = connector_of(tmp_path / "focus-{period}.csv")
    assert (_rows(connector, SEPTEMBER), _rows(connector, OCTOBER)) == (2, 1)


def test_a_single_file_needs_no_ending(vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf) -> None:
    path = _write(tmp_path, "a.csv", vendor_rows).rename(tmp_path / "export")
    assert _rows(connector_of(path), SEPTEMBER) == 2


def test_another_delimiter_and_other_names(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    renamed = vendor_rows.rename({"BillingAccountId": "Payer", "BillingPeriodStart": "InvoiceMonth"})
    (tmp_path / "a.csv").write_text("\ufeff" + renamed.write_csv(separator=";"))
    rename = {"Payer": "BillingAccountId", "InvoiceMonth": "BillingPeriodStart"}
    assert _rows(connector_of(tmp_path / "a.csv", delimiter=";", rename=rename), SEPTEMBER) == 2
    with pytest.raises(AnswerError, match="no column 'Nope'"):
        _rows(connector_of(tmp_path / "a.csv", delimiter=";", rename={"Nope": "BilledCost"}), SEPTEMBER)


def test_small_files_are_kept_whole_and_large_ones_by_reference(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    path = _write(tmp_path, "a.csv", vendor_rows)
    [whole] = connector_of(path).pull(SEPTEMBER)
    [reference] = connector_of(path, keep_copies_up_to_mib=0).pull(SEPTEMBER)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert whole.body == path.read_bytes()
    assert reference.body == FileReference(path.as_uri(), path.stat().st_size, digest)
    assert whole.facts["sha256"] == reference.facts["sha256"] == digest
    assert _rows(connector_of(path, keep_copies_up_to_mib=0), SEPTEMBER) == 2


def test_an_object_store_is_read_like_a_folder(vendor_rows: pl.DataFrame) -> None:
    store = MemoryStore()
    for key in ("exports/x/a.csv", "exports/x/b.csv", "exports/y/a.csv", "other/a.csv"):
        obstore.put(store, key, vendor_rows.write_csv().encode())

    def names(url: str) -> list[str]:
        return [file.name for file in ObjectPlace(url, {}, store).files()]

    assert names("s3://bucket/exports") == ["x/a.csv", "x/b.csv", "y/a.csv"]
    assert names("s3://bucket/exports/*/a.csv") == ["x/a.csv", "y/a.csv"]
    assert names("s3://bucket/exports/x/b.csv") == ["b.csv"]
    place = ObjectPlace("s3://bucket/exports", {}, store)
    assert place.read(place.files()[0].url) == vendor_rows.write_csv().encode()
    with pytest.raises(IncompleteError, match="no file at s3://bucket/nothing"):
        names("s3://bucket/nothing")


def _manifest(folder: Path, content: Any, name: str = "metadata/export-Manifest.json") -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


SHAPES: dict[str, Callable[[int], Any]] = {
    "AWS Data Exports": lambda size: {"dataFiles": ["s3://bucket/focus/data/a.csv"], "columns": []},
    "AWS CUR": lambda size: {"reportKeys": ["focus/data/a.csv"]},
    "Azure": lambda size: {
        "blobCount": 1,
        "dataRowCount": 3,
        "blobs": [{"blobName": "container/focus/data/a.csv", "byteCount": size, "dataRowCount": 3}],
    },
    "a plain list": lambda size: {"files": [{"name": "a.csv", "size": size, "rows": "3"}], "rowCount": 3},
}


@pytest.mark.parametrize("shape", SHAPES)
def test_only_what_the_manifest_lists_is_read(
    shape: str, vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    """An older delivery lies beside: read without the manifest, every charge would count twice."""
    path = _write(tmp_path, "data/a.csv", vendor_rows)
    _write(tmp_path, "data/older.csv", vendor_rows)
    _manifest(tmp_path, SHAPES[shape](path.stat().st_size))
    connector = connector_of(tmp_path)
    streams = [answer.stream for answer in connector.pull(SEPTEMBER)]
    assert streams == ["focus/manifest", "focus/cost_and_usage"]
    assert _rows(connector, SEPTEMBER) == 2


LIES: dict[str, tuple[Any, type[Exception], str]] = {
    "a file that is not there": ({"dataFiles": ["data/a.csv", "data/b.csv"]}, IncompleteError, "1 of 2 files"),
    "another size": ({"files": [{"name": "a.csv", "size": 5}]}, AnswerError, "its manifest says 5"),
    "another hash": ({"files": [{"name": "a.csv", "sha256": "00"}]}, AnswerError, "the hash that its manifest"),
    "another row count": ({"files": [{"name": "a.csv", "rows": 4}]}, AnswerError, "has 3 rows, its manifest says 4"),
    "another total": ({"files": ["a.csv"], "rowCount": 9}, AnswerError, "of 1 files has 3 rows, its manifest says 9"),
    "no list": ({"dataFiles": []}, AnswerError, "lists no files"),
    "a list of nothing": ({"files": [{"size": 3}]}, AnswerError, "names no file"),
    "a size that is no number": ({"files": [{"name": "a.csv", "size": "big"}]}, AnswerError, "'big' is no count"),
    "no object": ([1], AnswerError, "no JSON object"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lying_manifest_is_refused(
    lie: str, vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    content, kind, words = LIES[lie]
    _write(tmp_path, "data/a.csv", vendor_rows)
    _manifest(tmp_path, content)
    with pytest.raises(kind, match=words):
        _rows(connector_of(tmp_path), SEPTEMBER)


def test_two_manifests_of_one_period_must_be_told_apart(
    vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf
) -> None:
    """Azure writes a folder a run: both runs list the same charges."""
    for run in ("run-1", "run-2"):
        _write(tmp_path, f"{run}/a.csv", vendor_rows)
        _manifest(tmp_path, {"files": ["a.csv"]}, f"{run}/manifest.json")
    with pytest.raises(ConfigurationError, match="2 manifests speak of one period"):
        _rows(connector_of(tmp_path), SEPTEMBER)
    chosen = connector_of(tmp_path, manifest=str(tmp_path / "run-2/manifest.json"))
    assert [answer.request.get("name") for answer in chosen.pull(SEPTEMBER)] == [None, "run-2/a.csv"]
    assert _rows(chosen, SEPTEMBER) == 2


def test_a_manifest_a_period(vendor_rows: pl.DataFrame, tmp_path: Path, connector_of: ConnectorOf) -> None:
    """AWS Data Exports: a manifest for every billing period, beside the data."""
    for period, rows in (("2026-09", vendor_rows.head(2)), ("2026-10", vendor_rows.tail(1))):
        name = f"data/BILLING_PERIOD={period}/focus-00001.csv"
        _write(tmp_path, name, rows)
        listed = {"dataFiles": [f"s3://bucket/focus/{name}"]}
        _manifest(tmp_path, listed, f"metadata/BILLING_PERIOD={period}/focus-Manifest.json")
    connector = connector_of(tmp_path)
    assert (_rows(connector, SEPTEMBER), _rows(connector, OCTOBER)) == (2, 1)
    assert periods_in(str(tmp_path)) == ["2026-09", "2026-10"]
