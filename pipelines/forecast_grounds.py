"""What a published forecast stands on: why on that day, and which steps of contracts it does not know.

Worked out of the published warehouse and of outlay.yaml as it is now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from models.foresight.origin import Origin, origin
from pipelines.configuration import read_settings
from pipelines.contracts import contract_rates
from pipelines.door import query
from pipelines.home import Home
from pipelines.imports import imported_sources
from pipelines.known_events import known_events, public_holidays
from pipelines.marts.series import by_hand, deliveries
from pipelines.settings import Settings

_USAGE_DAYS = """
SELECT DISTINCT source, CAST(day AS DATE) AS day FROM marts.daily_costs WHERE charge_category = 'Usage' ORDER BY ALL
"""
_LOADS = "SELECT source, billing_period, pulled_at, data_through FROM ops.loads"
_VENDORS = "SELECT DISTINCT provider_name, source FROM marts.tco_daily ORDER BY ALL"


@dataclass(frozen=True)
class Grounds:
    """`origin` is None where sources have gone on since; `told` are the names of events that are known, `untold`
    steps of contracts that are in no forecast, and why."""

    origin: Origin | None
    told: tuple[str, ...] = ()
    holidays: str | None = None
    untold: Mapping[str, str] = field(default_factory=dict[str, str])

    @classmethod
    def of(cls, home: Home, made_on: date) -> Grounds:
        settings = read_settings(home.configuration) if home.configuration.exists() else Settings(organization="–")
        loads, days, vendors, published = (
            query(home.published, sql).rows
            for sql in (_LOADS, _USAGE_DAYS, _VENDORS, "SELECT CAST(published_at AS DATE) AS day FROM ops.publication")
        )
        told = list(deliveries(loads, days, by_hand(settings.sources, imported_sources(home))))
        stands = origin(told, published["day"][0])
        sources = vendors.group_by("provider_name").agg(pl.col("source"))
        known = known_events(
            settings.forecast.events,
            contract_rates(settings.contracts),
            {name: frozenset(named) for name, named in sources.iter_rows()},
            made_on,
        )
        names = tuple(event.name for event in known.events)
        kept = public_holidays(settings.forecast.holidays, made_on)
        return cls(stands if stands.day == made_on else None, names, kept and kept.name, known.untold)
