"""A make-believe installation of two tables and two sources, run in processes that may be killed. No test itself.

`python two_table_runs.py kills HOME`, or `readers HOME`, prints JSON of what happened. Each run is a
fork of an interpreter that has imported everything and done nothing, so that a hundred runs take seconds.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import dataframely as dy
import duckdb
import polars as pl

from connectors.control import ControlStore, LoadRecord
from models.ledger.operations import OPERATIONS
from models.ledger.trust import CHECKS
from models.table import Table, money, text
from pipelines.lake import Lake
from pipelines.warehouse import publish


class Lines(dy.Schema):
    source = text("Source")
    billing_period = text("Month")
    generation = dy.Int64(nullable=False, description="Which run wrote it")
    amount = money("Amount")


LINES = Table("lines", "usage", "fact", "line", "Lines of a bill", Lines)
SUMS = Table("sums", "marts", "fact", "source", "Their sums", Lines)
TOTAL = Table("total", "marts", "mart", "one row", "The sum of the sums, made at publishing", Lines)
TABLES = (LINES, SUMS, TOTAL, CHECKS, *OPERATIONS)
SOURCES = ("anthropic", "openai")
PERIOD = "2026-03"
Step = Callable[[str], None]


def rows(source: str, generation: int, amounts: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "source": [source] * len(amounts),
            "billing_period": [PERIOD] * len(amounts),
            "generation": [generation] * len(amounts),
            "amount": [Decimal(amount) for amount in amounts],
        },
        schema=LINES.polars_schema,
    )


def lines_of(generation: int) -> list[list[int]]:
    """Two chunks; more rows in each generation, so that a leftover of an earlier one shows."""
    return [list(range(1, generation + 2)), [100 * generation]]


def total_of(generation: int) -> int:
    return sum(sum(chunk) for chunk in lines_of(generation))


def chunks(source: str, generation: int, step: Step) -> Iterator[pl.DataFrame]:
    for amounts in lines_of(generation):
        step(f"{source}: a chunk of lines")
        yield rows(source, generation, amounts)


def run(home: Path, generation: int, step: Step) -> None:
    """Load both sources, then publish."""
    lake = Lake(home / "lake")
    with ControlStore.open(f"sqlite:///{home}/control/outlay.db") as control:
        for source in SOURCES:
            step(f"{source}: before the lock")
            with control.lock_load(source, PERIOD):
                step(f"{source}: before lines")
                now = datetime.now(UTC)
                lines = lake.replace(LINES, source, PERIOD, chunks(source, generation, step))
                step(f"{source}: between lines and sums")
                sums = lake.replace(SUMS, source, PERIOD, [rows(source, generation, [total_of(generation)])])
                step(f"{source}: before the commit")
                control.commit_load(LoadRecord(source, PERIOD, now, now, (lines, sums), data_through=now))
                step(f"{source}: after the commit")
        publish(
            lake,
            control,
            home / "warehouse",
            TABLES,
            lambda facts: {TOTAL.qualified_name: lambda: total(facts, step)},
            on_step=step,
        )
        step("after publishing")


def total(facts, step: Step) -> pl.DataFrame:
    step("publish: in the midst of building")
    found = facts.read(SUMS).collect()
    return rows("both", int(found["generation"].min()), [int(found["amount"].sum())])


def seen(home: Path) -> dict[str, int] | None:
    """What a reader sees: generation by source. Fails where two tables, or the mart, disagree."""
    link = home / "warehouse" / "outlay.duckdb"
    if not link.exists():
        return None
    with duckdb.connect(str(link.resolve()), read_only=True) as connection:
        lines = connection.execute(
            "SELECT source, min(generation), max(generation), sum(amount)::BIGINT FROM usage.lines GROUP BY ALL"
        ).fetchall()
        sums = connection.execute("SELECT source, generation, amount::BIGINT FROM marts.sums").fetchall()
        both = connection.execute("SELECT amount::BIGINT FROM marts.total").fetchone()
        loads = connection.execute("SELECT count(*) FROM ops.loads WHERE is_current").fetchone()
    generations = {source: generation for source, generation, _ in sums}
    assert sorted((s, g, g, a) for s, g, a in sums) == sorted(lines), (lines, sums)
    assert all(amount == total_of(generation) for _, generation, amount in sums), sums
    assert both == (sum(amount for *_, amount in sums),), (both, sums)
    assert loads == (len(sums),), (loads, sums)
    return generations


def forked(work: Callable[[], object], report: Path) -> int:
    """Do it in a process of its own; returns its wait status. What it returned or raised is written to `report`."""
    report.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        try:
            report.write_text(json.dumps({"result": work()}))
        except BaseException:
            report.write_text(json.dumps({"error": traceback.format_exc()}))
        os._exit(0)
    return os.waitpid(pid, 0)[1]


def told(report: Path) -> dict:
    return json.loads(report.read_text()) if report.exists() else {"error": "no report"}


def killing_at(number: int) -> Step:
    left = [number]

    def step(_name: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    return step


def kills(home: Path) -> list[dict]:
    """An undisturbed run to learn the steps, then one killed at each, each followed by a look and the next run."""
    report = home / "report.json"
    steps: list[str] = []

    def first() -> list[str]:
        run(home, 1, steps.append)
        return steps

    forked(first, report)
    names = told(report)["result"]
    outcomes: list[dict] = []
    generation = 1
    for number, name in enumerate(names):
        generation += 2
        killed = forked(lambda n=number, g=generation - 1: run(home, g, killing_at(n)), report)
        forked(lambda: seen(home), report)
        after_kill = told(report)
        started = time.monotonic()
        forked(lambda g=generation: run(home, g, lambda _: None), report)
        next_run = told(report)
        took = time.monotonic() - started
        forked(lambda: seen(home), report)
        outcomes.append(
            {
                "step": name,
                "killed": os.WIFSIGNALED(killed) and os.WTERMSIG(killed) == signal.SIGKILL,
                "generation": generation,
                "after_kill": after_kill,
                "next_run": next_run,
                "seconds": round(took, 2),
                "after_next_run": told(report),
                "left": sorted(path.name for path in (home / "warehouse").glob("*.tmp*")),
            }
        )
    return outcomes


def readers(home: Path) -> dict:
    """Readers that look all the time while another process loads and publishes ten times."""
    report = home / "report.json"
    forked(lambda: run(home, 1, lambda _: None), report)
    done = home / "done"

    def look() -> dict[str, object]:
        looks: list[dict[str, int] | None] = []
        while not done.exists():
            looks.append(seen(home))
        return {"reads": len(looks), "generations": len({json.dumps(found) for found in looks}), "last": looks[-1]}

    watching: list[tuple[int, Path]] = []
    for number in range(2):
        mine = home / f"reader-{number}.json"
        pid = os.fork()
        if pid == 0:
            try:
                mine.write_text(json.dumps({"result": look()}))
            except BaseException:
                mine.write_text(json.dumps({"error": traceback.format_exc()}))
            os._exit(0)
        watching.append((pid, mine))

    def write() -> None:
        for generation in range(2, 12):
            run(home, generation, lambda _: None)

    forked(write, report)
    written = told(report)
    done.touch()
    for pid, _ in watching:
        os.waitpid(pid, 0)
    return {"written": written, "readers": [told(mine) for _, mine in watching]}


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    folder = Path(sys.argv[2])
    print(json.dumps({"kills": kills, "readers": readers}[sys.argv[1]](folder)))
