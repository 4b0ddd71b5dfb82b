"""The control store: a load counts wholly or not at all, one authority, dated attempts, and a schema of its own."""

import multiprocessing
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from connectors.control import (
    AccountClaim,
    Attempt,
    CheckResult,
    ControlStore,
    LakeFiles,
    LoadFinding,
    LoadRecord,
    ObservedName,
    Restatement,
)
from connectors.control.database import Database
from connectors.control.errors import ControlError
from connectors.control.tables import METADATA, SCHEMA
from connectors.errors import AuthorityError

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TINY = Decimal("0.000000000001")


@pytest.fixture
def store(url):
    with ControlStore.open(url, lambda: NOW) as store:
        yield store


def files(source: str, period: str, *paths: str, table: str = "focus.cost_and_usage") -> LakeFiles:
    return LakeFiles(table, source, period, paths, rows=len(paths), size_bytes=10 * len(paths))


def commit(store: ControlStore, source: str = "openai", period: str = "2026-01", **said) -> int:
    with store.lock_load(source, period):
        return store.commit_load(LoadRecord(source, period, NOW, NOW, said.pop("files", ()), **said))


def test_the_last_committed_load_of_each_source_and_period_is_the_current_one(store):
    commit(store, files=(files("openai", "2026-01", "a"),))
    other = commit(store, period="2026-02", files=(files("openai", "2026-02", "b"),))
    newest = commit(store, files=(files("openai", "2026-01", "c", "d"), files("openai", "2026-01", table="usage.x")))

    loads = {load.id: load for load in store.current_loads()}
    assert set(loads) == {other, newest}
    assert loads[newest].files == (files("openai", "2026-01", "c", "d"), files("openai", "2026-01", table="usage.x"))
    assert loads[newest].paths("focus.cost_and_usage") == ("c", "d")
    assert store.current_load("openai", "2026-02").id == other
    assert store.current_load("openai", "2026-03") is None


def test_a_second_authority_is_refused_by_name_and_leaves_nothing_behind(store):
    claim = AccountClaim("OpenAI", "org-1", "money")
    commit(store, claims=(claim,))

    with pytest.raises(AuthorityError, match="export and openai both say they know the money of OpenAI account org-1"):
        commit(store, "export", claims=(claim,), names=(ObservedName("project", "p", "Search", NOW),))

    assert [load.source for load in store.current_loads()] == ["openai"]
    assert store.names_as_of("export").is_empty()


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (("Amazon Web Services EMEA SARL", "104700000001"), ("Amazon Web Services, Inc.", "104700000001")),
        (("AWS", "104700000001"), ("Amazon Web Services, Inc.", "104700000001")),
        (("Microsoft", "/providers/Microsoft.Billing/billingAccounts/8611537"), ("Microsoft Corporation", "8611537")),
    ],
)
def test_one_account_is_one_however_its_reports_spell_it(store, theirs, ours):
    commit(store, "export", claims=(AccountClaim(*theirs, "money"),))

    with pytest.raises(AuthorityError, match="bill and export both say"):
        commit(store, "bill", claims=(AccountClaim(*ours, "money"),))

    commit(store, "another-vendor", claims=(AccountClaim("Example Cloud", ours[1], "money"),))


def test_claims_of_another_period_role_or_account_do_not_collide_and_a_reload_keeps_its_own(store):
    claim = AccountClaim("OpenAI", "org-1", "money")
    commit(store, claims=(claim,))
    commit(store, claims=(claim, claim))
    commit(store, "export", "2026-02", claims=(claim,))
    commit(
        store, "gateway", claims=(AccountClaim("OpenAI", "org-1", "usage"), AccountClaim("OpenAI", "org-2", "money"))
    )
    assert len(store.current_loads()) == 3


def test_withdrawing_frees_the_claim_and_is_remembered(store):
    claim = AccountClaim("OpenAI", "org-1", "money")
    commit(store, claims=(claim,), files=(files("openai", "2026-01", "a"),))

    assert store.withdraw("openai", None, who="finance@example.org", why="moved to the export") == 1

    assert store.current_loads() == []
    assert store.named_files() == frozenset()
    commit(store, "export", claims=(claim,))
    assert store.current_load("export", "2026-01").issuers == ("OpenAI",)


def test_all_that_a_load_says_is_told_exactly(store):
    commit(
        store,
        data_through=NOW,
        issuer="OpenAI",
        answers=7,
        checks=(
            CheckResult("charges = bill lines", "proof", Decimal(1), Decimal(1) - TINY, -TINY, False, "a day", "USD"),
            CheckResult("matched", "measure", Decimal(10), Decimal(9), Decimal(-1), None, cost_basis="billed"),
        ),
        restatements=(Restatement(date(2026, 1, 2), "billed_cost", Decimal(5), None, "USD", project_id="p"),),
        findings=(LoadFinding("unknown field", "foo", 3),),
    )

    told = store.snapshot().tables
    assert told["checks"]["difference"].to_list() == [-TINY, Decimal(-1)]
    assert told["checks"]["passed"].to_list() == [False, None]
    assert told["restatements"].select("before", "after", "difference").rows() == [(Decimal(5), None, Decimal(-5))]
    assert told["findings"]["count"].to_list() == [3]
    assert told["loads"].select("is_current", "answers", "issuer", "data_through").rows() == [(True, 7, "OpenAI", NOW)]


