"""The lake replaces one (source, billing period) and nothing else, takes no inexact money, and keeps named files."""

import multiprocessing
from decimal import Decimal
from pathlib import Path

import dataframely as dy
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.errors import ContractError
from models.table import Table, instant, money, text
from pipelines.errors import LakeError
from pipelines.lake import Lake


class Amounts(dy.Schema):
    source = text("Source")
    billing_period = text("Month")
    amount = money("Amount")
    at = instant("When", nullable=True)


class AmountsWithNote(Amounts):
    note = text("Gained later", nullable=True)


AMOUNTS = Table("amounts", "usage", "fact", "row", "Amounts", Amounts)
AMOUNTS_WITH_NOTE = Table("amounts", "usage", "fact", "row", "Amounts", AmountsWithNote)


def rows(source: str, period: str, *amounts: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"source": source, "billing_period": period, "amount": [Decimal(a) for a in amounts], "at": None},
        schema=AMOUNTS.polars_schema,
    )


def amounts_of(lake: Lake, source: str, period: str) -> list[Decimal]:
    frame = lake.read(AMOUNTS, lake.files(AMOUNTS, source, period)).collect()
    return sorted(frame["amount"].to_list())


def test_replacing_one_source_leaves_the_others_of_the_same_month_alone(tmp_path):
    lake = Lake(tmp_path)
    lake.replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "1")])
    lake.replace(AMOUNTS, "openai-labs", "2026-01", [rows("openai-labs", "2026-01", "2")])

    files = lake.replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "3", "4")])

    assert files.rows == 2
    assert amounts_of(lake, "openai", "2026-01") == [3, 4]
    assert amounts_of(lake, "openai-labs", "2026-01") == [2]


@pytest.mark.parametrize("frames", [[], [AMOUNTS.empty()]], ids=["no frames", "a frame without rows"])
def test_an_empty_replacement_empties_the_partition_and_names_no_files(tmp_path, frames):
    lake = Lake(tmp_path)
    lake.replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "1")])
    lake.replace(AMOUNTS, "openai", "2026-02", [rows("openai", "2026-02", "2")])

    files = lake.replace(AMOUNTS, "openai", "2026-01", frames)

    assert (files.paths, files.rows) == ((), 0)
    assert lake.read(AMOUNTS, [files]).collect().schema == AMOUNTS.polars_schema
    assert amounts_of(lake, "openai", "2026-02") == [2]


def test_the_first_load_of_a_table_may_be_empty(tmp_path):
    assert Lake(tmp_path).replace(AMOUNTS, "openai", "2026-01", []).paths == ()


def test_twelve_places_and_utc_microseconds_come_back_exactly(tmp_path):
    lake = Lake(tmp_path)
    frame = rows("openai", "2026-01", "99999999999999999999999999.123456789012", "-0.000000000001").with_columns(
        at=pl.lit("2026-01-31T23:59:59.999999Z").str.to_datetime(time_unit="us", time_zone="UTC")
    )

    files = lake.replace(AMOUNTS, "openai", "2026-01", [frame])

    assert lake.read(AMOUNTS, [files]).collect().equals(frame)
    assert files.paths[0].endswith(".zstd.parquet")
    assert files.paths[0].startswith("usage/amounts/lake_source=openai/lake_period=2026-01/")
    assert files.size_bytes == (tmp_path / files.paths[0]).stat().st_size


def test_chunks_become_one_commit(tmp_path):
    lake = Lake(tmp_path)
    files = lake.replace(AMOUNTS, "openai", "2026-01", (rows("openai", "2026-01", str(n)) for n in range(40)))

    assert files.rows == 40
    assert amounts_of(lake, "openai", "2026-01") == list(range(40))
    assert len(list((tmp_path / "usage/amounts/_delta_log").glob("*.json"))) == 2  # made, then written once


@pytest.mark.parametrize(
    ("spoiled", "says"),
    [
        (pl.col("amount").cast(pl.Float64), "amount is Float64, not Decimal"),
        (pl.col("amount").cast(pl.Decimal(38, 9)), r"amount is Decimal\(precision=38, scale=9\)"),
        (pl.col("at").cast(pl.Datetime("us")), "at is Datetime"),
        (pl.lit("anthropic").alias("source"), "rows whose source is not openai"),
        (pl.lit("2026-02").alias("billing_period"), "rows whose billing_period is not 2026-01"),
        (pl.lit(None, pl.String).alias("source"), "source"),
    ],
    ids=["float money", "fewer places", "naive instant", "another source", "another period", "null source"],
)
def test_what_breaks_the_contract_in_any_chunk_is_refused_and_nothing_is_written(tmp_path, spoiled, says):
    lake = Lake(tmp_path)
    before = lake.replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "1")])

    good = rows("openai", "2026-01", "5")
    with pytest.raises(ContractError, match=says) as raised:
        lake.replace(AMOUNTS, "openai", "2026-01", [good, good.with_columns(spoiled)])

    assert raised.value.source == "openai"
    assert lake.files(AMOUNTS) == list(before.paths)


