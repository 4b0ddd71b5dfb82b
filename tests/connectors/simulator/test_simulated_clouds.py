"""The clouds' files against their truth: the files are read with Polars alone, the truth never saw them."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from connectors.simulator.clouds.azure_bill import azure_lines
from connectors.simulator.clouds.clouds import Clouds, cloud_sources
from connectors.simulator.clouds.truth import cloud_document, cloud_restated
from connectors.simulator.clouds.world import CloudWorld
from connectors.simulator.events import Calendar

CALENDAR = Calendar.of(2, datetime(2026, 11, 20, 14, 30, tzinfo=UTC))
OCTOBER, NOVEMBER = "2026-10", "2026-11"
STATES = ("first", "second")


@pytest.fixture(scope="module")
def clouds() -> Clouds:
    return Clouds(11, CALENDAR)


@pytest.fixture(scope="module")
def files(clouds: Clouds) -> Mapping[str, dict[str, bytes]]:
    """By state: every file by its path."""
    return {state: dict(clouds.files(state)) for state in STATES}


@pytest.fixture(scope="module")
def truth(clouds: Clouds) -> Mapping[str, dict[str, list[dict]]]:
    return {state: cloud_document(clouds.charges(state)) for state in STATES}


def exact(series: pl.Series) -> Decimal:
    """The sum of amounts as they were written: a double by its shortest text."""
    return sum((Decimal(str(value)) for value in series.drop_nulls()), Decimal(0))


def told(truth: dict[str, list[dict]], source: str, period: str, cost: str, category: str | None = None) -> Decimal:
    return sum(
        (
            Decimal(row[cost])
            for row in truth["cloud_costs"]
            if (row["source"], row["billing_period"]) == (source, period) and category in {None, row["charge_category"]}
        ),
        Decimal(0),
    )


def parquet(files: dict[str, bytes], inside: str) -> pl.DataFrame:
    return pl.concat(
        [
            pl.read_parquet(io.BytesIO(body))
            for name, body in files.items()
            if inside in name and name.endswith("parquet")
        ]
    )


def azure_runs(files: dict[str, bytes], report: str, days: str) -> list[pl.DataFrame]:
    """The runs of a month, oldest first, all columns text."""
    names = sorted(name for name in files if f"azure/{report}/" in name and days in name and name.endswith(".csv.gz"))
    return [pl.read_csv(io.BytesIO(files[name]), infer_schema=False) for name in names]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("period", [OCTOBER, NOVEMBER])
def test_aws_bills_what_is_true(files, truth, state, period):
    rows = parquet(files[state], f"BILLING_PERIOD={period}")
    assert exact(rows["line_item_unblended_cost"]) == told(truth[state], "aws", period, "billed_cost")


@pytest.mark.parametrize("period", [OCTOBER, NOVEMBER])
def test_aws_effective_cost_follows_from_its_columns(files, truth, period):
    """Covered hours at their rate, what was not used of each fee, the block's fee as it is, all else as billed."""
    rows = parquet(files["first"], f"BILLING_PERIOD={period}")
    kind = pl.col("line_item_line_item_type")
    fees = pl.col("reservation_reservation_a_r_n").is_not_null() | kind.str.starts_with("SavingsPlan")
    others = rows.filter(~fees)["line_item_unblended_cost"]
    plan = rows.filter(kind == "SavingsPlanRecurringFee")
    reserved = rows.filter(kind == "RIFee")
    effective = (
        exact(others)
        + exact(rows["reservation_effective_cost"])
        + exact(rows.filter(kind == "SavingsPlanCoveredUsage")["savings_plan_savings_plan_effective_cost"])
        + exact(plan["savings_plan_total_commitment_to_date"])
        - exact(plan["savings_plan_used_commitment"])
        + exact(reserved["reservation_unused_amortized_upfront_fee_for_billing_period"])
        + exact(reserved["reservation_unused_recurring_fee"])
    )
    assert effective == told(truth["first"], "aws", period, "effective_cost")


