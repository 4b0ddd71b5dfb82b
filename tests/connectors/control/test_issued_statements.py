"""Statements that were issued: all of an issue or nothing, each team's month once, and older stores learn of them."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import sqlalchemy as sa

from connectors.control import ControlStore, IssuedStatement, StatedAmount
from connectors.control.database import Database
from connectors.control.errors import ControlError
from connectors.control.tables import ACTIONS, SCHEMA, STATEMENT_AMOUNTS, STATEMENTS

AT = datetime(2026, 10, 3, 9, tzinfo=UTC)
SEARCH = IssuedStatement(
    number=1,
    team="search",
    month="2026-09",
    issued_at=AT,
    issued_by="ada",
    publication="outlay-1.duckdb",
    whole_month=True,
    page="statements/2026-09/search.html",
    page_sha256="a" * 64,
    lines="statements/2026-09/search.csv",
    lines_sha256="b" * 64,
    amounts=(
        StatedAmount("direct", "2026-09", "USD", Decimal("100.000000000001"), "EUR", Decimal("90.5")),
        StatedAmount("adjustment", "2026-08", "JPY", Decimal(-7), "EUR", None),
    ),
)
NOBODY = replace(SEARCH, number=2, team=None, amounts=())


def record(store: ControlStore, *issued: IssuedStatement) -> None:
    with store.lock_statements():
        store.record_statements(issued)


def test_what_was_issued_is_told_again_to_the_last_place(url):
    with ControlStore.open(url) as store:
        record(store, SEARCH, NOBODY)
        assert store.issued_statements() == [SEARCH, NOBODY]


@pytest.mark.parametrize("again", [replace(SEARCH, number=3), replace(NOBODY, number=3)], ids=["a team", "unallocated"])
def test_a_month_is_stated_once_and_a_refused_issue_leaves_nothing(url, again):
    other = replace(SEARCH, number=4, team="ads")
    with ControlStore.open(url) as store:
        record(store, SEARCH, NOBODY)
        with pytest.raises(ControlError, match="issued before"):
            record(store, other, again)
        assert store.issued_statements() == [SEARCH, NOBODY]


def test_an_issue_is_an_action_of_a_person(url):
    with ControlStore.open(url) as store:
        record(store, SEARCH, NOBODY)
    database = Database(url)
    with database.reading() as connection:
        rows = connection.execute(sa.select(ACTIONS.c.who, ACTIONS.c.what, ACTIONS.c.subject, ACTIONS.c.detail)).all()
    database.close()
    assert rows == [
        ("ada", "issue statement", "search 2026-09", '{"number": 1}'),
        ("ada", "issue statement", "unallocated 2026-09", '{"number": 2}'),
    ]


def test_a_store_of_the_version_before_learns_of_statements(url):
    with ControlStore.open(url):
        pass
    database = Database(url)
    with database.writing() as connection:
        STATEMENT_AMOUNTS.drop(connection)
        STATEMENTS.drop(connection)
        connection.execute(SCHEMA.update().values(version=1))
    database.close()
    with ControlStore.open(url) as store:
        record(store, SEARCH)
        assert store.issued_statements() == [SEARCH]
