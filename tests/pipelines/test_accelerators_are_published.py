"""From a file to the published warehouse: accelerator-hours, their rates, their proof, and what is in no list."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import polars as pl
import pytest

from connectors.protocol import Surroundings
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.workplace import Workplace
from tests.pipelines.machine_rows import machine_row

MACHINES = {
    # 2 h × 8 H100 for 110.08, and a machine that nobody knows
    "p5.48xlarge": ("2", "110.08"),
    "p9.48xlarge": ("1", "77"),
    "m5.large": ("10", "0.96"),
}


@pytest.fixture
def published(tmp_path: Path) -> Path:
    export = tmp_path / "export.csv"
    pl.DataFrame([machine_row(name, *told) for name, told in MACHINES.items()]).write_csv(
        export, datetime_format="%Y-%m-%dT%H:%M:%SZ"
    )
    surroundings = Surroundings(home=tmp_path, clock=lambda: datetime(2026, 10, 20, tzinfo=UTC))
    with Workplace.open(Home.at(tmp_path / "home"), surroundings=surroundings) as work:
        import_export(work, "focus-files", str(export), "machines")
        return work.home.warehouse / "outlay.duckdb"


def test_hours_rates_proof_and_what_is_in_no_list(published: Path) -> None:
    with duckdb.connect(published, read_only=True) as connection:

        def ask(query: str) -> list[tuple[object, ...]]:
            return connection.execute(query).fetchall()

        assert ask("SELECT accelerator_type, instance_type, accelerator_hours, use FROM usage.accelerators") == [
            ("H100", "p5.48xlarge", Decimal(16), "used")
        ]
        # 110.08 ÷ 16
        assert ask("SELECT region, pricing_kind, effective_cost_per_used_hour FROM marts.accelerator_rates") == [
            ("us-east-1", "on_demand", Decimal("6.88"))
        ]
        assert ask("SELECT passed, expected FROM ops.checks WHERE \"check\" = 'accelerators = charges'") == [
            (True, Decimal("110.08"))
        ]
        assert ask("SELECT detail, count FROM ops.findings WHERE kind = 'unlisted_accelerator'") == [
            ("p9.48xlarge: 77.00 USD", 1)
        ]
        assert ask("SELECT count(*) FROM focus.cost_and_usage WHERE \"x_AiKind\" = 'accelerator'") == [(1,)]