@pytest.mark.parametrize("state", STATES)
def test_aws_delivers_its_manifest_over_what_is_there(files, state):
    for period in (OCTOBER, NOVEMBER):
        manifest = json.loads(
            files[state][f"aws/meridian-cur2/metadata/BILLING_PERIOD={period}/meridian-cur2-Manifest.json"]
        )
        listed = {name.rpartition("/exports/")[2] for name in manifest["dataFiles"]}
        assert listed == {
            name.removeprefix("aws/") for name in files[state] if f"/data/BILLING_PERIOD={period}" in name
        }
        rows = parquet(files[state], f"data/BILLING_PERIOD={period}")
        assert [column["name"] for column in manifest["columns"]] == rows.columns


def test_an_export_that_shrank_leaves_a_chunk_without_rows_and_every_day(files):
    first, second = (parquet(files[state], f"BILLING_PERIOD={OCTOBER}") for state in STATES)
    assert second.height < first.height
    last = files["second"][f"aws/meridian-cur2/data/BILLING_PERIOD={OCTOBER}/meridian-cur2-00002.snappy.parquet"]
    assert pl.read_parquet(io.BytesIO(last)).height == 0
    assert set(second["line_item_usage_start_date"].dt.date()) == set(first["line_item_usage_start_date"].dt.date())


def test_only_closed_months_name_their_invoice(files):
    assert parquet(files["first"], f"BILLING_PERIOD={OCTOBER}")["bill_invoice_id"].null_count() == 0
    november = parquet(files["first"], f"BILLING_PERIOD={NOVEMBER}")["bill_invoice_id"]
    assert november.null_count() == len(november)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("period", [OCTOBER, NOVEMBER])
def test_google_invoices_costs_and_credits(files, truth, state, period):
    rows = parquet(files[state], f"invoice_month={period}")
    credits = rows["credits"].list.explode(empty_as_null=False, keep_nulls=False).struct.field("amount")
    assert exact(rows["cost"]) + exact(credits) == told(truth[state], "gcp", period, "billed_cost")
    assert set(rows["invoice"].struct.field("month")) == {period.replace("-", "")}


def test_google_tells_use_of_the_last_day_on_the_next_invoice(files):
    rows = parquet(files["first"], f"invoice_month={NOVEMBER}")
    late = rows.filter(pl.col("usage_start_time") < datetime(2026, 11, 1, tzinfo=UTC))
    assert set(late["usage_start_time"]) == {datetime(2026, 10, 31, 7, tzinfo=UTC)}  # midnight in Los Angeles
    assert late.height == 2


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize(("days", "period"), [("20261001-20261031", OCTOBER), ("20261101-20261130", NOVEMBER)])
def test_azure_bills_in_one_report_and_costs_in_the_other(files, truth, state, days, period):
    """Rounded to 12 places row by row: Azure writes more."""
    for report, cost in (("actual", "billed_cost"), ("amortized", "effective_cost")):
        newest = azure_runs(files[state], report, days)[-1]
        summed = sum((round(Decimal(text), 12) for text in newest["Cost"]), Decimal(0))
        assert summed == told(truth[state], "azure", period, cost)


def test_what_azure_lists_for_is_its_quantity_at_the_public_price_rounded_once():
    """Costs of storage have more places than the twelve of the truth."""
    lines = azure_lines(CloudWorld(11, CALENDAR, "first"), OCTOBER)
    stored = [line for line in lines if line.actual and line.actual["MeterCategory"] == "Storage"]
    assert len(stored) == 3 * 31
    assert max(-Decimal(line.actual["Cost"]).as_tuple().exponent for line in stored) > 12
    for line in stored:
        (means,) = line.means
        public = Decimal(line.actual["Quantity"]) * Decimal(line.actual["PayGPrice"])
        assert means.listed == means.contracted == means.billed == round(public, 12)


def test_a_purchase_of_azure_reservations_names_their_order_only(files):
    actual = azure_runs(files["first"], "actual", "20261001-20261031")[-1]
    bought = actual.filter((pl.col("ChargeType") == "Purchase") & (pl.col("PricingModel") == "Reservation"))
    assert bought.height == 2
    for row in bought.iter_rows(named=True):
        order = row["ProductOrderId"]
        assert row["benefitId"] == f"/providers/Microsoft.Capacity/reservationOrders/{order}/reservations/"
        assert row["ReservationId"] == order
    covered = azure_runs(files["first"], "amortized", "20261001-20261031")[-1]
    assert not set(covered["ReservationId"].drop_nulls()) & set(bought["ProductOrderId"])


