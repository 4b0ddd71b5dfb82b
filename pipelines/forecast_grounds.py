"""What a published forecast stands on: why on that day, and who had not told what came until then.

Worked out of the published warehouse and of outlay.yaml as it is now. What is in a forecast is `marts.forecast_events`.
"""

from __future__ import annotations

from datetime import date

from models.foresight.origin import Origin, origin
from pipelines.configuration import read_settings
from pipelines.door import query
from pipelines.home import Home
from pipelines.imports import imported_sources
from pipelines.marts.series import by_hand, deliveries
from pipelines.settings import Settings

_USAGE_DAYS = """
SELECT DISTINCT source, CAST(day AS DATE) AS day FROM marts.daily_costs WHERE charge_category = 'Usage' ORDER BY ALL
"""
_LOADS = "SELECT source, billing_period, pulled_at, data_through FROM ops.loads"
_PUBLISHED = "SELECT CAST(published_at AS DATE) AS day FROM ops.publication"


def origin_of(home: Home, made_on: date) -> Origin | None:
    """The origin of the forecasts that were made on that day; None where sources have gone on since."""
    settings = read_settings(home.configuration) if home.configuration.exists() else Settings(organization="–")
    loads, days, published = (query(home.published, sql).rows for sql in (_LOADS, _USAGE_DAYS, _PUBLISHED))
    told = list(deliveries(loads, days, by_hand(settings.sources, imported_sources(home))))
    stands = origin(told, published["day"][0])
    return stands if stands.day == made_on else None
