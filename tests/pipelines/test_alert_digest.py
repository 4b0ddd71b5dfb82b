"""The digest of a published file: what is read, and what is said where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest

from models.catalogue import TABLES
from models.control.digest import Digest
from models.control.notices import due_digest
from models.control.policy import Policy, WeeklyDigest
from models.economics.attribution import ATTRIBUTED_DAILY
from models.economics.tco import TCO_DAILY
from models.errors import OutlayError
from models.table import Table
from pipelines import alert_delivery
from pipelines.alert_digest import digest_of
from pipelines.settings import Settings

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)
MONDAY = date(2026, 11, 16)


def row(table: Table, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a column needs is filled in, a null where it may be."""
    columns = table.contract.columns()
    fillers = {pl.String: "x", pl.Int64: 0, pl.Boolean: True, pl.Date: MONDAY, pl.Float64: 0.0}
    given = {
        name: None
        if column.nullable
        else Decimal(0)
        if isinstance(column.dtype, pl.Decimal)
        else NOW
        if isinstance(column.dtype, pl.Datetime)
        else fillers[column.dtype.base_type()]
        for name, column in columns.items()
    }
    return given | dict(values)


@pytest.fixture
def work(tmp_path: Path) -> SimpleNamespace:
    """What of a workplace is needed; `publish` writes a file with these rows and every other table empty."""
    file = tmp_path / "outlay.duckdb"

    def publish(rows: Mapping[str, list[Mapping[str, Any]]]) -> None:
        with duckdb.connect(str(file)) as warehouse:
            for table in TABLES.values():
                told = [row(table, each) for each in rows.get(table.qualified_name, [])]
                frame = pl.DataFrame(told, schema=table.polars_schema, orient="row")
                warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {table.schema}")
                warehouse.register("frame", frame)
                warehouse.execute(f"CREATE TABLE {table.qualified_name} AS FROM frame")
                warehouse.unregister("frame")

    return SimpleNamespace(
        home=SimpleNamespace(published=file),
        surroundings=SimpleNamespace(clock=lambda: NOW),
        control=SimpleNamespace(alerts=SimpleNamespace(book=dict)),
        publish=publish,
    )


def made(work: SimpleNamespace) -> Digest:
    digest = digest_of(work, NOW.date())  # type: ignore[arg-type]
    assert digest is not None
    return digest


def test_without_a_publication_there_is_none(work: SimpleNamespace) -> None:
    assert digest_of(work, NOW.date()) is None  # type: ignore[arg-type]


def test_a_publication_of_another_outlay_is_said_to_be_one(work: SimpleNamespace) -> None:
    work.publish({})
    with duckdb.connect(str(work.home.published)) as warehouse:
        warehouse.execute("DROP TABLE marts.budget_outlook")
    with pytest.raises(OutlayError, match="does not tell all that a digest says") as raised:
        made(work)
    assert "`outlay run` publishes anew" in raised.value.remedy


def test_of_an_empty_publication_nothing_is_made_up(work: SimpleNamespace) -> None:
    work.publish({})
    digest = made(work)
    assert (digest.spending, digest.budgets, digest.movers, digest.savings) == ((), (), (), ())
    assert digest.health == "There is no source; every proof of conservation holds."


def test_the_week_is_that_of_its_key_wherever_and_whenever_it_is_sent(
    work: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monday morning in Sydney is Sunday for UTC; and one that waited for Slack tells no other week a Monday later."""
    told: list[Digest | None] = []
    monkeypatch.setattr(
        alert_delivery, "render", lambda _notice, _alerts, _look, digest: told.append(digest)
    )  # fmt: skip
    work.publish({"ops.publication": [{"data_through": datetime(2026, 11, 29, tzinfo=UTC)}]})
    work.settings = Settings.model_validate({"organization": "Acme"})
    policy = Policy("webhook", zone="Australia/Sydney", weekly_digest=WeeklyDigest("webhook"))
    notice = due_digest(policy, {}, datetime(2026, 11, 29, 22, 0, tzinfo=UTC))  # Monday, 30 November, 09:00 in Sydney
    assert notice is not None

    alert_delivery._message(work, notice, {})  # type: ignore[arg-type]

    (digest,) = told
    assert digest is not None
    assert (notice.says, digest.week.label) == ("2026-W49", "2026-W48")


def test_of_a_week_that_is_not_known_yet_neither_spending_nor_movers_are_told(work: SimpleNamespace) -> None:
    before = datetime(2026, 11, 10, tzinfo=UTC)
    cost = {"day": before, "currency": "USD", "effective_cost": Decimal(100)}
    work.publish(
        {
            TCO_DAILY.qualified_name: [cost],
            ATTRIBUTED_DAILY.qualified_name: [{**cost, "team": "search", "charge_category": "Usage"}],
            "ops.publication": [{"data_through": datetime(2026, 11, 15, tzinfo=UTC)}],
        }
    )
    digest = made(work)
    assert (digest.week.first_day, digest.week.through) == (MONDAY, None)
    assert (digest.spending, digest.movers) == ((), ())


def test_a_week_in_the_reporting_currency_with_what_moved_and_how_far_it_can_be_trusted(work: SimpleNamespace) -> None:
    def cost(day: date, amount: int, **more: Any) -> dict[str, Any]:
        at = datetime(day.year, day.month, day.day, tzinfo=UTC)
        return {"day": at, "currency": "EUR", "effective_cost": Decimal(amount), **more}

    before, after = MONDAY - timedelta(days=7), MONDAY + timedelta(days=1)
    work.publish(
        {
            TCO_DAILY.qualified_name: [
                cost(before, 100, **{"reporting_currency": "USD", "reporting_effective_cost": Decimal(110)}),
                cost(after, 300, **{"reporting_currency": "USD", "reporting_effective_cost": Decimal(330)}),
                cost(after, 40, **{"reporting_currency": "USD", "reporting_effective_cost": None}),
            ],
            ATTRIBUTED_DAILY.qualified_name: [
                cost(day, amount, team="search", model="gpt-5", charge_category="Usage", unit="Tokens",
                     consumed_quantity=Decimal(amount))
                for day, amount in ((before, 100), (after, 300))
            ],
            "ops.freshness": [{"source": "aws", "status": "stale"}, {"source": "openai", "status": "fresh"}],
            "ops.checks": [{"kind": "proof", "passed": False}],
            "marts.alert_rules": [{"rule": "idle", "kind": "anomaly", "judged": False}],
            "ops.publication": [{"data_through": datetime(2026, 11, 26, tzinfo=UTC)}],
        }
    )  # fmt: skip
    digest = made(work)
    assert [(each.currency, each.spent, each.before) for each in digest.spending] == [
        ("USD", Decimal(330), Decimal(110)),
        # of the one charge without a rate nothing was known a week before
        ("EUR", Decimal(40), None),
    ]
    # 200 more, at the same price
    assert [(each.team, each.model, each.change, each.cause) for each in digest.movers] == [
        ("search", "gpt-5", Decimal(200), "200.00 EUR more usage")
    ]
    assert digest.health == (
        "1 of 2 sources are fresh (aws is stale); 1 proof of conservation failed; 1 rule could not be judged (idle)."
    )