def test_azure_keeps_older_runs_and_runs_again_before_the_second_pull(files):
    first, second = (azure_runs(files[state], "actual", "20261101-20261130") for state in STATES)
    assert [len(first), len(second)] == [2, 3]
    assert first[0].height < first[1].height == second[2].height
    assert second[1].equals(first[1])
    changed = first[1].filter(first[1].hash_rows() != second[2].hash_rows())
    assert changed["MeterName"].to_list() == ["GPT 5 outpt Glbl 1M Tokens"]


@pytest.mark.parametrize("state", STATES)
def test_azure_manifests_count_what_is_there(files, state):
    manifests = {name: json.loads(body) for name, body in files[state].items() if name.endswith("/manifest.json")}
    for name, manifest in manifests.items():
        folder = name.rpartition("/")[0]
        (blob,) = manifest["blobs"]
        body = files[state][f"azure/{blob['blobName']}"]
        assert blob["blobName"].startswith(folder.removeprefix("azure/"))
        assert blob["byteCount"] == len(body)
        assert blob["dataRowCount"] == pl.read_csv(io.BytesIO(body), infer_schema=False).height
    data = {name for name in files[state] if name.startswith("azure/") and name.endswith(".csv.gz")}
    assert len(manifests) == len(data)


def test_commitments_are_paid_used_and_left_to_the_cent(truth):
    by_id = {row["commitment_id"].rpartition("/")[2]: row for row in truth["first"]["commitments"]}
    # four p5.48xlarge for 96 hours at 30.00, of which the last one runs six tenths
    block = by_id["cr-0b1c20261010"]
    assert (block["paid"], block["used"], block["unused"]) == ("11520.00", "10368.00", "1152.00")
    # eight g6.xlarge reserved from the sixth day on at 0.16 up front and 0.17 an hour, four of them run: 44 days so far
    reserved = by_id["b7d2e9c4-0f61"]
    half = Decimal("0.33") * 4 * 24 * 44
    assert Decimal(reserved["used"]) == Decimal(reserved["unused"]) == half
    paid = Decimal("0.16") * 8 * 8760 + Decimal("0.17") * 8 * 24 * (26 + 30)
    assert Decimal(reserved["paid"]) == paid
    assert Decimal(reserved["prepaid_balance"]) == paid - 2 * half
    # six L4 at 0.35 an hour: 49 days, of which 14 on a weekend with two idle
    google = by_id["L4 GPU (GPU-Hours)"]
    assert Decimal(google["paid"]) == Decimal("0.35") * 6 * 24 * 49
    assert Decimal(google["unused"]) == Decimal("0.35") * 2 * 24 * 14


def test_accelerators_are_counted_not_machines(truth):
    hours = {
        (row["source"], row["accelerator_type"], row["pricing_kind"], row["use"]): Decimal(row["accelerator_hours"])
        for row in truth["first"]["accelerators"]
        if row["billing_period"] == OCTOBER
    }
    assert hours["aws", "H100", "capacity_block", "used"] == Decimal("345.6") * 8
    assert hours["aws", "H100", "capacity_block", "unused"] == Decimal("38.4") * 8
    assert hours["azure", "A100-80GB", "reserved", "used"] == 4 * 24 * 31
    assert hours["azure", "A100-80GB", "reserved", "unused"] == 4 * 24 * 31
    assert hours["gcp", "L4", "committed", "used"] + hours["gcp", "L4", "committed", "unused"] == 6 * 24 * 31
    kinds = {kind for _, _, kind, _ in hours}
    assert kinds == {"on_demand", "spot", "reserved", "committed", "capacity_block"}


