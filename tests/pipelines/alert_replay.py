"""Days gone by, published again one by one as far as alerts ask, each with the real pass over a home of its own.

Of a finished home: what its publication of a day knew. Bills are there two days after use, declared costs on their day,
and pools are split by what teams had by then; later restatements are not undone. Scores of anomalies are those of the
whole, for a score depends on earlier days alone; episodes and incidents are made anew for each day.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
import yaml

from connectors.control.alerts import Posted
from connectors.protocol import Surroundings
from connectors.slack import alert_message
from connectors.slack.message import Message
from models.control.alerts import Alert
from models.control.budget_outlook import Grounds
from models.control.condition_tables import ALERT_CONDITIONS, ALERT_RULES, conditions_of
from models.control.conditions import Condition
from models.economics.commitments import COMMITMENT_BURN_DOWN, COMMITMENTS
from models.economics.contracts import CONTRACTS
from models.economics.exchange import ExchangeRates
from models.economics.tco import tco_daily
from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, ANOMALY_DETECTION
from models.table import Table
from pipelines import alert_delivery
from pipelines.alerting import alert
from pipelines.marts.alert_conditions import alert_conditions_marts
from pipelines.marts.anomalies import NOTHING, Anomalies, Detection
from pipelines.marts.budget_outlook import BudgetForecasting
from pipelines.marts.budgets import Budgeting
from pipelines.marts.commitments import commitments_marts
from pipelines.marts.economics import Economics
from pipelines.marts.forecasts import Forecasting
from pipelines.marts.series import DailySeries
from pipelines.warehouse import Facts, Mart
from pipelines.workplace import Workplace

BILLED_AFTER = timedelta(days=2)
_DAY_OF = {"focus.cost_and_usage": "ChargePeriodStart"}
"""The column by which a fact's day is told, where that is not `day`."""
_OTHERS = ("reconciliation", "stale_source", "unpriced_usage", "residency")
"""Kinds that tell of pulls and bills, which are not undone here."""


@dataclass(frozen=True)
class KeptFacts(Facts):
    """Facts that are read once."""

    kept: dict[tuple[str, int], pl.DataFrame] = field(default_factory=dict[tuple[str, int], pl.DataFrame])

    def read(self, table: Table) -> pl.LazyFrame:
        asked = (table.qualified_name, hash(self.loads))
        if asked not in self.kept:
            self.kept[asked] = super().read(table).collect()
        return self.kept[asked].lazy()


@dataclass(frozen=True)
class _CutFacts(KeptFacts):
    """Facts through a day."""

    through: date = date.max

    def read(self, table: Table) -> pl.LazyFrame:
        column = _DAY_OF.get(table.qualified_name, "day")
        return super().read(table).filter(pl.col(column).dt.date() <= self.through)


class Past(Economics):
    """The economics of the day that the clock of `work` says, cut out of those of the `whole`."""

    def __init__(self, whole: Economics, work: Workplace, operations: Mapping[str, pl.DataFrame]) -> None:
        through = work.surroundings.clock().date() - BILLED_AFTER
        kept = whole.facts.kept if isinstance(whole.facts, KeptFacts) else {}
        facts = _CutFacts(whole.facts.lake, whole.facts.loads, operations, kept, through)
        super().__init__(work, facts)
        self.__dict__.update(whole=whole, through=through)

    whole: Economics
    through: date

    def cut(self, frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("day").dt.date() <= self.through)

    @cached_property
    def attributed(self) -> pl.DataFrame:
        return self.cut(self.whole.attributed)

    @cached_property
    def leaves(self) -> pl.DataFrame:
        return self.cut(self.whole.leaves)

    @cached_property
    def declared(self) -> pl.DataFrame:
        return self.whole.declared.filter(pl.col("day").dt.date() <= self.today)

    @cached_property
    def rates(self) -> ExchangeRates:
        return self.whole.rates

    @cached_property
    def tco(self) -> pl.DataFrame:
        """Months that are over are as they ended; what teams share is worked out anew of those that were not."""
        first = self.through.replace(day=1)
        is_open = pl.col("day").dt.date() >= first
        over = self.whole.tco.filter(~is_open)
        of_open = tco_daily(
            self.attributed.filter(is_open),
            self.declared.filter(is_open),
            pools=self.work.pools,
            cost_centres=self.work.cost_centres,
            rates=self.rates,
        )
        return pl.concat([over, of_open])

    @cached_property
    def series(self) -> DailySeries:
        whole = self.whole.series
        assert whole.origin is not None
        origin = replace(whole.origin, day=self.through, furthest=self.through, known_through=())
        day = pl.col("day") <= self.through
        return DailySeries(whole.rows.filter(day), whole.items.filter(day), origin)


