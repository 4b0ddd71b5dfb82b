"""What is dropped is loaded: the sensor asks for the periods of a changed export, once, and never breaks."""

import os
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import definitions
from pipelines.home import Home

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,"
    "ChargeCategory,InvoiceIssuerName,BilledCost,ListCost,ContractedCost,EffectiveCost\n"
)


def row(start: str, end: str) -> str:
    return f"acct,USD,{start}T00:00:00Z,{end}T00:00:00Z,{start}T00:00:00Z,{end}T00:00:00Z,Usage,AWS,1,1,1,1\n"


SEPTEMBER = row("2026-09-01", "2026-10-01")
OCTOBER = row("2026-10-01", "2026-11-01")


@pytest.fixture
def dropped(tmp_path: Path) -> Path:
    folder = tmp_path / "dropped"
    folder.mkdir()
    return folder


@pytest.fixture
def defs(tmp_path: Path, dropped: Path) -> dg.Definitions:
    home = tmp_path / "home"
    home.mkdir()
    (home / "outlay.yaml").write_text(
        "organization: Files\n"
        "sources:\n"
        "  - name: cloud-bill\n"
        "    connector: focus-files\n"
        "    start: 2026-09\n"
        f"    options: {{path: '{dropped}'}}\n",
        encoding="utf-8",
    )
    return definitions(Home.at(home))


def look(defs: dg.Definitions, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
    sensor = defs.resolve_sensor_def("cloud_bill_files")
    result = sensor(dg.build_sensor_context(cursor=cursor, definitions=defs))
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def asked(result: dg.SensorResult | dg.SkipReason) -> list[str | None]:
    assert isinstance(result, dg.SensorResult), result
    return [request.partition_key for request in result.run_requests or ()]


def test_nothing_there_yet_is_told_with_its_remedy_and_looked_at_again(defs: dg.Definitions):
    result = look(defs)
    assert isinstance(result, dg.SkipReason)
    assert "cloud-bill" in (result.skip_message or "")
    assert "wait for the vendor's export" in (result.skip_message or "")


def test_a_damaged_file_is_told_and_the_next_delivery_is_loaded(defs: dg.Definitions, dropped: Path):
    (dropped / "october.parquet").write_bytes(b"PAR1 cut off")
    assert isinstance(look(defs), dg.SkipReason)
    (dropped / "october.parquet").unlink()
    (dropped / "october.csv").write_text(HEAD + OCTOBER)
    assert asked(look(defs)) == ["2026-10"]


def test_a_change_asks_for_every_period_that_the_export_holds(defs: dg.Definitions, dropped: Path):
    (dropped / "bill.csv").write_text(HEAD + SEPTEMBER)
    first = look(defs)
    assert asked(first) == ["2026-09"]
    assert isinstance(first, dg.SensorResult)
    unchanged = look(defs, first.cursor)
    assert isinstance(unchanged, dg.SkipReason)
    (dropped / "more.csv").write_text(HEAD + OCTOBER)
    second = look(defs, first.cursor)
    assert asked(second) == ["2026-09", "2026-10"]
    assert isinstance(second, dg.SensorResult)
    keys = [request.run_key for result in (first, second) for request in result.run_requests or ()]
    assert len(set(keys)) == 3


def test_the_same_size_written_again_is_a_change(defs: dg.Definitions, dropped: Path):
    bill = dropped / "bill.csv"
    bill.write_text(HEAD + OCTOBER)
    first = look(defs)
    assert isinstance(first, dg.SensorResult)
    written = bill.stat().st_mtime_ns
    bill.write_text(HEAD + OCTOBER.replace(",1,1,1,1", ",2,2,2,2"))
    os.utime(bill, ns=(written, written + 1))
    assert asked(look(defs, first.cursor)) == ["2026-10"]


def test_folders_that_name_their_period_are_not_read(defs: dg.Definitions, dropped: Path):
    for period in ("2026-08", "2026-09"):
        folder = dropped / f"BILLING_PERIOD={period}"
        folder.mkdir()
        (folder / "large.csv").write_bytes(b"never opened")
    result = look(defs)
    assert asked(result) == ["2026-09"], "August lies before the source's start"


def test_it_runs_by_default_beside_the_daily_schedule(defs: dg.Definitions):
    repository = defs.get_repository_def()
    assert {sensor.name: sensor.default_status for sensor in repository.sensor_defs} == {
        "cloud_bill_files": dg.DefaultSensorStatus.RUNNING,
        "alerts_due": dg.DefaultSensorStatus.RUNNING,
        "follow": dg.DefaultSensorStatus.RUNNING,
    }
    assert [schedule.default_status for schedule in repository.schedule_defs] == [dg.DefaultScheduleStatus.RUNNING]
