"""Dagster's entry point: `dagster dev -m pipelines.definitions`, or `outlay up`. HOME comes from `OUTLAY_HOME`.

Nothing here talks to a vendor: definitions load from `outlay.yaml` alone.
"""

from __future__ import annotations

import dagster as dg

from pipelines.configuration import read_settings
from pipelines.defs.alerts import define_alert_sensor, define_alerts
from pipelines.defs.files import define_file_sensor, is_dropped
from pipelines.defs.publication import WAREHOUSE, define_publication
from pipelines.defs.sources import define_source
from pipelines.home import Home


def definitions(home: Home) -> dg.Definitions:
    """Everything that Dagster runs for this home."""
    settings = read_settings(home.configuration).sources
    sources = [define_source(source, home.root) for source in settings]
    charges = [source.assets[-1].key for source in sources]
    return dg.Definitions(
        assets=[
            *(asset for source in sources for asset in source.assets),
            define_publication(home.root, charges),
            define_alerts(home.root, WAREHOUSE),
        ],
        # a run is one process: two steps in a row need no more, and with it dies all of its work
        executor=dg.in_process_executor,
        jobs=[source.job for source in sources],
        schedules=[source.schedule for source in sources],
        sensors=[
            *(
                define_file_sensor(source, home.root, defined.job)
                for source, defined in zip(settings, sources, strict=True)
                if is_dropped(source)
            ),
            define_alert_sensor(home.root),
            dg.AutomationConditionSensorDefinition(
                "follow",
                target=dg.AssetSelection.groups("published"),
                default_status=dg.DefaultSensorStatus.RUNNING,
            ),
        ],
    )


@dg.definitions
def defs() -> dg.Definitions:
    return definitions(Home.at())