class PastDetection(Detection):
    """Anomalies of a day gone by, from what was found in the whole."""

    def __init__(self, past: Past, whole: Detection) -> None:
        super().__init__(past)
        self.__dict__.update(whole=whole, through=past.through)

    whole: Detection
    through: date

    @cached_property
    def leaves(self) -> pl.DataFrame:
        return self.whole.leaves.filter(pl.col("day") <= self.through)

    @cached_property
    def series(self) -> pl.DataFrame:
        return self.whole.series.filter(pl.col("day") <= self.through)

    @cached_property
    def scored(self) -> pl.DataFrame:
        return self.whole.scored.filter(pl.col("day") <= self.through)


class PastBudgeting(Budgeting):
    """How budgets stood; what charges by tag were is cut out of the whole, too."""

    def __init__(self, past: Past, whole: Budgeting) -> None:
        super().__init__(past)
        self.__dict__.update(whole=whole, through=past.through)

    whole: Budgeting
    through: date

    @cached_property
    def tagged(self) -> pl.DataFrame:
        return self.whole.tagged.filter(pl.col("day").dt.date() <= self.through)


class _NoForecasts(BudgetForecasting):
    """How budgets stand, and nothing of where they land."""

    @cached_property
    def _grounds(self) -> Grounds | None:
        return None


def alert_marts(past: Past, forecasting: BudgetForecasting, found: Anomalies | None) -> Mapping[str, Mart]:
    """What the publication of that day says of alerts."""
    agreed = commitments_marts(past)
    found = found or NOTHING
    known: dict[str, Mart] = {
        ANOMALIES.qualified_name: found.anomalies,
        ANOMALY_CAUSES.qualified_name: found.causes,
        ANOMALY_DAYS.qualified_name: found.days,
        ANOMALY_DETECTION.qualified_name: found.detection,
    }
    for table in (COMMITMENTS, COMMITMENT_BURN_DOWN, CONTRACTS):
        known[table.qualified_name] = _rows(agreed[table.qualified_name])
    return alert_conditions_marts(past, known, forecasting.judged)


def _rows(mart: Mart) -> pl.DataFrame:
    return mart() if callable(mart) else mart


def _publish(file: Path, frames: Mapping[str, pl.DataFrame]) -> None:
    """A warehouse with these tables and no others."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    with duckdb.connect(str(file)) as warehouse:
        for name, rows in frames.items():
            schema, _, _ = name.partition(".")
            warehouse.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
            warehouse.register("told", rows.to_arrow())
            warehouse.execute(f"CREATE TABLE {name} AS SELECT * FROM told")
            warehouse.unregister("told")


@dataclass
class Clock:
    """Ours, set by hand."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


@dataclass(eq=False)
class Recorder:
    """A place that takes every message; what it took, in order: when, which notice, what it says."""

    clock: Clock
    taken: list[tuple[datetime, str, Message]] = field(default_factory=list[tuple[datetime, str, Message]])
    can_edit: bool = True

    def post(
        self, destination: str, message: Message, *, reference: str, thread: Posted | None = None,
        broadcast: bool = False,
    ) -> Posted:  # fmt: skip
        self.taken.append((self.clock(), reference, message))
        return Posted(destination, "C0REPLAY", f"{len(self.taken)}.0", reference)

    def edit(self, posted: Posted, message: Message) -> None:
        """It says something else now."""

    def find(self, destination: str, reference: str, since: datetime, thread: Posted | None = None) -> Posted | None:
        return None


