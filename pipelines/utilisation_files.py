"""Reading exports of utilisation: CSV, Prometheus' range queries and the text of DCGM's exporter.

Each reader gives samples (`models.economics.utilisation.SAMPLES`) or raises `OutlayError` with the place of the first
value that cannot be taken: a file is read whole or not at all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import polars as pl

from models.economics.accelerator_catalogue import AcceleratorCatalogue
from models.economics.utilisation import INSTANTS, held
from models.errors import OutlayError
from pipelines.settings.measures import UtilisationSettings
from pipelines.utilisation_csv import csv_samples
from pipelines.utilisation_values import busy_share, exact, wrong

_KNOWN_METRICS: Mapping[str, int] = {
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": 0,
    "DCGM_FI_DEV_GPU_UTIL": -2,
}
"""Metrics of utilisation, the best first, and how their values are scaled to 0…1. The first works for parts of a GPU
(MIG) too and is a ratio, the second is in percent: https://docs.nvidia.com/datacenter/dcgm/latest/."""
_SCALES = {"percent": -2, "ratio": 0}
_LABELS: Mapping[str, tuple[str, ...]] = {
    "accelerator_name": ("modelName", "gpu_name", "accelerator"),
    "team": ("team", "label_team"),
    # where Prometheus keeps the exporter's own namespace, the workload's is exported_namespace
    "namespace": ("exported_namespace", "namespace"),
    "host": ("Hostname", "node", "instance"),
}
_SLICES_OF_A_GPU = 7
_MIG = re.compile(r"(\d)(?:c\.\d)?g\.")
"""NVIDIA's profile of a part of a GPU, such as 3g.40gb: three of seven slices."""
_LINE = re.compile(r"(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+(?P<at>-?\d+))?", re.ASCII)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_MISSING = frozenset({"NaN", ""})


def samples_of(path: Path, told: UtilisationSettings, catalogue: AcceleratorCatalogue) -> pl.DataFrame:
    """SAMPLES of a file, by the format that it is told to have. Raises `OutlayError` with file, line and remedy."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = "is not there" if isinstance(error, FileNotFoundError) else "cannot be read as UTF-8 text"
        raise OutlayError(f"{path} {why}", remedy="correct `file` under utilisation, or export it again") from None
    readers: Mapping[str, Callable[[], pl.DataFrame]] = {
        "csv": lambda: csv_samples(text, path.name, catalogue),
        "prometheus": lambda: _held(_prometheus(text, path.name, told), path.name),
        "dcgm": lambda: _held(_dcgm(text, path.name, told), path.name),
    }
    return readers[told.format]()


def _held(instants: Sequence[dict[str, Any]], file: str) -> pl.DataFrame:
    samples = held(pl.DataFrame(instants, schema=INSTANTS))
    if samples.is_empty():
        wrong(
            file, "tells single instants, and nobody can say how long they held", "export a range of time with a step"
        )
    return samples


def _prometheus(text: str, file: str, told: UtilisationSettings) -> list[dict[str, Any]]:
    """A range query of the HTTP API (`/api/v1/query_range`): a matrix of series with their values."""
    try:
        document: Any = json.loads(text, parse_float=Decimal)
    except json.JSONDecodeError as error:
        wrong(f"{file} line {error.lineno}", f"is no JSON: {error.msg}")
    data: Any = document.get("data", document) if isinstance(document, dict) else None
    if not isinstance(data, dict) or data.get("resultType") != "matrix" or not isinstance(data.get("result"), list):
        wrong(file, "is no answer of a range query", "export /api/v1/query_range, whose resultType is matrix")
    series = cast("list[Any]", data["result"])
    chosen, shift = _chosen({_labels(one).get("__name__") for one in series}, told, file)
    rows: list[dict[str, Any]] = []
    for number, one in enumerate(series):
        labels = _labels(one)
        if labels.get("__name__") not in (None, chosen):
            continue
        facts = _facts(labels, number)
        for place, point in enumerate(one.get("values") or []):
            where = f"{file}, series {number + 1}, value {place + 1}"
            at, value = _point(point, where)
            if value not in _MISSING:
                rows.append({**facts, "start": at, "share": busy_share(value, shift, where)})
    return rows


def _labels(one: Any) -> dict[str, str]:
    return cast("dict[str, str]", one.get("metric") or {}) if isinstance(one, dict) else {}


def _point(point: Any, where: str) -> tuple[datetime, str]:
    try:
        seconds, value = point
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=int(Decimal(seconds) * 1_000_000)), str(value)
    except (TypeError, ValueError, ArithmeticError):
        wrong(where, "is no pair of a time in seconds and a value")


def _dcgm(text: str, file: str, told: UtilisationSettings) -> list[dict[str, Any]]:
    """The text of scrapes, one behind another, each line with its time in milliseconds."""
    lines = [
        (f"{file} line {number}", line)
        for number, line in enumerate((each.strip() for each in text.splitlines()), 1)
        if line and not line.startswith("#")
    ]
    parsed = [(where, _LINE.fullmatch(line)) for where, line in lines]
    for where, found in parsed:
        if found is None:
            wrong(where, 'is no sample such as DCGM_FI_DEV_GPU_UTIL{gpu="0"} 87 1756728000000')
    samples = [(where, found) for where, found in parsed if found is not None]
    chosen, shift = _chosen({found["name"] for _, found in samples}, told, file)
    numbers: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    for where, found in samples:
        if found["name"] != chosen or found["value"] in _MISSING:
            continue
        if found["at"] is None:
            wrong(where, "has no time", "write the time of the scrape, in milliseconds, behind each value")
        labels = dict(_LABEL.findall(found["labels"] or ""))
        at = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=int(found["at"]))
        facts = _facts(labels, numbers.setdefault(found["labels"] or "", len(numbers)))
        rows.append({**facts, "start": at, "share": busy_share(found["value"], shift, where)})
    return rows


def _chosen(names: set[str | None], told: UtilisationSettings, file: str) -> tuple[str | None, int]:
    """The one metric that is read, for two would count the same hours twice, and how it is scaled."""
    metric = told.metric or next((name for name in _KNOWN_METRICS if name in names), None)
    scale = _SCALES[told.scale] if told.scale else _KNOWN_METRICS.get(metric or "")
    if told.metric not in (None, *names) and None not in names:
        wrong(file, f"has no metric {told.metric}", f"it has {', '.join(sorted(filter(None, names))) or 'none'}")
    if scale is None:
        wrong(
            file,
            f"has no metric of utilisation that is known ({', '.join(_KNOWN_METRICS)})",
            "say `metric` and `scale` (percent or ratio) beside the file in outlay.yaml",
        )
    return metric, scale


def _facts(labels: Mapping[str, str], series: int) -> dict[str, Any]:
    told = {name: next((labels[key] for key in keys if labels.get(key)), None) for name, keys in _LABELS.items()}
    card = labels.get("UUID") or (f"{told['host'] or ''}/{labels['gpu']}" if labels.get("gpu") else None)
    part = labels.get("GPU_I_ID")
    profile = _MIG.search(labels.get("GPU_I_PROFILE") or "")
    accelerators = Fraction(int(profile[1]), _SLICES_OF_A_GPU) if profile else Fraction(1)
    return {
        **told,
        "device": f"{card}/{part}" if card and part else card,
        "series": series,
        "accelerators": exact(accelerators),
    }
