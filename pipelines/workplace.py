"""A workplace: one home opened for work, with everything that a pull, a load or a publishing needs at hand.

What is done with it stands in `pull`, `load` and `publishing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from connectors.archive import Archive
from connectors.control import ControlStore
from connectors.protocol import Connector, Surroundings
from models.control.budgets import Budget
from models.economics.accelerator_catalogue import AcceleratorCatalogue
from models.economics.attribution import Attribution
from models.economics.components import Taxonomy
from models.economics.ownership import OwnerRule
from models.economics.pools import Pool
from models.ledger.contract_rates import ContractRate
from models.ledger.prices import PriceBook
from pipelines.configuration import connect
from pipelines.contracts import contract_rates
from pipelines.declared import declared_owner_rules, with_declared_components
from pipelines.home import Home
from pipelines.imports import imported_sources
from pipelines.lake import Lake
from pipelines.ownership_rules import cost_centres, owner_rules, pools
from pipelines.reference import accelerator_catalogue, model_developers, price_book, taxonomy
from pipelines.settings import Settings, SourceSettings
from pipelines.uploads import InForce, apply_pending, laid_over, written_settings


def _nobody(_step: str) -> None:
    pass


@dataclass(frozen=True)
class Workplace:
    """Open it with `Workplace.open(home)`. `on_step` hears the name of each step as it begins."""

    home: Home
    in_force: InForce
    control: ControlStore
    archive: Archive
    lake: Lake
    surroundings: Surroundings
    on_step: Callable[[str], None] = field(default=_nobody)

    @classmethod
    @contextmanager
    def open(
        cls,
        home: Home | Path,
        *,
        surroundings: Surroundings | None = None,
        on_step: Callable[[str], None] = _nobody,
    ) -> Generator[Workplace]:
        """Raises `ConfigurationError` for a broken `outlay.yaml`, `ControlError` for an unusable control store.

        A home without `outlay.yaml` is one with imported sources only.
        """
        home = home if isinstance(home, Home) else Home.at(home)
        surroundings = surroundings or Surroundings(home=home.root)
        written = written_settings(home)
        if home.control_url.startswith("sqlite"):
            (home.root / "control").mkdir(parents=True, exist_ok=True)
        with ControlStore.open(home.control_url, surroundings.clock) as control:
            yield cls(
                home=home,
                in_force=laid_over(written, control.uploads.kept()),
                control=control,
                archive=Archive(home.archive, surroundings.clock),
                lake=Lake(home.lake),
                surroundings=surroundings,
                on_step=on_step,
            )

    @property
    def settings(self) -> Settings:
        """What holds: `outlay.yaml`, and what people uploaded over it."""
        return self.in_force.settings

    def with_pending_uploads(self) -> Workplace:
        """The same place, once what people asked for is applied, or refused. Only under `lock_publishing`."""
        return replace(self, in_force=apply_pending(self.control, self.in_force.written))

    @property
    def sources(self) -> list[SourceSettings]:
        """Configured sources, then imported ones."""
        configured = {source.name for source in self.settings.sources}
        return [
            *self.settings.sources,
            *(source for source in imported_sources(self.home) if source.name not in configured),
        ]

    def connector(self, source: SourceSettings, *, talking: bool) -> Connector:
        """The source's connector. Unless `talking`, secrets may be missing: translating needs none."""
        return connect(source, self.home, self.surroundings, secrets_required=talking)

    @cached_property
    def prices(self) -> PriceBook:
        return price_book()

    @cached_property
    def accelerators(self) -> AcceleratorCatalogue:
        return accelerator_catalogue()

    @cached_property
    def contracts(self) -> tuple[ContractRate, ...]:
        return contract_rates(self.settings.contracts)

    @property
    def budgets(self) -> tuple[Budget, ...]:
        return tuple(budget.budget() for budget in self.settings.budgets)

    @cached_property
    def owner_rules(self) -> tuple[OwnerRule, ...]:
        """Those of declared costs, for the invoices that take their place, then those of `owners`: whoever declares a
        cost names its owner, and a rule by component or account knows less of it."""
        return (*declared_owner_rules(self.settings), *owner_rules(self.settings))

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """What component a charge belongs to; invoices that take the place of a declared cost have its component."""
        return with_declared_components(taxonomy(), self.settings)

    @cached_property
    def cost_centres(self) -> dict[str, str]:
        """By team, where no rule says one."""
        return cost_centres(self.settings)

    @cached_property
    def pools(self) -> tuple[Pool, ...]:
        return pools(self.settings)

    @cached_property
    def attribution(self) -> Attribution:
        """By what charges are attributed: components, developers and owners."""
        return Attribution(
            taxonomy=self.taxonomy,
            developers=model_developers(),
            owners=self.owner_rules,
            cost_centres=self.cost_centres,
        )

    @cached_property
    def rules(self) -> str:
        """A digest of all that says whose cost is and how it is shared: what is published by others differs in it."""
        by = (self.attribution, self.pools, self.settings.costs, self.settings.reporting)
        return hashlib.sha256(repr(by).encode()).hexdigest()