def test_an_error_of_the_chunks_themselves_comes_through_as_it_was(tmp_path):
    class VendorError(Exception):
        pass

    def chunks():
        yield rows("openai", "2026-01", "1")
        raise VendorError("half a page")

    lake = Lake(tmp_path)
    with pytest.raises(VendorError, match="half a page"):
        lake.replace(AMOUNTS, "openai", "2026-01", chunks())
    assert lake.files(AMOUNTS) == []


@pytest.mark.parametrize(
    ("source", "period"),
    [("x' OR '1'='1", "2026-01"), ("Ünïcode", "2026-01"), ("", "2026-01"), ("-x", "2026-01"), ("x/../y", "2026-01"),
     ("openai", "2026-13"), ("openai", "2026-1"), ("openai", "2026-01' OR true --"), ("openai\n", "2026-01")],
)  # fmt: skip
def test_names_that_would_not_make_a_safe_predicate_are_refused(tmp_path, source, period):
    with pytest.raises(LakeError):
        Lake(tmp_path).replace(AMOUNTS, source, period, [])


def test_a_contract_may_gain_and_lose_a_column(tmp_path):
    lake = Lake(tmp_path)
    old = lake.replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "1")])
    with_note = rows("openai", "2026-02", "2").with_columns(note=pl.lit("new"))
    new = lake.replace(AMOUNTS_WITH_NOTE, "openai", "2026-02", [with_note])

    both = lake.read(AMOUNTS_WITH_NOTE, [old, new]).collect()
    assert both.select("amount", "note").rows() == [(Decimal(1), None), (Decimal(2), "new")]

    without = lake.replace(AMOUNTS, "openai", "2026-03", [rows("openai", "2026-03", "3")])
    assert lake.read(AMOUNTS, [old, new, without]).collect()["amount"].to_list() == [1, 2, 3]


def test_vacuum_removes_what_nobody_names_and_keeps_what_a_load_names(tmp_path):
    lake = Lake(tmp_path)
    first = lake.replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "1")])
    named = lake.replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "2")])
    newest = lake.replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "3")])
    orphan = tmp_path / "usage/amounts/lake_source=openai/lake_period=2026-01/part-of-a-killed-run.parquet"
    orphan.write_bytes(b"half a file")

    assert lake.vacuum(AMOUNTS, named.paths) == []  # young files may belong to a run that is just writing
    removed = lake.vacuum(AMOUNTS, named.paths, older_than_hours=0)

    assert set(removed) == {*first.paths, str(orphan.relative_to(tmp_path))}
    assert lake.read(AMOUNTS, [named]).collect()["amount"].to_list() == [2]
    assert lake.read(AMOUNTS, [newest]).collect()["amount"].to_list() == [3]
    assert not orphan.exists()


def test_a_lake_in_an_unwritable_place_says_what_to_do(tmp_path):
    (tmp_path / "usage").write_text("a file where a folder should be")
    with pytest.raises(LakeError, match=r"usage\.amounts could not be written") as raised:
        Lake(tmp_path).replace(AMOUNTS, "openai", "2026-01", [rows("openai", "2026-01", "1")])
    assert raised.value.window == "2026-01"


def test_a_folder_that_delta_cannot_take_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(LakeError, match="without brackets"):
        Lake(tmp_path / "home [old]")


STEP = st.tuples(
    st.sampled_from(["openai", "open", "open-ai", "anthropic"]),
    st.sampled_from(["2026-01", "2026-02"]),
    st.lists(st.lists(st.integers(-(10**12), 10**12), max_size=3), max_size=3),
)


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEP, min_size=1, max_size=5))
def test_any_sequence_of_replacements_is_the_last_one_of_each_partition(steps, tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    expected: dict[tuple[str, str], list[int]] = {}
    for source, period, chunks in steps:
        lake.replace(AMOUNTS, source, period, [rows(source, period, *map(str, chunk)) for chunk in chunks])
        expected[source, period] = sorted(amount for chunk in chunks for amount in chunk)
        assert {key: amounts_of(lake, *key) for key in expected} == expected


def write_many(root: Path, source: str, start, failures) -> None:
    lake = Lake(root)
    start.wait()
    try:
        for n in range(6):
            lake.replace(AMOUNTS, source, "2026-01", iter([rows(source, "2026-01", str(n))]))
    except Exception as error:
        failures.put(f"{source}: {error!r}")


@pytest.mark.slow
def test_two_processes_commit_different_partitions_of_a_new_table_at_once(tmp_path):
    context = multiprocessing.get_context("spawn")
    start, failures = context.Event(), context.Queue()
    writers = [
        context.Process(target=write_many, args=(tmp_path, source, start, failures))
        for source in ("openai", "anthropic")
    ]
    for writer in writers:
        writer.start()
    start.set()
    for writer in writers:
        writer.join(120)

    assert [failures.get() for _ in range(failures.qsize())] == []
    assert [writer.exitcode for writer in writers] == [0, 0]
    lake = Lake(tmp_path)
    assert amounts_of(lake, "openai", "2026-01") == [5]
    assert amounts_of(lake, "anthropic", "2026-01") == [5]
