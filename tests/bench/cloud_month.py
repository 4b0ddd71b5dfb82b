"""A month of an AWS bill, ten million rows of CUR 2.0: from the export to the published marts, in CPU, wall and memory.

The transform alone (one chunk of the export to charges and their daily rollup) runs beside DuckDB's SQL and pandas
doing the same from the same file in the same run; all three must come to the same sums. Each runs in a process of its
own, so that its peak is its own. `OUTLAY_BENCH_ROWS` makes the month smaller.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from statistics import median

from tests.bench.cur_files import CHUNK_ROWS, PERIOD, write_month
from tests.bench.measurement import Measurement

ROWS = int(os.environ.get("OUTLAY_BENCH_ROWS", "10000000"))
RUNS = 3


def measure() -> Iterator[Measurement]:
    """Rows a second, CPU seconds and peak memory; the ratio to DuckDB and pandas."""
    with tempfile.TemporaryDirectory(prefix="outlay-bench-") as folder:
        large, small = (Path(folder) / name / "exports" / "cur2" for name in ("large", "small"))
        _apart("write", large)
        _apart("write-a-chunk", small)
        yield from _transforms(large)
        yield from _imports(small, large)


def _transforms(export: Path) -> Iterator[Measurement]:
    told = {how: [_apart(how, export) for _ in range(RUNS)] for how in ("outlay", "duckdb", "pandas")}
    sums = {how: runs[0]["sums"] for how, runs in told.items()}
    cpu = {how: median(run["cpu"] for run in runs) for how, runs in told.items()}
    peak = {how: max(run["peak_mib"] for run in runs) for how, runs in told.items()}
    rows = min(ROWS, CHUNK_ROWS)
    agree = "the same sums" if sums["outlay"] == sums["duckdb"] else f"SUMS DIFFER: {sums}"
    for how, runs in told.items():
        wall = median(run["wall"] for run in runs)
        detail = f"median of {RUNS}; {cpu[how]:.2f} s CPU, peak {peak[how]:.0f} MiB"
        yield Measurement(f"transform, {how}", f"{rows / wall:,.0f} rows/s", detail=detail)
    of_duckdb, of_pandas = cpu["outlay"] / cpu["duckdb"], cpu["pandas"] / cpu["outlay"]
    yield Measurement("CPU beside DuckDB's SQL", f"{of_duckdb:.2f}×", "≤ 1.3×", agree, of_duckdb <= 1.3)
    yield Measurement("pandas' CPU beside ours", f"{of_pandas:.1f}×", "≥ 5×", "floats for money", of_pandas >= 5)
    yield Measurement("peak of a chunk of a million", f"{peak['outlay']:.0f} MiB", "≤ 1,024 MiB", "whole process",
                      peak["outlay"] <= 1024)  # fmt: skip


def _imports(small: Path, large: Path) -> Iterator[Measurement]:
    for name, place, rows in (("a million rows", small, min(ROWS, CHUNK_ROWS)), (f"{ROWS:,} rows", large, ROWS)):
        run = _apart("import", place)
        detail = f"{run['cpu']:.0f} s CPU, peak {run['peak_mib']:,.0f} MiB; {run['sums']}"
        yield Measurement(f"export to published marts, {name}", f"{rows / run['wall']:,.0f} rows/s", detail=detail)


def _apart(how: str, export: Path) -> dict[str, object]:
    """Run in a process of its own; what it said. All that takes memory is done so: a child's peak begins with its
    parent's."""
    command = [sys.executable, "-m", "tests.bench.cloud_month", how, str(export)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{how} failed: {done.stderr[-2000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def _as_outlay(export: Path) -> Callable[[], object]:
    """The connector's own translation of one chunk, and the ledger's rollup."""
    from datetime import UTC, datetime

    import polars as pl

    from connectors.aws import KIND, AwsOptions
    from connectors.protocol import Surroundings, Window
    from models.ledger.rollup import combine, daily

    file = min(export.rglob("*.parquet"))
    surroundings = Surroundings(clock=lambda: datetime(2026, 10, 20, tzinfo=UTC))
    connector = KIND.make("aws", AwsOptions(report="cur2", path=str(file), keep_copies_up_to_mib=0), surroundings)
    window = Window.of_period(PERIOD)
    answers = list(connector.pull(window))

    def work() -> dict[str, str]:
        rollups = [daily(part.charges) for part in connector.translate(window, answers).parts]
        whole = combine(rollups)
        return _said(whole.select(pl.col("charges", "billed_cost", "effective_cost", "list_cost").sum()).row(0))

    return work


def _as_duckdb(export: Path) -> Callable[[], object]:
    """The same in SQL: columns under FOCUS's names with the four costs, a table of charges, and its rollup."""
    import duckdb

    from tests.bench.cloud_month_sql import CHARGES, DAILY, facts

    file = min(export.rglob("*.parquet"))
    connection = duckdb.connect()
    connection.register("told", facts(file).to_arrow())
    connection.execute("CREATE TABLE facts AS SELECT * FROM told")

    def work() -> dict[str, str]:
        connection.execute(f"CREATE TABLE charges AS {CHARGES}", [str(file)])
        connection.execute(f"CREATE TABLE daily AS {DAILY}")
        row = connection.execute(
            "SELECT sum(charges), sum(billed_cost), sum(effective_cost), sum(list_cost) FROM daily"
        ).fetchone()
        return _said(row)

    return work


def _as_pandas(export: Path) -> Callable[[], object]:
    from tests.bench.cloud_month_pandas import transform
    from tests.bench.cloud_month_sql import facts

    file = min(export.rglob("*.parquet"))
    known = facts(file).to_pandas()
    return lambda: _said(transform(file, known))


def _as_import(export: Path) -> Callable[[], object]:
    """`outlay import aws` in a home of its own: pulled, loaded, proven, published."""
    from pipelines.exchange import import_export
    from pipelines.workplace import Workplace

    def work() -> str:
        with tempfile.TemporaryDirectory(prefix="outlay-bench-home-") as home, Workplace.open(Path(home)) as work_in:
            report = import_export(work_in, "aws", str(export), "aws", {"report": "cur2"})
            if report.failures:
                raise RuntimeError(str(report.failures[0]))
            outcome = report.outcomes[0]
            proofs = "all proofs hold" if not outcome.failed_proofs else f"PROOFS FAIL: {outcome.failed_proofs}"
            return f"{outcome.rows['focus.cost_and_usage']:,} charges, {proofs}"

    return work


def _writing(rows: int) -> Callable[[Path], Callable[[], object]]:
    return lambda export: lambda: str(write_month(export.parents[1], rows))


_HOW = {
    "outlay": _as_outlay,
    "duckdb": _as_duckdb,
    "pandas": _as_pandas,
    "import": _as_import,
    "write": _writing(ROWS),
    "write-a-chunk": _writing(min(ROWS, CHUNK_ROWS)),
}


def _said(row: object) -> dict[str, str]:
    names = ("charges", "billed", "effective", "list")
    values = [Decimal(str(value)).quantize(Decimal("0.000001")) for value in row]  # type: ignore[attr-defined]
    return {name: str(value) for name, value in zip(names, values, strict=True)}


def _main(how: str, export: Path) -> None:
    work = _HOW[how](export)
    wall, cpu = time.perf_counter(), time.process_time()
    sums = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_mib": peak, "sums": sums}))


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
