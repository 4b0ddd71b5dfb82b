"""The warehouse: one read-only DuckDB file that shows whole loads, built anew and switched to in one step.

Here belongs how a file is built, made durable, shown and in time removed. What its tables mean is in the catalogue;
which loads it shows is the control store's word; marts are computed by whoever hands them in.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import polars as pl

from connectors.control import ControlStore, CurrentLoad
from connectors.control.history import ControlSnapshot
from connectors.control.locks import Lock
from models.errors import OutlayError
from models.ledger.correction import AS_BOOKED, CORRECTIONS
from models.ledger.focus import BILLING_PERIOD, COST_AND_USAGE
from models.ledger.operations import LOADS, PUBLICATION
from models.table import Table
from pipelines.errors import PublishError
from pipelines.lake import Lake
from pipelines.relations import comment, create_table, create_view
from pipelines.sql_text import identifier, literal

STEM = "outlay"
LINK = f"{STEM}.duckdb"
KEPT_VERSIONS = 5
_MIRROR = "mirror"


@dataclass(frozen=True)
class Facts:
    """The facts that one publication shows, for marts to be computed from. `operations`: the control store's tables."""

    lake: Lake
    loads: tuple[CurrentLoad, ...]
    operations: Mapping[str, pl.DataFrame] = field(default_factory=dict[str, pl.DataFrame])

    def read(self, table: Table) -> pl.LazyFrame:
        """The table's rows in all loads that are shown."""
        return self.lake.read(table, [path for load in self.loads for path in load.paths(table.qualified_name)])

    def told(self, table: Table) -> pl.DataFrame:
        """A table of the control store, as of the same instant; empty where it has none."""
        return self.operations.get(table.name, table.empty())


Mart = pl.DataFrame | Callable[[], pl.DataFrame]
"""The rows of a table that is made at publishing, or how to make them when its turn comes."""


@dataclass(frozen=True)
class Footing:
    """By what a publication is made: the digest of its rules, and the numbers of the uploads in force."""

    rules: str | None = None
    uploads: tuple[int, ...] = ()


@dataclass(frozen=True)
class Publication:
    """What was published: the versioned file, the link that readers open, and how far its data goes.

    `problems`: what stopped nothing, but left something unknown.
    """

    file: Path
    link: Path
    published_at: datetime
    data_through: datetime | None
    loads: int
    problems: tuple[OutlayError, ...] = ()


def publish(
    lake: Lake,
    control: ControlStore,
    folder: Path,
    tables: Iterable[Table],
    marts: Callable[[Facts], Mapping[str, Mart]] = lambda _facts: {},
    *,
    footing: Callable[[], Footing] = Footing,
    kept_versions: int = KEPT_VERSIONS,
    wait: float = 0,
    on_step: Callable[[str], None] = lambda _step: None,
) -> Publication:
    """Build a file that shows the current load of every (source, billing period), then switch the link to it.

    `tables` is the catalogue; `marts` makes, of the facts that are shown, the rows of tables of kind *mart* by name.
    `footing` is asked once nobody else publishes and before anything is read. A table without rows is there, typed and
    empty. Raises `LockHeldError` where another run publishes (for longer than `wait` seconds) and `PublishError`; the
    file shown before then stays.
    """
    with control.lock_publishing(wait=wait) as lock:
        on_step("publish: reading the control store")
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(control, folder)
        stands_on = footing()
        name, snapshot = control.begin_publication(STEM, lock, stands_on.uploads)
        with _partial(folder, name) as partial:
            on_step("publish: building")
            this = _this_publication(name, snapshot, stands_on.rules)
            _build(partial, this, lake, folder / _MIRROR, snapshot, tables, marts)
            on_step("publish: making it durable")
            _make_durable(partial)
            on_step("publish: naming")
            control.confirm(lock)
            partial.rename(folder / name)
            on_step("publish: switching")
            _switch(control, lock, folder, name)
        on_step("publish: recording")
        control.record_publication(name)
        _prune(control, lake, folder, kept_versions)
    return Publication(
        file=folder / name,
        link=folder / LINK,
        published_at=snapshot.read_at,
        data_through=snapshot.data_through,
        loads=len(snapshot.loads),
    )


