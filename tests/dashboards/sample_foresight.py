"""Forecasts and anomalies of the sample, by arithmetic: a flat day cost, ranges around it, and two incidents."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from models.foresight.anomaly_tables import ANOMALIES, ANOMALY_CAUSES, ANOMALY_DAYS, ANOMALY_DETECTION
from models.foresight.outlook import FORECAST_ACCURACY, FORECASTS, MONTH_END
from models.table import Table
from tests.dashboards.sample_basics import HOSTILE, LAST_DAY

SPENT, A_DAY = Decimal("2101.255"), Decimal("120.10")
"""What July cost through LAST_DAY, and what each of its eleven other days is expected to."""
LANDING = SPENT + 11 * A_DAY
OPEN, ENDED, FORESEEN = "incident-open", "incident-ended", "incident-foreseen"
DETECTION: dict[str, Any] = {
    "currency": "USD", "made_on": LAST_DAY, "failure": None, "series": 12, "judged": 11, "unexplained": 0,
    "cost": Decimal(2200), "cost_judged": Decimal("2101.25"),
}  # fmt: skip

_SERIES = (
    ("total", None, "total", Decimal(1), "billed_cost"),
    ("total", None, "total", Decimal(1)),
    ("team", "search", "search", Decimal("0.75")),
    ("team", None, "unallocated", Decimal("0.25")),
    ("key", "key_1", HOSTILE, Decimal(1)),
)


def tables() -> dict[Table, list[dict[str, Any]]]:
    """Rows of each of the seven tables."""
    return {
        FORECASTS: _forecasts(),
        MONTH_END: _month_end(),
        FORECAST_ACCURACY: [
            _named(series) | {
                "candidate": candidate, "chosen": candidate == "blend", "weight": 1.0, "origins": 20,
                "daily_error": 12.5,
                "month_end_error_day_10": 4.25, "coverage_80": 81.0, "coverage_95": 94.0, "history_days": 81,
            }
            for series in _SERIES
            for candidate in ("blend", "median_28")
        ],
        ANOMALIES: _anomalies(),
        ANOMALY_CAUSES: _causes(),
        ANOMALY_DAYS: _days(),
        ANOMALY_DETECTION: [DETECTION],
    }  # fmt: skip


def _named(series: tuple[Any, ...]) -> dict[str, Any]:
    dimension, value, name, _, *measure = series
    of = {"dimension": dimension, "value": value, "value_name": name, "currency": "USD"}
    return of | {
        "measure": measure[0] if measure else "effective_cost",
        "made_on": LAST_DAY,
        "status": "ok",
        "method": "blend",
    }


def _ranges(middle: Decimal) -> dict[str, Decimal]:
    widths = {50: Decimal(5), 80: Decimal(10), 95: Decimal(20)}
    return {f"{side}_{level}": middle + sign * width for level, width in widths.items()
            for side, sign in (("low", -1), ("high", 1))}  # fmt: skip


def _forecasts() -> list[dict[str, Any]]:
    return [
        _named(series) | {"day": LAST_DAY + timedelta(days=ahead), "expected": A_DAY * series[3]}
        | {"events": "Voice launch"} | _ranges(A_DAY * series[3])
        for series in _SERIES
        for ahead in range(1, 73)
    ]  # fmt: skip


def _month_end() -> list[dict[str, Any]]:
    periods = (
        ("month", "2026-07", date(2026, 7, 1), date(2026, 7, 31), SPENT, 11 * A_DAY, Decimal(3000)),
        ("month", "2026-08", date(2026, 8, 1), date(2026, 8, 31), Decimal(0), 31 * A_DAY, LANDING),
        ("quarter", "2026-Q3", date(2026, 7, 1), date(2026, 9, 30), SPENT, 72 * A_DAY, None),
        ("quarter", "2026-Q4", date(2026, 10, 1), date(2026, 12, 31), Decimal(0), 92 * A_DAY, SPENT + 72 * A_DAY),
    )
    return [
        _named(series)
        | {
            "period_kind": kind, "period": period, "first_day": first, "last_day": last, "actual": actual * series[3],
            "expected_rest": rest * series[3], "assumed": Decimal(0), "landing": (actual + rest) * series[3],
            "previous": previous and previous * series[3],
            "change": previous and (actual + rest - previous) * series[3], "days_left": (last - LAST_DAY).days,
        }
        | _ranges((actual + rest) * series[3])
        for series in _SERIES
        for kind, period, first, last, actual, rest, previous in periods
    ]  # fmt: skip


def _anomalies() -> list[dict[str, Any]]:
    def one(
        incident: str, dimension: str, value: str, first: int, last: int, kind: str, impact: str, **more: Any
    ) -> dict[str, Any]:  # fmt: skip
        expected = Decimal(100)
        return {
            "anomaly_id": f"{incident}-{dimension}", "incident_id": incident, "is_head": True, "counted": True,
            "measure": "cost", "dimension": dimension, "value": value, "value_name": value, "currency": "USD",
            "kind": kind, "first_day": date(2026, 7, first), "last_day": date(2026, 7, last), "days": last - first + 1,
            "expected": expected, "actual": expected + Decimal(impact), "low": Decimal(80), "high": Decimal(120),
            "impact": Decimal(impact), "severity": "high", "score": 2.5, "standing": "ended", "made_on": LAST_DAY,
        } | more  # fmt: skip

    return [
        one(OPEN, "key", HOSTILE, 18, 20, "runaway", "640.5", standing="open"),
        one(OPEN, "team", "search", 18, 20, "spike", "655", is_head=False, counted=False),
        one(ENDED, "model", "gpt-5", 3, 6, "drop", "-55.25"),
        one(FORESEEN, "team", "search", 1, 2, "burst", "900", counted=False, explained_by="Load test"),
    ]


def _causes() -> list[dict[str, Any]]:
    nothing = dict.fromkeys(
        ("volume_effect", "mix_effect", "cache_effect", "tier_effect", "geography_effect", "price_effect"), Decimal(0)
    )
    whole = {"incident_id": OPEN, "currency": "USD", "not_metered": Decimal(0)} | nothing
    sentence = {"sentence": f"Cost of key {HOSTILE} rose by 640.50 USD over what was expected."}
    return [
        whole | sentence | {
            "rank": 1, "standing": "cause", "dimensions": '["model"]', "values": json.dumps([HOSTILE]),
            "expected": Decimal(90),
            "actual": Decimal("690.5"), "impact": Decimal("600.5"), "share": 0.9375, "volume_effect": Decimal("600.5"),
        },
        whole | sentence | {
            "rank": 2, "standing": "rest", "expected": Decimal(10), "actual": Decimal(50), "impact": Decimal(40),
            "share": 0.0625, "price_effect": Decimal("40.001"), "mix_effect": Decimal("-0.001"),
        },
    ]  # fmt: skip


def _days() -> list[dict[str, Any]]:
    def one(day: int) -> dict[str, Any]:
        is_odd = day > 17
        return {
            "incident_id": OPEN, "day": date(2026, 7, day), "currency": "USD", "score": 1.0,
            "actual": Decimal(247 if is_odd else 33), "expected": Decimal(33), "low": Decimal(25), "high": Decimal(41),
            "is_flagged": is_odd, "in_incident": is_odd,
        }  # fmt: skip

    return [one(day) for day in range(4, 21)]
