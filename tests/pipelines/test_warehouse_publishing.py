"""Publishing: a whole new file, one switch, words for every table, and the old file where anything goes wrong."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import dataframely as dy
import duckdb
import polars as pl
import pytest

from connectors.control import AccountClaim, ControlStore, LoadRecord
from connectors.control.errors import LockHeldError
from models.catalogue import TABLES
from models.errors import ContractError
from models.ledger.focus import COST_AND_USAGE
from models.table import Table, instant, money, text
from pipelines.errors import PublishError
from pipelines.lake import Lake
from pipelines.relations import sql_type
from pipelines.warehouse import publish

NOW = datetime(2026, 3, 5, 6, 7, 8, 123456, tzinfo=UTC)


class Amounts(dy.Schema):
    source = text("Where it's from")
    billing_period = text("Month")
    amount = money("Amount")
    at = instant("When", nullable=True)


class AmountsWithNote(Amounts):
    note = text("Gained later", nullable=True)
    share = money("Gained later, too", nullable=True)


AMOUNTS = Table("amounts", "usage", "fact", "row", "What it 'costs'", Amounts)
AMOUNTS_WITH_NOTE = Table("amounts", "usage", "fact", "row", "What it 'costs'", AmountsWithNote)
SUMS = Table("sums", "marts", "mart", "row", "Sums", Amounts)
CATALOGUE = [*TABLES.values(), AMOUNTS, SUMS]


def rows(source: str, period: str, *amounts: str) -> pl.DataFrame:
    return pl.DataFrame(
        {"source": source, "billing_period": period, "amount": [Decimal(a) for a in amounts], "at": NOW},
        schema=AMOUNTS.polars_schema,
    )


class Home:
    """A lake, a control store and a folder to publish into."""

    def __init__(self, root: Path) -> None:
        self.now = NOW
        self.folder = root / "warehouse"
        self.lake = Lake(root / "lake")
        self.control = ControlStore.open(f"sqlite:///{root}/control/outlay.db", lambda: self.now)

    def load(self, source: str, period: str, *amounts: str, **said) -> None:
        with self.control.lock_load(source, period):
            files = self.lake.replace(AMOUNTS, source, period, [rows(source, period, *amounts)])
            self.control.commit_load(LoadRecord(source, period, self.now, self.now, (files,), **said))

    def publish(self, tables=CATALOGUE, marts=None, **more):
        return publish(self.lake, self.control, self.folder, tables, marts or (lambda _facts: {}), **more)

    def ask(self, sql: str):
        with duckdb.connect(str((self.folder / "outlay.duckdb").resolve()), read_only=True) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()


@pytest.fixture
def home(tmp_path):
    home = Home(tmp_path)
    yield home
    home.control.close()


def test_before_the_first_load_every_table_is_there_typed_and_empty(home):
    home.publish()

    for table in CATALOGUE:
        described = home.ask(f"DESCRIBE {table.qualified_name}")
        wanted = {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}
        assert {row[0]: row[1] for row in described} == {
            name: wanted.get(sql_type(dtype), sql_type(dtype)) for name, dtype in table.polars_schema.items()
        }, table.qualified_name
        if table.qualified_name != "ops.publication":
            assert home.ask(f"SELECT count(*) FROM {table.qualified_name}") == [(0,)]


def test_only_the_last_committed_load_of_each_source_and_period_is_shown(home):
    home.load("openai", "2026-01", "1", "2")
    home.load("openai", "2026-02", "3")
    home.load("anthropic", "2026-01", "4.000000000001")
    home.load("openai", "2026-01", "5")
    home.lake.replace(AMOUNTS, "anthropic", "2026-01", [rows("anthropic", "2026-01", "999")])  # never committed

    publication = home.publish()

    shown = home.ask("SELECT source, billing_period, amount, amounts.at FROM usage.amounts ORDER BY 1, 2")
    assert [row[:3] for row in shown] == [
        ("anthropic", "2026-01", Decimal("4.000000000001")),
        ("openai", "2026-01", 5),
        ("openai", "2026-02", 3),
    ]
    assert {row[3].astimezone(UTC) for row in shown} == {NOW}
    assert publication.loads == 3
    assert home.ask("SELECT version, sources, loads FROM ops.publication") == [(publication.file.name, 2, 3)]


def test_marts_are_real_tables_worked_out_from_what_is_shown(home):
    home.load("openai", "2026-01", "1", "2")

    def sums(facts):
        total = facts.read(AMOUNTS).select(pl.col("amount").sum()).collect().item()
        return rows("openai", "2026-01", str(total))

    home.publish(marts=lambda facts: {"marts.sums": sums(facts)})

    assert home.ask("SELECT amount FROM marts.sums") == [(3,)]
    assert home.ask("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = 'sums'") == [
        (1,)
    ]


def test_columns_that_a_contract_gained_are_null_for_older_files(home):
    home.load("openai", "2026-01", "1")
    home.publish(tables=[*TABLES.values(), AMOUNTS_WITH_NOTE])
    assert home.ask("SELECT amount, note, share FROM usage.amounts") == [(1, None, None)]
    assert home.ask("SELECT typeof(share) FROM usage.amounts") == [("DECIMAL(38,12)",)]


def test_every_table_and_column_carries_the_catalogues_words(home):
    home.publish()
    views = dict(home.ask("SELECT schema_name || '.' || view_name, comment FROM duckdb_views() WHERE NOT internal"))
    tables = dict(home.ask("SELECT schema_name || '.' || table_name, comment FROM duckdb_tables()"))
    assert views["usage.amounts"] == "What it 'costs' Grain: row."
    assert {**views, **tables}.keys() >= {table.qualified_name for table in CATALOGUE}
    comments = dict(home.ask("SELECT column_name, comment FROM duckdb_columns() WHERE table_name = 'amounts'"))
    assert comments["source"] == "Where it's from"
    assert comments["at"] == "When; may be null"
    undocumented = home.ask(
        "SELECT schema_name, table_name, column_name FROM duckdb_columns() WHERE comment IS NULL AND NOT internal"
    )
    assert undocumented == []


def test_older_duckdb_can_open_the_file(home):
    home.publish()
    [(tags,)] = home.ask("SELECT tags FROM duckdb_databases() WHERE NOT internal")
    assert tags["storage_version"].startswith("v1.0.0")


def test_billing_periods_come_from_the_loads(home):
    openai = (AccountClaim("OpenAI", "org", "money"),)
    home.load("openai", "2026-01", "1", issuer="OpenAI", claims=openai)
    home.now += timedelta(days=1)
    home.load("openai", "2026-01", "1", issuer="OpenAI", claims=openai, period_status="Closed")
    home.load("openai", "2026-02", "1", issuer="OpenAI", claims=openai)
    home.load("export", "2026-01", "1", claims=(AccountClaim("OpenAI", "other", "money"),), period_status="Closed")
    home.publish()

    assert home.ask(
        "SELECT InvoiceIssuerName, BillingPeriodStart::DATE::VARCHAR, BillingPeriodEnd::DATE::VARCHAR, "
        "BillingPeriodStatus, BillingPeriodCreated::DATE::VARCHAR, BillingPeriodLastUpdated::DATE::VARCHAR "
        "FROM focus.billing_period ORDER BY ALL"
    ) == [
        ("OpenAI", "2026-01-01", "2026-02-01", "Closed", "2026-03-05", "2026-03-06"),
        ("OpenAI", "2026-02-01", "2026-03-01", "Open", "2026-03-06", "2026-03-06"),
    ]


def test_a_reader_keeps_the_file_that_it_opened_and_the_next_one_sees_the_new(home):
    home.load("openai", "2026-01", "1")
    first = home.publish()
    with duckdb.connect(str(first.file), read_only=True) as reader:
        home.load("openai", "2026-01", "2")
        for _ in range(7):
            last = home.publish(kept_versions=2)
        assert not first.file.exists()
        assert reader.execute("SELECT amount FROM usage.amounts").fetchall() == [(1,)]
    assert home.ask("SELECT amount FROM usage.amounts") == [(2,)]
    assert str((home.folder / "outlay.duckdb").readlink()) == last.file.name
    assert sorted(path.name for path in home.folder.glob("outlay-*")) == sorted(home.control.kept_publications())
    assert len(home.control.kept_publications()) == 2


def test_vacuum_leaves_what_kept_publications_show(home):
    home.load("openai", "2026-01", "1")
    home.publish()
    home.load("openai", "2026-01", "2")
    home.lake.vacuum(AMOUNTS, home.control.named_files(), older_than_hours=0)
    assert home.ask("SELECT amount FROM usage.amounts") == [(1,)]


def failing_mart(_facts):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize(
    ("marts", "error", "says"),
    [
        (lambda facts: {"marts.sums": lambda: failing_mart(facts)}, PublishError, "what was published before stays"),
        (lambda _: {"marts.sums": AMOUNTS.empty().cast({"amount": pl.Float64})}, ContractError, "amount is Float64"),
        (lambda _: {"marts.sums": lambda: 1 / 0}, ZeroDivisionError, "division"),
    ],
    ids=["disk full", "a mart that breaks its contract", "a defect"],
)
def test_a_failed_publish_leaves_the_old_file_and_no_rubbish(home, marts, error, says):
    home.load("openai", "2026-01", "1")
    before = home.publish()
    home.load("openai", "2026-01", "2")

    with pytest.raises(error, match=says):
        home.publish(marts=marts)

    assert home.ask("SELECT amount FROM usage.amounts") == [(1,)]
    assert sorted(path.name for path in home.folder.iterdir()) == sorted([before.file.name, "outlay.duckdb"])
    home.publish()
    assert home.ask("SELECT amount FROM usage.amounts") == [(2,)]


def test_a_file_of_the_lake_that_is_gone_is_an_error_with_the_way_out(home):
    home.load("openai", "2026-01", "1")
    [load] = home.control.current_loads()
    (home.lake.local_root / load.paths("usage.amounts")[0]).unlink()
    with pytest.raises(PublishError) as failed:
        home.publish()
    assert "outlay replay" in failed.value.remedy


def test_rubbish_of_a_killed_run_is_swept_and_a_readers_spill_folder_is_not(home):
    home.publish()
    (home.folder / "outlay-20260101T000000Z-9.duckdb.tmp").write_bytes(b"half a file")
    (home.folder / "outlay-20260101T000000Z-8.duckdb.tmp").mkdir()
    home.publish()
    assert [path.name for path in home.folder.glob("*.tmp")] == ["outlay-20260101T000000Z-8.duckdb.tmp"]


def test_two_publishings_at_once_are_refused(home):
    with home.control.lock_publishing(), pytest.raises(LockHeldError):
        home.publish()


def test_a_home_with_a_difficult_name_publishes_too(tmp_path):
    root = tmp_path / "it's our *home* = 100%"
    home = Home(root)
    home.load("openai", "2026-01", "1")
    home.publish()
    assert home.ask("SELECT amount FROM usage.amounts") == [(1,)]
    home.control.close()


def test_an_object_store_lake_is_mirrored_beside_the_warehouse(home, tmp_path):
    home.load("openai", "2026-01", "1")
    [load] = home.control.current_loads()
    remote = Lake(tmp_path / "lake")
    remote.local_root = None  # an address with a scheme is read the same way: through the object store's library
    remote.root = f"file://{tmp_path / 'lake'}"

    publish(remote, home.control, home.folder, CATALOGUE)
    [path] = load.paths("usage.amounts")
    assert (home.folder / "mirror" / path).exists()
    assert home.ask("SELECT amount FROM usage.amounts") == [(1,)]

    home.load("openai", "2026-01", "2")
    publish(remote, home.control, home.folder, CATALOGUE, kept_versions=1)
    assert not (home.folder / "mirror" / path).exists()
    assert home.ask("SELECT amount FROM usage.amounts") == [(2,)]


def test_the_charges_view_has_the_contracts_columns_in_order(home):
    home.publish()
    assert [row[0] for row in home.ask("DESCRIBE focus.cost_and_usage")] == list(COST_AND_USAGE.polars_schema)
