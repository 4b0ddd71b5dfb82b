"""Exports by their manifests: which files count, and what is refused, held or told when they are not as listed."""

from __future__ import annotations

import gzip
import json
import weakref
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from connectors.aws import AwsOptions, listed, periods_in, slices
from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.protocol import Surroundings, Window


def _lines(bills: Any, *costs: float) -> list[dict[str, Any]]:
    return [
        bills.line(sku=f"S{number}", unblended_cost=cost, public_on_demand_cost=cost, rate_code=f"S{number}.1")
        for number, cost in enumerate(costs)
    ]


def test_the_top_manifest_names_the_newest_run(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    """Two runs of one period lie there, 3.00 and then 3.50; a glob would count 6.50."""
    first, second = (
        "20260902T010203Z-0a1b2c3d-1111-2222-3333-444455556666",
        "20260903T010203Z-0a1b2c3d-9999-2222-3333-444455556666",
    )
    bills.export(tmp_path, _lines(bills, 1.0, 2.0), run=first)
    bills.export(tmp_path, _lines(bills, 1.0, 2.5), run=second)
    month = month_of(aws_source(tmp_path))
    assert month.charges["BilledCost"].sum() == Decimal("3.5")
    assert periods_in(AwsOptions(path=str(tmp_path)), Surroundings()) == ["2026-09"]


def test_overwritten_exports_may_hold_emptied_chunks(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    """An export that shrank leaves chunks without rows; every listed chunk is read, slice after slice."""
    bills.export(tmp_path, _lines(bills, 1.0, 2.0), [], _lines(bills, *(0.5,) * 10))
    month = month_of(aws_source(tmp_path))
    assert (month.charges.height, month.charges["BilledCost"].sum()) == (12, 8)
    assert month.findings == []


def test_large_files_are_archived_by_reference_and_read_where_they_lie(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], september: Window, tmp_path: Path
) -> None:
    bills.export(tmp_path, _lines(bills, 1.0, 2.0))
    connector = aws_source(tmp_path, keep_copies_up_to_mib=0)
    answers = list(connector.pull(september))
    assert [type(answer.body).__name__ for answer in answers] == ["bytes", "FileReference"]
    assert sum(part.charges["BilledCost"].sum() for part in connector.translate(september, answers).parts) == 3
    bills.export(tmp_path, _lines(bills, 9.0))
    with pytest.raises(AnswerError, match="no longer the file that was pulled"):
        list(connector.translate(september, answers).parts)


def test_csv_chunks_are_the_same_bill(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    lines = [
        bills.line(
            sku="S",
            unblended_cost=0.1,
            public_on_demand_cost=0.1,
            resource_tags={"user_team": "a", "user_who": 'he said "x"'},
        )
    ]
    name = "data/BILLING_PERIOD=2026-09/daily-00001.csv.gz"
    bills.csv(tmp_path / name, lines)
    bills.export(tmp_path, manifest={"dataFiles": [name], "columns": None})
    month = month_of(aws_source(tmp_path))
    row = month.charges.row(0, named=True)
    assert (row["BilledCost"], json.loads(row["Tags"])) == (
        Decimal("0.1"),
        {"user_team": "a", "user_who": 'he said "x"'},
    )
    assert (
        month_of(aws_source(bills.parquet(tmp_path / "same.parquet", lines))).charges.row(0)[:-8]
        == month.charges.row(0)[:-8]
    )


def _csv_export(bills: Any, folder: Path, *chunks: list[dict[str, Any]], **manifest: Any) -> Path:
    """An export of CSV chunks; one without lines has no byte, compressed where its number is even."""
    names: list[str] = []
    for number, lines in enumerate(chunks):
        names.append(f"data/BILLING_PERIOD=2026-09/daily-{number}.csv{'' if number % 2 else '.gz'}")
        if lines:
            bills.csv(folder / names[-1], lines)
        else:
            (folder / names[-1]).write_bytes(b"" if number % 2 else gzip.compress(b""))
    return bills.export(folder, manifest={"dataFiles": names, "columns": None, **manifest})


def test_emptied_chunks_of_csv_may_have_no_byte(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    """As chunks of an export they are rows that are no more; a file by itself was not finished."""
    for kept in (16, 0):
        _csv_export(bills, tmp_path / str(kept), _lines(bills, 1.0), [], [], rowCount=1)
        month = month_of(aws_source(tmp_path / str(kept), keep_copies_up_to_mib=kept))
        assert (month.charges.height, month.missing) == (1, [])
    (tmp_path / "bill.csv").write_bytes(b"")
    with pytest.raises(AnswerError, match=r"bill.csv is empty"):
        month_of(aws_source(tmp_path / "bill.csv"))
    name = "data/BILLING_PERIOD=2026-09/daily-0.csv.gz"
    _csv_export(bills, tmp_path / "cut", _lines(bills, 1.0))
    (tmp_path / "cut" / name).write_bytes(gzip.compress(b"")[:-1])
    with pytest.raises(AnswerError, match="gzip that was cut off"):
        month_of(aws_source(tmp_path / "cut"))


@pytest.mark.parametrize("kept", [16, 0])
def test_files_are_opened_one_at_a_time(
    bills: Any,
    aws_source: Callable[..., Any],
    september: Window,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    kept: int,
) -> None:
    """Four chunks of CSV: while charges of one come, no other is in memory, and those to come were not looked at."""
    opened: list[weakref.ref[Any]] = []

    def open_file(*arguments: Any, **options: Any) -> Any:
        assert [one for one in opened if one() is not None] == []
        file = slices.open_file(*arguments, **options)
        opened.append(weakref.ref(file))
        return file

    monkeypatch.setattr(listed, "open_file", open_file)
    _csv_export(bills, tmp_path, *(_lines(bills, float(number)) for number in range(1, 5)), rowCount=4)
    connector = aws_source(tmp_path, keep_copies_up_to_mib=kept)
    parts = connector.translate(september, list(connector.pull(september))).parts
    told = [(part.charges["BilledCost"].sum(), len(opened)) for part in parts]
    assert told == [(1, 1), (2, 2), (3, 3), (4, 4), (0, 4)]


@pytest.mark.parametrize("kind", ["Usage", "RIFee", "DiscountedUsage", "Tax"])
@pytest.mark.parametrize("cost", [None, float("nan")])
def test_a_line_without_a_cost_is_refused(
    bills: Any, charges_of: Callable[..., Any], kind: str, cost: float | None
) -> None:
    """Unknown is not nothing, and no line vanishes."""
    with pytest.raises(AnswerError, match=r"bill.parquet: 1 of 2 rows have no line_item_unblended_cost"):
        charges_of(bills.line(line_item_type=kind, unblended_cost=cost), *_lines(bills, 2.0))


def test_a_share_of_split_costs_needs_no_cost(bills: Any, charges_of: Callable[..., Any]) -> None:
    share = bills.line(unblended_cost=None, split_line_item_parent_resource_id="i-node")
    assert charges_of(share, *_lines(bills, 2.0)).charges["BilledCost"].to_list() == [2]


def test_one_file_needs_no_manifest(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    """Rows of other months stay for their own."""
    august = [
        {
            **line,
            "bill_billing_period_start_date": datetime(2026, 8, 1, tzinfo=UTC),
            "bill_billing_period_end_date": datetime(2026, 9, 1, tzinfo=UTC),
        }
        for line in _lines(bills, 7.0)
    ]
    path = bills.parquet(tmp_path / "bill.parquet", [*_lines(bills, 1.0), *august])
    assert periods_in(AwsOptions(path=str(path)), Surroundings()) == ["2026-08", "2026-09"]
    assert month_of(aws_source(path)).charges["BilledCost"].sum() == 1
    assert month_of(aws_source(path), Window.of_period("2026-08")).charges["BilledCost"].sum() == 7
    assert month_of(aws_source(path), Window.of_period("2026-07")).missing == ["no charge of 2026-07 in the report"]


def test_a_period_without_a_manifest_or_a_file_is_held(
    bills: Any, aws_source: Callable[..., Any], september: Window, tmp_path: Path
) -> None:
    bills.export(tmp_path, _lines(bills, 1.0), _lines(bills, 2.0))
    with pytest.raises(IncompleteError, match="no manifest for 2026-10"):
        list(aws_source(tmp_path).pull(Window.of_period("2026-10")))
    (tmp_path / "data/BILLING_PERIOD=2026-09/daily-00002.snappy.parquet").unlink()
    with pytest.raises(IncompleteError, match=r"1 of 2 files .* not there: .*daily-00002"):
        list(aws_source(tmp_path).pull(september))
    (tmp_path / "metadata/BILLING_PERIOD=2026-09/daily-Manifest.json").unlink()
    with pytest.raises(IncompleteError, match="no manifest for 2026-09"):
        list(aws_source(tmp_path).pull(september))


def test_only_copies_of_a_run_are_no_manifest(
    bills: Any, aws_source: Callable[..., Any], september: Window, tmp_path: Path
) -> None:
    bills.export(tmp_path, _lines(bills, 1.0), run="20260902T010203Z-0a1b2c3d-1111-2222-3333-444455556666")
    (tmp_path / "metadata/BILLING_PERIOD=2026-09/daily-Manifest.json").unlink()
    with pytest.raises(IncompleteError, match="no manifest for 2026-09"):
        list(aws_source(tmp_path).pull(september))


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ({"rowCount": 5}, "has 2 rows, its manifest says 5"),
        ({"columns": [{"name": "line_item_unblended_cost"}]}, "columns, its manifest says others"),
        ({"billingPeriod": "2026-08-01/2026-09-01"}, "says that it is of 2026-08, but lies with 2026-09"),
        ({"dataFiles": [{"path": "data/BILLING_PERIOD=2026-09/daily-00001.snappy.parquet", "size": 7}]},
            "its manifest says 7"),
        ({"dataFiles": [{"path": "data/BILLING_PERIOD=2026-09/daily-00001.snappy.parquet", "rowCount": 9}]},
            "2 rows, its manifest says 9"),
        ({"dataFiles": [{"path": "data/BILLING_PERIOD=2026-09/daily-00001.snappy.parquet", "sha256": "00"}]},
            "does not have the hash"),
        ({"dataFiles": []}, "lists no files"),
    ],
)  # fmt: skip
def test_a_manifest_that_lies_is_refused(
    bills: Any,
    aws_source: Callable[..., Any],
    month_of: Callable[..., Any],
    tmp_path: Path,
    manifest: dict[str, Any],
    words: str,
) -> None:
    bills.export(tmp_path, _lines(bills, 1.0, 2.0), manifest=manifest)
    with pytest.raises(AnswerError, match=words):
        month_of(aws_source(tmp_path))


def test_rows_of_another_month_than_the_manifests_are_refused(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    stray = bills.line(bill_billing_period_start_date=datetime(2026, 8, 1, tzinfo=UTC))
    bills.export(tmp_path, [*_lines(bills, 1.0), stray])
    with pytest.raises(AnswerError, match="holds rows of 2026-08, its manifest says 2026-09"):
        month_of(aws_source(tmp_path))


def test_two_exports_in_one_folder_are_told_apart_by_a_person(
    bills: Any, aws_source: Callable[..., Any], september: Window, tmp_path: Path
) -> None:
    bills.export(tmp_path / "one", _lines(bills, 1.0))
    bills.export(tmp_path / "two", _lines(bills, 1.0))
    with pytest.raises(ConfigurationError, match="2 manifests speak of 2026-09"):
        list(aws_source(tmp_path).pull(september))


def test_a_truncated_file_is_refused(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    path = bills.parquet(tmp_path / "bill.parquet", _lines(bills, 1.0))
    path.write_bytes(path.read_bytes()[:-100])
    for kept in (16, 0):
        with pytest.raises(AnswerError, match="cut off"):
            month_of(aws_source(path, keep_copies_up_to_mib=kept))


def test_required_columns_are_named_when_missing_and_new_ones_are_told(
    bills: Any, charges_of: Callable[..., Any]
) -> None:
    lines = _lines(bills, 1.0)
    without = [
        {
            name: value
            for name, value in line.items()
            if name not in {"line_item_unblended_cost", "line_item_currency_code"}
        }
        for line in lines
    ]
    with pytest.raises(
        AnswerError, match=r"2 of 12 required columns are missing \(line_item_currency_code, line_item_unblended_cost\)"
    ):
        charges_of(*without)
    new = {"carbon_grams": "1", "line_item_surcharge_cost": 5.0, "reservation_new_thing": "x"}
    more = charges_of({**lines[0], **new, "product_gpu_memory": "80 GB", "cost_category_team": "a"})
    assert more.found("new_columns") == [
        ("bill.parquet: carbon_grams, line_item_surcharge_cost, reservation_new_thing", 3)
    ]
    assert charges_of(*lines).found("new_columns") == []
    fewer = charges_of({name: value for name, value in lines[0].items() if name != "pricing_rate_code"})
    assert fewer.found("missing_columns") == [("bill.parquet: pricing_rate_code", 1)]


def test_retyped_columns_are_read_exactly_or_refused(
    bills: Any, aws_source: Callable[..., Any], month_of: Callable[..., Any], tmp_path: Path
) -> None:
    line = bills.line(
        sku="S",
        unblended_cost="0.1000000000001",
        public_on_demand_cost=1,
        payer_account_id=123456789,
        usage_account_id=1,
    )
    retyped = {
        "line_item_unblended_cost": pa.string(),
        "pricing_public_on_demand_cost": pa.int64(),
        "bill_payer_account_id": pa.int64(),
        "line_item_usage_account_id": pa.int64(),
        "line_item_usage_start_date": pa.timestamp("ns", "UTC"),
    }
    month = month_of(aws_source(bills.parquet(tmp_path / "bill.parquet", [line], **retyped)))
    row = month.charges.row(0, named=True)
    assert (row["BilledCost"], row["ListCost"]) == (Decimal("0.1"), 1)
    assert (row["BillingAccountId"], row["SubAccountId"]) == ("000123456789", "000000000001")
    assert month.found("rounded_amounts") == [
        ("bill.parquet: line_item_unblended_cost has more than 12 places; rounding took 1E-13 in all", 1)
    ]
    wrong = bills.parquet(
        tmp_path / "wrong.parquet", [bills.line(unblended_cost="ten")], line_item_unblended_cost=pa.string()
    )
    with pytest.raises(AnswerError, match="line_item_unblended_cost: 'ten' is no number"):
        month_of(aws_source(wrong))


def test_currencies_are_proven_apart_and_none_may_be_missing(bills: Any, charges_of: Callable[..., Any]) -> None:
    dollars, yuan = _lines(bills, 1.0, 2.0)
    month = charges_of(dollars, {**yuan, "line_item_currency_code": "CNY"})
    assert month.as_read.rows() == [("CNY", 1, 2), ("USD", 1, 1)]
    with pytest.raises(AnswerError, match="1 of 2 rows have no line_item_currency_code"):
        charges_of(dollars, {**yuan, "line_item_currency_code": None})


def test_a_payer_that_is_not_allowed_for_is_refused(bills: Any, charges_of: Callable[..., Any]) -> None:
    with pytest.raises(AnswerError, match=r"bills 111122223333, which is none of this source's `accounts`") as refused:
        charges_of(*_lines(bills, 1.0), accounts=["999900001111"])
    assert "add the payer's account to `accounts`" in refused.value.remedy
    assert charges_of(*_lines(bills, 1.0), accounts=["111122223333"]).missing == []


def test_tags_are_json_whatever_they_hold(bills: Any, charges_of: Callable[..., Any]) -> None:
    """Distinct maps are written once; quotes, backslashes, control characters and empty values survive."""
    maps = [
        {"user_a": "1"},
        {},
        {"user_a": "1"},
        {"user_a": 'q"\\\n', "user_b": ""},
        {"user_b": "1"},
        {"user_a": "1", "user_b": "2"},
    ]
    month = charges_of(*(bills.line(sku=f"S{n}", resource_tags=tags) for n, tags in enumerate(maps)))
    told = [None if text is None else json.loads(text) for text in month.charges.sort("SkuId")["Tags"]]
    assert told == [
        {"user_a": "1"},
        None,
        {"user_a": "1"},
        {"user_a": 'q"\\\n'},
        {"user_b": "1"},
        {"user_a": "1", "user_b": "2"},
    ]


def test_memory_follows_the_slice(bills: Any, tmp_path: Path) -> None:
    """Row groups of three are put together and cut: no slice is larger than it may be, none is lost."""
    from connectors.aws.slices import open_file

    path = bills.parquet(tmp_path / "bill.parquet", [bills.line(sku=f"S{n}") for n in range(20)])
    file = open_file(path.read_bytes(), path.name, lambda _: b"")
    for size in (2, 3, 5, 7, 100):
        frames = [piece.frame for piece in file.slices(size)]
        assert max(frame.height for frame in frames) <= size
        assert pl.concat(frames)["product_sku"].to_list() == [f"S{n}" for n in range(20)]


def test_a_source_needs_a_path_or_an_account() -> None:
    with pytest.raises(ValueError, match="path is needed"):
        AwsOptions()
    with pytest.raises(ValueError, match="account_id is needed"):
        AwsOptions(report="cost-explorer")
    with pytest.raises(ValueError, match="no regular expression"):
        AwsOptions(path="x", capacity_block_usage_types="(")
