"""Measured utilisation: accelerator-hours in which something ran, of those watched, by day and labels of owners.

Samples of any exporter become stretches of time with a share; stretches are added up by day. Reading the exports
belongs to `pipelines.utilisation`, what idle hours cost to `accelerator_costs`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import dataframely as dy
import polars as pl

from models.economics.accelerator_catalogue import AcceleratorCatalogue, CatalogueError
from models.ledger.money import constant, product, quotient
from models.table import MONEY, Table, instant, money, text

LABELS = ("team", "namespace", "host")
_INSTANT = pl.Datetime("us", "UTC")
_TEXTS = ("device", "accelerator_name", *LABELS)
SAMPLES = pl.Schema(
    {
        **dict.fromkeys(_TEXTS, pl.String()),
        "start": _INSTANT,
        "end": _INSTANT,
        "share": MONEY,
        "accelerators": MONEY,
    }
)
"""Stretches of time: `share` (0 to 1) of them was busy, on `accelerators` of a kind. `device` is null where none is
told. `accelerator_name` is the exporter's word, such as `NVIDIA H100 80GB HBM3`."""
INSTANTS = pl.Schema(
    {
        **dict.fromkeys(_TEXTS, pl.String()),
        "series": pl.Int64(),
        "start": _INSTANT,
        "share": MONEY,
        "accelerators": MONEY,
    }
)
"""What exporters tell: the share at an instant, by series."""


class AcceleratorUtilisation(dy.Schema):
    """One row per day, measurement, accelerator and labels."""

    measurement = text("Name under `utilisation` in outlay.yaml")
    source = text("Source whose accelerators these are; `declared` for our own; null for all", nullable=True)
    day = instant("UTC day")
    accelerator_type = text("Accelerator, such as H100; null where its name is in no list", nullable=True)
    accelerator_name = text("What the exporter calls it", nullable=True)
    team = text("Team that its labels name", nullable=True)
    namespace = text("Namespace of Kubernetes that its labels name", nullable=True)
    host = text("Machine that its labels name", nullable=True)
    devices = dy.Int64(nullable=False, description="Distinct devices; 0 where the export does not tell them apart")
    measured_hours = money("Accelerator-hours that were watched")
    busy_hours = money("Accelerator-hours of them that were busy: Σ hours × utilisation")


ACCELERATOR_UTILISATION = Table(
    name="accelerator_utilisation",
    schema="usage",
    kind="mart",
    grain="measurement × day × accelerator type × accelerator name × team × namespace × host",
    meaning="How busy accelerators were, as DCGM, Prometheus or a CSV measured it.",
    contract=AcceleratorUtilisation,
)

_AN_HOUR = constant(3_600_000_000)
"""In microseconds."""
_KEY = ["day", "accelerator_type", "accelerator_name", *LABELS]


@dataclass(frozen=True)
class DeviceNames:
    """Which accelerator a device's name means: a type of the catalog by its name, else the first that fits."""

    types: Mapping[str, str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]

    @classmethod
    def of(cls, aliases: pl.DataFrame, catalogue: AcceleratorCatalogue) -> DeviceNames:
        """From `device_names.csv` (pattern, accelerator_type). `CatalogueError` for a type that the catalog lacks."""
        listed = [row.accelerator for row in catalogue.skus if row.accelerator] + list(catalogue.instances.values())
        types = {each.type.casefold(): each.type for each in listed}
        patterns: list[tuple[re.Pattern[str], str]] = []
        for line, (pattern, accelerator) in enumerate(aliases.select("pattern", "accelerator_type").iter_rows(), 2):
            if accelerator.casefold() not in types:
                raise CatalogueError(
                    f"device_names.csv, line {line}: {accelerator!r} is no accelerator of the catalog",
                    remedy="write a type of instances.csv or skus.csv, or add one there first",
                )
            patterns.append((re.compile(pattern, re.IGNORECASE), accelerator))
        return cls(types, tuple(patterns))

    def accelerator(self, name: str | None) -> str | None:
        """The accelerator type, or None where nobody knows the name."""
        if name is None:
            return None
        fits = (accelerator for pattern, accelerator in self.patterns if pattern.search(name))
        return self.types.get(name.strip().casefold()) or next(fits, None)


def held(instants: pl.DataFrame) -> pl.DataFrame:
    """SAMPLES of INSTANTS: a value holds until the next of its series, but no longer than the export's usual step.

    So a gap is time that was not watched. The step is the median distance of two values; where no series has two,
    nobody can say how long a value held, and there are no rows.
    """
    ordered = instants.unique(["series", "start"], keep="last").sort("series", "start")
    gap = pl.col("start").shift(-1).over("series") - pl.col("start")
    step = ordered.select(gap.drop_nulls().quantile(0.5, "nearest")).item()
    if step is None:
        return pl.DataFrame(schema=SAMPLES)
    return ordered.with_columns(end=pl.col("start") + pl.min_horizontal(gap.fill_null(step), pl.lit(step))).select(
        list(SAMPLES)
    )


def utilisation(samples: pl.DataFrame, names: DeviceNames, *, measurement: str, source: str | None) -> pl.DataFrame:
    """`usage.accelerator_utilisation` of SAMPLES: stretches cut at midnight UTC and added up.

    Series of the same device at the same instant are workloads that share it: each has an equal part of the device.
    """
    told = samples["accelerator_name"].unique()
    known = {name: names.accelerator(name) for name in told if name is not None}
    at_once = pl.when(pl.col("device").is_not_null()).then(pl.len().over("device", "start", "day")).otherwise(1)
    stretch = (pl.col("stop") - pl.col("begin")).dt.total_microseconds().cast(MONEY)
    last_instant = pl.col("end") - pl.duration(microseconds=1)
    return (
        samples.filter(pl.col("end") > pl.col("start"))
        .with_columns(day=pl.datetime_ranges(pl.col("start").dt.truncate("1d"), last_instant, "1d"))
        .explode("day")
        .with_columns(
            begin=pl.max_horizontal("start", "day"),
            stop=pl.min_horizontal("end", pl.col("day") + pl.duration(days=1)),
            accelerator_type=pl.col("accelerator_name").replace_strict(known, default=None, return_dtype=pl.String),
        )
        .with_columns(watched=quotient(product(stretch, pl.col("accelerators")), at_once.cast(MONEY)))
        .group_by(_KEY)
        # added up before they are hours: sixty minutes are one hour exactly
        .agg(
            measured_hours=quotient(pl.col("watched").sum(), _AN_HOUR),
            busy_hours=quotient(product(pl.col("watched"), pl.col("share")).sum(), _AN_HOUR),
            devices=pl.col("device").drop_nulls().n_unique(),
        )
        .with_columns(measurement=pl.lit(measurement), source=pl.lit(source))
        .sort(_KEY, nulls_last=True)
        .select(list(ACCELERATOR_UTILISATION.polars_schema))
        .cast(ACCELERATOR_UTILISATION.polars_schema)
    )