def test_what_nobody_understands_is_told_with_its_money(truth):
    told_of = {(row["kind"], row["what"]) for row in truth["first"]["not_understood"]}
    assert told_of == {("instance_type", "p7.48xlarge"), ("usage_type", "USE1-NovaReel9-lip-sync-frames")}
    assert all(Decimal(row["billed_cost"]) > 0 for row in truth["first"]["not_understood"])


def test_what_is_restated_is_the_difference_of_the_two_truths(clouds, truth):
    changed = cloud_restated(clouds.charges("first"), clouds.charges("second"))
    assert {row["source"] for row in changed} == {"aws", "gcp", "azure"}
    for source in ("aws", "gcp", "azure"):
        for period in (OCTOBER, NOVEMBER):
            moved = sum(
                Decimal(row["billed_after"] or 0) - Decimal(row["billed_before"] or 0)
                for row in changed
                if (row["source"], row["billing_period"]) == (source, period)
            )
            first, second = (told(truth[state], source, period, "billed_cost") for state in STATES)
            assert moved == second - first


def test_every_kind_of_line_occurs(files):
    rows = parquet(files["first"], "data/BILLING_PERIOD=")
    assert set(rows["line_item_line_item_type"]) == {
        "Usage", "DiscountedUsage", "RIFee", "Fee", "SavingsPlanCoveredUsage", "SavingsPlanNegation",
        "SavingsPlanRecurringFee", "SavingsPlanUpfrontFee", "Credit", "Refund", "EdpDiscount", "Tax",
    }  # fmt: skip
    google = parquet(files["first"], "invoice_month=")
    assert set(google["cost_type"]) == {"regular", "adjustment", "tax", "rounding_error"}
    azure = pl.concat([azure_runs(files["first"], report, "2026")[-1] for report in ("actual", "amortized")])
    runs = [run for report in ("actual", "amortized") for run in azure_runs(files["first"], report, "2026")]
    assert {kind for run in runs for kind in run["ChargeType"]} == {
        "Usage", "Purchase", "Refund", "RoundingAdjustment", "UnusedReservation", "UnusedSavingsPlan",
    }  # fmt: skip
    assert set(azure["PricingModel"]) >= {"OnDemand", "Reservation", "SavingsPlan", "Spot"}


def test_the_same_seed_gives_the_same_bytes():
    few_days = Calendar.of(1, datetime(2026, 11, 9, tzinfo=UTC))
    one, same, other = (dict(Clouds(seed, few_days).files("second")) for seed in (11, 11, 12))
    assert one == same
    assert other.keys() == one.keys()
    assert {name for name in one if name.endswith(("parquet", "gz")) and one[name] == other[name]} == {
        f"aws/meridian-cur2/data/BILLING_PERIOD={NOVEMBER}/meridian-cur2-00002.snappy.parquet"  # it has no row
    }


def test_files_are_replaced_and_what_stays_the_same_is_left_alone(clouds, files, tmp_path: Path):
    clouds.write(tmp_path, "first")
    kept = tmp_path / f"gcp/invoice_month={OCTOBER}"
    before = {path: path.stat().st_mtime_ns for path in kept.iterdir()}
    clouds.write(tmp_path, "second")
    assert {path: path.stat().st_mtime_ns for path in kept.iterdir()} == before
    there = {path.relative_to(tmp_path).as_posix(): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert there == files["second"]
    clouds.write(tmp_path, "first")
    assert {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()} == set(
        files["first"]
    )


def test_a_window_of_a_few_days_is_a_bill_too():
    short = Clouds(3, Calendar.of(1, datetime(2026, 11, 4, tzinfo=UTC)))
    document = cloud_document(short.charges("second"))
    assert {row["source"] for row in document["cloud_costs"]} == {"aws", "gcp", "azure"}
    assert all(body for _, body in short.files("second"))


def test_sources_point_at_the_folders(tmp_path: Path):
    sources = {source["name"]: source for source in cloud_sources(tmp_path, OCTOBER)}
    assert sources["aws"]["options"] == {"report": "cur2", "path": (tmp_path / "aws/meridian-cur2").as_uri()}
    assert sources["azure"]["options"]["amortized_path"] == (tmp_path / "azure/amortized").as_uri()