def test_checks_and_findings_of_replaced_loads_are_not_shown_and_restatements_are(store):
    change = Restatement(date(2026, 1, 2), "billed_cost", Decimal(1), Decimal(2), "USD")
    first = commit(store, findings=(LoadFinding("old", "x"),))
    commit(store, restatements=(change,))
    commit(store)

    told = store.snapshot().tables
    assert told["findings"].is_empty()
    assert told["restatements"]["replaced_load_id"].to_list() == [first]
    assert told["loads"]["is_current"].to_list() == [False, False, True]


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([("2026-01", "failed")], "failing"),
        ([("2026-01", "failed"), ("2026-01", "committed")], "fresh"),
        ([("2026-01", "failed"), ("2026-02", "committed")], "failing"),
        ([("2026-01", "held")], "failing"),
        ([("2026-01", "unchanged")], "fresh"),
    ],
)
def test_a_source_is_failing_until_each_of_its_periods_succeeds(store, outcomes, status):
    for period, outcome in outcomes:
        store.record_attempt(Attempt("openai", period, NOW, NOW, outcome, "429 until the retries ran out", "wait"))
    told = store.snapshot().tables["freshness"]
    assert told["status"].to_list() == [status]


def test_freshness_says_what_went_wrong_and_when_it_last_went_well(url):
    now = [NOW]
    with ControlStore.open(url, lambda: now[0]) as store:
        commit(store, data_through=NOW - timedelta(days=1))
        assert store.snapshot().tables["freshness"]["status"].to_list() == ["fresh"]
        now[0] += timedelta(hours=37)
        assert store.snapshot().tables["freshness"]["status"].to_list() == ["stale"]
        store.record_attempt(Attempt("openai", "2026-01", now[0], now[0], "failed", "wrong key", "make a new one"))
        [told] = store.snapshot().tables["freshness"].rows(named=True)
    assert (told["status"], told["message"], told["remedy"]) == ("failing", "wrong key", "make a new one")
    assert told["last_success_at"] == NOW
    assert told["data_through"] == NOW - timedelta(days=1)


def test_files_are_named_by_current_loads_and_by_kept_publications(store):
    commit(store, files=(files("openai", "2026-01", "a"),))
    with store.lock_publishing() as lock:
        published, shown = store.begin_publication("outlay", lock)
    assert published == "outlay-20260301T120000Z-1.duckdb"
    assert [load.paths("focus.cost_and_usage") for load in shown.loads] == [("a",)]

    commit(store, files=(files("openai", "2026-01", "b"),))
    assert store.named_files() == {"a", "b"}
    store.mark_removed([published])
    assert store.named_files() == {"b"}


def test_a_newer_schema_is_refused_and_left_alone(url):
    with ControlStore.open(url) as store:
        commit(store)
    database = Database(url)
    with database.writing() as connection:
        connection.execute(SCHEMA.update().values(version=99))
    database.close()
    with pytest.raises(ControlError, match="version 99, made by a newer Outlay") as refused:
        ControlStore.open(url)
    assert "upgrade" in refused.value.remedy


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("sqlite://", "forgets everything"),
        ("not a url", "cannot be read"),
        ("postgresql+nosuchdriver://u:secret@host/db", "no driver"),
        ("sqlite:////proc/nowhere/outlay.db", "cannot be opened"),
    ],
)
def test_an_unusable_address_is_an_error_for_people_without_its_password(url, says):
    with pytest.raises(ControlError, match=says) as refused:
        ControlStore.open(url)
    assert "secret" not in str(refused.value)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "outlay.db").write_text("not a database, just a text that is long enough to be looked at" * 20)
    with pytest.raises(ControlError, match="not a database"):
        ControlStore.open(f"sqlite:///{tmp_path}/outlay.db")


def test_a_naive_instant_is_refused(store):
    with pytest.raises(ControlError, match="no time zone"):
        store.record_attempt(Attempt("openai", "2026-01", datetime(2026, 1, 1), NOW, "failed"))  # noqa: DTZ001


def test_the_schema_can_be_made_on_postgres_too():
    made = [str(sa.schema.CreateTable(table).compile(dialect=postgresql.dialect())) for table in METADATA.sorted_tables]
    assert any("TIMESTAMP WITH TIME ZONE" in sql for sql in made)


def open_and_commit(url: str, source: str) -> None:
    with ControlStore.open(url) as store:
        for _ in range(5):
            commit(store, source)


@pytest.mark.slow
def test_processes_that_open_a_new_store_at_once_all_succeed(url):
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=open_and_commit, args=(url, f"source-{n}")) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [worker.exitcode for worker in workers] == [0] * 4
    with ControlStore.open(url) as store:
        assert len(store.snapshot().tables["loads"]) == 20
        assert len(store.current_loads()) == 4


def test_names_frames_of_the_protocol_are_taken(store):
    seen = pl.DataFrame({"kind": ["project"], "id": ["p"], "name": ["Search"], "observed_at": [NOW]})
    store.observe_names("openai", seen)
    store.observe_names("openai", seen)
    assert store.names_as_of("openai").rows() == [("project", "p", "Search", NOW, NOW)]
