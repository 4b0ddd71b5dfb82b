"""Parquet files of the billing table: shards missing, exports there twice, columns that came, went or changed."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.gcp import GcpOptions, periods_in
from connectors.protocol import FileReference, Surroundings, Window
from tests.connectors.gcp.billing_rows import at, row, schema, write
from tests.connectors.gcp.conftest import SEPTEMBER, connector, gone_through, month_at
from tests.connectors.gcp.test_gcp_focus_export import charge, written


def shard(folder: Path, number: int, rows: list[dict[str, Any]], stem: str = "export-") -> Path:
    return write(folder / f"{stem}{number:012d}.parquet", rows)


def hours(*numbers: int) -> list[dict[str, Any]]:
    return [row(cost=str(number), at=at(number)) for number in numbers]


def test_shards_are_one_export(tmp_path: Path) -> None:
    for number in range(3):
        shard(tmp_path, number, hours(number + 1))
    assert month_at(tmp_path).charges["BilledCost"].sum() == 1 + 2 + 3


def test_a_missing_shard_holds_the_load(tmp_path: Path) -> None:
    shard(tmp_path, 0, hours(1))
    shard(tmp_path, 2, hours(3))
    with pytest.raises(IncompleteError, match=r"1 of at least 3 shards of .*export-\*\.parquet.*: 000000000001"):
        month_at(tmp_path)


def test_a_missing_last_shard_is_seen_by_a_manifest(tmp_path: Path) -> None:
    shard(tmp_path, 0, hours(1))
    listed = [{"name": f"export-{number:012d}.parquet", "rows": 1} for number in range(2)]
    (tmp_path / "manifest.json").write_text(json.dumps({"files": listed}))
    with pytest.raises(IncompleteError, match="1 of 2 files"):
        month_at(tmp_path)


def test_a_manifest_counts_the_rows(tmp_path: Path) -> None:
    shard(tmp_path, 0, hours(1))
    (tmp_path / "manifest.json").write_text(json.dumps({"files": [{"name": "export-000000000000.parquet", "rows": 2}]}))
    with pytest.raises(AnswerError, match="has 1 rows, its manifest says 2"):
        month_at(tmp_path)
    listed = {"files": ["export-000000000000.parquet"], "rowCount": 3}
    (tmp_path / "manifest.json").write_text(json.dumps(listed))
    with pytest.raises(AnswerError, match="the export of 1 files has 1 rows, its manifest says 3"):
        month_at(tmp_path)


def test_a_file_that_no_manifest_lists_is_refused(tmp_path: Path) -> None:
    shard(tmp_path, 0, hours(1))
    shard(tmp_path, 1, hours(2))
    (tmp_path / "manifest.json").write_text(json.dumps({"files": [{"name": "export-000000000000.parquet"}]}))
    with pytest.raises(AnswerError, match="that its manifest does not list"):
        month_at(tmp_path)


def test_two_exports_of_one_month_are_refused(tmp_path: Path) -> None:
    """The second was cut into other shards, so that no two files are alike; what they hold is."""
    shard(tmp_path, 0, hours(1, 2), "monday-")
    shard(tmp_path, 1, hours(3), "monday-")
    shard(tmp_path, 0, hours(3, 2, 1), "tuesday-")
    with pytest.raises(AnswerError, match=r"6 rows of .*monday-0{12}\.parquet and .*would count twice"):
        month_at(tmp_path)


def test_one_file_copied_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "september.parquet", hours(1))
    write(tmp_path / "september (1).parquet", hours(1))
    with pytest.raises(AnswerError, match="would count twice"):
        month_at(tmp_path)


def test_a_shard_left_over_from_a_larger_export_is_refused(tmp_path: Path) -> None:
    """Today's export is two files; the third is of yesterday's, whose rows today's hold in both of theirs."""
    shard(tmp_path, 0, hours(1, 2, 3))
    shard(tmp_path, 1, hours(4, 5, 6))
    shard(tmp_path, 2, hours(6, 2))
    with pytest.raises(AnswerError, match=r"2 rows of .*-000000000002\.parquet stand in other files too") as caught:
        month_at(tmp_path)
    assert "into a folder that is empty" in caught.value.remedy


def test_exports_that_share_a_part_of_a_load_are_refused(tmp_path: Path) -> None:
    """One load of four rows; the second export holds three of them, and a load of its own."""
    one_load = {"export_time": at(9)}
    shard(tmp_path, 0, [row(cost=str(number), at=at(number), **one_load) for number in (1, 2, 3, 4)], "first-")
    second = [row(cost=str(number), at=at(number), **one_load) for number in (2, 3, 4)]
    shard(tmp_path, 0, [*second, row(cost="5", at=at(10))], "second-")
    with pytest.raises(AnswerError, match=r"3 rows of .*second-\*\.parquet stand in other files too"):
        month_at(tmp_path)