@contextmanager
def _partial(folder: Path, name: str) -> Generator[Path]:
    """The file while it is built; nothing of it stays where that fails."""
    partial = folder / f"{name}.tmp"
    try:
        yield partial
    except (duckdb.Error, OSError, pl.exceptions.PolarsError) as error:
        raise _failed(error) from error
    finally:
        for leftover in (partial, partial.with_name(f"{partial.name}.wal")):
            leftover.unlink(missing_ok=True)


def _build(
    partial: Path,
    this: pl.DataFrame,
    lake: Lake,
    mirror: Path,
    snapshot: ControlSnapshot,
    tables: Iterable[Table],
    marts: Callable[[Facts], Mapping[str, Mart]],
) -> None:
    facts = Facts(lake, tuple(snapshot.loads), snapshot.tables)
    made: dict[str, Mart] = {
        **{f"ops.{ops}": frame for ops, frame in snapshot.tables.items()},
        PUBLICATION.qualified_name: this,
        BILLING_PERIOD.qualified_name: _billing_periods(snapshot, facts),
        **marts(facts),
    }
    with (
        tempfile.TemporaryDirectory(prefix="outlay-publish-") as temporary,
        duckdb.connect(config={"temp_directory": temporary}) as connection,
    ):
        connection.execute(f"ATTACH {literal(partial)} AS warehouse (STORAGE_VERSION 'v1.0.0')")
        connection.execute("USE warehouse")
        connection.begin()  # one commit, not one for each of hundreds of COMMENTs
        for table in tables:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(table.schema)}")
            if table.kind in ("fact", "view"):
                paths = _shown(table, snapshot)
                create_view(connection, table, [lake.local_path(path, mirror) for path in paths])
            else:
                rows = made.get(table.qualified_name, table.empty())
                create_table(connection, table, rows() if callable(rows) else rows)
            comment(connection, table)
        connection.commit()
        connection.execute("CHECKPOINT warehouse")


def _shown(table: Table, snapshot: ControlSnapshot) -> list[str]:
    """The lake's files that a view shows: of each (source, period) those of its current load.

    As booked: of a locked period those of the load that it was booked with, and the corrections since.
    """
    if table.qualified_name != AS_BOOKED.qualified_name:
        return [path for load in snapshot.loads for path in load.paths(table.qualified_name)]
    booked = {(load.source, load.billing_period): load for load in snapshot.booked}
    stands = [booked.get((load.source, load.billing_period), load) for load in snapshot.loads]
    return [
        *(path for load in stands for path in load.paths(COST_AND_USAGE.qualified_name)),
        *(path for load in snapshot.loads for path in load.paths(CORRECTIONS.qualified_name)),
    ]


def _this_publication(name: str, snapshot: ControlSnapshot, rules: str | None) -> pl.DataFrame:
    row = {
        "version": name,
        "published_at": snapshot.read_at,
        "data_through": snapshot.data_through,
        "sources": len({load.source for load in snapshot.loads}),
        "loads": len(snapshot.loads),
        "rules": rules,
    }
    return pl.DataFrame([row], schema=PUBLICATION.polars_schema)


