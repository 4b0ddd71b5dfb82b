"""From files to the published warehouse: unit costs of a cloud's bill, and files that cannot be read beside it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from connectors.protocol import Surroundings
from pipelines.door import query
from pipelines.exchange import import_export
from pipelines.home import Home
from pipelines.run import RunReport
from pipelines.workplace import Workplace
from tests.pipelines.machine_rows import machine_row

MACHINES = {"p5.48xlarge": ("2", "110.08"), "m5.large": ("10", "0.96")}
"""2 h × 8 H100 for 110.08: 6.88 an hour; and a machine without any."""
CONFIGURATION = """\
organization: Acme
owners:
  - {tags: {user_team: ml}, team: ml}
"""
MEASURED = """\
utilisation:
  - {name: cluster, file: cluster.csv, format: csv, source: machines}
drivers:
  - {name: documents, unit: Document, file: documents.csv, scope: {source: machines}}
"""


Publish = Callable[..., tuple[RunReport, Callable[[str], list[dict[str, Any]]]]]


@pytest.fixture
def publish(tmp_path: Path) -> Publish:
    """Import the machines' bill into a home with this configuration and these files."""
    export = tmp_path / "export.csv"
    rows = [machine_row(name, *told) for name, told in MACHINES.items()]
    pl.DataFrame(rows).write_csv(export, datetime_format="%Y-%m-%dT%H:%M:%SZ")

    def publishing(configuration: str, **files: str):
        home = Home.at(tmp_path / f"home-{len(list(tmp_path.iterdir()))}")
        home.root.mkdir()
        home.configuration.write_text(configuration)
        for name, text in files.items():
            (home.root / f"{name}.csv").write_text(text)
        surroundings = Surroundings(home=home.root, clock=lambda: datetime(2026, 10, 20, tzinfo=UTC))
        with Workplace.open(home, surroundings=surroundings) as work:
            report = import_export(work, "focus-files", str(export), "machines")
        return report, lambda sql: query(home.published, sql).rows.to_dicts()

    return publishing


GOOD = {
    "cluster": "day,accelerator,accelerators,utilisation_pct\n2026-09-01,H100,8,25\n",
    "documents": "day,value\n2026-09-01,1388\n",
}


def test_hours_and_documents_cost_what_the_bill_and_the_files_say(publish: Publish) -> None:
    """16 hours for 110.08: 6.88, at 25 % busy 27.52 a busy hour, 82.56 idle. 111.04 over 1,388 documents: 0.08."""
    report, ask = publish(CONFIGURATION + MEASURED, **GOOD)
    assert report.failures == []
    hour, document = ask("SELECT * FROM marts.unit_costs ORDER BY measure")
    assert (hour["subject"], hour["host_name"], hour["pricing_kind"]) == ("H100", "AWS", "on_demand")
    assert (hour["quantity"], hour["effective_unit_cost"], hour["utilisation"]) == (
        16,
        Decimal("6.88"),
        Decimal("0.25"),
    )
    assert hour["effective_cost_per_busy_unit"] == Decimal("27.52")
    assert (document["subject"], document["effective_unit_cost"]) == ("documents", Decimal("0.08"))
    (idle,) = ask("SELECT team, used_cost, measured_idle_cost, idle_cost FROM marts.idle_accelerators")
    assert tuple(idle.values()) == ("ml", Decimal("110.08"), Decimal("82.56"), Decimal("82.56"))
    assert ask("SELECT value, effective_cost FROM marts.driver_costs") == [
        {"value": 1388, "effective_cost": Decimal("111.04")}
    ]


def test_files_that_cannot_be_read_are_told_and_change_nothing_else(publish: Publish) -> None:
    """What they would have told is null; the rest is as without them."""
    bad = {"cluster": GOOD["cluster"] + "2026-09-02,H100,8,2500\n", "documents": GOOD["documents"] * 2}
    report, ask = publish(CONFIGURATION + MEASURED, **bad)
    _, without = publish(CONFIGURATION)
    assert report.publication is not None
    assert [str(failure).split(" → ")[0] for failure in report.failures] == [
        "utilisation 'cluster': cluster.csv line 3: utilisation 2500 is not between 0 and 100",
        "driver 'documents': documents.csv row 3: value 'value' is no number",
    ]
    for table in ("unit_costs", "idle_accelerators", "attributed_daily", "tco_daily", "driver_costs"):
        assert ask(f"SELECT * FROM marts.{table} ORDER BY ALL") == without(f"SELECT * FROM marts.{table} ORDER BY ALL")
    (hour,) = ask("SELECT * FROM marts.unit_costs")
    assert (hour["utilisation"], hour["effective_cost_per_busy_unit"]) == (None, None)
    assert hour["effective_unit_cost"] == Decimal("6.88")