def test_exports_that_share_single_rows_of_a_load_are_told(tmp_path: Path) -> None:
    """Days 1 to 3 and days 3 to 5 of one load: it may be a cut that overlaps, it may be Google's repetition."""
    for stem, days in {"first-": (1, 2, 3), "second-": (3, 4, 5)}.items():
        shard(tmp_path, 0, [row(cost=str(day), at=at(day), export_time=at(9)) for day in days], stem)
    month = month_at(tmp_path)
    assert month.charges["BilledCost"].sum() == 18
    assert month.told("rows_alike") == ["2 rows stand in several of 2 exports: Google repeats rows, overlaps do too"]


def test_a_file_of_nothing_but_repeated_rows_is_taken_for_a_copy_unless_it_is_listed(tmp_path: Path) -> None:
    shard(tmp_path, 0, hours(1, 1))
    shard(tmp_path, 1, hours(1))
    with pytest.raises(AnswerError, match=r"manifest\.json"):
        month_at(tmp_path)
    listed = [f"export-{number:012d}.parquet" for number in range(2)]
    (tmp_path / "manifest.json").write_text(json.dumps({"files": listed}))
    assert month_at(tmp_path).charges["BilledCost"].sum() == 3


def test_exports_of_different_loads_are_one_table(tmp_path: Path) -> None:
    """Exported a day at a time: each load of the table stands in one of them."""
    shard(tmp_path, 0, hours(1), "first-")
    shard(tmp_path, 0, hours(2), "second-")
    assert month_at(tmp_path).charges["BilledCost"].sum() == 3


def test_equal_rows_of_one_export_are_googles_own(tmp_path: Path) -> None:
    """Half of a load stands in both files; each has a row of its own, which no copy would."""
    shard(tmp_path, 0, hours(1, 1))
    shard(tmp_path, 1, hours(1, 2))
    assert month_at(tmp_path).charges["BilledCost"].sum() == 5


@pytest.mark.parametrize("folder", ["invoice_month=202610", "billing_period=2026-10", "invoice_month=2026-10"])
def test_folders_of_other_months_are_not_read(tmp_path: Path, folder: str) -> None:
    shard(tmp_path / "invoice_month=2026-09", 0, hours(1))
    october = tmp_path / folder / "export-000000000000.parquet"
    october.parent.mkdir()
    october.write_bytes(b"not even Parquet")
    assert month_at(tmp_path).charges.height == 1
    assert periods_in(GcpOptions(path=str(tmp_path)), Surroundings()) == ["2026-09", "2026-10"]


def test_the_path_may_hold_the_period(tmp_path: Path) -> None:
    shard(tmp_path / "2026-09", 0, hours(1))
    shard(tmp_path / "2026-10", 0, [row(invoice={"month": "202610", "publisher_type": "GOOGLE"})])
    assert month_at(f"{tmp_path}/{{period}}/").charges.height == 1
    assert periods_in(GcpOptions(path=f"{tmp_path}/{{period}}/*.parquet"), Surroundings()) == ["2026-09", "2026-10"]


def test_large_files_are_archived_by_reference_and_must_stay_as_they_were(tmp_path: Path) -> None:
    path = shard(tmp_path, 0, hours(1))
    source = connector(tmp_path, keep_copies_up_to_mib=0)
    answers = list(source.pull(SEPTEMBER))
    assert isinstance(answers[0].body, FileReference)
    assert gone_through(source.translate(SEPTEMBER, answers)).charges.height == 1
    shard(tmp_path, 0, hours(2, 3))
    with pytest.raises(AnswerError, match="no longer the file that was pulled"):
        source.translate(SEPTEMBER, answers)
    path.unlink()
    with pytest.raises(AnswerError, match="it is gone"):
        source.translate(SEPTEMBER, answers)


@pytest.mark.parametrize("report", ["detailed", "focus"])
def test_large_files_of_a_bucket_are_read_back_by_whoever_pulled_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: str
) -> None:
    path = shard(tmp_path, 0, hours(1)) if report == "detailed" else written(tmp_path / "focus.parquet", [charge()])
    body, keys = path.read_bytes(), list[dict[str, str]]()
    monkeypatch.setattr("connectors.gcp.parquet_slices.recall", lambda _, storage: keys.append(dict(storage)) or body)
    pulled = next(iter(connector(path, report=report).pull(SEPTEMBER)))
    large = replace(pulled, body=FileReference("gs://bill/a.parquet", len(body), "0" * 64))
    source = connector("gs://bill", report=report, credentials_file="/key.json", storage={"base_url": "http://here"})
    assert gone_through(source.translate(SEPTEMBER, [large])).charges.height == 1
    assert {(key["service_account"], key["base_url"]) for key in keys} == {("/key.json", "http://here")}


