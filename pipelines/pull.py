"""Pulling: one complete conversation with a vendor about one billing period, sealed in the archive or not at all."""

from __future__ import annotations

from datetime import datetime, timedelta

from connectors.archive import Pull
from connectors.protocol import Window
from pipelines.settings import SourceSettings
from pipelines.workplace import Workplace


def window_of(period: str, now: datetime) -> Window:
    """The whole period, cut after today: vendors answer for the day under way, and later days do not exist yet."""
    whole = Window.of_period(period)
    tomorrow = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Window(whole.start, max(min(whole.end, tomorrow), whole.start + timedelta(days=1)))


def pull_period(work: Workplace, source: SourceSettings, period: str) -> Pull:
    """Pull and seal. Raises members of `connectors.errors`; then nothing is archived as whole."""
    work.on_step(f"{source.name} {period}: pulling")
    window = window_of(period, work.surroundings.clock())
    connector = work.connector(source, talking=True)
    with work.archive.record(source.name, period, window) as recording:
        for answer in connector.pull(window):
            recording.keep(answer)
        return recording.seal()