def _billing_periods(snapshot: ControlSnapshot, facts: Facts) -> pl.DataFrame:
    """`focus.billing_period`: closed once every load of the issuer's period says that the vendor is done with it.

    It begins and ends where the issuer's charges say (Google's months are Pacific), else at midnight UTC.
    """
    shown = pl.DataFrame(
        [
            (issuer, load.source, load.billing_period, load.committed_at, load.period_status == "Closed")
            for load in snapshot.loads
            for issuer in load.issuers
        ],
        schema={
            "InvoiceIssuerName": pl.String,
            "source": pl.String,
            "billing_period": pl.String,
            "updated": pl.Datetime("us", "UTC"),
            "closed": pl.Boolean,
        },
        orient="row",
    )
    created = (
        snapshot.tables[LOADS.name]
        .group_by("source", "billing_period")
        .agg(pl.col("committed_at").min().alias("created"))
    )
    start = pl.col("billing_period").str.to_datetime("%Y-%m", time_unit="us", time_zone="UTC")
    told = (
        facts.read(COST_AND_USAGE)
        .group_by("InvoiceIssuerName", billing_period="x_BillingMonth")
        .agg(told_start=pl.col("BillingPeriodStart").min(), told_end=pl.col("BillingPeriodEnd").max())
        .collect(engine="streaming")  # all charges of all months: by stretches, not at once
    )
    return (
        shown.join(created, on=["source", "billing_period"])
        .group_by("InvoiceIssuerName", "billing_period")
        .agg(
            pl.col("created").min().alias("BillingPeriodCreated"),
            pl.col("updated").max().alias("BillingPeriodLastUpdated"),
            pl.when(pl.col("closed").all())
            .then(pl.lit("Closed"))
            .otherwise(pl.lit("Open"))
            .alias("BillingPeriodStatus"),
        )
        .join(told, on=["InvoiceIssuerName", "billing_period"], how="left")
        .with_columns(
            BillingPeriodStart=pl.coalesce("told_start", start),
            BillingPeriodEnd=pl.coalesce("told_end", start.dt.offset_by("1mo")),
        )
        .sort("InvoiceIssuerName", "BillingPeriodStart")
        .select(list(BILLING_PERIOD.polars_schema))
    )


def _make_durable(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _switch(control: ControlStore, lock: Lock, folder: Path, name: str) -> None:
    """Let the link name the new file; readers that are at work keep the file that they opened."""
    _make_durable(folder)
    fresh = folder / f".{name}.link"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name)  # relative, so that the home can be moved
    control.confirm(lock)
    fresh.replace(folder / LINK)
    _make_durable(folder)


def _sweep(control: ControlStore, folder: Path) -> None:
    """Remove what a killed run left half-made, and forget publications that never came to be."""
    for leftover in (*folder.glob(f"{STEM}-*.tmp*"), *folder.glob(f".{STEM}-*.link")):
        if not leftover.is_dir():  # a reader's DuckDB may spill into a folder beside the file that it has open
            leftover.unlink(missing_ok=True)
    control.mark_removed([file for file in control.kept_publications() if not (folder / file).exists()])


def _prune(control: ControlStore, lake: Lake, folder: Path, kept_versions: int) -> None:
    """Remove all but the newest versions and the one that is shown. Whoever has one open goes on reading it."""
    shown = (folder / LINK).resolve()
    versions = sorted(folder.glob(f"{STEM}-*.duckdb"), key=lambda path: path.stat().st_mtime_ns)
    gone = [path for path in versions[: max(len(versions) - kept_versions, 0)] if path.resolve() != shown]
    for path in gone:
        path.unlink(missing_ok=True)
    control.mark_removed([path.name for path in gone])
    if lake.local_root is None:
        named = control.named_files()
        mirror = folder / _MIRROR
        for copy in mirror.rglob("*.parquet"):
            if str(copy.relative_to(mirror)) not in named:
                copy.unlink(missing_ok=True)


def _failed(error: Exception) -> PublishError:
    reason = str(error).splitlines()[0][:300]
    if "No space left" in reason or "out of disk space" in reason.lower():
        remedy = "free some space and publish again with `outlay run`"
    elif "No files found" in reason:
        remedy = "a file of the lake is gone; rebuild from the archive with `outlay replay`"
    else:
        remedy = "check the warehouse's folder, then publish again with `outlay run`"
    return PublishError(
        f"the warehouse could not be published, what was published before stays: {reason}", remedy=remedy
    )
