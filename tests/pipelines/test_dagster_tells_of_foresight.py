"""Forecasts and anomalies as assets: made with the warehouse in one step, with figures and a check beside them."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import definitions
from pipelines.home import Home

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture
def published(demo_home: Path) -> dg.Definitions:
    return definitions(Home.at(demo_home))


def test_forecasts_tell_what_they_stand_on_and_whether_their_intervals_held(published: dg.Definitions) -> None:
    """A run of them alone tells of what is published, and publishes nothing."""
    job = published.resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey("forecasts"), dg.AssetKey("anomalies")]
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, asset_selection=keys)
        made = {event.asset_key: event.materialization for event in result.get_asset_materialization_events()}
    figures = {name: value.value for name, value in made[keys[0]].metadata.items()}
    assert figures["made_on"] == "2026-11-16"
    assert int(str(figures["series"])) > 100
    assert set(made) == set(keys)
    (check,) = result.get_asset_check_evaluations()
    assert (check.check_name, check.asset_key) == ("coverage", keys[0])


def test_forecasts_and_anomalies_follow_the_warehouse(published: dg.Definitions) -> None:
    graph = published.resolve_asset_graph()
    for name in ("forecasts", "anomalies", "alerts"):
        assert graph.get(dg.AssetKey(name)).parent_keys == {dg.AssetKey("warehouse")}