@dataclass
class Replay:
    """A home of its own, whose publications are those of days gone by of another."""

    whole: Economics
    work: Workplace
    clock: Clock
    recorder: Recorder
    judges_anomalies: bool = True
    forecasts: bool = True
    places: dict[str, set[tuple[str, str | None]]] = field(default_factory=dict[str, set[tuple[str, str | None]]])
    """By incident: dimensions and values that tell where it is."""

    @cached_property
    def budgeting(self) -> Budgeting:
        return Budgeting(self.whole)

    @cached_property
    def detection(self) -> Detection:
        """Of the whole, scored once."""
        return Detection(self.whole)

    def on(self, day: date) -> list[Condition]:
        """Publish `day` as far as alerts ask, make a pass at six in the morning; returns what stood then."""
        self.clock.now = datetime.combine(day, time(6), UTC)
        past = Past(self.whole, self.work, self.work.control.snapshot().tables)
        found = PastDetection(past, self.detection).found if self.judges_anomalies else None
        made = BudgetForecasting if self.forecasts else _NoForecasts
        marts = alert_marts(past, made(PastBudgeting(past, self.budgeting), Forecasting(past)), found)
        frames = {table.qualified_name: _rows(marts[table.qualified_name]) for table in (ALERT_CONDITIONS, ALERT_RULES)}
        assert not past.problems, past.problems
        _publish(self.work.home.published, frames)
        report = alert(self.work)
        assert not report.failures, report.failures
        if found is not None:
            self._remember_places(found)
        return conditions_of(frames[ALERT_CONDITIONS.qualified_name])

    def _remember_places(self, found: Anomalies) -> None:
        """Where each incident is: the series that names it, and all that its first cause names."""
        heads = found.anomalies.filter("is_head").select("incident_id", "dimension", "value")
        causes = found.causes.filter(pl.col("rank") == 1, pl.col("standing") == "cause")
        for incident, dimension, value in heads.iter_rows():
            self.places.setdefault(incident, set()).add((dimension, value))
        for incident, dimensions, values in causes.select("incident_id", "dimensions", "values").iter_rows():
            self.places.setdefault(incident, set()).update(zip(json.loads(dimensions), json.loads(values), strict=True))

    def alerts(self) -> dict[str, Alert]:
        return self.work.control.alerts.book()

    def openings(self) -> list[tuple[date, Condition]]:
        """Each time that an alert opened or opened again, in order."""
        logged = (each.event for each in self.work.control.alerts.events())
        return [
            (event.at.date(), event.condition)
            for event in logged
            if event.kind in ("opened", "reopened") and event.condition
        ]


@contextmanager
def replaying(
    home: Path, folder: Path, alerts: Mapping[str, Any] | None = None, *, anomalies: bool = True, forecasts: bool = True
) -> Generator[Replay]:
    """A replay of the finished `home`, in an empty `folder`. `alerts`: more of those of its outlay.yaml; without
    `anomalies` and `forecasts` of budgets, days are soon gone through."""
    settings = yaml.safe_load((home / "outlay.yaml").read_text(encoding="utf-8"))
    disabled = _OTHERS if anomalies else (*_OTHERS, "anomaly")
    slack = {"bot_token": "${SLACK_BOT_TOKEN}", "channel": "#replay"}
    settings["alerts"] = {
        "slack": slack,
        "rules": [{"kind": kind, "enabled": False} for kind in disabled],
        **(alerts or {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "outlay.yaml").write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    (folder / ".env").write_text("SLACK_BOT_TOKEN=xoxb-make-believe\n", encoding="utf-8")
    world = json.loads((home / "demo" / "world.json").read_text(encoding="utf-8"))
    as_of = datetime.fromisoformat(world["as_of"])
    clock = Clock(as_of)
    with (
        Workplace.open(home, surroundings=Surroundings(home=home, clock=lambda: as_of)) as known,
        Workplace.open(folder, surroundings=Surroundings(home=folder, clock=clock)) as work,
        pytest.MonkeyPatch.context() as patch,
    ):
        recorder = Recorder(clock)
        patch.setattr(
            alert_message, "chart", lambda *_, **__: None
        )  # a picture takes longer than all the rest of a pass
        patch.setattr(alert_delivery, "senders_of", lambda _work: lambda _destination: recorder)
        whole = Economics(known, KeptFacts(known.lake, tuple(known.control.current_loads())))
        yield Replay(whole, work, clock, recorder, anomalies, forecasts)
