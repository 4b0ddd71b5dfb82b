"""What `outlay.yaml` may say, as types. Reading the file and explaining its mistakes is in `configuration`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from pipelines.settings.alerts import AlertSettings
from pipelines.settings.budgets import BudgetSettings
from pipelines.settings.contracts import ContractSettings
from pipelines.settings.dashboard import DashboardSettings
from pipelines.settings.declared import DeclaredCostSettings
from pipelines.settings.foresight import AnomalySettings, ForecastSettings
from pipelines.settings.measures import (
    DriverSettings,
    ReportingSettings,
    ResidencySettings,
    ThroughputSettings,
    UtilisationSettings,
)
from pipelines.settings.ownership import OwnerSettings, SharedSettings, TeamSettings
from pipelines.settings.strict import Month, SourceName, Strict


class SourceSettings(Strict):
    """One source of money or usage."""

    name: SourceName
    connector: str
    options: dict[str, Any] = {}
    start: Month | None = Field(default=None, description="First billing period to pull; older ones are left alone")
    settle_hours: int = Field(default=48, ge=0, description="How long a bill may lag behind usage")


class Settings(Strict):
    """The whole of `outlay.yaml`."""

    organization: str = Field(min_length=1)
    sources: tuple[SourceSettings, ...] = ()
    owners: tuple[OwnerSettings, ...] = ()
    teams: tuple[TeamSettings, ...] = ()
    shared: tuple[SharedSettings, ...] = ()
    costs: tuple[DeclaredCostSettings, ...] = ()
    contracts: tuple[ContractSettings, ...] = ()
    drivers: tuple[DriverSettings, ...] = ()
    utilisation: tuple[UtilisationSettings, ...] = ()
    throughput: tuple[ThroughputSettings, ...] = ()
    residency: tuple[ResidencySettings, ...] = ()
    reporting: ReportingSettings = ReportingSettings()
    forecast: ForecastSettings = ForecastSettings()
    anomalies: AnomalySettings = AnomalySettings()
    budgets: tuple[BudgetSettings, ...] = ()
    alerts: AlertSettings = AlertSettings()
    dashboard: DashboardSettings = DashboardSettings()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Settings:
        for what, names in (
            ("source", [source.name for source in self.sources]),
            ("budget", [budget.name for budget in self.budgets]),
            ("team", [team.name for team in self.teams]),
            ("cost", [cost.name for cost in self.costs]),
            ("contract", [contract.name for contract in self.contracts]),
            ("driver", [driver.name for driver in self.drivers]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{what} {twice[0]!r} is declared twice")
        return self

    def source(self, name: str) -> SourceSettings | None:
        return next((source for source in self.sources if source.name == name), None)
