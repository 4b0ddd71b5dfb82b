"""`drivers`, `utilisation`, `throughput`, `residency` and `reporting` of `outlay.yaml`: what costs are measured by."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from pipelines.settings.strict import Amount, Currency, Day, Name, Strict


class DriverSettings(Strict):
    """A series of business units, such as customers or documents: `day, value` by file (CSV, Parquet) or by SQL."""

    name: Name
    unit: str = Field(description="One of it, such as Customer")
    file: str | None = Field(default=None, description="Path, from the home folder unless absolute")
    sql: str | None = Field(default=None, description="SELECT of day and value over the published warehouse")
    scope: dict[str, str] = Field(default={}, description="Which costs count: team, product, use_case, component, …")
    month: Literal["sum", "mean"] = Field(
        default="sum", description="What a month of days is: their sum (documents), or their mean (customers)"
    )

    @model_validator(mode="after")
    def _from_one_place(self) -> DriverSettings:
        if (self.file is None) == (self.sql is None):
            raise ValueError("a driver comes either from a file or from sql")
        return self


class UtilisationSettings(Strict):
    """Measured utilisation of accelerators: an export of DCGM or Prometheus, or a CSV."""

    name: Name
    file: str
    format: Literal["csv", "prometheus", "dcgm"]
    source: str | None = Field(default=None, description="Source whose accelerators these are; `declared`: our own")
    metric: str | None = Field(default=None, description="Which metric of the file; default: the best that is known")
    scale: Literal["percent", "ratio"] | None = Field(default=None, description="Of a metric that is not known")


class ThroughputSettings(Strict):
    """What we measured ourselves: output tokens a second of one accelerator that serves a model."""

    model: str
    accelerator: str
    tokens_per_second: Amount = Field(gt=0)
    measured_on: Day
    note: str | None = None


class ResidencySettings(Strict):
    """Where inference may run: costs that fit `scope` must lie in one of `regions` (globs)."""

    name: Name
    regions: tuple[str, ...] = Field(min_length=1)
    scope: dict[str, str] = Field(default={}, description="team, product, use_case, environment, component, model, …")


class ReportingSettings(Strict):
    """The currency that totals are shown in, and the dated rates: CSV of date, from, to, rate, source."""

    currency: Currency = "USD"
    rates: str | None = Field(default=None, description="Path, from the home folder unless absolute")