def test_new_columns_are_told_of(tmp_path: Path) -> None:
    grown = schema().append(pa.field("carbon_footprint", pa.float64()))
    write(tmp_path / "a.parquet", [{**row(), "carbon_footprint": 1.5}], shape=grown)
    month = month_at(tmp_path)
    assert month.told("new_columns") == ["the table has columns that are not read: carbon_footprint"]
    assert month.charges.height == 1


@pytest.mark.parametrize("column", ["resource", "tags", "price", "cost_at_list", "labels", "consumption_model"])
def test_the_standard_export_lacks_columns_that_only_add(tmp_path: Path, column: str) -> None:
    shape = schema()
    write(tmp_path / "a.parquet", [row()], shape=shape.remove(shape.get_field_index(column)))
    assert month_at(tmp_path, report="standard").charges["BilledCost"].to_list() == [1]


@pytest.mark.parametrize(("column", "told"), [("cost", "cost"), ("invoice", r"invoice\.month"), ("credits", "credits")])
def test_a_table_without_what_charges_need_is_refused(tmp_path: Path, column: str, told: str) -> None:
    shape = schema()
    write(tmp_path / "a.parquet", [row()], shape=shape.remove(shape.get_field_index(column)))
    with pytest.raises(AnswerError, match=rf"are missing \({told}\)"):
        month_at(tmp_path)


def test_amounts_as_text_are_read_to_the_last_place(tmp_path: Path) -> None:
    given = {**row(credits=[("PROMOTION", "-0.5")]), "cost": "0.123456789012345", "cost_at_list": None}
    given["credits"][0]["amount"] = "-0.1"
    write(tmp_path / "a.parquet", [given], shape=schema(pa.string()))
    month = month_at(tmp_path)
    assert month.charges["BilledCost"].sum() == Decimal("0.023456789012")
    assert [finding.count for finding in month.findings if finding.kind == "rounded_amounts"] == [1]


def test_amounts_that_are_no_numbers_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", [{**row(), "cost": "much", "cost_at_list": None}], shape=schema(pa.string()))
    with pytest.raises(AnswerError, match="cost: 'much' is no number"):
        month_at(tmp_path)


def test_times_of_another_type_are_refused(tmp_path: Path) -> None:
    shape = schema().set(schema().get_field_index("export_time"), pa.field("export_time", pa.int64()))
    write(tmp_path / "a.parquet", [{**row(), "export_time": 1}], shape=shape)
    with pytest.raises(AnswerError, match="export_time is Int64, not a time"):
        month_at(tmp_path)


def test_a_file_that_was_cut_off_names_itself(tmp_path: Path) -> None:
    path = shard(tmp_path, 0, hours(1))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(AnswerError, match=r"export-000000000000\.parquet is Parquet that was cut off") as caught:
        month_at(tmp_path)
    assert (caught.value.source, caught.value.window) == ("gcp", str(SEPTEMBER))


def test_an_empty_place_is_incomplete(tmp_path: Path) -> None:
    with pytest.raises(IncompleteError, match="there is no file at"):
        month_at(tmp_path / "nothing")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "more.csv").write_text("a,b")
    with pytest.raises(IncompleteError, match="none of the 2 files"):
        month_at(tmp_path)


def test_a_window_that_ends_today_is_its_month(tmp_path: Path) -> None:
    shard(tmp_path, 0, hours(1, 2))
    cut = Window(at(1, 0), at(2, 0))
    assert month_at(tmp_path, cut).charges.height == 2


def test_two_manifests_are_refused(tmp_path: Path) -> None:
    shard(tmp_path, 0, hours(1))
    for name in ("a", "b"):
        (tmp_path / f"{name}-manifest.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="2 manifests"):
        month_at(tmp_path)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "name either table"),
        ({"table": "a.b.c", "path": "/x"}, "name either table"),
        ({"table": "only_a_table"}, r"project\.dataset\.table"),
        ({"table": "a.b.c`; DROP TABLE x"}, r"project\.dataset\.table"),
        ({"path": "gs://user:word@bucket/x"}, "must not hold a user"),
    ],
)
def test_options_that_cannot_work_are_told(options: dict[str, str], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        GcpOptions(**options)
