"""Exports as Cost Management lays them out: which run counts, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connectors.azure import AzureOptions, periods_in
from connectors.errors import AnswerError, ConfigurationError, IncompleteError
from connectors.protocol import FileReference, Surroundings, Window
from tests.connectors.azure.azure_month import (
    SEPTEMBER,
    actual_rows,
    amortized_rows,
    as_csv,
    connector,
    native_row,
    write_run,
)

if TYPE_CHECKING:
    from tests.connectors.azure.azure_month import Loaded

Load = Callable[..., "Loaded"]
WHOLE = Decimal("1147.4942075")


def _one(cost: str) -> list[dict[str, str]]:
    return [native_row(Cost=cost, UnitPrice=cost, MeterCategory="Storage", MeterId="m", MeterName="Disk")]


@pytest.mark.parametrize("form", ["csv", "csv.gz", "parquet"])
def test_a_run_is_read_in_every_form(tmp_path: Path, load: Load, form: str) -> None:
    write_run(tmp_path, actual_rows(), form=form, parts=3)
    loaded = load(report="actual", path=str(tmp_path))
    assert loaded.charges["BilledCost"].sum() == WHOLE
    assert loaded.missing == []


def test_runs_of_one_month_count_once_and_the_newest(tmp_path: Path, load: Load) -> None:
    """Folder times say otherwise on purpose: what counts is when the manifest says that it was submitted."""
    write_run(tmp_path, _one("1"), run="a", at="202609300400", submitted="2026-09-10T04:00:00Z")
    write_run(tmp_path, _one("3"), run="c", at="202609010400", submitted="2026-10-02T04:00:00.5Z")
    write_run(tmp_path, _one("2"), run="b", at="202609200400", submitted="2026-10-02T04:00:00.25Z")
    assert load(report="actual", path=str(tmp_path)).charges["BilledCost"].to_list() == [Decimal(3)]


def test_without_a_time_in_the_manifest_the_run_folders_time_tells(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path, _one("2"), run="b", at="202610020400", submitted=None)
    write_run(tmp_path, _one("1"), run="z", at="202610010400", submitted=None)
    assert load(report="actual", path=str(tmp_path)).charges["BilledCost"].to_list() == [Decimal(2)]


def test_runs_that_nothing_orders_are_refused(tmp_path: Path, load: Load) -> None:
    for number in ("1", "2"):
        write_run(tmp_path, _one(number), run=number, at="latest" + number, submitted=None)
    with pytest.raises(ConfigurationError, match="which of 2 runs is the newest"):
        load(report="actual", path=str(tmp_path))


def test_each_month_has_its_own_runs(tmp_path: Path) -> None:
    write_run(tmp_path, _one("1"))
    write_run(tmp_path, _one("1"), month="2026-10", run="october")
    options = AzureOptions(report="actual", path=str(tmp_path))
    assert periods_in(options, Surroundings()) == ["2026-09", "2026-10"]


def test_periods_of_two_reports_are_those_of_both(tmp_path: Path, both_reports: dict[str, str]) -> None:
    write_run(tmp_path / "actual", _one("1"), month="2026-10", run="october")
    assert periods_in(AzureOptions(**both_reports), Surroundings()) == ["2026-09"]  # type: ignore[arg-type]


def test_periods_of_a_single_file_are_read_from_it(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(as_csv(actual_rows()))
    assert periods_in(AzureOptions(report="actual", path=str(path)), Surroundings()) == ["2026-09"]


def test_a_listed_blob_that_is_absent_holds_the_month(tmp_path: Path, load: Load) -> None:
    """An older run has a file of the same name: it is not taken instead."""
    write_run(tmp_path, _one("1"), run="old", submitted="2026-09-10T04:00:00Z")
    newest = write_run(tmp_path, _one("2"), run="new")
    newest.blobs[0].unlink()
    with pytest.raises(IncompleteError, match="1 of 1 files"):
        load(report="actual", path=str(tmp_path))


def test_a_folder_without_a_manifest_is_not_proven(tmp_path: Path, load: Load) -> None:
    run = write_run(tmp_path, actual_rows(), parts=2)
    run.manifest.unlink()
    with pytest.raises(IncompleteError, match="no manifest"):
        load(report="actual", path=str(tmp_path))


def test_no_run_of_the_month_holds_it(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path, _one("1"))
    with pytest.raises(IncompleteError, match=r"no run .* is of 2026-08"):
        load(report="actual", path=str(tmp_path), window=Window.of_period("2026-08"))


def test_a_run_of_the_last_seven_days_does_not_hold_the_month(tmp_path: Path, load: Load) -> None:
    write_run(
        tmp_path,
        _one("1"),
        changes={"runInfo": {"runId": "w", "startDate": "2026-09-23T00:00:00", "endDate": "2026-09-30"}},
    )
    with pytest.raises(IncompleteError, match="no run"):
        load(report="actual", path=str(tmp_path))


def _days(first: str, last: str, **more: str) -> dict[str, Any]:
    return {"changes": {"runInfo": {"runId": last, "startDate": first, "endDate": last, **more}}}


def test_a_later_run_of_the_first_days_does_not_replace_the_month(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path, actual_rows(), submitted="2026-10-01T04:00:00Z")
    later = _days("2026-09-01", "2026-09-10", submittedTime="2026-10-05T04:00:00Z")
    write_run(tmp_path, _one("1"), export="by-hand", run="later", **later)
    assert load(report="actual", path=str(tmp_path)).charges["BilledCost"].sum() == WHOLE


@pytest.mark.parametrize("days", [("2026-09-01", "2026-09-10"), ("2026-08-01", "2026-09-15")])
def test_a_run_of_the_first_days_does_not_hold_a_month_that_is_over(
    tmp_path: Path, load: Load, days: tuple[str, str]
) -> None:
    write_run(tmp_path, _one("1"), **_days(*days))
    with pytest.raises(IncompleteError, match=f"no run is of all of 2026-09: .* ends with {days[1]}"):
        load(report="actual", path=str(tmp_path))


def test_of_an_open_month_the_run_that_reaches_furthest_counts(tmp_path: Path, load: Load) -> None:
    """October on the 6th. The run by hand says that it ends with the month, but was submitted on the 3rd."""
    october = Window.of_period("2026-10")
    for cost, last, submitted in (
        ("1", "2026-10-31", "2026-10-03"), ("2", "2026-10-05", "2026-10-05"), ("4", "2026-10-02", "2026-10-06"),
    ):  # fmt: skip
        days = _days("2026-10-01", last, submittedTime=f"{submitted}T04:00:00Z")
        rows = [{**row, "BillingPeriodStartDate": "10/01/2026", "Date": "10/02/2026"} for row in _one(cost)]
        write_run(tmp_path, rows, run=f"run-{cost}", month="2026-10", **days)
    assert load(report="actual", path=str(tmp_path), window=october).charges["BilledCost"].sum() == 2


def test_a_run_that_does_not_say_its_end_is_of_its_month(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path, _one("1"), changes={"runInfo": {"runId": "r", "startDate": "2026-09-01"}})
    assert load(report="actual", path=str(tmp_path)).charges["BilledCost"].sum() == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dataRowCount": 999}, "has 21 rows, its manifest says 999"),
        ({"blobCount": 2}, "blobCount is 2"),
        ({"exportConfig": {"exportName": "x", "type": "AmortizedCost"}}, "is of AmortizedCost, not of ActualCost"),
        ({"exportConfig": {"exportName": "x"}}, "is of no type"),
        ({"runInfo": {}}, "does not tell its export and the month"),
        ({"blobs": None}, "its blobs are not as many"),
    ],
)
def test_a_manifest_that_lies_is_an_error(tmp_path: Path, load: Load, changes: dict[str, Any], words: str) -> None:
    write_run(tmp_path, actual_rows(), changes=changes)
    with pytest.raises(AnswerError, match=words):
        load(report="actual", path=str(tmp_path))


def test_a_blob_with_other_rows_than_listed_is_an_error(tmp_path: Path, load: Load) -> None:
    run = write_run(tmp_path, actual_rows(), form="csv.gz")
    manifest = json.loads(run.manifest.read_text())
    manifest["blobs"][0]["dataRowCount"] = 20
    run.manifest.write_text(json.dumps(manifest))
    with pytest.raises(AnswerError, match=r"part_0_0001.csv.gz has 21 rows, its manifest says 20"):
        load(report="actual", path=str(tmp_path))


def test_a_blob_of_another_size_is_an_error(tmp_path: Path, load: Load) -> None:
    run = write_run(tmp_path, actual_rows())
    run.blobs[0].write_bytes(run.blobs[0].read_bytes() + b"\r\n")
    with pytest.raises(AnswerError, match="bytes, its manifest says"):
        load(report="actual", path=str(tmp_path))


def test_an_account_that_is_not_ours_is_an_error(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path, actual_rows())
    assert load(report="actual", path=str(tmp_path), accounts=["8000001"]).charges.height == 21
    with pytest.raises(AnswerError, match="billing account 8000001, which is none of"):
        load(report="actual", path=str(tmp_path), accounts=["9"])
    path = tmp_path / "alone.csv"
    path.write_bytes(as_csv(actual_rows()))
    with pytest.raises(AnswerError, match=r"alone\.csv bills 8000001"):
        load(report="actual", path=str(path), accounts=["9"])


def test_two_exports_that_may_overlap_are_refused_and_subscriptions_added(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path, _one("1"), export="one", scope="/subscriptions/s-1")
    write_run(tmp_path, _one("2"), export="two", scope="/subscriptions/s-2")
    assert load(report="actual", path=str(tmp_path)).charges["BilledCost"].sum() == 3
    write_run(tmp_path, _one("4"), export="all")
    with pytest.raises(AnswerError, match=r"3 exports .* may hold the same charges"):
        load(report="actual", path=str(tmp_path))


def test_two_reports_of_different_scopes_are_refused(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path / "actual", actual_rows())
    write_run(tmp_path / "amortized", amortized_rows(), kind="AmortizedCost", scope="/subscriptions/s-1")
    options = {"path": str(tmp_path / "actual"), "amortized_path": str(tmp_path / "amortized")}
    with pytest.raises(AnswerError, match="not of the same scope"):
        load(report="actual-and-amortized", **options)


def test_two_exports_of_one_scope_side_by_side_are_told_apart_by_type(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path, actual_rows(), export="actual")
    write_run(tmp_path, amortized_rows(), export="amortized", kind="AmortizedCost")
    both = {"path": str(tmp_path), "amortized_path": str(tmp_path)}
    assert load(report="actual", path=str(tmp_path)).charges["BilledCost"].sum() == WHOLE
    assert load(report="actual-and-amortized", **both).charges["BilledCost"].sum() == WHOLE


def test_large_files_are_archived_by_reference_and_must_stay_the_same(tmp_path: Path) -> None:
    for form in ("parquet", "csv"):
        run = write_run(tmp_path / form, actual_rows(), form=form)
        source = connector(report="actual", path=str(tmp_path / form), keep_copies_up_to_mib=0)
        answers = list(source.pull(SEPTEMBER))
        assert isinstance(answers[1].body, FileReference)
        charged = [part.charges["BilledCost"].sum() for part in source.translate(SEPTEMBER, answers).parts]
        assert sum(Decimal(cost) for cost in charged if cost is not None) == WHOLE
        run.blobs[0].write_bytes(run.blobs[0].read_bytes().replace(b"983.2", b"983.3") + b"")
        if form == "csv":
            with pytest.raises(AnswerError, match="no longer the file that was pulled"):
                list(source.translate(SEPTEMBER, answers).parts)


def test_a_run_from_before_the_month_ended_is_told(tmp_path: Path, load: Load) -> None:
    write_run(tmp_path, actual_rows(), submitted="2026-09-20T04:00:00Z")
    assert (
        load(report="actual", path=str(tmp_path)).findings["run_before_the_window_ends"].endswith("2026-09-20T04:00Z")
    )


def test_errors_say_whose_they_are(tmp_path: Path, load: Load) -> None:
    path = tmp_path / "other.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(AnswerError, match="lacks Date, CostInBillingCurrency, BillingCurrency") as raised:
        load(report="actual", path=str(path))
    assert (raised.value.source, raised.value.stream) == ("azure", "costs/actual")
    with pytest.raises(AnswerError, match="is no date: '31/09/2026'"):
        path.write_bytes(as_csv([native_row(Date="31/09/2026", Cost="1")]))
        load(report="actual", path=str(path))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"report": "actual"}, "needs `path`"),
        ({"report": "actual", "path": "x", "amortized_path": "y"}, "goes with report: actual-and-amortized"),
        ({"report": "actual-and-amortized", "path": "x"}, "goes with report"),
        ({"report": "query"}, "needs `scope`"),
        ({"report": "query", "scope": "/subscriptions/s", "path": "x"}, "reads no files"),
        ({"report": "query", "scope": "/subscriptions/s"}, "does not name its billing account"),
        ({"report": "query", "scope": "/providers/Microsoft.Management/managementGroups/m"}, "does not name its"),
        ({"report": "actual", "path": "x", "billing_account": "1"}, "goes with report: query"),
        ({"report": "query", "scope": "acme"}, "must be /subscriptions"),
        ({"report": "actual", "path": "x", "benefits": True}, "needs `scope`"),
        ({"report": "actual", "path": "az://user:word@host/x"}, "must not hold a user or password"),
        ({"report": "actual", "path": "x", "client_secret": "s"}, "needs `tenant_id`"),
        ({"report": "actual", "path": "x", "tenant_id": "my tenant!"}, "must be an id"),
        ({"report": "actual", "path": "x", "client_id": "c/d"}, "must be an id"),
        ({"report": "actual", "path": "x", "monitor_resources": ["acme"]}, "must be resource ids"),
    ],
)
def test_options_that_cannot_work_are_explained(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AzureOptions(**options)
