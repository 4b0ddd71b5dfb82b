"""Alerts under Dagster: the sensor asks for a pass where one would do something, and the asset makes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.definitions import definitions
from tests.pipelines.alert_office import CROSSED, Office, an_office, asked

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as office:
        yield office


def look(defs: dg.Definitions) -> dg.SensorResult | dg.SkipReason:
    result = defs.resolve_sensor_def("alerts_due")(dg.build_sensor_context(definitions=defs))
    assert isinstance(result, dg.SensorResult | dg.SkipReason)
    return result


def reasons(result: dg.SensorResult | dg.SkipReason) -> list[str]:
    assert isinstance(result, dg.SensorResult), result
    return [request.tags["due"] for request in result.run_requests or ()]


def test_a_pass_is_asked_for_where_something_is_due_and_at_no_other_time(office: Office) -> None:
    defs = definitions(office.home)
    assert isinstance(look(defs), dg.SkipReason), "nothing is published"
    office.publish(CROSSED)
    assert reasons(look(defs)) == ["1 change of alerts, 1 message to make"]
    job = defs.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance, asset_selection=[dg.AssetKey("alerts")])
    (made,) = [event.materialization for event in result.get_asset_materialization_events()]
    figures = {name: value.value for name, value in made.metadata.items()}
    assert figures == {"opened": 1, "resolved": 0, "told": 1, "waiting": 0, "held": 0}
    assert len(office.channel.messages) == 1
    skipped = look(defs)
    assert isinstance(skipped, dg.SkipReason)
    assert skipped.skip_message == "nothing is due"
    with office.work() as work:
        work.control.alerts.request(asked("acknowledge"))
    assert reasons(look(defs)) == ["1 request, 1 message to make"]


def test_a_home_that_cannot_be_read_is_skipped_with_its_remedy(office: Office) -> None:
    defs = definitions(office.home)
    office.home.configuration.write_text("organization: [", encoding="utf-8")
    skipped = look(defs)
    assert isinstance(skipped, dg.SkipReason)
    assert "outlay config check" in (skipped.skip_message or "")
