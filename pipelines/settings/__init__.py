"""What `outlay.yaml` may say, as types. Reading the file and explaining its mistakes is in `configuration`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, SecretStr, model_validator

from pipelines.settings.contracts import ContractSettings
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
from pipelines.settings.strict import Amount, Currency, Month, SourceName, Strict


class SourceSettings(Strict):
    """One source of money or usage."""

    name: SourceName
    connector: str
    options: dict[str, Any] = {}
    start: Month | None = Field(default=None, description="First billing period to pull; older ones are left alone")
    settle_hours: int = Field(default=48, ge=0, description="How long a bill may lag behind usage")


class BudgetScope(Strict):
    source: str | None = None
    vendor: str | None = None
    team: str | None = None
    model: str | None = None


class BudgetSettings(Strict):
    """A monthly budget."""

    name: str = Field(min_length=1, max_length=120)
    amount: Amount = Field(gt=0)
    currency: Currency = "USD"
    scope: BudgetScope = BudgetScope()
    cost_basis: Literal["billed", "effective", "list"] = "billed"
    thresholds_pct: tuple[Annotated[int, Field(gt=0, le=1000)], ...] = (100,)


class SlackSettings(Strict):
    webhook: SecretStr | None = None


class AlertSettings(Strict):
    slack: SlackSettings = SlackSettings()
    dashboard_url: str | None = None


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
