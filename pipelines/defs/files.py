"""A sensor for dropped files: when an export of FOCUS files changes, the billing periods that it holds are loaded.

The daily schedule pulls open periods only; vendors deliver late and correct old months, and a file says when.
"""

# no `from __future__ import annotations` here: Dagster reads the type of `context` when a function is decorated
from pathlib import Path

import dagster as dg

from connectors.focus_files import KIND, FocusFilesOptions, arrived_periods, fingerprint
from models.errors import OutlayError
from pipelines.configuration import Secrets
from pipelines.defs.sources import months, word
from pipelines.home import Home
from pipelines.settings import SourceSettings

_LOOK_EVERY_SECONDS = 60


def is_dropped(source: SourceSettings) -> bool:
    """Whether this source's money comes as files that somebody drops."""
    return source.connector == KIND.name


def define_file_sensor(
    source: SourceSettings, home: Path, job: "dg.UnresolvedAssetJobDefinition"
) -> dg.SensorDefinition:
    """Looks at the listing each minute; its cursor is the fingerprint of the export as it was last loaded.

    An export that cannot be read is skipped with its remedy, and looked at again.
    """

    @dg.sensor(
        name=f"{word(source)}_files",
        job=job,
        minimum_interval_seconds=_LOOK_EVERY_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Loads what is dropped for {source.name}.",
    )
    def files(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
        try:
            export = _options(source, home)
            seen = fingerprint(export)
            if seen == context.cursor:
                return dg.SkipReason("nothing changed since the last look")
            periods = arrived_periods(export)
        except OutlayError as error:
            error.source = error.source or source.name
            return dg.SkipReason(str(error))
        except Exception as error:
            return dg.SkipReason(f"{source.name}: something unexpected: {error!r}; looked at again in a minute")
        known = set(months(source).get_partition_keys())
        requests = [
            dg.RunRequest(run_key=f"{source.name}/{period}/{seen}", partition_key=period)
            for period in periods
            if period in known
        ]
        if unknown := sorted(set(periods) - known):
            context.log.warning(f"left alone, before `start` or in the future: {', '.join(unknown)}")
        return dg.SensorResult(requests, cursor=seen)

    return files


def _options(source: SourceSettings, home: Path) -> FocusFilesOptions:
    filled = Secrets(Home.at(home)).fill(source.options, source=source.name)
    return FocusFilesOptions.model_validate(filled)
