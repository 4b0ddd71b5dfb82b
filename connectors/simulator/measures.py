"""What costs are measured by: business units, how busy accelerators were, exchange rates. The files that `outlay.yaml`
names, and how it names them. Of these only the rates are part of the truth: by them direct cost is weighed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.simulator.clouds.lines import AWS
from connectors.simulator.draws import between
from connectors.simulator.events import Calendar
from connectors.simulator.organisation import OPENAI

_SQL = (
    "SELECT CAST(window_start AS DATE) AS day, sum(quantity) AS value FROM usage.meter_readings "
    f"WHERE meter = 'requests' AND source = '{OPENAI}' GROUP BY ALL"
)
_BUSY = {"g5.xlarge": (6, 52), "g6.xlarge": (4, 61), "g6.12xlarge": (8, 34)}
"""Of search's machines: accelerators, and how many percent they were busy on an ordinary day."""
_RACK_HOURS = 6
_RACK_GPUS = 8


def measures(calendar: Calendar, folder: str) -> dict[str, Any]:
    """`drivers`, `utilisation`, `throughput`, `residency` and `reporting`; `folder` holds the files."""
    return {
        "drivers": [
            {"name": "customers", "unit": "Customer", "file": f"{folder}/customers.csv", "month": "mean"},
            {"name": "documents", "unit": "Document", "file": f"{folder}/documents.csv",
             "scope": {"team": "catalogue", "component": "model_apis"}},
            {"name": "requests", "unit": "Request", "sql": _SQL,
             "scope": {"component": "model_apis", "source": OPENAI}},
        ],
        "utilisation": [
            {"name": "rack", "file": f"{folder}/rack.json", "format": "prometheus", "source": "declared"},
            {"name": "search machines", "file": f"{folder}/search-machines.csv", "format": "csv", "source": AWS},
        ],
        "throughput": [
            {"model": "llama2-70b", "accelerator": "H100", "tokens_per_second": 2600,
             "measured_on": calendar.rack_day, "note": "own rack, vLLM, batch of 64"},
        ],
        "residency": [
            {"name": "Contracts stay in the US or in Europe", "regions": ["us*", "eu*"],
             "scope": {"team": "catalogue", "component": "model_apis"}},
            {"name": "Customers' words stay in the US", "regions": ["us*", "eastus*"],
             "scope": {"product": "customer-care", "component": "model_apis"}},
        ],
        "reporting": {"currency": "USD", "rates": f"{folder}/rates.csv"},
    }  # fmt: skip


def measure_files(seed: int, calendar: Calendar) -> Iterator[tuple[str, str]]:
    """Each file's name and text."""
    days = calendar.settled
    yield "customers.csv", _csv("day,value", ((day, 41_000 + 35 * n) for n, day in enumerate(days)))
    intake = (
        (day, between(14_000, 19_000, seed, "documents", day) // (4 if day.weekday() >= 5 else 1)) for day in days
    )
    yield "documents.csv", _csv("day,value", intake)
    rates = (
        (day, "EUR", "USD", rate, "central bank (make-believe)") for day, rate in dollars_of_a_euro(seed, calendar)
    )
    yield "rates.csv", _csv("date,from,to,rate,source", rates)
    header = "day,instance_type,accelerators,utilisation_pct,team,namespace"
    yield "search-machines.csv", _csv(header, _busy_machines(seed, days))
    yield "rack.json", json.dumps(_rack(seed, calendar), separators=(",", ":")) + "\n"


def _csv(header: str, rows: Iterable[Iterable[object]]) -> str:
    return "\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n"


def dollars_of_a_euro(seed: int, calendar: Calendar) -> Iterator[tuple[date, Decimal]]:
    """The rate of each Monday, from the week before the window on."""
    day = calendar.first_day - timedelta(days=calendar.first_day.weekday() + 7)
    while day <= calendar.last_day:
        yield day, Decimal(f"1.{between(650, 990, seed, 'rate', day):04d}")
        day += timedelta(days=7)


def _busy_machines(seed: int, days: Iterable[date]) -> Iterator[tuple[object, ...]]:
    for day in days:
        for machine, (count, percent) in _BUSY.items():
            busy = between(percent - 9, percent + 9, seed, "busy", machine, day)
            yield day, machine, count, busy, "search", "ranking"


def _rack(seed: int, calendar: Calendar) -> dict[str, Any]:
    """The answer of Prometheus to a query over the rack's GPUs, a value every six hours."""
    start = datetime.combine(calendar.rack_day, datetime.min.time(), UTC)
    end = datetime.combine(calendar.last_day, datetime.min.time(), UTC)
    times = [start + timedelta(hours=_RACK_HOURS * n) for n in range((end - start).days * 24 // _RACK_HOURS + 1)]
    return {
        "status": "success",
        "data": {"resultType": "matrix", "result": [_series(seed, gpu, times) for gpu in range(_RACK_GPUS)]},
    }


def _series(seed: int, gpu: int, times: list[datetime]) -> dict[str, Any]:
    labels = {
        "__name__": "DCGM_FI_DEV_GPU_UTIL", "gpu": str(gpu), "UUID": f"GPU-1f0c-{gpu}", "Hostname": "leipzig-1",
        "modelName": "NVIDIA H100 80GB HBM3", "exported_namespace": "training", "team": "data",
    }  # fmt: skip
    values = [[int(at.timestamp()), str(between(35, 92, seed, "rack", gpu, at))] for at in times]
    return {"metric": labels, "values": values}
