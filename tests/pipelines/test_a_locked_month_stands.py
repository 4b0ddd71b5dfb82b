"""A locked month stands as it was booked; what the vendor changes afterwards is booked once, in the open month."""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from connectors.errors import ConfigurationError
from connectors.protocol import Surroundings
from connectors.simulator.simulation import Simulation
from models.errors import OutlayError
from pipelines.booking import lock_period
from pipelines.demo import serving
from pipelines.home import Home
from pipelines.run import run
from pipelines.workplace import Workplace

pytestmark = pytest.mark.slow

AS_OF = datetime(2026, 11, 5, tzinfo=UTC)
LOCKED = "2026-10"
SUMS = """
SELECT x_BillingMonth, coalesce(ChargeClass, ''), sum(BilledCost), sum(EffectiveCost), sum(ListCost),
       sum(ContractedCost)
FROM focus.{table} WHERE x_Source = 'openai' GROUP BY ALL ORDER BY ALL
"""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[tuple[Workplace, Simulation]]:
    """Two months of which October holds a day that OpenAI restates."""
    simulation = Simulation(seed=3, months=2, as_of=AS_OF)
    home = Home.at(tmp_path)
    with (
        serving(home, simulation, misbehave=False, port=0),
        Workplace.open(home, surroundings=Surroundings(home=tmp_path, clock=lambda: AS_OF)) as work,
    ):
        yield work, simulation


def load(work: Workplace) -> None:
    assert run(work, sources=["openai"], periods=[LOCKED]).failures == []


def sums(work: Workplace, table: str) -> dict[tuple[str, str], tuple[Decimal, ...]]:
    with duckdb.connect(str(work.home.published.resolve()), read_only=True) as warehouse:
        return {(row[0], row[1]): row[2:] for row in warehouse.execute(SUMS.format(table=table)).fetchall()}


def test_what_is_restated_after_the_lock_is_one_correction_in_the_open_month(world):
    work, simulation = world
    load(work)
    booked = sums(work, "cost_and_usage")
    assert lock_period(work, LOCKED, ["openai"]) == ["openai 2026-10: booked with load 1"]
    assert sums(work, "cost_and_usage_as_booked") == booked

    simulation.advance()
    load(work)
    delivered, as_booked = sums(work, "cost_and_usage"), sums(work, "cost_and_usage_as_booked")
    assert delivered.keys() == {(LOCKED, "")}
    assert delivered[(LOCKED, "")] != booked[(LOCKED, "")]
    assert as_booked[(LOCKED, "")] == booked[(LOCKED, "")]
    correction = as_booked[("2026-11", "Correction")]
    assert tuple(a + b for a, b in zip(booked[(LOCKED, "")], correction, strict=True)) == delivered[(LOCKED, "")]

    load(work)
    assert sums(work, "cost_and_usage_as_booked") == as_booked, "the same answers again book nothing again"

    simulation.state = "first"
    load(work)
    taken_back = sums(work, "cost_and_usage_as_booked")
    assert taken_back[("2026-11", "Correction")] == (0, 0, 0, 0), "a change that is taken back is corrected back"


def test_a_month_is_booked_once_and_not_before_it_is_over(world):
    work, _ = world
    load(work)
    lock_period(work, LOCKED)
    assert lock_period(work, LOCKED) == ["openai 2026-10: was booked before, and stays as it is"]
    with pytest.raises(ConfigurationError, match="not over yet"):
        lock_period(work, "2026-11")
    with pytest.raises(OutlayError, match="nothing is loaded"):
        lock_period(work, "2026-09")
